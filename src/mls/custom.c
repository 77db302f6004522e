#include "mls/custom.h"

#include "mls/broken.h"

/* 12.2: "non-default proposal type that is not supported" */
enum err custom_check(const struct tree *tree, uint32_t leaf, uint16_t type)
{
	const struct tree_leaf *found = tree_leaf(tree, leaf);

	return found != NULL && wire_u16_list_has(
				    found->node.capabilities.proposals, type)
		   ? ERR_OK
		   : broken(ERR_PEER_UNSUPPORTED, MLS_RULE_PROPOSAL_LISTED);
}

/* "members being added or removed by the Commit do not need to support" it */
static enum err check_type(uint16_t type, const struct epoch_change *change)
{
	size_t added = 0;
	enum err e = ERR_OK;

	for (uint32_t leaf = 0; tree_next_member(&change->tree, leaf, &leaf);
	     leaf++) {
		while (added < change->added_count &&
		       change->added[added] < leaf)
			added++;
		if (added == change->added_count ||
		    change->added[added] != leaf)
			TRY(custom_check(&change->tree, leaf, type));
	}
out:
	return e;
}

enum err custom_check_list(const struct proposal_list *list,
			   const struct epoch_change *change)
{
	uint16_t last = 0;
	enum err e = ERR_OK;

	for (size_t i = 0; i < list->count; i++) {
		uint16_t type = list->items[i].proposal.type;

		/* many are of one type, mostly */
		if (!wire_proposal_is_private(type) || type == last)
			continue;
		TRY(check_type(type, change));
		last = type;
	}
out:
	return e;
}
