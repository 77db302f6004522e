#include "check/commit.h"

#include "check/form.h"
#include "check/group_info.h"
#include "wire/message.h"
#include "wire/roles.h"

static struct check_verdict wrong(const char *why)
{
	return (struct check_verdict){ why, false, false };
}

/* Of a commit that decodes. */
static const char *check_expiry(const struct check_commit *what)
{
	struct wire_message message;
	struct wire_proposal_or_ref item;
	struct span rest;

	if (what->now == 0 ||
	    wire_message_decode(what->commit, &message) != ERR_OK)
		return NULL;
	rest = message.public_message.content.commit.proposals;
	while (wire_proposals_next(&rest, &item))
		if (item.proposal.type == WIRE_PROPOSAL_ADD &&
		    item.proposal.add.leaf_node.not_after <= what->now)
			return "a KeyPackage is expired";
	return NULL;
}

static struct check_verdict check_after(struct check_walk *walk,
					struct span after)
{
	struct wire_message message;
	struct span tree;

	if (wire_message_decode(after, &message) != ERR_OK ||
	    message.format != WIRE_GROUP_INFO)
		return wrong("group_info does not decode");
	if (!wire_extensions_find(message.group_info.extensions,
				  WIRE_EXTENSION_RATCHET_TREE, &tree))
		return wrong("group_info has no ratchet_tree");
	if (message.group_info.signer != check_walk_committer(walk))
		return wrong("group_info is signed by another than the "
			     "committer");
	return check_walk_matches(walk, after);
}

/* The first GroupInfo of a group, of which all else was looked at. */
static const char *check_joinable(struct span group_info)
{
	struct check_group group;
	const char *why = check_group_read(group_info, &group).wrong;

	return why != NULL ? why
			   : check_form_external_pub(group.suite,
						     group.info.extensions);
}

/* Whether the commit leads on from there. */
static struct check_verdict lead_on(const struct check_commit *what,
				    struct check_walk *walk)
{
	check_walk_set_accounts(walk, what->accounts);
	if (check_walk_set_departures(walk, what->departed) != ERR_OK)
		return (struct check_verdict){ "no memory", false, true };
	return check_walk_commit(walk, what->commit);
}

/* Whether what comes with it is what it leads to. */
static struct check_verdict check_with(const struct check_commit *what,
				       struct check_walk *walk)
{
	struct check_verdict verdict = wrong(check_expiry(what));
	bool new_keys;

	if (verdict.wrong == NULL && what->after.n > 0)
		verdict = check_after(walk, what->after);
	if (verdict.wrong == NULL && what->part.n > 0)
		verdict = check_walk_check_part(walk, what->part);
	if (verdict.wrong == NULL && what->successor.n > 0)
		verdict =
		    check_walk_successor(walk, what->successor, &new_keys);
	if (verdict.wrong == NULL && what->successor.n > 0)
		verdict.wrong = check_joinable(what->successor);
	return verdict;
}

struct check_verdict check_group_now(struct span before, struct span since,
				     struct check_walk **walk)
{
	struct rd r = rd_init(since);
	struct check_verdict verdict = wrong(NULL);

	if (*walk == NULL)
		verdict = check_walk_from_info(before, CHECK_VERIFIED, walk);
	while (verdict.wrong == NULL && rd_left(&r) > 0) {
		struct span commit = rd_take(&r, rd_u32(&r));

		verdict = rd_ok(&r) ? check_walk_again(*walk, commit)
				    : wrong("the commits since do not decode");
	}
	if (verdict.wrong != NULL) {
		check_walk_free(*walk);
		*walk = NULL;
	}
	return verdict;
}

struct check_verdict check_commit_step(const struct check_commit *what,
				       struct check_walk **walk)
{
	struct check_verdict verdict =
	    check_group_now(what->before, what->since, walk);

	verdict.local |= verdict.wrong != NULL; /* not the commit's */
	if (verdict.wrong == NULL)
		verdict = lead_on(what, *walk);
	if (verdict.wrong != NULL)
		return verdict;
	verdict = check_with(what, *walk);
	if (verdict.wrong != NULL) {
		check_walk_free(*walk);
		*walk = NULL;
	}
	return verdict;
}

struct check_verdict check_commit(const struct check_commit *what)
{
	struct check_walk *walk = NULL;
	struct check_verdict verdict = check_commit_step(what, &walk);

	check_walk_free(walk);
	return verdict;
}

/* ---- a new group ---- */

static const char *check_owner(const struct check_walk *walk,
			       struct span identity)
{
	struct check_member member, other;
	struct roles roles;
	uint32_t leaf = 0;

	if (!check_walk_next_member(walk, &leaf, &member) ||
	    member.leaf_index != 0 ||
	    check_walk_next_member(walk, &leaf, &other) ||
	    !span_equal(member.identity, identity))
		return "group_info must have one leaf, this device's";
	if (roles_read(check_walk_context(walk)->extensions, &roles) !=
		ERR_OK ||
	    (roles.there &&
	     roles_of(&roles, roles_user(identity)) != ROLE_OWNER))
		return "group_info must make its creator the owner";
	return NULL;
}

const char *check_first(struct span group_info, struct span identity,
			struct check_accounts *accounts)
{
	struct check_walk *walk = NULL;
	const char *why =
	    check_walk_from_info(group_info, CHECK_UNSEEN, &walk).wrong;

	if (why == NULL)
		why = check_owner(walk, identity);
	if (why == NULL) {
		check_walk_set_accounts(walk, accounts);
		why = check_walk_check_leaves(walk, true).wrong;
	}
	if (why == NULL)
		why = check_joinable(group_info);
	check_walk_free(walk);
	return why;
}
