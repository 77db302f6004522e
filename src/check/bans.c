#include "check/bans.h"

#include "base/fault.h"
#include "check/leaf_of.h"
#include "wire/extension.h"
#include "wire/leaf_node.h"

const char check_banned[] = "its account is banned from the session: an admin "
			    "or an owner has to take the "
			    "ban back first";

static const char *deny(struct check_bans *c, const char *why)
{
	c->denied = true;
	return why;
}

static const char *keep_out(struct check_bans *c)
{
	return FAULT(BANNED_COMES_IN) ? NULL : deny(c, check_banned);
}

/* ---- who comes in ---- */

static const char *check_adds(struct check_bans *c, const struct bans *after)
{
	struct span rest = c->commit->proposals;
	struct wire_proposal_or_ref item;

	while (wire_proposals_next(&rest, &item)) {
		const struct wire_credential *credential =
		    &item.proposal.add.leaf_node.credential;

		if (item.type == WIRE_BY_VALUE &&
		    item.proposal.type == WIRE_PROPOSAL_ADD &&
		    bans_have(after, roles_user(credential->identity)))
			return keep_out(c);
	}
	return NULL;
}

/* ---- who is put in, and taken out ---- */

static const char *check_leaves(struct check_bans *c, struct span user)
{
	return check_leaf_of(c->view, c->gone, user)
		   ? deny(c, "who is banned keeps a leaf")
		   : NULL;
}

static const char *check_new(struct check_bans *c, struct span user)
{
	struct span by = roles_user(c->committer);

	if (span_equal(by, user))
		return deny(c, "nobody bans their own account");
	if (roles_of(c->roles, by) != ROLE_OWNER &&
	    roles_of(c->roles, user) != ROLE_MEMBER)
		return deny(c, "to ban an admin takes an owner");
	return check_leaves(c, user);
}

/* RFC 9420, 13.4: "in use by the group MUST be supported by all members". */
static const char *check_listed(struct check_bans *c)
{
	struct check_member leaf;
	struct wire_leaf_node node;

	for (uint32_t i = 0; i < c->view->leaf_count; i++) {
		if (c->gone[i] || !c->view->leaf(c->view->group, i, &leaf))
			continue;
		/* the path's leaf takes its place, and is looked at there */
		if (c->commit->has_path &&
		    span_equal(leaf.identity, c->committer))
			continue;
		if (wire_leaf_node_decode(leaf.encoded, &node) != ERR_OK ||
		    !wire_u16_list_has(node.capabilities.extensions,
				       BANS_EXTENSION))
			return "a member's leaf does not list the extension of "
			       "bans";
	}
	return NULL;
}

static const char *check_change(struct check_bans *c, const struct bans *before,
				const struct bans *after)
{
	struct span rest = after->rows, user;
	const char *wrong = NULL;

	if (!c->roles->there ||
	    roles_of(c->roles, roles_user(c->committer)) == ROLE_MEMBER)
		return deny(c, "to change who is banned takes an admin or an "
			       "owner");
	while (wrong == NULL && bans_next(&rest, &user))
		if (!bans_have(before, user))
			wrong = check_new(c, user);
	if (wrong == NULL && !before->there)
		wrong = check_listed(c);
	return wrong;
}

const char *check_bans(struct check_bans *c)
{
	struct bans before, after;
	const char *wrong = NULL;

	if (bans_read(c->view->extensions, &before) != ERR_OK ||
	    bans_read(c->after, &after) != ERR_OK)
		return "the list of who is banned does not decode";
	if (c->external)
		return bans_have(&before, roles_user(c->committer))
			   ? keep_out(c)
			   : NULL;
	if (before.there != after.there || !span_equal(before.rows, after.rows))
		wrong = check_change(c, &before, &after);
	return wrong != NULL ? wrong : check_adds(c, &after);
}
