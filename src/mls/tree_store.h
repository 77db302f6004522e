/* A ratchet tree as stored state. A tree is written as what differs from
 * another one that was written before, so that past epochs cost only their
 * changes; loading shares the nodes again. */
#ifndef HERMETIC_MLS_TREE_STORE_H
#define HERMETIC_MLS_TREE_STORE_H

#include "mls/tree.h"

/* `like`: a tree of the same suite, or NULL. */
void tree_save(const struct tree *tree, const struct tree *like,
	       struct buf *out);

/* `like`: the tree that tree_save() was given, as loaded. Reads from `r`,
 * whose failure is also returned. */
MUST_CHECK enum err tree_load(struct tree *tree, const struct suite *suite,
			      const struct tree *like, struct rd *r);

/* ---- for mls/tree_items.c, too ---- */

/* The node of `like` that stands where the root of a tree of `level` does, and
 * its level: lower when `like` is the smaller tree. NULL for NULL. */
struct tree_node *tree_align(const struct tree *like, uint32_t level,
			     uint32_t *like_level);

/* What a node that is not blank holds; `unmerged` is for encoding. Reading goes
 * on behind it, and takes the node for a leaf until it has children. */
void tree_node_put_content(const struct tree_node *node, struct buf *unmerged,
			   struct buf *out);
MUST_CHECK enum err tree_node_read_content(struct rd *r,
					   struct tree_node *node);

#endif
