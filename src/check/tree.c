#include "check/tree.h"

#include <stdlib.h>
#include <string.h>

#include "check/tree_content.h"
#include "wire/roles.h"

/* ---- contents ---- */

enum err check_content_leaf(struct span encoded, union check_content *content)
{
	struct check_leaf *leaf = malloc(sizeof(*leaf) + encoded.n);
	enum err e;

	if (leaf == NULL)
		return ERR_LOCAL_MEMORY;
	e = wire_leaf_node_decode(span_copy(leaf->bytes, encoded), &leaf->node);
	if (e != ERR_OK)
		free(leaf);
	else
		content->leaf = leaf;
	return e;
}

enum err check_content_parent(const struct wire_parent_node *from,
			      union check_content *content)
{
	size_t n = from->encryption_key.n, m = from->parent_hash.n;
	struct check_parent *parent =
	    malloc(sizeof(*parent) + n + m + from->unmerged_leaves.n);

	if (parent == NULL)
		return ERR_LOCAL_MEMORY;
	parent->node = (struct wire_parent_node){
		span_copy(parent->bytes, from->encryption_key),
		span_copy(parent->bytes + n, from->parent_hash),
		span_copy(parent->bytes + n + m, from->unmerged_leaves)
	};
	content->parent = parent;
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

void check_tree_clear(struct check_tree *tree)
{
	check_tree_undo(tree);
	for (uint32_t i = 0; tree->nodes != NULL && i < width(tree); i++)
		check_content_clear(&tree->nodes[i].content, i);
	free(tree->nodes);
	key_set_clear(&tree->encryption_keys);
	key_set_clear(&tree->signature_keys);
	key_set_clear(&tree->users);
	*tree = (struct check_tree){ .suite = NULL };
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

/* Of a tree that was read: the leaves below each node, lowest level first. */
static void count_members(struct check_tree *tree)
{
	for (uint32_t i = 0; i < width(tree); i += 2)
		tree->nodes[i].members = tree->nodes[i].content.leaf != NULL;
	for (uint32_t half = 1; half < tree->leaf_count; half *= 2)
		for (uint32_t i = 2 * half - 1; i < width(tree); i += 4 * half)
			tree->nodes[i].members = tree->nodes[i - half].members +
						 tree->nodes[i + half].members;
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
	made.room = made.leaf_count;
	made.nodes = calloc(width(&made), sizeof(*made.nodes));
	ENSURE(made.nodes != NULL, ERR_LOCAL_MEMORY);
	for (uint32_t i = 0; i < there; i++) {
		struct wire_node node;

		wire_node_read(&nodes, &node);
		if (node.type == WIRE_NODE_LEAF)
			TRY(check_content_leaf(node.leaf.encoded,
					       &made.nodes[i].content));
		else if (node.type == WIRE_NODE_PARENT)
			TRY(check_content_parent(&node.parent,
						 &made.nodes[i].content));
	}
	rd_close(&r, &nodes);
	TRY(rd_end(&r));
	count_members(&made);
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
	if (leaf >= tree->leaf_count ||
	    tree->nodes[2 * leaf].content.leaf == NULL)
		return NULL;
	return &tree->nodes[2 * leaf].content.leaf->node;
}

const struct wire_parent_node *check_tree_parent(const struct check_tree *tree,
						 uint32_t node)
{
	if (is_leaf(node) || node >= width(tree) ||
	    tree->nodes[node].content.parent == NULL)
		return NULL;
	return &tree->nodes[node].content.parent->node;
}

uint32_t check_tree_member_count(const struct check_tree *tree)
{
	return tree->nodes[tree_math_root(tree->leaf_count)].members;
}

bool check_tree_inhabited(const struct check_tree *tree, uint32_t node)
{
	return node < width(tree) && tree->nodes[node].members > 0;
}

static struct span encryption_key(const struct check_tree *tree, uint32_t node)
{
	const struct wire_leaf_node *leaf =
	    is_leaf(node) ? check_tree_leaf(tree, node / 2) : NULL;
	const struct wire_parent_node *parent = check_tree_parent(tree, node);

	return leaf != NULL	? leaf->encryption_key
	       : parent != NULL ? parent->encryption_key
				: SPAN_EMPTY;
}

static bool scan_encryption_keys(const struct check_tree *tree, struct span key)
{
	for (uint32_t i = 0; i < width(tree); i++)
		if (key.n > 0 && span_equal(encryption_key(tree, i), key))
			return true;
	return false;
}

bool check_tree_has_encryption_key(const struct check_tree *tree,
				   const struct span *keys, size_t count)
{
	for (size_t k = 0; k < count; k++)
		if ((!tree->indexed ||
		     key_set_may_have(&tree->encryption_keys, keys[k])) &&
		    scan_encryption_keys(tree, keys[k]))
			return true;
	return false;
}

bool check_tree_has_signature_key(const struct check_tree *tree,
				  struct span key)
{
	if (tree->indexed && !key_set_may_have(&tree->signature_keys, key))
		return false;
	for (uint32_t i = 0; i < tree->leaf_count; i++) {
		const struct wire_leaf_node *leaf = check_tree_leaf(tree, i);

		if (leaf != NULL && span_equal(leaf->signature_key, key))
			return true;
	}
	return false;
}

bool check_tree_next_of(const struct check_tree *tree, struct span user,
			uint32_t *leaf)
{
	return tree->indexed ? key_set_next_pair(&tree->users, user, leaf)
			     : *leaf < tree->leaf_count;
}

/* ---- the index ---- */

const struct check_noting check_noting_put = { key_set_put, key_set_put_pair };
const struct check_noting check_noting_remove = { key_set_remove,
						  key_set_remove_pair };

enum err check_tree_note(struct check_tree *tree, uint32_t node,
			 const struct check_noting *noting)
{
	const struct wire_leaf_node *leaf =
	    is_leaf(node) ? check_tree_leaf(tree, node / 2) : NULL;
	enum err e = ERR_OK;

	if (!tree->indexed ||
	    check_content_blank(&tree->nodes[node].content, node))
		return ERR_OK;
	TRY(noting->key(&tree->encryption_keys, encryption_key(tree, node)));
	if (leaf == NULL)
		goto out;
	TRY(noting->key(&tree->signature_keys, leaf->signature_key));
	TRY(noting->pair(&tree->users, roles_user(leaf->credential.identity),
			 node / 2));
out:
	return e;
}

enum err check_tree_index(struct check_tree *tree)
{
	enum err e = ERR_OK;

	if (tree->indexed || tree->leaf_count < INDEXED_LEAVES)
		return ERR_OK;
	tree->indexed = true;
	for (uint32_t i = 0; e == ERR_OK && i < width(tree); i++)
		e = check_tree_note(tree, i, &check_noting_put);
	if (e == ERR_OK)
		return ERR_OK;
	tree->indexed = false;
	key_set_clear(&tree->encryption_keys);
	key_set_clear(&tree->signature_keys);
	key_set_clear(&tree->users);
	return e;
}
