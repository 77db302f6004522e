/* A ratchet tree as it stands in a GroupInfo (RFC 9420, 12.4.3.3). */
#ifndef HERMETIC_CHECK_TREE_H
#define HERMETIC_CHECK_TREE_H

#include "crypto/suite.h"
#include "wire/tree.h"

/* Nodes that a tree may have here: bounds what a peer can make us hold. */
#define CHECK_TREE_NODES_MAX (1u << 18)

struct check_tree {
	struct wire_node *nodes; /* borrowing from what was read */
	uint32_t node_count;	 /* 2 * leaf_count - 1 */
	uint32_t leaf_count;	 /* a power of two */
};

void check_tree_clear(struct check_tree *tree);

/* From the extension's data. ERR_PEER_MALFORMED: no such tree, a parent where a
 * leaf should be, or a blank at the end. */
MUST_CHECK enum err check_tree_read(struct span data, struct check_tree *tree);

/* NULL where it is blank, or beyond the end. */
const struct wire_leaf_node *check_tree_leaf(const struct check_tree *tree,
					     uint32_t leaf);

/* The tree hash (7.8); out: suite->nh bytes. */
MUST_CHECK enum err check_tree_hash(const struct check_tree *tree,
				    const struct suite *suite, uint8_t *out);

#endif
