#include "mls/parent_hash.h"

#include <stdlib.h>

#include "crypto/hash.h"
#include "mls/broken.h"
#include "mls/tree_hash.h"
#include "mls/tree_node.h"

enum err parent_hash_compute(const struct suite *suite,
			     struct span encryption_key,
			     struct span parent_hash,
			     struct span sibling_tree_hash, uint8_t *out)
{
	struct buf input = BUF_INIT;
	enum err e;

	buf_put_vec(&input, encryption_key);
	buf_put_vec(&input, parent_hash);
	buf_put_vec(&input, sibling_tree_hash);
	TRY(buf_end(&input));
	struct span part = buf_span(&input);
	TRY(hash_digest(suite, &part, 1, out));
out:
	buf_clear(&input);
	return e;
}

/* The parent_hash field of D; false when D has none. */
static bool parent_hash_of(const struct tree_node *d, struct span *hash)
{
	if (!tree_node_is_leaf(d)) {
		*hash = d->parent->parent_hash;
		return true;
	}
	*hash = d->leaf->node.parent_hash;
	return d->leaf->node.source == WIRE_LEAF_COMMIT;
}

/*
 * Finds D below the child C of P: "D is in the resolution of C, and the
 * intersection of P's unmerged_leaves with the subtree under C is equal to the
 * resolution of C with D removed" (7.9.2). NULL when there is none.
 */
static enum err find_d(const struct tree *tree, uint32_t c,
		       struct leaf_list unmerged, const struct tree_node **d)
{
	struct tree_resolved *list = NULL;
	size_t count = 0;
	uint32_t at = 0;
	enum err e;

	*d = NULL;
	unmerged = leaf_list_below(unmerged, c);
	TRY(tree_resolution(tree, c, LEAF_LIST_EMPTY, &list, &count));
	if (count != unmerged.count + 1)
		goto out;
	size_t others = 0;
	for (size_t i = 0; i < count; i++) {
		if (list[i].node % 2 == 0 &&
		    leaf_list_has(unmerged, list[i].node / 2))
			continue;
		at = list[i].node;
		others++;
	}
	if (others == 1)
		*d = tree_node(tree, at);
out:
	free(list);
	return e;
}

/* Whether P is valid by a D on its side `child`. */
static enum err valid_by(const struct tree *tree, const struct tree_node *p,
			 uint32_t child, struct tree_node *sibling, bool *valid)
{
	const struct tree_parent *parent = p->parent;
	uint8_t hash[SUITE_HASH_MAX];
	const struct tree_node *d;
	struct leaf_list unmerged = { parent->unmerged,
				      parent->unmerged_count };
	struct span claimed;
	enum err e;

	*valid = false;
	TRY(find_d(tree, child, unmerged, &d));
	if (d == NULL || !parent_hash_of(d, &claimed))
		goto out;
	TRY(tree_hash_without(tree->suite, sibling, tree_math_sibling(child),
			      unmerged, hash));
	TRY(parent_hash_compute(tree->suite, parent->encryption_key,
				parent->parent_hash,
				span_of(hash, tree->suite->nh), hash));
	*valid = span_equal(claimed, span_of(hash, tree->suite->nh));
out:
	return e;
}

/* Top down: "there is exactly one descendant of each non-blank parent node for
 * which the parent node is parent-hash valid". */
static enum err check_node(const struct tree *tree,
			   const struct tree_node *node, uint32_t index)
{
	uint32_t left = tree_math_left(index), right = tree_math_right(index);
	bool by_left, by_right;
	enum err e = ERR_OK;

	if (node->parent != NULL) {
		TRY(valid_by(tree, node, left, node->right, &by_left));
		TRY(valid_by(tree, node, right, node->left, &by_right));
		ENSURE(by_left != by_right, RULE(PARENT_HASH));
	}
	if (!tree_node_is_leaf(node->left)) {
		TRY(check_node(tree, node->left, left));
		TRY(check_node(tree, node->right, right));
	}
out:
	return e;
}

enum err parent_hash_check(const struct tree *tree)
{
	return tree->leaves == 1
		   ? ERR_OK
		   : check_node(tree, tree->root, tree_math_root(tree->leaves));
}
