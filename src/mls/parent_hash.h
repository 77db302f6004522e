/* Parent hashes, RFC 9420 section 7.9. */
#ifndef HERMETIC_MLS_PARENT_HASH_H
#define HERMETIC_MLS_PARENT_HASH_H

#include "mls/tree.h"

/* The hash of a ParentHashInput; out: suite->nh bytes. */
MUST_CHECK enum err parent_hash_compute(const struct suite *suite,
					struct span encryption_key,
					struct span parent_hash,
					struct span sibling_tree_hash,
					uint8_t *out);

/* 7.9.2: every parent node of the tree is parent-hash valid, or
 * ERR_PEER_INVALID. */
MUST_CHECK enum err parent_hash_check(const struct tree *tree);

#endif
