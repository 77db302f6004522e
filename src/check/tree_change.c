/* Changes of a tree, and how they are taken back, of check/tree.h. */
#include <stdlib.h>
#include <string.h>

#include "check/tree.h"
#include "check/tree_content.h"

/* ---- what was there before ---- */

#define NO_NODE UINT32_MAX

/* A node and what it held; or NO_NODE and how many leaves there were. */
struct step {
	uint32_t node, leaf_count;
	union check_content held; /* owned */
};

struct check_undo {
	struct step *steps;
	size_t count, room;
	bool indexed;
	struct key_set encryption_keys, signature_keys, users;
};

static void undo_free(struct check_undo *undo)
{
	for (size_t i = 0; i < undo->count; i++)
		if (undo->steps[i].node != NO_NODE)
			check_content_clear(&undo->steps[i].held,
					    undo->steps[i].node);
	free(undo->steps);
	key_set_clear(&undo->encryption_keys);
	key_set_clear(&undo->signature_keys);
	key_set_clear(&undo->users);
	free(undo);
}

enum err check_tree_begin(struct check_tree *tree)
{
	struct check_undo *undo;
	enum err e;

	ENSURE(tree->undo == NULL, ERR_LOCAL_BUG);
	TRY(check_tree_index(tree));
	undo = calloc(1, sizeof(*undo));
	ENSURE(undo != NULL, ERR_LOCAL_MEMORY);
	undo->indexed = tree->indexed;
	undo->encryption_keys = key_set_share(&tree->encryption_keys);
	undo->signature_keys = key_set_share(&tree->signature_keys);
	undo->users = key_set_share(&tree->users);
	tree->undo = undo;
out:
	return e;
}

void check_tree_keep(struct check_tree *tree)
{
	undo_free(tree->undo);
	tree->undo = NULL;
}

/* Room for one more step; ERR_OK, too, where nothing is noted. */
static enum err make_room(struct check_undo *undo)
{
	size_t room = undo == NULL || undo->room == 0 ? 32 : 2 * undo->room;
	struct step *steps;

	if (undo == NULL || undo->count < undo->room)
		return ERR_OK;
	steps = realloc(undo->steps, room * sizeof(*steps));
	if (steps == NULL)
		return ERR_LOCAL_MEMORY;
	undo->steps = steps;
	undo->room = room;
	return ERR_OK;
}

/* ---- nodes ---- */

static uint32_t width(const struct check_tree *tree)
{
	return tree_math_width(tree->leaf_count);
}

/* The hashes from a node up to the root are not known any more; `by`: how many more
 * members there are below. */
static void touch(struct check_tree *tree, uint32_t node, uint32_t by)
{
	uint32_t root = tree_math_root(tree->leaf_count);

	for (;; node = tree_math_parent(node)) {
		tree->nodes[node].hashed = false;
		tree->nodes[node].members += by;
		if (node == root)
			return;
	}
}

/* Puts content into a node, and gives out what the node held. */
static void exchange(struct check_tree *tree, uint32_t node,
		     union check_content *content)
{
	union check_content held = tree->nodes[node].content;
	uint32_t by = 0;

	if (node % 2 == 0)
		by = (uint32_t)(content->leaf != NULL) -
		     (uint32_t)(held.leaf != NULL);
	tree->nodes[node].content = *content;
	*content = held;
	touch(tree, node, by);
}

/* Takes what `content` holds, whatever comes of it. */
static enum err put(struct check_tree *tree, uint32_t node,
		    union check_content content)
{
	struct check_undo *undo = tree->undo;
	enum err e;

	TRY(make_room(undo));
	TRY(check_tree_note(tree, node, &check_noting_remove));
	exchange(tree, node, &content);
	if (undo != NULL) {
		undo->steps[undo->count++] = (struct step){ node, 0, content };
		content.leaf = NULL;
	}
	TRY(check_tree_note(tree, node, &check_noting_put));
out:
	check_content_clear(&content, node);
	return e;
}

static enum err blank(struct check_tree *tree, uint32_t node)
{
	return check_content_blank(&tree->nodes[node].content, node)
		   ? ERR_OK
		   : put(tree, node, (union check_content){ .leaf = NULL });
}

/* The root has a member wherever a child of it has. */
static void set_width(struct check_tree *tree, uint32_t leaf_count)
{
	uint32_t root = tree_math_root(leaf_count);

	tree->leaf_count = leaf_count;
	if (leaf_count > 1) {
		tree->nodes[root].hashed = false;
		tree->nodes[root].members =
		    tree->nodes[tree_math_left(root)].members +
		    tree->nodes[tree_math_right(root)].members;
	}
}

