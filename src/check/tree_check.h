/* A whole tree that somebody gives (RFC 9420, 12.4.3.1). */
#ifndef HERMETIC_CHECK_TREE_CHECK_H
#define HERMETIC_CHECK_TREE_CHECK_H

#include "check/tree.h"
#include "check/view.h"

/* Whether the tree is one that commits can have made: unmerged leaves and
 * parent hashes are consistent, no key and no identity stands twice, and each
 * leaf is valid, signed, and supports the group. It costs a signature a leaf. */
struct check_verdict check_tree_whole(struct check_tree *tree,
				      struct span group_id,
				      struct span group_extensions);

#endif
