#include "check/rules.h"

#include <stdlib.h>

#include "check/adds.h"
#include "check/bans.h"
#include "check/branch.h"
#include "check/departure.h"
#include "check/group_places.h"
#include "check/invited.h"
#include "check/leaf_of.h"
#include "check/over.h"
#include "check/places.h"
#include "check/rights.h"
#include "wire/generation.h"
#include "wire/log_view.h"

/* One commit while it is judged. */
struct pass {
	const struct check_view *view;
	const struct wire_content *content;
	const struct wire_commit *commit;
	bool external;
	struct check_member committer; /* who joins: from the path */
	struct roles roles;
	uint32_t *removed; /* leaves */
	size_t removed_count;
	bool *gone;			     /* the same, by leaf */
	struct check_branches branches;	     /* that it carries */
	size_t adds, inits, resets, reinits; /* proposals of these types */
	struct span extensions;		     /* of the GroupContextExtensions */
	struct span next;		     /* of the ReInit */
	bool denied, local;
};

static const char *deny(struct pass *p, const char *why)
{
	p->denied = true;
	return why;
}

static const char *fail(struct pass *p)
{
	p->local = true;
	return "no memory";
}

/* ---- who commits ---- */

static const char *find_committer(struct pass *p,
				  const struct wire_content *content)
{
	const struct wire_leaf_node *leaf = &p->commit->path.leaf_node;

	p->external = content->sender.type == WIRE_SENDER_NEW_MEMBER_COMMIT;
	if (p->external) {
		if (!p->commit->has_path)
			return "its path is missing";
		if (leaf->credential.type != WIRE_CREDENTIAL_BASIC)
			return "its sender has no basic credential";
		p->committer =
		    (struct check_member){ 0, leaf->credential.identity,
					   leaf->signature_key, leaf->encoded };
		return NULL;
	}
	if (content->sender.type != WIRE_SENDER_MEMBER ||
	    !p->view->leaf(p->view->group, content->sender.index,
			   &p->committer))
		return "its sender is no member";
	if (check_departed(p->view, &p->committer, NULL))
		return deny(p, "its sender has departed");
	return check_places_committer(p->view, &p->branches, &p->committer,
				      &p->denied, &p->local);
}

/* "A member keeps its credential and its signature key." */
static const char *check_path(struct pass *p)
{
	const struct wire_leaf_node *leaf = &p->commit->path.leaf_node;

	if (!p->commit->has_path || p->external)
		return NULL;
	if (leaf->credential.type != WIRE_CREDENTIAL_BASIC ||
	    !span_equal(leaf->credential.identity, p->committer.identity))
		return deny(p, "its path's leaf is not its sender's");
	if (!span_equal(leaf->signature_key, p->committer.signature_key))
		return deny(p, "a member's signature key does not change");
	return NULL;
}

/* ---- removes ---- */

/* The commit carries a branch of its account's log that does not keep it. */
static bool is_parted(const struct pass *p, const struct check_member *leaf)
{
	const struct check_branch *branch =
	    check_branches_of(&p->branches, leaf->identity);

	return branch != NULL && !check_branch_keeps(p->view, branch, leaf);
}

static const char *take_remove(struct pass *p, uint32_t removed)
{
	struct check_member leaf;

	if (!p->view->leaf(p->view->group, removed, &leaf) || p->gone[removed])
		return "a Remove is of no member";
	p->removed[p->removed_count++] = removed;
	p->gone[removed] = true;
	if (p->external)
		return NULL; /* check_external() */
	if (removed == p->committer.leaf_index)
		return "a committer cannot remove itself";
	if (roles_may_remove(&p->roles, p->committer.identity, leaf.identity) ||
	    check_departed(p->view, &leaf, NULL) ||
	    check_places_ended(p->view, &leaf) || is_parted(p, &leaf))
		return NULL;
	return deny(p, "to remove that member takes an admin or an owner");
}

/* ---- extensions ---- */

/* Those that a commit may change, each by a rule of its own. */
static bool moves(uint16_t type)
{
	return type == ROLES_EXTENSION || group_places_is_type(type) ||
	       type == BANS_EXTENSION || type == INVITED_EXTENSION;
}

/* The invitations go on by check_let_in(). */
static bool is_made_anew(uint16_t type)
{
	return type == NEGOTIATION_EXTENSION || type == INVITED_EXTENSION;
}

