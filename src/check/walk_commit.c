/* A commit as a step of a walk, of check/walk.h: RFC 9420, 12.4.2, as far as it
 * goes without a key. */
#include <string.h>

#include "check/departure.h"
#include "check/form.h"
#include "check/key_package.h"
#include "check/label.h"
#include "check/leaf.h"
#include "check/rules.h"
#include "check/tree_path.h"
#include "check/walk_state.h"
#include "crypto/transcript.h"
#include "wire/message.h"

/* One commit while it is applied. */
struct step {
	const struct check_walk *walk;
	struct check_tree *tree; /* the walk's, where it is changed */
	struct wire_public_message message;
	const struct wire_commit *commit;
	bool external;
	bool again;		/* it was verified before */
	bool keeps_key;		/* who joins again has the key that it had */
	uint32_t committer;	/* leaf */
	struct buf added;	/* leaves, as unmerged_leaves */
	struct span extensions; /* of the next GroupContext */
	struct span reinit;	/* encoded Proposal, or empty */
};

/* ---- what it is ---- */

static struct check_verdict read_commit(struct step *s, struct span bytes)
{
	const struct wire_group_context *now = &s->walk->context;
	const struct wire_content *content = &s->message.content;
	struct wire_message message;

	if (wire_message_decode(bytes, &message) != ERR_OK ||
	    message.format != WIRE_PUBLIC_MESSAGE ||
	    message.public_message.content.type != WIRE_CONTENT_COMMIT)
		return check_wrong("it must be a PublicMessage with a Commit");
	s->message = message.public_message;
	s->commit = &s->message.content.commit;
	s->external = content->sender.type == WIRE_SENDER_NEW_MEMBER_COMMIT;
	s->committer = content->sender.index;
	s->extensions = now->extensions;
	if (content->epoch != now->epoch ||
	    !span_equal(content->group_id, now->group_id))
		return check_wrong("it is of another group or epoch");
	if (s->walk->reinit.n > 0)
		return check_wrong("its group has ended");
	if (now->epoch >= UINT32_MAX)
		return check_wrong("its group has no more epochs");
	return check_wrong(NULL);
}

/* FramedContentTBS (6.1) */
static struct check_verdict check_signature(const struct step *s)
{
	const struct wire_leaf_node *leaf =
	    s->external ? &s->commit->path.leaf_node
			: check_tree_leaf(&s->walk->tree, s->committer);
	struct buf tbs = BUF_INIT;
	enum err e;

	if (leaf == NULL || (s->external && !s->commit->has_path))
		return check_wrong("its sender is no member");
	buf_put_u16(&tbs, WIRE_VERSION_MLS10);
	buf_put_u16(&tbs, WIRE_PUBLIC_MESSAGE);
	buf_put(&tbs, s->message.content.encoded);
	buf_put(&tbs, buf_span(&s->walk->encoded));
	TRY(buf_end(&tbs));
	TRY(check_label(s->walk->suite, leaf->signature_key, "FramedContentTBS",
			buf_span(&tbs), s->message.auth.signature));
out:
	buf_clear(&tbs);
	return check_verdict_of(e, "its signature does not verify");
}

/* ---- proposals, which the rules have accepted (12.3) ---- */

static struct check_verdict take_add(struct step *s,
				     const struct wire_key_package *kp)
{
	const struct wire_leaf_node *leaf = &kp->leaf_node;
	const char *wrong =
	    s->again ? NULL : check_key_package(kp, s->walk->suite, 0);
	uint32_t index;
	enum err e;

	if (wrong == NULL && !s->again)
		wrong = check_leaf_supports(leaf, s->extensions);
	if (wrong != NULL)
		return check_wrong(wrong);
	if (!s->again &&
	    (check_tree_has_signature_key(s->tree, leaf->signature_key) ||
	     check_tree_has_encryption_key(s->tree, &leaf->encryption_key, 1)))
		return check_wrong("a KeyPackage has a key that is in the tree "
				   "already");
	TRY(check_tree_add(s->tree, leaf->encoded, &index));
	buf_put_u32(&s->added, index);
	TRY(s->added.fail);
out:
	return check_verdict_of(e, "the tree would be too large");
}

/* Extensions and removes first, then adds, as 12.3 applies them. */
static struct check_verdict apply_proposals(struct step *s)
{
	struct span rest = s->commit->proposals;
	struct wire_proposal_or_ref item;
	struct check_verdict verdict = check_wrong(NULL);
	enum err e = ERR_OK;

