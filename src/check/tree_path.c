#include "check/tree_path.h"

#include <stdlib.h>

#include "crypto/hpke.h"

/* The filtered direct path (4.1.2), from the lowest; the copath node of each. */
struct route {
	uint32_t nodes[TREE_LEVELS_MAX], copath[TREE_LEVELS_MAX];
	size_t count;
};

static void find_route(const struct check_tree *tree, uint32_t leaf,
		       struct route *route)
{
	uint32_t root = tree_math_root(tree->leaf_count), node = 2 * leaf;

	route->count = 0;
	while (node != root) {
		uint32_t sibling = tree_math_sibling(node);

		node = tree_math_parent(node);
		if (!check_tree_inhabited(tree, sibling))
			continue;
		route->nodes[route->count] = node;
		route->copath[route->count++] = sibling;
	}
}

static const char *check_keys(const struct check_tree *tree,
			      const struct span *keys, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (hpke_check_public_key(tree->suite, keys[i]) != ERR_OK)
			return "a key of its path is none of the suite";
		for (size_t j = 0; j < i; j++)
			if (span_equal(keys[i], keys[j]))
				return "a key stands twice in its path";
	}
	return check_tree_has_encryption_key(tree, keys, count)
		   ? "a key of its path is in the tree already"
		   : NULL;
}

/* How many must get the path secret of the node above `copath`. */
static enum err count_receivers(const struct check_tree *tree, uint32_t copath,
				struct span added, size_t *receivers)
{
	uint32_t *list = NULL;
	size_t count = 0;
	enum err e;

	*receivers = 0;
	TRY(check_tree_resolution(tree, copath, &list, &count));
	for (size_t i = 0; i < count; i++)
		*receivers +=
		    list[i] % 2 == 1 || !check_leaves_has(added, list[i] / 2);
out:
	free(list);
	return e;
}

static enum err check_receivers(const struct check_tree *tree,
				const struct route *route,
				const struct wire_update_path *path,
				struct span added)
{
	struct span rest = path->nodes;
	struct wire_update_path_node node;
	size_t receivers;
	enum err e = ERR_OK;

	for (size_t i = 0; i < route->count; i++) {
		ENSURE(wire_update_path_nodes_next(&rest, &node),
		       ERR_PEER_INVALID);
		TRY(count_receivers(tree, route->copath[i], added, &receivers));
		ENSURE(receivers == node.encrypted_path_secret_count,
		       ERR_PEER_INVALID);
	}
out:
	return e;
}

/* Top down: each parent hash is over that of the node above it. */
static enum err set_nodes(struct check_tree *tree, const struct route *route,
			  uint32_t leaf, const struct span *keys,
			  struct span leaf_hash)
{
	uint8_t hash[SUITE_HASH_MAX];
	struct span above = SPAN_EMPTY; /* of the root: empty */
	enum err e;

	TRY(check_tree_blank_path(tree, leaf));
	for (size_t i = route->count; i > 0; i--) {
		const struct wire_parent_node parent = { keys[i - 1], above,
							 SPAN_EMPTY };

		TRY(check_tree_set_parent(tree, route->nodes[i - 1], &parent));
		TRY(check_tree_parent_hash(tree, &parent, route->copath[i - 1],
					   hash));
		above = span_of(hash, tree->suite->nh);
	}
	ENSURE(span_equal(above, leaf_hash), ERR_PEER_INVALID);
out:
	return e;
}

static struct check_verdict verdict_of(enum err e, const char *wrong)
{
	return (struct check_verdict){ e == ERR_OK ? NULL : wrong, false,
				       err_class(e) == ERR_CLASS_LOCAL };
}

static struct check_verdict merge(struct check_tree *tree, uint32_t leaf,
				  const struct wire_update_path *path,
				  struct span added, bool again)
{
	struct span keys[TREE_LEVELS_MAX + 1], rest = path->nodes;
	struct wire_update_path_node node;
	struct check_verdict verdict = { NULL, false, false };
	struct route route;
	size_t count = 0;

	find_route(tree, leaf, &route);
	if (path->node_count != route.count)
		return verdict_of(ERR_PEER_INVALID,
				  "its path is longer or shorter than the "
				  "tree wants");
	while (wire_update_path_nodes_next(&rest, &node))
		keys[count++] = node.encryption_key;
	keys[count++] = path->leaf_node.encryption_key;
	if (!again)
		verdict.wrong = check_keys(tree, keys, count);
	if (verdict.wrong == NULL && !again)
		verdict =
		    verdict_of(check_receivers(tree, &route, path, added),
			       "its path is not sealed for each member once");
	if (verdict.wrong == NULL)
		verdict = verdict_of(set_nodes(tree, &route, leaf, keys,
					       path->leaf_node.parent_hash),
				     "its path's leaf has another parent hash");
	if (verdict.wrong == NULL)
		verdict = verdict_of(
		    check_tree_set_leaf(tree, leaf, path->leaf_node.encoded),
		    "its path's leaf does not decode");
	return verdict;
}

struct check_verdict check_tree_merge(struct check_tree *tree, uint32_t leaf,
				      const struct wire_update_path *path,
				      struct span added)
{
	return merge(tree, leaf, path, added, false);
}

struct check_verdict check_tree_merge_again(struct check_tree *tree,
					    uint32_t leaf,
					    const struct wire_update_path *path)
{
	return merge(tree, leaf, path, SPAN_EMPTY, true);
}