/* Every extension of `a` but those of some types stands in `b`, as it is. */
static bool all_stand(struct span a, struct span b, bool (*but)(uint16_t type))
{
	struct wire_extension extension;
	struct span data;

	while (wire_extensions_next(&a, &extension)) {
		if (but(extension.type))
			continue;
		if (!wire_extensions_find(b, extension.type, &data) ||
		    !span_equal(data, extension.data))
			return false;
	}
	return true;
}

static bool same_but(struct span a, struct span b, bool (*but)(uint16_t type))
{
	return all_stand(a, b, but) && all_stand(b, a, but);
}

/* The places move by check_places(), but they neither come nor go. */
static bool keeps_places(struct span before, struct span after)
{
	static const uint16_t types[] = { PLACES_EXTENSION,
					  PLACES_ROOT_EXTENSION };
	struct span data;

	for (size_t i = 0; i < 2; i++)
		if (wire_extensions_find(before, types[i], &data) !=
		    wire_extensions_find(after, types[i], &data))
			return false;
	return true;
}

/* The roles are exactly what the removed owners' heirs make of them. */
static const char *check_heirs(struct pass *p, const struct roles *after)
{
	struct buf extension = BUF_INIT;
	struct roles inherited = { .there = false };
	enum err e;

	TRY(rights_inherit(p->view, p->removed, p->removed_count, &extension));
	TRY(roles_read(buf_span(&extension), &inherited));
	ENSURE(inherited.there && span_equal(inherited.rows, after->rows),
	       ERR_PEER_DENIED);
out:
	buf_clear(&extension);
	if (err_class(e) == ERR_CLASS_LOCAL)
		return fail(p);
	return e == ERR_OK ? NULL : deny(p, "only an owner gives roles");
}

static const char *check_extensions(struct pass *p)
{
	struct roles after;

	if (p->resets == 0)
		return NULL;
	if (p->resets > 1 || wire_extensions_check(p->extensions) != ERR_OK)
		return "its extensions are there twice";
	if (roles_read(p->extensions, &after) != ERR_OK)
		return "the roles do not decode, or leave nobody as owner";
	if (!same_but(p->view->extensions, p->extensions, moves) ||
	    !keeps_places(p->view->extensions, p->extensions))
		return p->roles.there && !after.there
			   ? deny(p, "only an owner gives roles, and they stay")
			   : deny(p, "an extension of the group that nobody "
				     "may change");
	if (roles_may_change(&p->roles, &after, p->committer.identity))
		return NULL;
	return p->roles.there && after.there
		   ? check_heirs(p, &after)
		   : deny(p, "only an owner gives roles, and they stay");
}

/* ---- another algorithm ---- */

/* Of the leaves that stay. */
static bool some_departed(const struct pass *p)
{
	const struct check_view *view = p->view;
	struct check_member leaf;

	for (uint32_t i = 0; view->departures.n > 0 && i < view->leaf_count;
	     i++)
		if (!p->gone[i] && view->leaf(view->group, i, &leaf) &&
		    check_departed(view, &leaf, NULL))
			return true;
	return false;
}

/* What a session that goes over to places says anew. */
static bool goes_over(uint16_t type)
{
	return is_made_anew(type) || type == ROLES_EXTENSION ||
	       type == PLACES_EXTENSION;
}

static const char *check_goes_over(struct pass *p, struct span after)
{
	struct check_verdict verdict;
	struct log_view said;

	if (log_view_read_commit(p->content->authenticated_data, &said) !=
		ERR_OK ||
	    places_check_carried(said.links) != ERR_OK || said.changes.n > 0)
		return "the links that it carries do not decode";
	verdict = check_over(p->view, p->committer.identity, after, said.links);
	p->denied |= verdict.denied;
	p->local |= verdict.local;
	return verdict.wrong;
}

/* The next group is the session's next generation, and takes over all
 * extensions but the negotiation, which its members compute again. */
