/* A secret tree as stored state: whole, and item by item. */
#include <stdlib.h>

#include "mls/secret_tree_node.h"

/* ---- storage: the nodes in preorder ---- */

enum saved_kind { SAVED_SECRET, SAVED_PARENT, SAVED_RATCHETS };

static void ratchet_save(const struct suite *suite,
			 const struct secret_tree_ratchet_state *ratchet,
			 struct buf *out)
{
	size_t vec;

	buf_put_vec(out, sec_span(&ratchet->secret));
	buf_put_u32(out, ratchet->generation);
	vec = buf_open_vec(out);
	for (size_t i = 0; i < ratchet->skipped_count; i++) {
		const struct secret_tree_key *key = &ratchet->skipped[i];

		buf_put_u32(out, key->generation);
		buf_put(out, span_of(key->key, suite->nk));
		buf_put(out, SPAN_ARRAY(key->nonce));
	}
	buf_close_vec(out, vec);
}

static void ratchet_load(const struct suite *suite, struct rd *r,
			 struct secret_tree_ratchet_state *ratchet)
{
	const size_t each = 4u + suite->nk + SUITE_NONCE;
	struct span secret = rd_vec(r);
	struct rd keys;
	size_t count;

	ratchet->generation = rd_u32(r);
	keys = rd_open_vec(r);
	count = rd_left(&keys) / each;
	if (secret.n != suite->nh || count > SECRET_TREE_SKIPPED_MAX ||
	    sec_set(&ratchet->secret, secret) != ERR_OK)
		rd_fail(r, ERR_PEER_MALFORMED);
	if (rd_ok(r) && count > 0) {
		ratchet->skipped = calloc(count, sizeof(*ratchet->skipped));
		if (ratchet->skipped == NULL)
			rd_fail(r, ERR_LOCAL_MEMORY);
	}
	for (size_t i = 0; i < count && rd_ok(r); i++) {
		struct secret_tree_key *key = &ratchet->skipped[i];

		ratchet->skipped_count++;
		key->generation = rd_u32(&keys);
		rd_copy(&keys, key->key, suite->nk);
		rd_copy(&keys, key->nonce, SUITE_NONCE);
		if (key->generation >= ratchet->generation ||
		    (i > 0 && key->generation <= key[-1].generation))
			rd_fail(r, ERR_PEER_MALFORMED);
	}
	rd_close(r, &keys);
}

/* A node without children. */
static void end_save(const struct suite *suite,
		     const struct secret_tree_node *node, struct buf *out)
{
	if (node->ratchets != NULL) {
		buf_put_u8(out, SAVED_RATCHETS);
		for (size_t i = 0; i < SECRET_TREE_RATCHETS; i++)
			ratchet_save(suite, &node->ratchets[i], out);
	} else {
		buf_put_u8(out, SAVED_SECRET);
		buf_put_vec(out, sec_span(&node->secret));
	}
}

static void node_save(const struct suite *suite,
		      const struct secret_tree_node *node, struct buf *out)
{
	if (node->child[0] != NULL) {
		buf_put_u8(out, SAVED_PARENT);
		node_save(suite, node->child[0], out);
		node_save(suite, node->child[1], out);
	} else {
		end_save(suite, node, out);
	}
}

static void end_load(const struct suite *suite, enum saved_kind kind,
		     struct rd *r, struct secret_tree_node *node)
{
	if (kind == SAVED_SECRET) {
		struct span secret = rd_vec(r);

		if (secret.n != suite->nh ||
		    sec_set(&node->secret, secret) != ERR_OK)
			rd_fail(r, ERR_PEER_MALFORMED);
		return;
	}
	node->ratchets = calloc(SECRET_TREE_RATCHETS, sizeof(*node->ratchets));
	if (node->ratchets == NULL)
		rd_fail(r, ERR_LOCAL_MEMORY);
	for (size_t i = 0; i < SECRET_TREE_RATCHETS && rd_ok(r); i++)
		ratchet_load(suite, r, &node->ratchets[i]);
}

/* `height` levels of the tree are below: what bounds the recursion. */
static struct secret_tree_node *node_load(const struct suite *suite,
					  uint8_t height, struct rd *r)
{
	struct secret_tree_node *node = calloc(1, sizeof(*node));
	uint8_t kind = rd_u8(r);

	if (node == NULL) {
		rd_fail(r, ERR_LOCAL_MEMORY);
		return NULL;
	}
	if (kind == SAVED_PARENT && height > 0) {
		for (size_t i = 0; i < 2 && rd_ok(r); i++)
			node->child[i] =
			    node_load(suite, (uint8_t)(height - 1), r);
	} else if (kind == SAVED_SECRET ||
		   (kind == SAVED_RATCHETS && height == 0)) {
		end_load(suite, (enum saved_kind)kind, r, node);
	} else {
		rd_fail(r, ERR_PEER_MALFORMED);
	}
	if (!rd_ok(r)) {
		secret_tree_node_free(node);
		return NULL;
	}
	return node;
}

