#include "check/group_info.h"

#include "check/label.h"
#include "crypto/hash.h"
#include "wire/message.h"

void check_group_clear(struct check_group *group)
{
	check_tree_clear(&group->tree);
}

const char *check_group_read(struct span bytes, struct check_group *group)
{
	struct wire_message message;
	struct span tree;

	*group = (struct check_group){ .suite = NULL };
	if (wire_message_decode(bytes, &message) != ERR_OK ||
	    message.format != WIRE_GROUP_INFO)
		return "group_info does not decode";
	group->info = message.group_info;
	group->suite = suite_by_id(group->info.context.cipher_suite);
	if (group->suite == NULL)
		return "group_info is of an unknown suite";
	if (!wire_extensions_find(group->info.extensions,
				  WIRE_EXTENSION_RATCHET_TREE, &tree))
		return "group_info has no ratchet_tree";
	if (check_tree_read(tree, &group->tree) != ERR_OK)
		return "group_info's ratchet_tree does not decode";
	return NULL;
}

const char *check_group_signed(const struct check_group *group)
{
	const struct wire_leaf_node *signer =
	    check_tree_leaf(&group->tree, group->info.signer);
	uint8_t hash[SUITE_HASH_MAX];

	if (signer == NULL ||
	    check_label(group->suite, signer->signature_key, "GroupInfoTBS",
			group->info.unsigned_part,
			group->info.signature) != ERR_OK)
		return "group_info's signature does not verify";
	if (check_tree_hash(&group->tree, group->suite, hash) != ERR_OK ||
	    !span_equal(span_of(hash, group->suite->nh),
			group->info.context.tree_hash))
		return "group_info's tree_hash is not that of its tree";
	return NULL;
}
