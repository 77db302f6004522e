#include "mls/tree.h"

#include <stdlib.h>
#include <string.h>

#include "mls/broken.h"
#include "mls/parent_hash.h"
#include "mls/tree_hash.h"
#include "mls/tree_keys.h"
#include "mls/tree_node.h"

/* One limit, two layers. NOLINTNEXTLINE(misc-redundant-expression) */
_Static_assert(TREE_LEAVES_MAX == MLS_LEAVES_MAX, "one limit, two layers");

enum err tree_create(struct tree *tree, const struct suite *suite,
		     struct span leaf_node)
{
	enum err e;

	*tree = TREE_INIT;
	struct tree_node *root = tree_node_new(suite);
	ENSURE(root != NULL, ERR_LOCAL_MEMORY);
	TRY(tree_node_set_leaf(root, leaf_node));
	*tree = (struct tree){ .suite = suite, .leaves = 1, .root = root };
	root = NULL;
out:
	tree_node_free(root);
	return e;
}

/* ---- ratchet_tree (12.4.3.3) ---- */

/* How many nodes are listed; the last one is no blank. */
static uint32_t count_nodes(struct rd r, enum err *e)
{
	struct wire_node node = { .type = WIRE_NODE_BLANK };
	uint32_t count = 0;

	while (rd_left(&r) > 0 && count < tree_math_width(TREE_LEAVES_MAX)) {
		wire_node_read(&r, &node);
		count++;
	}
	*e = rd_left(&r) > 0 ? ERR_PEER_TOO_LARGE : rd_end(&r);
	/* A leaf is last: who removes the last leaf below a parent blanks that
	 * parent. */
	/* 12.4.3.3: "the last node in ratchet_tree is non-blank" */
	/* 12.4.3.3: "the length of the array MUST be odd" */
	if (*e == ERR_OK && (count % 2 == 0 || node.type == WIRE_NODE_BLANK))
		*e = RULE(RATCHET_TREE_END);
	return count;
}

/* Reads the subtree in order; past the end everything is blank. */
static enum err read_subtree(const struct suite *suite, struct rd *r,
			     uint32_t level, struct tree_node **out)
{
	struct tree_node *node = tree_node_new(suite);
	struct wire_node content = { .type = WIRE_NODE_BLANK };
	enum err e;

	ENSURE(node != NULL, ERR_LOCAL_MEMORY);
	if (level == 0) {
		if (rd_left(r) > 0)
			wire_node_read(r, &content);
		ENSURE(content.type != WIRE_NODE_PARENT, ERR_PEER_MALFORMED);
		if (content.type == WIRE_NODE_LEAF)
			TRY(tree_node_set_leaf(node, content.leaf.encoded));
	} else {
		struct tree_node *left = NULL, *right = NULL;

		TRY(read_subtree(suite, r, level - 1, &left));
		if (rd_left(r) > 0)
			wire_node_read(r, &content);
		e = content.type != WIRE_NODE_LEAF ? ERR_OK
						   : ERR_PEER_MALFORMED;
		if (e == ERR_OK)
			e = read_subtree(suite, r, level - 1, &right);
		if (e != ERR_OK) {
			tree_node_free(left);
			goto out;
		}
		node->left = left;
		node->right = right;
		if (content.type == WIRE_NODE_PARENT)
			TRY(tree_node_set_parent(node, &content.parent));
		tree_node_refresh(node);
	}
	*out = node;
	node = NULL;
	e = ERR_OK;
out:
	tree_node_free(node);
	return e;
}

enum err tree_decode(struct tree *tree, const struct suite *suite,
		     struct span ratchet_tree)
{
	struct rd r = rd_init(ratchet_tree), nodes = rd_open_vec(&r);
	struct tree_node *root = NULL;
	uint32_t count, leaves;
	enum err e;

	*tree = TREE_INIT;
	count = count_nodes(nodes, &e);
	TRY(e);
	leaves = tree_math_round_up(count / 2 + 1);
	TRY(read_subtree(suite, &nodes, tree_math_level(tree_math_root(leaves)),
			 &root));
	rd_close(&r, &nodes);
	TRY(rd_end(&r));
	*tree = (struct tree){ .suite = suite, .leaves = leaves, .root = root };
	root = NULL;
out:
	tree_node_free(root);
	return e;
}

