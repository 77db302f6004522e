#include "wire/tree.h"

void wire_parent_node_read(struct rd *r, struct wire_parent_node *parent)
{
	parent->encryption_key = rd_vec(r);
	parent->parent_hash = rd_vec(r);
	parent->unmerged_leaves = wire_leaf_list_read(r);
}

void wire_parent_node_put(struct buf *b, const struct wire_parent_node *parent)
{
	buf_put_vec(b, parent->encryption_key);
	buf_put_vec(b, parent->parent_hash);
	buf_put_vec(b, parent->unmerged_leaves);
}

void wire_node_read(struct rd *r, struct wire_node *node)
{
	*node = (struct wire_node){ .type = WIRE_NODE_BLANK };
	if (!wire_optional_read(r))
		return;
	node->type = rd_u8(r);
	switch (node->type) {
	case WIRE_NODE_LEAF:
		wire_leaf_node_read(r, &node->leaf);
		break;
	case WIRE_NODE_PARENT:
		wire_parent_node_read(r, &node->parent);
		break;
	default:
		rd_fail(r, ERR_PEER_MALFORMED);
	}
}

void wire_node_put(struct buf *b, const struct wire_node *node)
{
	buf_put_u8(b, node->type != WIRE_NODE_BLANK);
	if (node->type == WIRE_NODE_BLANK)
		return;
	buf_put_u8(b, node->type);
	if (node->type == WIRE_NODE_LEAF)
		wire_leaf_node_put(b, &node->leaf);
	else
		wire_parent_node_put(b, &node->parent);
}
