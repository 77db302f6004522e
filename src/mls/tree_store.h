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

#endif
