#include "check/group_info.h"

#include "check/label.h"
#include "wire/message.h"
#include "wire/places.h"

struct check_verdict check_group_read(struct span bytes,
				      struct check_group *group)
{
	struct check_verdict verdict = { NULL, false, false };
	struct wire_message message;

	*group = (struct check_group){ .suite = NULL };
	if (wire_message_decode(bytes, &message) != ERR_OK ||
	    message.format != WIRE_GROUP_INFO) {
		verdict.wrong = "group_info does not decode";
		return verdict;
	}
	group->info = message.group_info;
	group->suite = suite_by_id(group->info.context.cipher_suite);
	if (group->suite == NULL)
		verdict.wrong = "group_info is of an unknown suite";
	group->has_tree = wire_extensions_find(group->info.extensions,
					       WIRE_EXTENSION_RATCHET_TREE,
					       &group->ratchet_tree);
	group->has_places = wire_extensions_find(
	    group->info.extensions, PLACES_ROOT_EXTENSION, &group->places);
	return verdict;
}

static enum err check_signature(const struct check_group *group,
				struct span signature_key)
{
	struct wire_group_info apart;
	struct buf tbs = BUF_INIT;
	struct wire_beside beside;
	enum err e;

	TRY(wire_group_info_apart(&group->info, &apart, &beside));
	wire_group_info_put_unsigned(&tbs, &apart);
	TRY(buf_end(&tbs));
	TRY(check_label(group->suite, signature_key, "GroupInfoTBS",
			buf_span(&tbs), apart.signature));
out:
	buf_clear(&tbs);
	return e;
}

struct check_verdict check_group_signed(const struct check_group *group,
					struct check_tree *tree)
{
	const struct wire_leaf_node *signer =
	    check_tree_leaf(tree, group->info.signer);
	struct check_verdict verdict = { NULL, false, false };
	struct span hash;

	if (signer == NULL ||
	    check_signature(group, signer->signature_key) != ERR_OK)
		verdict.wrong = "group_info's signature does not verify";
	else if (check_tree_hash(tree, &hash) != ERR_OK) {
		verdict.wrong = "no memory";
		verdict.local = true;
	} else if (!span_equal(hash, group->info.context.tree_hash))
		verdict.wrong =
		    "group_info's tree_hash is not that of its tree";
	return verdict;
}
