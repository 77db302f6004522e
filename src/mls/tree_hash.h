/* Tree hashes, RFC 9420 section 7.8, of nodes at hand; tree.h has the ones by
 * index. */
#ifndef HERMETIC_MLS_TREE_HASH_H
#define HERMETIC_MLS_TREE_HASH_H

#include "mls/tree.h"

/* Makes node->hash valid, and those below it. `index` is its node index. */
MUST_CHECK enum err tree_hash_update(const struct suite *suite,
				     struct tree_node *node, uint32_t index);

/* The hash that a node would have with the leaves of `without` blanked and not listed as unmerged (7.9); out: suite->nh bytes. */
MUST_CHECK enum err tree_hash_without(const struct suite *suite,
				      struct tree_node *node, uint32_t index,
				      struct leaf_list without, uint8_t *out);

#endif