static enum err resize(struct check_tree *tree, uint32_t leaf_count)
{
	enum err e;

	TRY(make_room(tree->undo));
	if (tree->undo != NULL)
		tree->undo->steps[tree->undo->count++] =
		    (struct step){ .node = NO_NODE,
				   .leaf_count = tree->leaf_count };
	set_width(tree, leaf_count);
out:
	return e;
}

void check_tree_undo(struct check_tree *tree)
{
	struct check_undo *undo = tree->undo;

	if (undo == NULL)
		return;
	while (undo->count > 0) {
		struct step *step = &undo->steps[--undo->count];

		if (step->node == NO_NODE) {
			set_width(tree, step->leaf_count);
			continue;
		}
		exchange(tree, step->node, &step->held);
		check_content_clear(&step->held, step->node);
	}
	key_set_clear(&tree->encryption_keys);
	key_set_clear(&tree->signature_keys);
	key_set_clear(&tree->users);
	tree->indexed = undo->indexed;
	tree->encryption_keys = undo->encryption_keys;
	tree->signature_keys = undo->signature_keys;
	tree->users = undo->users;
	undo->encryption_keys = undo->signature_keys = undo->users =
	    KEY_SET_INIT;
	tree->undo = NULL;
	undo_free(undo);
}

/* ---- changing ---- */

enum err check_tree_set_leaf(struct check_tree *tree, uint32_t leaf,
			     struct span encoded)
{
	union check_content made;
	enum err e;

	ENSURE(leaf < tree->leaf_count, ERR_PEER_INVALID);
	TRY(check_content_leaf(encoded, &made));
	TRY(put(tree, 2 * leaf, made));
out:
	return e;
}

enum err check_tree_set_parent(struct check_tree *tree, uint32_t node,
			       const struct wire_parent_node *parent)
{
	union check_content made;
	enum err e;

	TRY(check_content_parent(parent, &made));
	TRY(put(tree, node, made));
out:
	return e;
}

enum err check_tree_blank_path(struct check_tree *tree, uint32_t leaf)
{
	uint32_t root = tree_math_root(tree->leaf_count), node = 2 * leaf;
	enum err e = ERR_OK;

	while (e == ERR_OK && node != root) {
		node = tree_math_parent(node);
		e = blank(tree, node);
	}
	return e;
}

static enum err extend(struct check_tree *tree)
{
	uint32_t leaves = 2 * tree->leaf_count;
	struct check_node *nodes;
	enum err e;

	ENSURE(tree->leaf_count < CHECK_TREE_LEAVES_MAX, ERR_PEER_TOO_LARGE);
	if (tree->room < leaves) {
		nodes = realloc(tree->nodes,
				tree_math_width(leaves) * sizeof(*nodes));
		ENSURE(nodes != NULL, ERR_LOCAL_MEMORY);
		memset(nodes + tree_math_width(tree->room), 0,
		       (tree_math_width(leaves) - tree_math_width(tree->room)) *
			   sizeof(*nodes));
		tree->nodes = nodes;
		tree->room = leaves;
	}
	TRY(resize(tree, leaves));
out:
	return e;
}

enum err check_tree_free_leaf(struct check_tree *tree, uint32_t *leaf)
{
	uint32_t node = tree_math_root(tree->leaf_count);
	enum err e = ERR_OK;

	*leaf = tree->leaf_count;
	if (tree->nodes[node].members == tree->leaf_count) {
		TRY(extend(tree));
		goto out;
	}
	while (node % 2 == 1) {
		uint32_t left = tree_math_left(node);

		node = tree->nodes[left].members < tree_math_leaf_count(left)
			   ? left
			   : tree_math_right(node);
	}
	*leaf = node / 2;
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
static enum err truncate_tree(struct check_tree *tree)
{
	enum err e = ERR_OK;

	while (tree->leaf_count > 1) {
		uint32_t root = tree_math_root(tree->leaf_count);

		if (check_tree_inhabited(tree, tree_math_right(root)))
			break;
		for (uint32_t i = root; i < width(tree); i++)
			TRY(blank(tree, i));
		TRY(resize(tree, tree->leaf_count / 2));
	}
out:
	return e;
}

enum err check_tree_remove(struct check_tree *tree, uint32_t leaf)
{
	enum err e = ERR_OK;

	if (leaf >= tree->leaf_count)
		return ERR_OK;
	TRY(blank(tree, 2 * leaf));
	TRY(check_tree_blank_path(tree, leaf));
	TRY(truncate_tree(tree));
out:
	return e;
}
