/* Validating a whole ratchet tree, as when joining: RFC 9420 sections 7.3,
 * 7.9.2 and 12.4.3.1. That its hash is the GroupContext's is the caller's
 * check. ERR_PEER_INVALID or ERR_PEER_CRYPTO. */
#ifndef HERMETIC_MLS_TREE_CHECK_H
#define HERMETIC_MLS_TREE_CHECK_H

#include "mls/tree.h"

struct mls_runner;

/* `runner` may be NULL (mls/identity.h). What is wrong with the first leaf that is wrong
 * is what is said, however many threads there are. */
MUST_CHECK enum err tree_check(const struct tree *tree, struct span group_id,
			       struct span group_extensions,
			       const struct mls_runner *runner);

/* The parts that a change of members needs, on any tree: keys unique among the
 * members (7.3) and each credential type in use supported by all. */
MUST_CHECK enum err tree_check_unique(const struct tree *tree);
MUST_CHECK enum err tree_check_credentials(const struct tree *tree);

#endif
