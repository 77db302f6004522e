#include "check/tree_check.h"

#include <stdlib.h>

#include "check/leaf.h"

/* ---- unmerged leaves ---- */

/* The leaf is there, and the parents between it and `node` list it, too. */
static bool listed_below(const struct check_tree *tree, uint32_t node,
			 uint32_t leaf)
{
	uint32_t at = 2 * leaf;

	if (check_tree_leaf(tree, leaf) == NULL)
		return false;
	while ((at = tree_math_parent(at)) != node) {
		const struct wire_parent_node *parent =
		    check_tree_parent(tree, at);

		if (parent != NULL &&
		    !check_leaves_has(parent->unmerged_leaves, leaf))
			return false;
	}
	return true;
}

static bool unmerged_hold(const struct check_tree *tree)
{
	uint32_t width = tree_math_width(tree->leaf_count), leaf;

	for (uint32_t node = 1; node < width; node += 2) {
		const struct wire_parent_node *parent =
		    check_tree_parent(tree, node);
		struct span rest;

		if (parent == NULL)
			continue;
		rest = parent->unmerged_leaves;
		if (check_leaves_below(rest, node).n != rest.n)
			return false;
		while (wire_leaf_list_next(&rest, &leaf))
			if (!listed_below(tree, node, leaf))
				return false;
	}
	return true;
}

/* ---- what stands once ---- */

static int compare(const void *a, const void *b)
{
	return span_compare(*(const struct span *)a, *(const struct span *)b);
}

static bool all_differ(struct span *list, size_t count)
{
	qsort(list, count, sizeof(*list), compare);
	for (size_t i = 1; i < count; i++)
		if (span_equal(list[i - 1], list[i]))
			return false;
	return true;
}

static enum err check_unique(const struct check_tree *tree)
{
	uint32_t width = tree_math_width(tree->leaf_count);
	struct span *list = calloc(width, sizeof(*list));
	size_t count = 0;
	enum err e = ERR_OK;

	ENSURE(list != NULL, ERR_LOCAL_MEMORY);
	for (uint32_t node = 0; node < width; node++) {
		if (node % 2 == 0 && check_tree_leaf(tree, node / 2) != NULL)
			list[count++] =
			    check_tree_leaf(tree, node / 2)->encryption_key;
		else if (check_tree_parent(tree, node) != NULL)
			list[count++] =
			    check_tree_parent(tree, node)->encryption_key;
	}
	ENSURE(all_differ(list, count), ERR_PEER_INVALID);
	count = 0;
	for (uint32_t i = 0; i < tree->leaf_count; i++)
		if (check_tree_leaf(tree, i) != NULL)
			list[count++] = check_tree_leaf(tree, i)->signature_key;
	ENSURE(all_differ(list, count), ERR_PEER_INVALID);
	count = 0;
	for (uint32_t i = 0; i < tree->leaf_count; i++)
		if (check_tree_leaf(tree, i) != NULL)
			list[count++] =
			    check_tree_leaf(tree, i)->credential.identity;
	ENSURE(all_differ(list, count), ERR_PEER_INVALID);
out:
	free(list);
	return e;
}

/* ---- parent hashes (7.9.2) ---- */

/* The parent_hash field of the only node that is in the resolution of `child`
 * and not among P's unmerged leaves. False when there is no such field. */
static enum err claimed_hash(const struct check_tree *tree,
			     const struct wire_parent_node *p, uint32_t child,
			     bool *there, struct span *hash)
{
	struct span unmerged = check_leaves_below(p->unmerged_leaves, child);
	uint32_t *list = NULL, found = 0;
	size_t count = 0, others = 0;
	enum err e;

	*there = false;
	TRY(check_tree_resolution(tree, child, &list, &count));
	for (size_t i = 0; i < count; i++) {
		if (list[i] % 2 == 0 && check_leaves_has(unmerged, list[i] / 2))
			continue;
		found = list[i];
		others++;
	}
	if (others != 1 || count != check_leaves_count(unmerged) + 1)
		goto out;
	if (found % 2 == 1) {
		*hash = check_tree_parent(tree, found)->parent_hash;
		*there = true;
	} else {
		const struct wire_leaf_node *leaf =
		    check_tree_leaf(tree, found / 2);

		*hash = leaf->parent_hash;
		*there = leaf->source == WIRE_LEAF_COMMIT;
	}
out:
	free(list);
	return e;
}

static enum err valid_by(struct check_tree *tree,
			 const struct wire_parent_node *p, uint32_t child,
			 bool *valid)
{
	uint8_t hash[SUITE_HASH_MAX];
	struct span claimed;
	enum err e;

	TRY(claimed_hash(tree, p, child, valid, &claimed));
	if (!*valid)
		goto out;
	TRY(check_tree_parent_hash(tree, p, tree_math_sibling(child), hash));
	*valid = span_equal(claimed, span_of(hash, tree->suite->nh));
out:
	return e;
}

/* "exactly one descendant of each non-blank parent node for which the parent
 * node is parent-hash valid" */
static enum err check_parent_hashes(struct check_tree *tree)
{
	uint32_t width = tree_math_width(tree->leaf_count);
	enum err e = ERR_OK;

	for (uint32_t node = 1; node < width; node += 2) {
		const struct wire_parent_node *p =
		    check_tree_parent(tree, node);
		bool left, right;

		if (p == NULL)
			continue;
		TRY(valid_by(tree, p, tree_math_left(node), &left));
		TRY(valid_by(tree, p, tree_math_right(node), &right));
		ENSURE(left != right, ERR_PEER_INVALID);
	}
out:
	return e;
}

/* ---- the whole ---- */

static const char *check_leaves(const struct check_tree *tree,
				struct span group_id,
				struct span group_extensions)
{
	const char *wrong = NULL;

	for (uint32_t i = 0; wrong == NULL && i < tree->leaf_count; i++) {
		const struct wire_leaf_node *leaf = check_tree_leaf(tree, i);

		if (leaf == NULL)
			continue;
		if (leaf->credential.type != WIRE_CREDENTIAL_BASIC)
			return "a leaf has no basic credential";
		wrong = check_leaf(leaf, tree->suite);
		if (wrong == NULL)
			wrong = check_leaf_supports(leaf, group_extensions);
		if (wrong == NULL)
			wrong = check_leaf_signature(leaf, tree->suite,
						     group_id, i);
	}
	return wrong;
}

static struct check_verdict verdict_of(enum err e, const char *wrong)
{
	return (struct check_verdict){ e == ERR_OK ? NULL : wrong, false,
				       err_class(e) == ERR_CLASS_LOCAL };
}

struct check_verdict check_tree_whole(struct check_tree *tree,
				      struct span group_id,
				      struct span group_extensions)
{
	struct check_verdict verdict = { NULL, false, false };

	/* what costs least first; unmerged leaves before what follows them */
	if (!unmerged_hold(tree))
		verdict.wrong = "the tree's unmerged leaves do not fit";
	if (verdict.wrong == NULL)
		verdict = verdict_of(check_unique(tree),
				     "a key or an identity stands twice in "
				     "the tree");
	if (verdict.wrong == NULL)
		verdict = verdict_of(check_parent_hashes(tree),
				     "the tree's parent hashes do not fit");
	if (verdict.wrong == NULL)
		verdict.wrong = check_leaves(tree, group_id, group_extensions);
	return verdict;
}
