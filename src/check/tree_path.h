/* The public part of an UpdatePath, RFC 9420 sections 7.5, 7.6 and 7.9. */
#ifndef HERMETIC_CHECK_TREE_PATH_H
#define HERMETIC_CHECK_TREE_PATH_H

#include "check/tree.h"
#include "check/view.h"
#include "wire/commit.h"

/*
 * Merges a path of `leaf` into a tree to which the commit's proposals have been
 * applied: its keys are new, it has a node for each of the filtered direct path
 * and a ciphertext for each of their copaths' resolutions but for the `added`
 * leaves (a list as ParentNode.unmerged_leaves), and the leaf's parent hash is
 * that of the path. Whether the leaf is valid is the caller's check.
 */
struct check_verdict check_tree_merge(struct check_tree *tree, uint32_t leaf,
				      const struct wire_update_path *path,
				      struct span added);

/* The same of a path that was verified before: keys and receivers are not looked
 * at. */
struct check_verdict check_tree_merge_again(
    struct check_tree *tree, uint32_t leaf,
    const struct wire_update_path *path);

#endif