static const char *check_reinit(struct pass *p,
				const struct wire_reinit *reinit)
{
	uint8_t id[GENERATION_GROUP_ID_MAX];
	bool over = check_over_is(p->view->extensions, reinit->extensions);
	size_t n;

	if (!roles_may_reinit(&p->roles, p->committer.identity))
		return deny(p, "to change the algorithm takes an admin or an "
			       "owner");
	if (p->commit->proposal_count != 1)
		return "a ReInit stands alone";
	/* who departed would come back with the next group */
	if (some_departed(p))
		return deny(p, "who departed has to be removed before a "
			       "ReInit");
	if (p->view->session_id.n != GENERATION_SESSION_ID ||
	    p->view->generation == UINT32_MAX)
		return "its group cannot have a next generation";
	n = generation_group_id(p->view->session_id.p, p->view->generation + 1,
				id);
	if (!span_equal(reinit->group_id, span_of(id, n)) ||
	    reinit->version != WIRE_VERSION_MLS10 ||
	    suite_by_id(reinit->cipher_suite) == NULL)
		return "a ReInit is not of the session's next generation";
	if (!same_but(p->view->extensions, reinit->extensions,
		      over ? goes_over : is_made_anew))
		return deny(p, "a ReInit changes the group's extensions");
	return over ? check_goes_over(p, reinit->extensions) : NULL;
}

/* ---- proposals ---- */

static const char *take_proposal(struct pass *p,
				 const struct wire_proposal_or_ref *item)
{
	if (item->type != WIRE_BY_VALUE)
		return "proposals must be by value";
	switch ((enum wire_proposal_type)item->proposal.type) {
	case WIRE_PROPOSAL_REMOVE:
		return take_remove(p, item->proposal.removed);
	case WIRE_PROPOSAL_ADD:
		p->adds++;
		return NULL; /* check_adds() */
	case WIRE_PROPOSAL_GROUP_CONTEXT_EXTENSIONS:
		p->extensions = item->proposal.extensions;
		p->resets++;
		return NULL;
	case WIRE_PROPOSAL_REINIT:
		p->reinits++;
		p->next = item->proposal.reinit.extensions;
		return check_reinit(p, &item->proposal.reinit);
	case WIRE_PROPOSAL_EXTERNAL_INIT:
		p->inits++;
		return NULL;
	case WIRE_PROPOSAL_UPDATE:
		return "an Update is by its own sender";
	case WIRE_PROPOSAL_SELF_REMOVE:
		return "a SelfRemove is by its own sender";
	case WIRE_PROPOSAL_PSK:
		return deny(p, "a PreSharedKey has no place in a session");
	case WIRE_PROPOSAL_APP_DATA_UPDATE:
		break;
	}
	return deny(p, "a proposal of that type has no place in a session");
}

static const char *take_proposals(struct pass *p)
{
	struct span rest = p->commit->proposals;
	struct wire_proposal_or_ref item;
	const char *wrong = NULL;

	p->removed = calloc(p->commit->proposal_count + 1, sizeof(*p->removed));
	p->gone = calloc((size_t)p->view->leaf_count + 1, sizeof(*p->gone));
	if (p->removed == NULL || p->gone == NULL)
		return fail(p);
	while (wrong == NULL && wire_proposals_next(&rest, &item))
		wrong = take_proposal(p, &item);
	return wrong;
}

/* 12.4: "the path field of a Commit MUST be populated" unless all that it has
 * is Adds, or a ReInit. */
static const char *check_whole_list(const struct pass *p)
{
	size_t count = p->commit->proposal_count;

	if (p->external)
		return p->inits == 1 && p->removed_count <= 1 &&
			       count == 1 + p->removed_count
			   ? NULL
			   : "who joins brings an ExternalInit and removes an "
			     "earlier self at most";
	if (p->inits > 0)
		return "an ExternalInit is for who joins";
	if (!p->commit->has_path &&
	    (count == 0 || p->removed_count + p->resets > 0))
		return "its path is missing";
	return NULL;
}

/* ---- joining from outside ---- */

/* By a device that has a leaf here and joins again, or by one of a user of whom
 * no device is here. */
static const char *check_external(struct pass *p)
{
	struct span user = roles_user(p->committer.identity);
	struct check_member leaf = { 0 };
	bool user_there = false, again = false;
	uint32_t index = 0;

	if (!p->external)
		return NULL;
	while (!again && check_leaf_next(p->view, user, &index, &leaf)) {
		user_there = true;
		again = span_equal(leaf.identity, p->committer.identity);
	}
	if (!again && p->removed_count > 0)
		return deny(p, "who joins may remove an earlier self only");
	if (!again && user_there &&
	    check_branches_of(&p->branches, p->committer.identity) == NULL)
		return deny(p, "another device of that user has to add it");
	if (!again)
		return NULL;
	if (!p->gone[leaf.leaf_index])
		return deny(p,
			    p->removed_count > 0
				? "who joins may remove an earlier self only"
				: "who joins again removes its earlier self");
	if (!span_equal(leaf.signature_key, p->committer.signature_key))
		return deny(p, "who joins again keeps its signature key");
	if (check_departed(p->view, &leaf, NULL))
		return deny(p, "its sender has departed");
	return NULL;
}

