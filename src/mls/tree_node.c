#include "mls/tree_node.h"

#include <stdlib.h>
#include <string.h>

enum {
	ALL_CREDENTIALS = TREE_CREDENTIAL_BASIC | TREE_CREDENTIAL_X509,
	ALL_WATCHED = UINT16_MAX
};

struct tree_node *tree_node_new(const struct suite *suite)
{
	struct tree_node *node = calloc(1, sizeof(*node) + suite->nh);

	if (node == NULL)
		return NULL;
	node->refs = 1;
	node->credentials_supported = ALL_CREDENTIALS;
	node->extensions_listed = ALL_WATCHED;
	return node;
}

struct tree_node *tree_node_blank(const struct suite *suite, uint32_t level)
{
	struct tree_node *node = tree_node_new(suite);

	if (node == NULL || level == 0)
		return node;
	node->left = tree_node_blank(suite, level - 1);
	node->right = tree_node_blank(suite, level - 1);
	if (node->left == NULL || node->right == NULL) {
		tree_node_free(node->left);
		tree_node_free(node->right);
		free(node);
		return NULL;
	}
	return node;
}

static void leaf_free(struct tree_leaf *leaf)
{
	if (leaf == NULL || --leaf->refs > 0)
		return;
	sign_key_free(leaf->key);
	free(leaf);
}

static void parent_free(struct tree_parent *parent)
{
	if (parent == NULL || --parent->refs > 0)
		return;
	free(parent->unmerged);
	free(parent);
}

void tree_node_free(struct tree_node *node)
{
	if (node == NULL || --node->refs > 0)
		return;
	tree_node_set_blank(node);
	tree_node_free(node->left);
	tree_node_free(node->right);
	free(node);
}

enum err tree_node_own(const struct suite *suite, struct tree_node **slot)
{
	struct tree_node *shared = *slot, *own;

	if (shared->refs == 1) {
		shared->hashed = false;
		shared->id = 0;
		return ERR_OK;
	}
	own = tree_node_new(suite);
	if (own == NULL)
		return ERR_LOCAL_MEMORY;
	*own = *shared;
	own->refs = 1;
	own->hashed = false;
	own->id = 0;
	if (!tree_node_is_leaf(own)) {
		own->left->refs++;
		own->right->refs++;
		if (own->parent != NULL)
			own->parent->refs++;
	} else if (own->leaf != NULL) {
		own->leaf->refs++;
	}
	shared->refs--;
	*slot = own;
	return ERR_OK;
}

static uint8_t credential_bit(uint16_t type)
{
	if (type == WIRE_CREDENTIAL_BASIC)
		return TREE_CREDENTIAL_BASIC;
	return type == WIRE_CREDENTIAL_X509 ? TREE_CREDENTIAL_X509 : 0;
}

static uint8_t credentials_supported(const struct wire_leaf_node *leaf)
{
	struct span rest = leaf->capabilities.credentials;
	uint8_t bits = 0;
	uint16_t type;

	while (wire_u16_list_next(&rest, &type))
		bits |= credential_bit(type);
	return bits;
}

static uint16_t extensions_listed(const struct wire_leaf_node *leaf)
{
	struct span rest = leaf->capabilities.extensions;
	uint16_t bits = 0, type;

	while (wire_u16_list_next(&rest, &type))
		if (type >= TREE_WATCHED_FIRST && type <= TREE_WATCHED_LAST)
			bits |= (uint16_t)(1u << (type - TREE_WATCHED_FIRST));
	return bits;
}

void tree_node_refresh(struct tree_node *node)
{
	if (!tree_node_is_leaf(node)) {
		node->members = node->left->members + node->right->members;
		node->credentials_used = node->left->credentials_used |
					 node->right->credentials_used;
		node->credentials_supported =
		    node->left->credentials_supported &
		    node->right->credentials_supported;
		node->extensions_listed = node->left->extensions_listed &
					  node->right->extensions_listed;
		return;
	}
	node->members = node->leaf != NULL;
	node->credentials_used = 0;
	node->credentials_supported = ALL_CREDENTIALS;
	node->extensions_listed = ALL_WATCHED;
	if (node->leaf != NULL) {
		node->credentials_used =
		    credential_bit(node->leaf->node.credential.type);
		node->credentials_supported =
		    credentials_supported(&node->leaf->node);
		node->extensions_listed = extensions_listed(&node->leaf->node);
	}
}