/* Blanks are held back in *blanks until something follows them. */
/* 12.4.3.3: "MUST NOT include blank nodes after the last non-blank node" */
static void put_node(const struct tree_node *node, struct buf *unmerged,
		     uint32_t *blanks, struct buf *out)
{
	if (node->left != NULL)
		put_node(node->left, unmerged, blanks, out);
	if (tree_node_is_blank(node)) {
		(*blanks)++;
	} else {
		for (; *blanks > 0; (*blanks)--)
			buf_put_u8(out, 0);
		buf_put_u8(out, 1);
		if (tree_node_is_leaf(node)) {
			buf_put_u8(out, WIRE_NODE_LEAF);
			buf_put(out, node->leaf->node.encoded);
		} else {
			struct wire_parent_node parent =
			    tree_node_parent(node, unmerged);

			buf_put_u8(out, WIRE_NODE_PARENT);
			wire_parent_node_put(out, &parent);
		}
	}
	if (node->right != NULL)
		put_node(node->right, unmerged, blanks, out);
}

void tree_encode(const struct tree *tree, struct buf *out)
{
	struct buf unmerged = BUF_INIT;
	uint32_t blanks = 0;
	size_t vec = buf_open_vec(out);

	put_node(tree->root, &unmerged, &blanks, out);
	buf_close_vec(out, vec);
	if (unmerged.fail != ERR_OK && out->fail == ERR_OK)
		out->fail = unmerged.fail;
	buf_clear(&unmerged);
}

/* ---- looking ---- */

struct tree tree_share(const struct tree *tree)
{
	struct tree shared = *tree;

	if (tree->root != NULL)
		tree->root->refs++;
	shared.encryption_keys = key_set_share(&tree->encryption_keys);
	shared.signature_keys = key_set_share(&tree->signature_keys);
	shared.users = key_set_share(&tree->users);
	return shared;
}

void tree_clear(struct tree *tree)
{
	tree_node_free(tree->root);
	key_set_clear(&tree->encryption_keys);
	key_set_clear(&tree->signature_keys);
	key_set_clear(&tree->users);
	*tree = TREE_INIT;
}

const struct tree_node *tree_node(const struct tree *tree, uint32_t node)
{
	const struct tree_node *at = tree->root;
	uint32_t index = tree_math_root(tree->leaves);

	if (node >= tree_math_width(tree->leaves))
		return NULL;
	while (index != node) {
		bool left = node < index;

		at = left ? at->left : at->right;
		index = left ? tree_math_left(index) : tree_math_right(index);
	}
	return at;
}

static struct tree_leaf *find_leaf(const struct tree *tree, uint32_t leaf)
{
	return leaf < tree->leaves ? tree_node(tree, 2 * leaf)->leaf : NULL;
}

const struct tree_leaf *tree_leaf(const struct tree *tree, uint32_t leaf)
{
	return find_leaf(tree, leaf);
}

enum err tree_signature_key(const struct tree *tree, uint32_t leaf,
			    const struct sign_key **key)
{
	struct tree_leaf *found = find_leaf(tree, leaf);
	enum err e = ERR_OK;

	*key = NULL;
	ENSURE(found != NULL, RULE(SENDER_BLANK));
	if (found->key == NULL)
		TRY(sign_public_parse(tree->suite, found->node.signature_key,
				      &found->key));
	*key = found->key;
out:
	return e;
}

static bool next_member(const struct tree_node *node, uint32_t level,
			uint32_t first, uint32_t from, uint32_t *found)
{
	uint32_t half = level > 0 ? (uint32_t)1 << (level - 1) : 0;

	if (node->members == 0 || first + ((uint32_t)1 << level) <= from)
		return false;
	if (level == 0) {
		*found = first;
		return true;
	}
	return next_member(node->left, level - 1, first, from, found) ||
	       next_member(node->right, level - 1, first + half, from, found);
}

static uint32_t height(const struct tree *tree)
{
	return tree_math_level(tree_math_root(tree->leaves));
}

bool tree_next_member(const struct tree *tree, uint32_t leaf, uint32_t *found)
{
	return leaf < tree->leaves &&
	       next_member(tree->root, height(tree), 0, leaf, found);
}

bool tree_all_list(const struct tree *tree, uint16_t extension_type)
{
	uint32_t leaf = 0;

	if (extension_type >= TREE_WATCHED_FIRST &&
	    extension_type <= TREE_WATCHED_LAST)
		return (tree->root->extensions_listed >>
			    (extension_type - TREE_WATCHED_FIRST) &
			1) != 0;
	for (; tree_next_member(tree, leaf, &leaf); leaf++)
		if (!wire_u16_list_has(
			tree_leaf(tree, leaf)->node.capabilities.extensions,
			extension_type))
			return false;
	return true;
}

void tree_filtered_path(const struct tree *tree, uint32_t leaf,
			struct tree_path *path)
{
	const struct tree_node *at = tree->root;
	bool used[TREE_LEVELS_MAX];
	uint32_t top = height(tree);

