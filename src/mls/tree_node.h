/* The nodes of mls/tree.h: making, sharing, copying and freeing them. For the
 * tree's own files. */
#ifndef HERMETIC_MLS_TREE_NODE_H
#define HERMETIC_MLS_TREE_NODE_H

#include "mls/tree.h"

/* A blank node with no children. NULL without memory. */
struct tree_node *tree_node_new(const struct suite *suite);
/* An all-blank subtree. NULL without memory. */
struct tree_node *tree_node_blank(const struct suite *suite, uint32_t level);
void tree_node_free(struct tree_node *node);

/* Makes *slot ours alone, for a change: copies it when it is shared. Its hash
 * is forgotten. Only below a parent that is ours alone already. */
MUST_CHECK enum err tree_node_own(const struct suite *suite,
				  struct tree_node **slot);

/* Counts and credential bits again, from the children or the leaf. */
void tree_node_refresh(struct tree_node *node);

/* Content; takes over what it is given, frees what was there. */
MUST_CHECK enum err tree_node_set_leaf(struct tree_node *node,
				       struct span leaf_node);
MUST_CHECK enum err tree_node_set_parent(struct tree_node *node,
					 const struct wire_parent_node *parent);
/* Blank for a NULL leaf and a NULL parent alike. */
void tree_node_set_blank(struct tree_node *node);
/* Adds to unmerged_leaves; nothing at a blank node. */
MUST_CHECK enum err tree_node_add_unmerged(struct tree_node *node,
					   uint32_t leaf);

static inline bool tree_node_is_leaf(const struct tree_node *node)
{
	return node->left == NULL;
}

static inline bool tree_node_is_blank(const struct tree_node *node)
{
	return tree_node_is_leaf(node) ? node->leaf == NULL
				       : node->parent == NULL;
}

/* The public key of a node that is not blank. */
struct span tree_node_key(const struct tree_node *node);

/* The ParentNode as the codec has it: its unmerged leaves are encoded into
 * `unmerged`, which is reset first. */
struct wire_parent_node tree_node_parent(const struct tree_node *node,
					 struct buf *unmerged);

#endif
