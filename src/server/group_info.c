#include "server/group_info.h"

#include "wire/generation.h"
#include "wire/message.h"
#include "wire/tree.h"
#include "wire/types.h"

bool group_info_fits(struct span bytes, struct uuid session, uint64_t epoch,
		     const struct suite *suite)
{
	const struct wire_group_context *context;
	struct wire_message message;
	uint64_t found;

	if (wire_message_decode(bytes, &message) != ERR_OK ||
	    message.format != WIRE_GROUP_INFO)
		return false;
	context = &message.group_info.context;
	return generation_session_epoch(context->group_id, context->epoch,
					SPAN_ARRAY(session.bytes), &found) &&
	       found == epoch &&
	       (suite == NULL || context->cipher_suite == suite->id);
}

bool group_info_leaves(struct span bytes,
		       bool (*each)(void *arg, uint32_t leaf,
				    struct span identity),
		       void *arg)
{
	struct wire_message message;
	struct span tree;
	struct rd r, nodes;

	if (wire_message_decode(bytes, &message) != ERR_OK ||
	    message.format != WIRE_GROUP_INFO ||
	    !wire_extensions_find(message.group_info.extensions,
				  WIRE_EXTENSION_RATCHET_TREE, &tree))
		return false;
	r = rd_init(tree);
	nodes = rd_open_vec(&r);
	for (uint32_t i = 0; rd_left(&nodes) > 0; i++) {
		struct wire_node node;

		wire_node_read(&nodes, &node);
		if (!rd_ok(&nodes))
			return false;
		if (node.type == WIRE_NODE_LEAF &&
		    (i % 2 != 0 ||
		     !each(arg, i / 2, node.leaf.credential.identity)))
			return false;
	}
	return rd_ok(&nodes);
}