	for (uint32_t level = top; level > 0; level--) {
		bool right = (leaf >> (level - 1) & 1) != 0;

		used[level] = (right ? at->left : at->right)->members > 0;
		at = right ? at->right : at->left;
	}
	path->count = 0;
	for (uint32_t level = 1; level <= top; level++)
		if (used[level])
			path->levels[path->count++] = level;
}

/* ---- changing ---- */

/* The nodes from the root to a leaf, ours alone, by level. */
struct opened {
	uint32_t leaf, top;
	struct tree_node *at[TREE_LEVELS_MAX];
};

static enum err open_path(struct tree *tree, uint32_t leaf,
			  struct opened *opened)
{
	struct tree_node **slot = &tree->root;
	enum err e;

	opened->leaf = leaf;
	opened->top = height(tree);
	for (uint32_t level = opened->top;; level--) {
		TRY(tree_node_own(tree->suite, slot));
		opened->at[level] = *slot;
		if (level == 0)
			break;
		slot = (leaf >> (level - 1) & 1) != 0 ? &(*slot)->right
						      : &(*slot)->left;
	}
out:
	return e;
}

static enum err blank(struct tree *tree, struct opened *opened, uint32_t level)
{
	struct tree_node *node = opened->at[level];
	enum err e;

	TRY(tree_keys_forget(tree, node, opened->leaf));
	tree_node_set_blank(node);
out:
	return e;
}

static enum err set_leaf(struct tree *tree, struct opened *opened,
			 struct span leaf_node)
{
	struct tree_node *node = opened->at[0];
	enum err e;

	TRY(tree_keys_forget(tree, node, opened->leaf));
	TRY(tree_node_set_leaf(node, leaf_node));
	TRY(tree_keys_note(tree, node, opened->leaf));
out:
	return e;
}

static enum err blank_parents(struct tree *tree, struct opened *opened)
{
	enum err e = ERR_OK;

	for (uint32_t level = 1; level <= opened->top; level++)
		TRY(blank(tree, opened, level));
out:
	return e;
}

static void refresh_parents(struct opened *opened)
{
	for (uint32_t level = 1; level <= opened->top; level++)
		tree_node_refresh(opened->at[level]);
}

/* "a new blank root node is added, whose left subtree is the existing tree and
 * right subtree is a new all-blank subtree" (7.7) */
static enum err extend(struct tree *tree)
{
	struct tree_node *root = NULL, *right = NULL;
	enum err e;

	ENSURE(tree->leaves < TREE_LEAVES_MAX, ERR_PEER_TOO_LARGE);
	root = tree_node_new(tree->suite);
	right = tree_node_blank(tree->suite, height(tree));
	ENSURE(root != NULL && right != NULL, ERR_LOCAL_MEMORY);
	root->left = tree->root;
	root->right = right;
	tree_node_refresh(root);
	tree->root = root;
	tree->leaves *= 2;
	return ERR_OK;
out:
	free(root);
	tree_node_free(right);
	return e;
}

enum err tree_free_leaf(struct tree *tree, uint32_t *leaf)
{
	const struct tree_node *at;
	enum err e = ERR_OK;

	if (tree->root->members == tree->leaves)
		TRY(extend(tree));
	at = tree->root;
	*leaf = 0;
	for (uint32_t level = height(tree); level > 0; level--) {
		uint32_t half = (uint32_t)1 << (level - 1);
		bool full = at->left->members == half;

		*leaf += full ? half : 0;
		at = full ? at->right : at->left;
	}
out:
	return e;
}

enum err tree_set_leaf(struct tree *tree, uint32_t leaf, struct span leaf_node)
{
	struct opened opened;
	enum err e;

	ENSURE(leaf < tree->leaves, ERR_PEER_INVALID);
	TRY(open_path(tree, leaf, &opened));
	TRY(set_leaf(tree, &opened, leaf_node));
	refresh_parents(&opened);
out:
	return e;
}

enum err tree_add(struct tree *tree, struct span leaf_node, uint32_t *leaf)
{
	struct opened opened;
	enum err e;

	TRY(tree_free_leaf(tree, leaf));
	TRY(open_path(tree, *leaf, &opened));
	TRY(set_leaf(tree, &opened, leaf_node));
	for (uint32_t level = 1; level <= opened.top; level++)
		TRY(tree_node_add_unmerged(opened.at[level], *leaf));
	refresh_parents(&opened);
out:
	return e;
}

enum err tree_update(struct tree *tree, uint32_t leaf, struct span leaf_node)
{
	struct opened opened;
	enum err e;

	ENSURE(find_leaf(tree, leaf) != NULL, RULE(UPDATE_BLANK));
	TRY(open_path(tree, leaf, &opened));
	TRY(set_leaf(tree, &opened, leaf_node));
	TRY(blank_parents(tree, &opened));
	refresh_parents(&opened);
out:
	return e;
}

