#include "mls/tree_keys.h"

#include "mls/tree_node.h"
#include "wire/roles.h"

static struct span user_of(const struct tree_leaf *leaf)
{
	return roles_user(leaf->node.credential.identity);
}

enum err tree_keys_forget(struct tree *tree, const struct tree_node *node,
			  uint32_t leaf)
{
	enum err e = ERR_OK;

	if (!tree->indexed || tree_node_is_blank(node))
		return ERR_OK;
	TRY(key_set_remove(&tree->encryption_keys, tree_node_key(node)));
	if (!tree_node_is_leaf(node))
		goto out;
	TRY(key_set_remove(&tree->signature_keys,
			   node->leaf->node.signature_key));
	TRY(key_set_remove_pair(&tree->users, user_of(node->leaf), leaf));
out:
	return e;
}

enum err tree_keys_note(struct tree *tree, const struct tree_node *node,
			uint32_t leaf)
{
	enum err e = ERR_OK;

	if (!tree->indexed || tree_node_is_blank(node))
		return ERR_OK;
	TRY(key_set_put(&tree->encryption_keys, tree_node_key(node)));
	if (!tree_node_is_leaf(node))
		goto out;
	TRY(key_set_put(&tree->signature_keys, node->leaf->node.signature_key));
	TRY(key_set_put_pair(&tree->users, user_of(node->leaf), leaf));
out:
	return e;
}

/* `leaf`: the first one at or below the node; then, the one behind it. */
static enum err note_all(struct tree *tree, const struct tree_node *node,
			 uint32_t *leaf)
{
	enum err e;

	TRY(tree_keys_note(tree, node, *leaf));
	if (!tree_node_is_leaf(node)) {
		TRY(note_all(tree, node->left, leaf));
		TRY(note_all(tree, node->right, leaf));
	} else {
		++*leaf;
	}
out:
	return e;
}

enum err tree_index(struct tree *tree)
{
	uint32_t leaf = 0;
	enum err e;

	if (tree->indexed)
		return ERR_OK;
	tree->indexed = true;
	e = note_all(tree, tree->root, &leaf);
	if (e != ERR_OK) {
		key_set_clear(&tree->encryption_keys);
		key_set_clear(&tree->signature_keys);
		key_set_clear(&tree->users);
		tree->indexed = false;
	}
	return e;
}

bool tree_keys_may_repeat(const struct tree *tree)
{
	return !tree->indexed || key_set_may_repeat(&tree->encryption_keys) ||
	       key_set_may_repeat(&tree->signature_keys);
}

/* ---- is a key there ---- */

static bool scan_encryption_keys(const struct tree_node *node, struct span key)
{
	if (!tree_node_is_blank(node) && span_equal(tree_node_key(node), key))
		return true;
	return !tree_node_is_leaf(node) &&
	       (scan_encryption_keys(node->left, key) ||
		scan_encryption_keys(node->right, key));
}

bool tree_has_encryption_key(const struct tree *tree, struct span key)
{
	return (!tree->indexed ||
		key_set_may_have(&tree->encryption_keys, key)) &&
	       scan_encryption_keys(tree->root, key);
}

bool tree_has_signature_key(const struct tree *tree, struct span key)
{
	uint32_t leaf = 0;

	if (tree->indexed && !key_set_may_have(&tree->signature_keys, key))
		return false;
	for (; tree_next_member(tree, leaf, &leaf); leaf++)
		if (span_equal(tree_leaf(tree, leaf)->node.signature_key, key))
			return true;
	return false;
}

/* ---- whose is a leaf ---- */

bool tree_next_of(const struct tree *tree, struct span user, uint32_t leaf,
		  uint32_t *found)
{
	while (tree->indexed ? key_set_next_pair(&tree->users, user, &leaf)
			     : tree_next_member(tree, leaf, &leaf)) {
		const struct tree_leaf *at = tree_leaf(tree, leaf);

		if (at != NULL && span_equal(user_of(at), user)) {
			*found = leaf;
			return true;
		}
		leaf++;
	}
	return false;
}