/* ---- the whole ---- */

static const char *check_members(struct pass *p)
{
	const struct check_adds adds = { p->view, p->commit,
					 p->committer.identity, p->gone };
	const char *wrong = NULL;
	enum err e = ERR_OK;

	if (p->external)
		return NULL;
	e = check_adds(&adds, &wrong);
	if (e != ERR_OK)
		return fail(p);
	if (wrong != NULL)
		return deny(p, wrong);
	/* a Welcome says nothing of departures: who is added would refuse what
	 * all others take */
	if (p->adds > 0 && some_departed(p))
		return deny(p, "who departed has to be removed before anybody "
			       "is added");
	return NULL;
}

static const char *check_kept_out(struct pass *p)
{
	struct check_bans bans = {
		.view = p->view,
		.commit = p->commit,
		.roles = &p->roles,
		.committer = p->committer.identity,
		.external = p->external,
		.gone = p->gone,
		.after = p->resets > 0 ? p->extensions : p->view->extensions,
	};
	const char *wrong = check_bans(&bans);

	p->denied |= bans.denied;
	return wrong;
}

static void note_added(const void *commit, check_note_user *note, void *context)
{
	const struct pass *p = commit;
	struct span rest = p->commit->proposals;
	struct wire_proposal_or_ref item;

	while (p->adds > 0 && wire_proposals_next(&rest, &item))
		if (item.proposal.type == WIRE_PROPOSAL_ADD)
			note(context, roles_user(item.proposal.add.leaf_node
						     .credential.identity));
}

static bool removes(const void *commit, uint32_t leaf)
{
	const struct pass *p = commit;

	return p->gone[leaf];
}

static const char *check_let_in(struct pass *p,
				const struct wire_content *content)
{
	struct check_invited invited = {
		.behind = { .view = p->view,
			    .added = note_added,
			    .removes = removes,
			    .commit = p,
			    .epoch = content->epoch + 1 },
		.roles = &p->roles,
		.committer = p->committer.identity,
		.external = p->external,
		.ends_group = p->reinits > 0,
		.after = p->reinits > 0	 ? p->next
			 : p->resets > 0 ? p->extensions
					 : p->view->extensions,
	};
	const char *wrong = check_invited(&invited);

	p->denied |= invited.denied;
	p->local |= invited.local;
	return wrong;
}

/* Last: it may take links that are not here, which says nothing of the commit. */
static const char *check_accounts(struct pass *p,
				  const struct wire_content *content)
{
	struct check_move move = {
		.view = p->view,
		.content = content,
		.external = p->external,
		.committer = &p->committer,
		.gone = p->gone,
		.settled = p->adds + p->removed_count == 0,
		.after = p->resets > 0 ? p->extensions : p->view->extensions,
		.branches = &p->branches,
	};
	const char *wrong = check_places(&move);

	p->local |= move.local;
	return wrong;
}

static const char *run(struct pass *p, const struct wire_content *content)
{
	const char *wrong =
	    check_branches_read(p->view, content, &p->branches, &p->local);

	if (wrong == NULL)
		wrong = find_committer(p, content);
	if (wrong == NULL && rights_read(p->view, &p->roles) != ERR_OK)
		wrong = "the group's roles do not decode";
	if (wrong == NULL)
		wrong = take_proposals(p);
	if (wrong == NULL)
		wrong = check_whole_list(p);
	if (wrong == NULL)
		wrong = check_external(p);
	if (wrong == NULL)
		wrong = check_members(p);
	if (wrong == NULL)
		wrong = check_extensions(p);
	if (wrong == NULL)
		wrong = check_kept_out(p);
	if (wrong == NULL)
		wrong = check_let_in(p, content);
	if (wrong == NULL)
		wrong = check_path(p);
	if (wrong == NULL)
		wrong = check_accounts(p, content);
	return wrong;
}

struct check_verdict check_rules(const struct check_view *view,
				 const struct wire_content *content)
{
	struct pass p = { .view = view,
			  .content = content,
			  .commit = &content->commit };
	struct check_verdict verdict = { run(&p, content), false, false };

	verdict.denied = p.denied;
	verdict.local = p.local;
	check_branches_clear(&p.branches);
	free(p.removed);
	free(p.gone);
	return verdict;
}