/* 7.7: the right half goes while it holds nobody. */
static void truncate_tree(struct tree *tree)
{
	while (tree->leaves > 1 && tree->root->right->members == 0) {
		struct tree_node *left = tree->root->left;

		left->refs++;
		tree_node_free(tree->root);
		tree->root = left;
		tree->leaves /= 2;
	}
}

enum err tree_remove(struct tree *tree, uint32_t leaf)
{
	struct opened opened;
	enum err e;

	/* 12.1.3: "does not identify a non-blank leaf node" */
	ENSURE(find_leaf(tree, leaf) != NULL, RULE(REMOVE_BLANK));
	TRY(open_path(tree, leaf, &opened));
	TRY(blank(tree, &opened, 0));
	TRY(blank_parents(tree, &opened));
	refresh_parents(&opened);
	truncate_tree(tree);
out:
	return e;
}

/* ---- UpdatePath, the public part ---- */

enum err tree_set_path(struct tree *tree, uint32_t leaf,
		       const struct tree_path *path,
		       const struct span *public_keys,
		       struct buf *leaf_parent_hash)
{
	uint8_t hash[SUITE_HASH_MAX];
	struct span above = SPAN_EMPTY; /* "The root node always has a
					   zero-length hash" (7.5) */
	struct opened opened;
	enum err e;

	TRY(open_path(tree, leaf, &opened));
	TRY(blank_parents(tree, &opened));
	for (size_t i = path->count; i > 0; i--) {
		uint32_t level = path->levels[i - 1];
		uint32_t child = tree_math_ancestor(leaf, level - 1);
		uint32_t sibling = tree_math_sibling(child);
		struct tree_node *node = opened.at[level];
		struct tree_node *copath =
		    sibling < child ? node->left : node->right;
		struct wire_parent_node parent = { public_keys[i - 1], above,
						   SPAN_EMPTY };

		TRY(tree_node_set_parent(node, &parent));
		TRY(tree_keys_note(tree, node, leaf));
		TRY(tree_hash_update(tree->suite, copath, sibling));
		TRY(parent_hash_compute(tree->suite, public_keys[i - 1], above,
					span_of(copath->hash, tree->suite->nh),
					hash));
		above = span_of(hash, tree->suite->nh);
	}
	buf_put(leaf_parent_hash, above);
	TRY(leaf_parent_hash->fail);
out:
	return e;
}

/* ---- resolution (4.1.1) ---- */

struct resolving {
	struct leaf_list without;
	struct tree_resolved *list;
	size_t count, cap;
};

static enum err resolved(struct resolving *r, uint32_t node, struct span key)
{
	if (node % 2 == 0 && leaf_list_has(r->without, node / 2))
		return ERR_OK;
	if (r->count == r->cap) {
		size_t cap = r->cap > 0 ? 2 * r->cap : 8;
		struct tree_resolved *list =
		    realloc(r->list, cap * sizeof(*list));

		if (list == NULL)
			return ERR_LOCAL_MEMORY;
		r->list = list;
		r->cap = cap;
	}
	r->list[r->count++] = (struct tree_resolved){ node, key };
	return ERR_OK;
}

static enum err resolve(const struct tree *tree, const struct tree_node *node,
			uint32_t index, struct resolving *r)
{
	enum err e = ERR_OK;

	if (!tree_node_is_blank(node)) {
		TRY(resolved(r, index, tree_node_key(node)));
		if (tree_node_is_leaf(node))
			return ERR_OK;
		for (size_t i = 0; i < node->parent->unmerged_count; i++) {
			uint32_t leaf = node->parent->unmerged[i];
			const struct tree_leaf *found = tree_leaf(tree, leaf);

			ENSURE(found != NULL, RULE(UNMERGED_LEAVES));
			TRY(resolved(r, 2 * leaf, found->node.encryption_key));
		}
	} else if (!tree_node_is_leaf(node) && node->members > 0) {
		TRY(resolve(tree, node->left, tree_math_left(index), r));
		TRY(resolve(tree, node->right, tree_math_right(index), r));
	}
out:
	return e;
}

enum err tree_resolution(const struct tree *tree, uint32_t node,
			 struct leaf_list without, struct tree_resolved **list,
			 size_t *count)
{
	struct resolving r = { without, NULL, 0, 0 };
	const struct tree_node *start = tree_node(tree, node);
	enum err e;

	*list = NULL;
	*count = 0;
	ENSURE(start != NULL, ERR_LOCAL_BUG);
	TRY(resolve(tree, start, node, &r));
	*list = r.list;
	*count = r.count;
	r.list = NULL;
out:
	free(r.list);
	return e;
}
