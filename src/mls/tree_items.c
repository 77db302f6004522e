#include "mls/tree_items.h"

#include <stdlib.h>

#include "mls/tree_node.h"
#include "mls/tree_store.h"

enum { ITEM_BLANK, ITEM_CONTENT };

static enum err note(struct tree_items *items, uint64_t id)
{
	if (items->count == items->room) {
		size_t room = items->room > 0 ? 2 * items->room : 64;
		uint64_t *grown = realloc(items->ids, room * sizeof(*grown));

		if (grown == NULL)
			return ERR_LOCAL_MEMORY;
		items->ids = grown;
		items->room = room;
	}
	items->ids[items->count++] = id;
	return ERR_OK;
}

static enum err put_node(struct tree_node *node, struct tree_items *items)
{
	struct buf value = BUF_INIT, unmerged = BUF_INIT;
	enum err e = ERR_OK;

	if (node->sweep == items->sweep)
		return ERR_OK;
	if (!tree_node_is_leaf(node)) {
		TRY(put_node(node->left, items));
		TRY(put_node(node->right, items));
	}
	if (node->id == 0) {
		buf_put_u8(&value, tree_node_is_blank(node) ? ITEM_BLANK
							    : ITEM_CONTENT);
		if (!tree_node_is_leaf(node)) {
			buf_put_u64(&value, node->left->id);
			buf_put_u64(&value, node->right->id);
		}
		if (!tree_node_is_blank(node))
			tree_node_put_content(node, &unmerged, &value);
		TRY(buf_end(&value));
		TRY(items->put(items->context, items->next_id,
			       buf_span(&value)));
		node->id = items->next_id++;
	}
	TRY(note(items, node->id));
	node->sweep = items->sweep;
out:
	buf_clear(&value);
	buf_clear(&unmerged);
	return e;
}

enum err tree_items_put(struct tree *tree, struct tree_items *items)
{
	return tree->root != NULL ? put_node(tree->root, items) : ERR_OK;
}

static void forget(struct tree_node *node)
{
	if (node == NULL)
		return;
	node->id = 0;
	forget(node->left);
	forget(node->right);
}

void tree_items_forget(struct tree *tree)
{
	forget(tree->root);
}

static bool same_parent(const struct tree_parent *a,
			const struct tree_parent *b)
{
	if (!span_equal(a->encryption_key, b->encryption_key) ||
	    !span_equal(a->parent_hash, b->parent_hash) ||
	    a->unmerged_count != b->unmerged_count)
		return false;
	for (size_t i = 0; i < a->unmerged_count; i++)
		if (a->unmerged[i] != b->unmerged[i])
			return false;
	return true;
}

/* Two trees that differ below a node share what it holds. */
static void share_content(struct tree_node *node, const struct tree_node *here)
{
	if (here == NULL || tree_node_is_blank(here) ||
	    tree_node_is_leaf(here) != tree_node_is_leaf(node))
		return;
	if (tree_node_is_leaf(node)) {
		if (!span_equal(here->leaf->node.encoded,
				node->leaf->node.encoded))
			return;
		tree_node_set_blank(node);
		node->leaf = here->leaf;
		node->leaf->refs++;
	} else if (same_parent(node->parent, here->parent)) {
		tree_node_set_blank(node);
		node->parent = here->parent;
		node->parent->refs++;
	}
}

static enum err get_node(const struct suite *suite, uint64_t id, uint32_t level,
			 struct tree_node *like, uint32_t like_level,
			 struct tree_items *items, struct tree_node **out);

/* The children, and then what the node itself holds: before that it looks like a
 * leaf. */
static enum err fill(const struct suite *suite, struct rd *r, uint32_t level,
		     struct tree_node *like, uint32_t like_level,
		     struct tree_items *items, struct tree_node *node)
{
	struct tree_node *here = level == like_level ? like : NULL;
	struct tree_node *left = NULL, *right = NULL;
	uint8_t kind = rd_u8(r);
	uint64_t ids[2] = { 0, 0 };
	enum err e = ERR_OK;

	ENSURE(rd_ok(r) && kind <= ITEM_CONTENT, ERR_PEER_MALFORMED);
	if (level > 0) {
		ids[0] = rd_u64(r);
		ids[1] = rd_u64(r);
		TRY(r->fail);
		TRY(get_node(
		    suite, ids[0], level - 1, here != NULL ? here->left : like,
		    here != NULL ? level - 1 : like_level, items, &left));
		TRY(get_node(suite, ids[1], level - 1,
			     here != NULL ? here->right : NULL, level - 1,
			     items, &right));
		node->left = left;
		node->right = right;
		left = right = NULL;
	}
	if (kind == ITEM_CONTENT) {
		TRY(tree_node_read_content(r, node));
		share_content(node, here);
	}
	TRY(rd_end(r));
	tree_node_refresh(node);
out:
	tree_node_free(left);
	tree_node_free(right);
	return e;
}

static enum err get_node(const struct suite *suite, uint64_t id, uint32_t level,
			 struct tree_node *like, uint32_t like_level,
			 struct tree_items *items, struct tree_node **out)
{
	struct tree_node *node = NULL;
	struct buf value = BUF_INIT;
	struct rd r;
	enum err e = ERR_OK;

	ENSURE(id > 0 && id < items->next_id, ERR_PEER_MALFORMED);
	if (level == like_level && like != NULL && like->id == id) {
		like->refs++;
		*out = like;
		return ERR_OK;
	}
	e = items->get(items->context, id, &value);
	ENSURE(e != ERR_STATE_GONE, ERR_PEER_MALFORMED);
	TRY(e);
	node = tree_node_new(suite);
	ENSURE(node != NULL, ERR_LOCAL_MEMORY);
	r = rd_init(buf_span(&value));
	TRY(fill(suite, &r, level, like, like_level, items, node));
	TRY(note(items, id));
	node->id = id;
	*out = node;
	node = NULL;
out:
	tree_node_free(node);
	buf_clear(&value);
	return e;
}

enum err tree_items_get(struct tree *tree, const struct suite *suite,
			uint32_t leaves, uint64_t root, const struct tree *like,
			struct tree_items *items)
{
	uint32_t like_level = 0, level;
	struct tree_node *start, *made = NULL;
	enum err e;

	*tree = TREE_INIT;
	ENSURE(leaves > 0 && leaves <= TREE_LEAVES_MAX &&
		   (leaves & (leaves - 1)) == 0,
	       ERR_PEER_MALFORMED);
	level = tree_math_level(tree_math_root(leaves));
	start = tree_align(like, level, &like_level);
	TRY(get_node(suite, root, level, start, like_level, items, &made));
	*tree = (struct tree){ .suite = suite, .leaves = leaves, .root = made };
out:
	return e;
}
