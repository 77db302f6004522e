/* What check/tree.c and check/tree_change.c share. */
#ifndef HERMETIC_CHECK_TREE_CONTENT_H
#define HERMETIC_CHECK_TREE_CONTENT_H

#include "check/tree.h"

#include <stdlib.h>

/* Below, a look through the tree costs less than an index. */
enum { INDEXED_LEAVES = 64 };

/* Copies of their input, owned by the content. */
MUST_CHECK enum err check_content_leaf(struct span encoded,
				       union check_content *content);
MUST_CHECK enum err check_content_parent(const struct wire_parent_node *from,
					 union check_content *content);

static inline void check_content_clear(union check_content *content,
				       uint32_t node)
{
	if (node % 2 == 0)
		free(content->leaf);
	else
		free(content->parent);
	content->leaf = NULL;
}

static inline bool check_content_blank(const union check_content *content,
				       uint32_t node)
{
	return node % 2 == 0 ? content->leaf == NULL : content->parent == NULL;
}

/* Makes the index of a tree that is large and has none. */
MUST_CHECK enum err check_tree_index(struct check_tree *tree);

/* Puts into the index what a node holds, or takes it out. Of a tree that is not
 * indexed, nothing. */
struct check_noting {
	enum err (*key)(struct key_set *set, struct span key);
	enum err (*pair)(struct key_set *set, struct span key, uint32_t number);
};
extern const struct check_noting check_noting_put, check_noting_remove;
MUST_CHECK enum err check_tree_note(struct check_tree *tree, uint32_t node,
				    const struct check_noting *noting);

#endif
