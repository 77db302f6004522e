#include "check/tree.h"

#include <stdlib.h>
#include <string.h>

/* ---- contents ---- */

static void leaf_free(struct check_leaf *leaf)
{
	if (leaf != NULL && --leaf->refs == 0)
		free(leaf);
}

static void parent_free(struct check_parent *parent)
{
	if (parent != NULL && --parent->refs == 0)
		free(parent);
}

static enum err leaf_new(struct span encoded, struct check_leaf **out)
{
	struct check_leaf *leaf = malloc(sizeof(*leaf) + encoded.n);
	enum err e;

	if (leaf == NULL)
		return ERR_LOCAL_MEMORY;
	leaf->refs = 1;
	e = wire_leaf_node_decode(span_copy(leaf->bytes, encoded), &leaf->node);
	if (e != ERR_OK)
		free(leaf);
	else
		*out = leaf;
	return e;
}

static enum err parent_new(const struct wire_parent_node *from,
			   struct check_parent **out)
{
	size_t n = from->encryption_key.n, m = from->parent_hash.n;
	struct check_parent *parent =
	    malloc(sizeof(*parent) + n + m + from->unmerged_leaves.n);

	if (parent == NULL)
		return ERR_LOCAL_MEMORY;
	parent->refs = 1;
	parent->node = (struct wire_parent_node){
		span_copy(parent->bytes, from->encryption_key),
		span_copy(parent->bytes + n, from->parent_hash),
		span_copy(parent->bytes + n + m, from->unmerged_leaves)
	};
	*out = parent;
	return ERR_OK;
}

/* ---- the tree ---- */

static uint32_t width(const struct check_tree *tree)
{
	return tree->leaf_count > 0 ? tree_math_width(tree->leaf_count) : 0;
}

static bool is_leaf(uint32_t node)
{
	return node % 2 == 0;
}

static void blank(struct check_node *node, uint32_t index)
{
	if (is_leaf(index))
		leaf_free(node->leaf);
	else
		parent_free(node->parent);
	memset(node, 0, sizeof(*node));
}

void check_tree_clear(struct check_tree *tree)
{
	for (uint32_t i = 0; tree->nodes != NULL && i < width(tree); i++)
		blank(&tree->nodes[i], i);
	free(tree->nodes);
	*tree = (struct check_tree){ .suite = NULL };
}

enum err check_tree_copy(const struct check_tree *from, struct check_tree *to)
{
	size_t n = width(from);

	*to = *from;
	to->nodes = malloc(n * sizeof(*to->nodes));
	if (to->nodes == NULL)
		return ERR_LOCAL_MEMORY;
	memcpy(to->nodes, from->nodes, n * sizeof(*to->nodes));
	for (uint32_t i = 0; i < n; i++) {
		if (is_leaf(i) && to->nodes[i].leaf != NULL)
			to->nodes[i].leaf->refs++;
		else if (!is_leaf(i) && to->nodes[i].parent != NULL)
			to->nodes[i].parent->refs++;
	}
	return ERR_OK;
}

/* How many nodes stand there; each is looked at, none is kept. */
static enum err count_nodes(struct rd nodes, uint32_t *count)
{
	struct wire_node node = { .type = WIRE_NODE_BLANK };
	enum err e;

	*count = 0;
	while (rd_left(&nodes) > 0) {
		wire_node_read(&nodes, &node);
		ENSURE(rd_ok(&nodes), ERR_PEER_MALFORMED);
		ENSURE(*count < tree_math_width(CHECK_TREE_LEAVES_MAX),
		       ERR_PEER_TOO_LARGE);
		ENSURE(node.type == WIRE_NODE_BLANK ||
			   (node.type == WIRE_NODE_LEAF) == is_leaf(*count),
		       ERR_PEER_MALFORMED);
		(*count)++;
	}
	/* 12.4.3.3: the last one is no blank; and a leaf, since whoever removes
	 * the last leaf below a parent blanks that parent */
	ENSURE(node.type == WIRE_NODE_LEAF, ERR_PEER_MALFORMED);
	e = ERR_OK;
out:
	return e;
}

enum err check_tree_read(struct span data, const struct suite *suite,
			 struct check_tree *tree)
{
	struct rd r = rd_init(data);
	struct rd nodes = rd_open_vec(&r);
	struct check_tree made = { .suite = suite };
	uint32_t there = 0;
	enum err e;

