/* The inside of mls/secret_tree.h, for its own files. */
#ifndef HERMETIC_MLS_SECRET_TREE_NODE_H
#define HERMETIC_MLS_SECRET_TREE_NODE_H

#include "mls/secret_tree.h"

#define SECRET_TREE_HEIGHT_MAX 31

struct secret_tree_ratchet_state {
	struct sec secret; /* of `generation`; nothing older exists */
	uint32_t generation;
	struct secret_tree_key *skipped; /* ascending generations */
	size_t skipped_count;
	bool changed; /* since it was stored as an item */
};

/* A node has its secret, or its children have theirs, or, at a leaf that was
 * used, the ratchets have theirs. */
struct secret_tree_node {
	struct sec secret;
	struct secret_tree_node *child[2];
	struct secret_tree_ratchet_state *ratchets; /* [SECRET_TREE_RATCHETS] */
	bool stored; /* an item has what it was, and is */
};

void secret_tree_node_free(struct secret_tree_node *node);

#endif
