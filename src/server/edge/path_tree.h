/*
 * From a path to what stands for it: a tree of segments, where a segment in
 * braces stands for any one segment that is not empty.
 *
 *   /session/{session_id}/messages
 *
 * All edges of the tree are in one hash table, by parent and segment, so that a
 * path costs a look for each of its segments, however many paths there are.
 */
#ifndef HERMETIC_SERVER_EDGE_PATH_TREE_H
#define HERMETIC_SERVER_EDGE_PATH_TREE_H

#include "base/err.h"
#include "base/span.h"

struct path_tree;

/* NULL: no memory. There is no way to free one: it lives as long as the
 * process. */
struct path_tree *path_tree_new(void);

/* `path` starts with '/' and is kept; a path that is there gets the new value.
 * ERR_LOCAL_MEMORY: the tree is as before. */
MUST_CHECK enum err path_tree_add(struct path_tree *tree, struct span path,
				  void *value);

/* NULL: there is no such path. */
void *path_tree_find(const struct path_tree *tree, struct span path);

/* The most segments that one look can be compared with. */
size_t path_tree_longest(const struct path_tree *tree);

/* The first segment of a path that starts with '/'; moves `path` past it.
 * False at its end. */
bool path_next_segment(struct span *path, struct span *segment);

#endif