	*tree = made;
	ENSURE(rd_left(&r) == 0, ERR_PEER_MALFORMED);
	TRY(count_nodes(nodes, &there));
	made.leaf_count = tree_math_round_up(there / 2 + 1);
	made.nodes = calloc(width(&made), sizeof(*made.nodes));
	ENSURE(made.nodes != NULL, ERR_LOCAL_MEMORY);
	for (uint32_t i = 0; i < there; i++) {
		struct wire_node node;

		wire_node_read(&nodes, &node);
		if (node.type == WIRE_NODE_LEAF)
			TRY(leaf_new(node.leaf.encoded, &made.nodes[i].leaf));
		else if (node.type == WIRE_NODE_PARENT)
			TRY(parent_new(&node.parent, &made.nodes[i].parent));
	}
	rd_close(&r, &nodes);
	TRY(rd_end(&r));
	*tree = made;
	made = (struct check_tree){ .suite = NULL };
out:
	check_tree_clear(&made);
	return e;
}

void check_tree_put(const struct check_tree *tree, struct buf *out)
{
	uint32_t end = width(tree);
	size_t vec = buf_open_vec(out);

	while (end > 0 && check_tree_leaf(tree, (end - 1) / 2) == NULL)
		end -= end > 1 ? 2 : 1;
	for (uint32_t i = 0; i < end; i++) {
		const struct wire_leaf_node *leaf =
		    is_leaf(i) ? check_tree_leaf(tree, i / 2) : NULL;
		const struct wire_parent_node *parent =
		    check_tree_parent(tree, i);

		buf_put_u8(out, leaf != NULL || parent != NULL);
		if (leaf != NULL) {
			buf_put_u8(out, WIRE_NODE_LEAF);
			buf_put(out, leaf->encoded);
		} else if (parent != NULL) {
			buf_put_u8(out, WIRE_NODE_PARENT);
			wire_parent_node_put(out, parent);
		}
	}
	buf_close_vec(out, vec);
}

/* ---- looking ---- */

const struct wire_leaf_node *check_tree_leaf(const struct check_tree *tree,
					     uint32_t leaf)
{
	if (leaf >= tree->leaf_count || tree->nodes[2 * leaf].leaf == NULL)
		return NULL;
	return &tree->nodes[2 * leaf].leaf->node;
}

const struct wire_parent_node *check_tree_parent(const struct check_tree *tree,
						 uint32_t node)
{
	if (is_leaf(node) || node >= width(tree) ||
	    tree->nodes[node].parent == NULL)
		return NULL;
	return &tree->nodes[node].parent->node;
}

bool check_tree_inhabited(const struct check_tree *tree, uint32_t node)
{
	uint32_t first = tree_math_first_leaf(node);

	for (uint32_t i = 0; i < tree_math_leaf_count(node); i++)
		if (check_tree_leaf(tree, first + i) != NULL)
			return true;
	return false;
}

bool check_tree_has_encryption_key(const struct check_tree *tree,
				   const struct span *keys, size_t count)
{
	for (uint32_t i = 0; i < width(tree); i++) {
		const struct wire_leaf_node *leaf =
		    is_leaf(i) ? check_tree_leaf(tree, i / 2) : NULL;
		const struct wire_parent_node *parent =
		    check_tree_parent(tree, i);
		struct span key = leaf != NULL	   ? leaf->encryption_key
				  : parent != NULL ? parent->encryption_key
						   : SPAN_EMPTY;

		for (size_t k = 0; key.n > 0 && k < count; k++)
			if (span_equal(key, keys[k]))
				return true;
	}
	return false;
}

bool check_tree_has_signature_key(const struct check_tree *tree,
				  struct span key)
{
	for (uint32_t i = 0; i < tree->leaf_count; i++) {
		const struct wire_leaf_node *leaf = check_tree_leaf(tree, i);

		if (leaf != NULL && span_equal(leaf->signature_key, key))
			return true;
	}
	return false;
}

/* ---- changing ---- */

/* The hashes from a node up to the root are not known any more. */
static void touch(struct check_tree *tree, uint32_t node)
{
	uint32_t root = tree_math_root(tree->leaf_count);

	tree->nodes[node].hashed = false;
	while (node != root) {
		node = tree_math_parent(node);
		tree->nodes[node].hashed = false;
	}
}