enum err tree_node_set_leaf(struct tree_node *node, struct span leaf_node)
{
	struct tree_leaf *leaf = calloc(1, sizeof(*leaf) + leaf_node.n);
	enum err e;

	if (leaf == NULL)
		return ERR_LOCAL_MEMORY;
	if (leaf_node.n > 0)
		memcpy(leaf->bytes, leaf_node.p, leaf_node.n);
	leaf->refs = 1;
	e = wire_leaf_node_decode(span_of(leaf->bytes, leaf_node.n),
				  &leaf->node);
	if (e != ERR_OK) {
		free(leaf);
		return e;
	}
	leaf_free(node->leaf);
	node->leaf = leaf;
	tree_node_refresh(node);
	return ERR_OK;
}

/* Copies the keys; room for `unmerged` leaf indices. NULL without memory. */
static struct tree_parent *parent_new(struct span encryption_key,
				      struct span parent_hash, size_t unmerged)
{
	size_t n = encryption_key.n + parent_hash.n;
	struct tree_parent *parent = calloc(1, sizeof(*parent) + n);

	if (parent == NULL)
		return NULL;
	if (unmerged > 0) {
		parent->unmerged = calloc(unmerged, sizeof(uint32_t));
		if (parent->unmerged == NULL) {
			free(parent);
			return NULL;
		}
	}
	parent->refs = 1;
	parent->encryption_key = span_of(parent->bytes, encryption_key.n);
	parent->parent_hash =
	    span_of(parent->bytes + encryption_key.n, parent_hash.n);
	if (encryption_key.n > 0)
		memcpy(parent->bytes, encryption_key.p, encryption_key.n);
	if (parent_hash.n > 0)
		memcpy(parent->bytes + encryption_key.n, parent_hash.p,
		       parent_hash.n);
	return parent;
}

enum err tree_node_set_parent(struct tree_node *node,
			      const struct wire_parent_node *from)
{
	struct span rest = from->unmerged_leaves;
	struct tree_parent *parent;
	uint32_t leaf;

	parent = parent_new(from->encryption_key, from->parent_hash,
			    rest.n / sizeof(uint32_t));
	if (parent == NULL)
		return ERR_LOCAL_MEMORY;
	while (wire_leaf_list_next(&rest, &leaf))
		parent->unmerged[parent->unmerged_count++] = leaf;
	parent_free(node->parent);
	node->parent = parent;
	return ERR_OK;
}

void tree_node_set_blank(struct tree_node *node)
{
	if (tree_node_is_leaf(node)) {
		leaf_free(node->leaf);
		node->leaf = NULL;
		tree_node_refresh(node);
	} else {
		parent_free(node->parent);
		node->parent = NULL;
	}
}

enum err tree_node_add_unmerged(struct tree_node *node, uint32_t leaf)
{
	const struct tree_parent *old = node->parent;
	struct tree_parent *parent;
	size_t at = 0;

	if (old == NULL)
		return ERR_OK;
	parent = parent_new(old->encryption_key, old->parent_hash,
			    old->unmerged_count + 1);
	if (parent == NULL)
		return ERR_LOCAL_MEMORY;
	while (at < old->unmerged_count && old->unmerged[at] < leaf)
		at++;
	if (at > 0)
		memcpy(parent->unmerged, old->unmerged, at * sizeof(leaf));
	parent->unmerged[at] = leaf;
	if (at < old->unmerged_count)
		memcpy(parent->unmerged + at + 1, old->unmerged + at,
		       (old->unmerged_count - at) * sizeof(leaf));
	parent->unmerged_count = old->unmerged_count + 1;
	parent_free(node->parent);
	node->parent = parent;
	return ERR_OK;
}

struct span tree_node_key(const struct tree_node *node)
{
	return tree_node_is_leaf(node) ? node->leaf->node.encryption_key
				       : node->parent->encryption_key;
}

struct wire_parent_node tree_node_parent(const struct tree_node *node,
					 struct buf *unmerged)
{
	const struct tree_parent *parent = node->parent;

	buf_reset(unmerged);
	for (size_t i = 0; i < parent->unmerged_count; i++)
		buf_put_u32(unmerged, parent->unmerged[i]);
	return (struct wire_parent_node){ parent->encryption_key,
					  parent->parent_hash,
					  buf_span(unmerged) };
}
