/* A ratchet tree as stored items, one for each node: a node that several trees
 * share is one item, so a commit writes the nodes that it made. */
#ifndef HERMETIC_MLS_TREE_ITEMS_H
#define HERMETIC_MLS_TREE_ITEMS_H

#include "mls/tree.h"

struct tree_items {
	enum err (*put)(void *context, uint64_t id, struct span value);
	enum err (*get)(void *context, uint64_t id, struct buf *value);
	void *context;
	uint64_t next_id; /* numbers are given once */
	/* Marks what was gone over: another number than the last time's, of all
	 * trees that share nodes, and not 0. */
	uint32_t sweep;
	/* The ids of all that was gone over, in no order; to be freed. */
	uint64_t *ids;
	size_t count, room;
};

/* Puts the nodes that have no id yet and gives them theirs; lists the ids of all
 * that this sweep has not met before. */
MUST_CHECK enum err tree_items_put(struct tree *tree, struct tree_items *items);

/* No node has an id any more. */
void tree_items_forget(struct tree *tree);

/* The tree below the node `root`, of that many leaves; it shares nodes with
 * `like`, which may be NULL. Lists ids as tree_items_put(). */
MUST_CHECK enum err tree_items_get(struct tree *tree, const struct suite *suite,
				   uint32_t leaves, uint64_t root,
				   const struct tree *like,
				   struct tree_items *items);

#endif