enum err check_tree_set_leaf(struct check_tree *tree, uint32_t leaf,
			     struct span encoded)
{
	struct check_leaf *made;
	enum err e;

	ENSURE(leaf < tree->leaf_count, ERR_PEER_INVALID);
	TRY(leaf_new(encoded, &made));
	blank(&tree->nodes[2 * leaf], 2 * leaf);
	tree->nodes[2 * leaf].leaf = made;
	touch(tree, 2 * leaf);
out:
	return e;
}

enum err check_tree_set_parent(struct check_tree *tree, uint32_t node,
			       const struct wire_parent_node *parent)
{
	struct check_parent *made;
	enum err e;

	TRY(parent_new(parent, &made));
	blank(&tree->nodes[node], node);
	tree->nodes[node].parent = made;
	touch(tree, node);
out:
	return e;
}

void check_tree_blank_path(struct check_tree *tree, uint32_t leaf)
{
	uint32_t root = tree_math_root(tree->leaf_count), node = 2 * leaf;

	touch(tree, node);
	while (node != root) {
		node = tree_math_parent(node);
		blank(&tree->nodes[node], node);
	}
}

static enum err extend(struct check_tree *tree)
{
	struct check_tree larger = *tree;
	struct check_node *nodes;

	if (tree->leaf_count >= CHECK_TREE_LEAVES_MAX)
		return ERR_PEER_TOO_LARGE;
	larger.leaf_count *= 2;
	nodes = realloc(tree->nodes, width(&larger) * sizeof(*nodes));
	if (nodes == NULL)
		return ERR_LOCAL_MEMORY;
	memset(nodes + width(tree), 0,
	       (width(&larger) - width(tree)) * sizeof(*nodes));
	larger.nodes = nodes;
	*tree = larger;
	return ERR_OK;
}

enum err check_tree_free_leaf(struct check_tree *tree, uint32_t *leaf)
{
	enum err e = ERR_OK;

	*leaf = 0;
	while (*leaf < tree->leaf_count && check_tree_leaf(tree, *leaf) != NULL)
		(*leaf)++;
	if (*leaf == tree->leaf_count)
		TRY(extend(tree));
out:
	return e;
}

/* unmerged_leaves with one more, in its place. */
static enum err add_unmerged(struct check_tree *tree, uint32_t node,
			     uint32_t leaf)
{
	const struct wire_parent_node *old = check_tree_parent(tree, node);
	struct wire_parent_node changed;
	struct buf list = BUF_INIT;
	struct span rest;
	uint32_t other;
	bool put = false;
	enum err e = ERR_OK;

	if (old == NULL)
		return ERR_OK;
	rest = old->unmerged_leaves;
	while (wire_leaf_list_next(&rest, &other)) {
		if (!put && leaf < other)
			buf_put_u32(&list, leaf);
		put = put || leaf < other;
		buf_put_u32(&list, other);
	}
	if (!put)
		buf_put_u32(&list, leaf);
	TRY(buf_end(&list));
	changed = *old;
	changed.unmerged_leaves = buf_span(&list);
	TRY(check_tree_set_parent(tree, node, &changed));
out:
	buf_clear(&list);
	return e;
}

enum err check_tree_add(struct check_tree *tree, struct span encoded,
			uint32_t *leaf)
{
	uint32_t node, root;
	enum err e;

	TRY(check_tree_free_leaf(tree, leaf));
	TRY(check_tree_set_leaf(tree, *leaf, encoded));
	root = tree_math_root(tree->leaf_count);
	for (node = 2 * *leaf; node != root;) {
		node = tree_math_parent(node);
		TRY(add_unmerged(tree, node, *leaf));
	}
out:
	return e;
}

/* 7.7: the right half goes while it holds nobody. */
static void truncate_tree(struct check_tree *tree)
{
	while (tree->leaf_count > 1) {
		uint32_t root = tree_math_root(tree->leaf_count);

		if (check_tree_inhabited(tree, tree_math_right(root)))
			return;
		for (uint32_t i = root; i < width(tree); i++)
			blank(&tree->nodes[i], i);
		tree->leaf_count /= 2;
	}
}

void check_tree_remove(struct check_tree *tree, uint32_t leaf)
{
	if (leaf >= tree->leaf_count)
		return;
	blank(&tree->nodes[2 * leaf], 2 * leaf);
	check_tree_blank_path(tree, leaf);
	truncate_tree(tree);
}
