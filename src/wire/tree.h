/* Nodes of a ratchet tree, RFC 9420 sections 7.1 and 12.4.3.3. */
#ifndef HERMETIC_WIRE_TREE_H
#define HERMETIC_WIRE_TREE_H

#include "wire/leaf_node.h"

struct wire_parent_node {
	struct span encryption_key;
	struct span parent_hash;
	struct span unmerged_leaves; /* content; uint32, strictly increasing */
};

struct wire_node {
	uint8_t type; /* enum wire_node_type */
	union {
		struct wire_leaf_node leaf;
		struct wire_parent_node parent;
	};
};

void wire_parent_node_read(struct rd *r, struct wire_parent_node *parent);
void wire_parent_node_put(struct buf *b, const struct wire_parent_node *parent);

/* optional<Node>: one element of ratchet_tree<V>. */
void wire_node_read(struct rd *r, struct wire_node *node);
void wire_node_put(struct buf *b, const struct wire_node *node);

#endif