void secret_tree_save(const struct secret_tree *tree, struct buf *out)
{
	buf_put_u8(out, tree->height);
	if (tree->root != NULL)
		node_save(tree->suite, tree->root, out);
}

enum err secret_tree_load(struct secret_tree *tree, const struct suite *suite,
			  struct rd *r)
{
	*tree = SECRET_TREE_INIT;
	tree->suite = suite;
	tree->height = rd_u8(r);
	if (tree->height > SECRET_TREE_HEIGHT_MAX)
		rd_fail(r, ERR_PEER_MALFORMED);
	else
		tree->root = node_load(suite, tree->height, r);
	if (!rd_ok(r))
		*tree = SECRET_TREE_INIT;
	return r->fail;
}

/* ---- storage by item ---- */

static bool is_changed(const struct secret_tree_node *node)
{
	if (!node->stored)
		return true;
	for (size_t i = 0; node->ratchets != NULL && i < SECRET_TREE_RATCHETS;
	     i++)
		if (node->ratchets[i].changed)
			return true;
	return false;
}

static void set_stored(struct secret_tree_node *node, bool stored)
{
	node->stored = stored;
	for (size_t i = 0; node->ratchets != NULL && i < SECRET_TREE_RATCHETS;
	     i++)
		node->ratchets[i].changed = false;
}

static enum err put_items(const struct suite *suite,
			  struct secret_tree_node *node, uint32_t index,
			  const struct secret_tree_items *items)
{
	struct buf value = BUF_INIT;
	enum err e = ERR_OK;

	if (node->child[0] != NULL) {
		/* its secret is gone, wherever it was */
		if (node->stored)
			TRY(items->drop(items->context, index));
		node->stored = false;
		for (uint32_t i = 0; i < 2; i++)
			TRY(put_items(suite, node->child[i], 2 * index + i,
				      items));
	} else if (is_changed(node)) {
		end_save(suite, node, &value);
		TRY(buf_end(&value));
		TRY(items->put(items->context, index, buf_span(&value)));
		set_stored(node, true);
	}
out:
	buf_clear(&value);
	return e;
}

enum err secret_tree_put_items(struct secret_tree *tree,
			       const struct secret_tree_items *items)
{
	return tree->root != NULL ? put_items(tree->suite, tree->root, 1, items)
				  : ERR_OK;
}

static void forget(struct secret_tree_node *node)
{
	if (node == NULL)
		return;
	set_stored(node, false);
	forget(node->child[0]);
	forget(node->child[1]);
}

void secret_tree_forget_items(struct secret_tree *tree)
{
	forget(tree->root);
}

static enum err get_items(const struct suite *suite, uint8_t height,
			  uint32_t index, const struct secret_tree_items *items,
			  struct secret_tree_node **out)
{
	struct secret_tree_node *node = calloc(1, sizeof(*node));
	struct buf value = BUF_INIT;
	struct rd r;
	uint8_t kind;
	enum err e;

	ENSURE(node != NULL, ERR_LOCAL_MEMORY);
	e = items->get(items->context, index, &value);
	if (e == ERR_STATE_GONE && height > 0) {
		for (uint32_t i = 0; i < 2; i++)
			TRY(get_items(suite, (uint8_t)(height - 1),
				      2 * index + i, items, &node->child[i]));
	} else {
		ENSURE(e != ERR_STATE_GONE, ERR_PEER_MALFORMED);
		TRY(e);
		r = rd_init(buf_span(&value));
		kind = rd_u8(&r);
		ENSURE(kind == SAVED_SECRET ||
			   (kind == SAVED_RATCHETS && height == 0),
		       ERR_PEER_MALFORMED);
		end_load(suite, (enum saved_kind)kind, &r, node);
		TRY(rd_end(&r));
		set_stored(node, true);
	}
	*out = node;
	node = NULL;
out:
	secret_tree_node_free(node);
	buf_clear(&value);
	return e;
}

enum err secret_tree_get_items(struct secret_tree *tree,
			       const struct suite *suite, uint8_t height,
			       const struct secret_tree_items *items)
{
	enum err e;

	*tree = SECRET_TREE_INIT;
	ENSURE(height <= SECRET_TREE_HEIGHT_MAX, ERR_PEER_MALFORMED);
	TRY(get_items(suite, height, 1, items, &tree->root));
	tree->suite = suite;
	tree->height = height;
out:
	return e;
}
