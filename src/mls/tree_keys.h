/* The keys and users of a ratchet tree, found without looking at each node. For the
 * tree's own files; tree.h has the questions. */
#ifndef HERMETIC_MLS_TREE_KEYS_H
#define HERMETIC_MLS_TREE_KEYS_H

#include "mls/tree.h"

/* Around a change of a node's content: before, and after. `leaf` is which one it is; of
 * a parent nothing. Nothing for a blank node, and in a tree without tree_index(). */
MUST_CHECK enum err tree_keys_forget(struct tree *tree,
				     const struct tree_node *node,
				     uint32_t leaf);
MUST_CHECK enum err tree_keys_note(struct tree *tree,
				   const struct tree_node *node, uint32_t leaf);

/* False: all encryption keys differ, and all signature keys of members. */
bool tree_keys_may_repeat(const struct tree *tree);

#endif