	while (e == ERR_OK && wire_proposals_next(&rest, &item)) {
		const struct wire_proposal *p = &item.proposal;

		if (p->type == WIRE_PROPOSAL_REMOVE)
			e = check_tree_remove(s->tree, p->removed);
		else if (p->type == WIRE_PROPOSAL_GROUP_CONTEXT_EXTENSIONS)
			s->extensions = p->extensions;
		else if (p->type == WIRE_PROPOSAL_REINIT)
			s->reinit = p->encoded;
	}
	if (e != ERR_OK)
		return check_verdict_of(e, "no memory");
	rest = s->commit->proposals;
	while (verdict.wrong == NULL && wire_proposals_next(&rest, &item))
		if (item.proposal.type == WIRE_PROPOSAL_ADD)
			verdict = take_add(s, &item.proposal.add);
	return verdict;
}

/* ---- the path (7.3, 7.5) ---- */

/* 12.2: who joins again has a new encryption key: "the same criteria as would the
 * LeafNode in an Update". */
static bool keeps_its_key(const struct step *s)
{
	struct span rest = s->commit->proposals;
	struct wire_proposal_or_ref item;
	const struct wire_leaf_node *former;

	while (wire_proposals_next(&rest, &item)) {
		if (item.proposal.type != WIRE_PROPOSAL_REMOVE)
			continue;
		former = check_tree_leaf(&s->walk->tree, item.proposal.removed);
		if (former != NULL &&
		    span_equal(former->encryption_key,
			       s->commit->path.leaf_node.encryption_key))
			return true;
	}
	return false;
}

static const char *check_path_leaf(const struct step *s)
{
	const struct wire_leaf_node *leaf = &s->commit->path.leaf_node;
	const struct wire_group_context *now = &s->walk->context;
	const char *wrong;

	if (leaf->source != WIRE_LEAF_COMMIT)
		return "its path's leaf is of no commit";
	/* a member's is the one that it had: check/rules.h */
	if (s->external &&
	    check_tree_has_signature_key(s->tree, leaf->signature_key))
		return "its path's leaf has another member's key";
	if (s->keeps_key)
		return "who joins again has the key that it had";
	wrong = check_leaf(leaf, s->walk->suite);
	if (wrong == NULL)
		wrong = check_leaf_supports(leaf, s->extensions);
	if (wrong == NULL)
		wrong = check_leaf_signature(leaf, s->walk->suite,
					     now->group_id, s->committer);
	return wrong;
}

static struct check_verdict apply_path(struct step *s)
{
	const char *wrong;
	enum err e;

	if (!s->commit->has_path)
		return check_wrong(NULL);
	if (s->external) {
		e = check_tree_free_leaf(s->tree, &s->committer);
		if (e != ERR_OK)
			return check_verdict_of(e, "the tree would be too "
						   "large");
	}
	if (s->again)
		return s->external ||
			       check_tree_leaf(s->tree, s->committer) != NULL
			   ? check_tree_merge_again(s->tree, s->committer,
						    &s->commit->path)
			   : check_wrong("it removes its sender");
	wrong = check_path_leaf(s);
	if (wrong != NULL)
		return check_wrong(wrong);
	return check_tree_merge(s->tree, s->committer, &s->commit->path,
				buf_span(&s->added));
}

/* ---- the next epoch ---- */

static enum err enter_next(struct check_walk *walk, struct step *s,
			   struct span bytes)
{
	struct wire_group_context next = walk->context;
	struct place_map places = { .there = false };
	uint8_t confirmed[SUITE_HASH_MAX];
	struct buf reinit = BUF_INIT;
	struct check_view view;
	enum err e;

