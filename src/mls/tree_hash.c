#include "mls/tree_hash.h"

#include <string.h>

#include "crypto/hash.h"
#include "mls/tree_node.h"

static enum err hash_buf(const struct suite *suite, struct buf *input,
			 struct span tail, uint8_t *out)
{
	enum err e;

	TRY(buf_end(input));
	struct span parts[] = { buf_span(input), tail };
	TRY(hash_digest(suite, parts, 2, out));
out:
	return e;
}

/* TreeHashInput of a leaf; `leaf` NULL: blank. */
static enum err leaf_hash(const struct suite *suite,
			  const struct tree_leaf *leaf, uint32_t index,
			  uint8_t *out)
{
	struct buf input = BUF_INIT;
	enum err e;

	buf_put_u8(&input, WIRE_NODE_LEAF);
	buf_put_u32(&input, index / 2);
	buf_put_u8(&input, leaf != NULL);
	e = hash_buf(suite, &input,
		     leaf != NULL ? leaf->node.encoded : SPAN_EMPTY, out);
	buf_clear(&input);
	return e;
}

/* TreeHashInput of a parent, its unmerged leaves without those of `without`. */
static enum err parent_hash_input(const struct suite *suite,
				  const struct tree_parent *parent,
				  struct leaf_list without, const uint8_t *left,
				  const uint8_t *right, uint8_t *out)
{
	struct buf input = BUF_INIT;
	enum err e;

	buf_put_u8(&input, WIRE_NODE_PARENT);
	buf_put_u8(&input, parent != NULL);
	if (parent != NULL) {
		buf_put_vec(&input, parent->encryption_key);
		buf_put_vec(&input, parent->parent_hash);
		size_t vec = buf_open_vec(&input);
		for (size_t i = 0; i < parent->unmerged_count; i++)
			if (!leaf_list_has(without, parent->unmerged[i]))
				buf_put_u32(&input, parent->unmerged[i]);
		buf_close_vec(&input, vec);
	}
	buf_put_vec(&input, span_of(left, suite->nh));
	buf_put_vec(&input, span_of(right, suite->nh));
	e = hash_buf(suite, &input, SPAN_EMPTY, out);
	buf_clear(&input);
	return e;
}

enum err tree_hash_update(const struct suite *suite, struct tree_node *node,
			  uint32_t index)
{
	enum err e = ERR_OK;

	if (node->hashed)
		return ERR_OK;
	if (tree_node_is_leaf(node)) {
		TRY(leaf_hash(suite, node->leaf, index, node->hash));
	} else {
		TRY(tree_hash_update(suite, node->left, tree_math_left(index)));
		TRY(tree_hash_update(suite, node->right,
				     tree_math_right(index)));
		TRY(parent_hash_input(suite, node->parent, LEAF_LIST_EMPTY,
				      node->left->hash, node->right->hash,
				      node->hash));
	}
	node->hashed = true;
out:
	return e;
}

enum err tree_hash_without(const struct suite *suite, struct tree_node *node,
			   uint32_t index, struct leaf_list without,
			   uint8_t *out)
{
	uint8_t left[SUITE_HASH_MAX], right[SUITE_HASH_MAX];
	enum err e = ERR_OK;

	without = leaf_list_below(without, index);
	if (without.count == 0) {
		TRY(tree_hash_update(suite, node, index));
		memcpy(out, node->hash, suite->nh);
	} else if (tree_node_is_leaf(node)) {
		TRY(leaf_hash(suite, NULL, index, out));
	} else {
		TRY(tree_hash_without(suite, node->left, tree_math_left(index),
				      without, left));
		TRY(tree_hash_without(suite, node->right,
				      tree_math_right(index), without, right));
		TRY(parent_hash_input(suite, node->parent, without, left, right,
				      out));
	}
out:
	return e;
}

enum err tree_hash_node(const struct tree *tree, uint32_t node,
			struct span *hash)
{
	struct tree_node *at = tree->root;
	uint32_t index = tree_math_root(tree->leaves);
	enum err e;

	*hash = SPAN_EMPTY;
	ENSURE(node < tree_math_width(tree->leaves), ERR_LOCAL_BUG);
	while (index != node) {
		bool left = node < index;

		at = left ? at->left : at->right;
		index = left ? tree_math_left(index) : tree_math_right(index);
	}
	TRY(tree_hash_update(tree->suite, at, index));
	*hash = span_of(at->hash, tree->suite->nh);
out:
	return e;
}

enum err tree_hash_root(const struct tree *tree, struct span *hash)
{
	return tree_hash_node(tree, tree_math_root(tree->leaves), hash);
}
