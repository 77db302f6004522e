#include "mls/listed.h"

#include "mls/broken.h"

/* 12.2: "non-default proposal type that is not supported" */
enum err listed_check(const struct tree *tree, uint32_t leaf, uint16_t type)
{
	const struct tree_leaf *found = tree_leaf(tree, leaf);

	return found != NULL && wire_u16_list_has(
				    found->node.capabilities.proposals, type)
		   ? ERR_OK
		   : broken(ERR_PEER_UNSUPPORTED, MLS_RULE_PROPOSAL_LISTED);
}

/* But for the leaves of `except`, which increase. */
static enum err check_type(const struct tree *tree, uint16_t type,
			   struct leaf_list except)
{
	size_t passed = 0;
	enum err e = ERR_OK;

	for (uint32_t leaf = 0; tree_next_member(tree, leaf, &leaf); leaf++) {
		while (passed < except.count && except.leaves[passed] < leaf)
			passed++;
		if (passed == except.count || except.leaves[passed] != leaf)
			TRY(listed_check(tree, leaf, type));
	}
out:
	return e;
}

enum err listed_check_all(const struct tree *tree, uint16_t type)
{
	return check_type(tree, type, LEAF_LIST_EMPTY);
}

enum err listed_check_list(const struct proposal_list *list,
			   const struct epoch_change *change)
{
	uint16_t last = 0;
	enum err e = ERR_OK;

	for (size_t i = 0; i < list->count; i++) {
		uint16_t type = list->items[i].proposal.type;

		/* many are of one type, mostly */
		if (wire_proposal_is_default(type) || type == last)
			continue;
		/* "members being added or removed by the Commit do not need to
		 * support" it */
		TRY(check_type(
		    &change->tree, type,
		    (struct leaf_list){ change->added, change->added_count }));
		last = type;
	}
out:
	return e;
}