	TRY(transcript_confirmed(
	    walk->suite, span_of(walk->interim, walk->suite->nh),
	    WIRE_PUBLIC_MESSAGE, s->message.content.encoded,
	    s->message.auth.signature, confirmed));
	next.epoch++;
	next.extensions = s->extensions;
	next.confirmed_transcript_hash = span_of(confirmed, walk->suite->nh);
	TRY(check_tree_hash(s->tree, &next.tree_hash));
	buf_put(&reinit, s->reinit);
	TRY(buf_end(&reinit));
	TRY(group_places_next(&walk->places,
			      s->message.content.authenticated_data, &places));
	TRY(check_walk_enter(walk, &next, s->message.auth.confirmation_tag));
	buf_clear(&walk->reinit);
	walk->reinit = reinit;
	reinit = BUF_INIT;
	place_map_clear(&walk->places);
	walk->places = places;
	places = (struct place_map){ .there = false };
	check_tree_keep(&walk->tree);
	walk->committer = s->committer;
	walk->stepped = true;
	walk->joined = s->external;
	walk->exact = !s->external;
	/* check/rules.h: who joins and had a leaf removes it, and nothing else */
	walk->was_in = !s->external || s->commit->proposal_count > 1;
	check_departures_spend(bytes, &walk->departures);
	check_walk_view(walk, &view);
	check_departures_prune(&view, &walk->departures);
out:
	place_map_clear(&places);
	buf_clear(&reinit);
	return e;
}

/* Whether its sender may send it, before anything of it is applied. */
static struct check_verdict check_sent(const struct check_walk *walk,
				       struct step *s)
{
	struct check_verdict verdict = check_signature(s);
	struct check_view view;

	if (verdict.wrong == NULL)
		verdict = check_form(walk->suite, &s->message);
	if (verdict.wrong == NULL) {
		check_walk_view(walk, &view);
		verdict = check_rules(&view, &s->message.content);
	}
	return verdict;
}

/* NULL: apply_proposals() does all that it says. */
static const char *check_item(const struct check_tree *tree,
			      const struct wire_proposal_or_ref *item)
{
	if (item->type != WIRE_BY_VALUE)
		return "proposals must be by value";
	switch (item->proposal.type) {
	case WIRE_PROPOSAL_REMOVE:
		return check_tree_leaf(tree, item->proposal.removed) != NULL
			   ? NULL
			   : "it removes nobody";
	case WIRE_PROPOSAL_ADD:
	case WIRE_PROPOSAL_GROUP_CONTEXT_EXTENSIONS:
	case WIRE_PROPOSAL_REINIT:
	case WIRE_PROPOSAL_EXTERNAL_INIT:
		return NULL;
	default:
		return "a proposal of that type has no place in a session";
	}
}

/* Of one that was verified before: that it can be applied. */
static struct check_verdict check_applies(const struct step *s)
{
	struct span rest = s->commit->proposals;
	struct wire_proposal_or_ref item;
	const char *wrong = NULL;

	while (wrong == NULL && wire_proposals_next(&rest, &item))
		wrong = check_item(&s->walk->tree, &item);
	if (wrong != NULL)
		return check_wrong(wrong);
	if (s->external ? !s->commit->has_path
			: check_tree_leaf(&s->walk->tree, s->committer) == NULL)
		return check_wrong("its sender is no member");
	return check_wrong(NULL);
}

static struct check_verdict run(struct check_walk *walk, struct step *s,
				struct span bytes)
{
	struct check_verdict verdict = read_commit(s, bytes);

	if (verdict.wrong == NULL)
		verdict = s->again ? check_applies(s) : check_sent(walk, s);
	if (verdict.wrong == NULL) {
		s->keeps_key = s->external && keeps_its_key(s);
		s->tree = &walk->tree;
		verdict =
		    check_verdict_of(check_tree_begin(s->tree), "no memory");
	}
	if (verdict.wrong == NULL)
		verdict = apply_proposals(s);
	if (verdict.wrong == NULL)
		verdict = apply_path(s);
	if (verdict.wrong == NULL)
		verdict = check_verdict_of(enter_next(walk, s, bytes),
					   "it leads to no epoch");
	return verdict;
}

static struct check_verdict take(struct check_walk *walk, struct span commit,
				 bool again)
{
	struct step s = { .walk = walk, .again = again };
	struct check_verdict verdict = run(walk, &s, commit);

	check_tree_undo(&walk->tree);
	buf_clear(&s.added);
	return verdict;
}

struct check_verdict check_walk_commit(struct check_walk *walk,
				       struct span commit)
{
	return take(walk, commit, false);
}

struct check_verdict check_walk_again(struct check_walk *walk,
				      struct span commit)
{
	return take(walk, commit, true);
}

bool check_walk_signed_by(const struct check_walk *walk, struct span commit,
			  struct check_member *member)
{
	struct step s = { .walk = walk };
	struct check_view view;

	check_walk_view(walk, &view);
	return read_commit(&s, commit).wrong == NULL && !s.external &&
	       check_signature(&s).wrong == NULL &&
	       view.leaf(view.group, s.committer, member);
}
