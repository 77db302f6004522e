#include "mls/tree_store.h"

#include "mls/tree_node.h"

/* What stands before a node. */
enum {
	STORE_BLANK = 0,
	STORE_CONTENT = 1,
	STORE_SAME_CONTENT = 2, /* as `like` has here; the children differ */
	STORE_SAME = 3		/* the whole subtree */
};

static uint32_t height(const struct tree *tree)
{
	return tree_math_level(tree_math_root(tree->leaves));
}

struct tree_node *tree_align(const struct tree *like, uint32_t level,
			     uint32_t *like_level)
{
	struct tree_node *node = like != NULL ? like->root : NULL;

	if (node == NULL)
		return NULL;
	for (*like_level = height(like); *like_level > level; (*like_level)--)
		node = node->left;
	return node;
}

static const void *content_of(const struct tree_node *node)
{
	return tree_node_is_leaf(node) ? (const void *)node->leaf
				       : (const void *)node->parent;
}

void tree_node_put_content(const struct tree_node *node, struct buf *unmerged,
			   struct buf *out)
{
	if (tree_node_is_leaf(node)) {
		buf_put_vec(out, node->leaf->node.encoded);
	} else {
		struct wire_parent_node parent =
		    tree_node_parent(node, unmerged);

		wire_parent_node_put(out, &parent);
		if (unmerged->fail != ERR_OK && out->fail == ERR_OK)
			out->fail = unmerged->fail;
	}
}

static void put_node(const struct tree_node *node, uint32_t level,
		     const struct tree_node *like, uint32_t like_level,
		     struct buf *unmerged, struct buf *out)
{
	const struct tree_node *here = level == like_level ? like : NULL;

	if (here == node) {
		buf_put_u8(out, STORE_SAME);
		return;
	}
	if (tree_node_is_blank(node)) {
		buf_put_u8(out, STORE_BLANK);
	} else if (here != NULL && content_of(here) == content_of(node)) {
		buf_put_u8(out, STORE_SAME_CONTENT);
	} else {
		buf_put_u8(out, STORE_CONTENT);
		tree_node_put_content(node, unmerged, out);
	}
	if (level == 0)
		return;
	put_node(node->left, level - 1, here != NULL ? here->left : like,
		 here != NULL ? level - 1 : like_level, unmerged, out);
	put_node(node->right, level - 1, here != NULL ? here->right : NULL,
		 level - 1, unmerged, out);
}

void tree_save(const struct tree *tree, const struct tree *like,
	       struct buf *out)
{
	struct buf unmerged = BUF_INIT;
	uint32_t like_level = 0, level = height(tree);
	const struct tree_node *start = tree_align(like, level, &like_level);

	buf_put_u32(out, tree->leaves);
	put_node(tree->root, level, start, like_level, &unmerged, out);
	buf_clear(&unmerged);
}

enum err tree_node_read_content(struct rd *r, struct tree_node *node)
{
	struct wire_parent_node parent;
	struct span leaf;
	enum err e;

	if (tree_node_is_leaf(node)) {
		leaf = rd_vec(r);
		TRY(r->fail);
		TRY(tree_node_set_leaf(node, leaf));
	} else {
		wire_parent_node_read(r, &parent);
		TRY(r->fail);
		TRY(tree_node_set_parent(node, &parent));
	}
out:
	return e;
}

static enum err share_content(struct tree_node *node,
			      const struct tree_node *here)
{
	if (here == NULL || tree_node_is_blank(here) ||
	    tree_node_is_leaf(here) != tree_node_is_leaf(node))
		return ERR_PEER_MALFORMED;
	if (tree_node_is_leaf(node)) {
		node->leaf = here->leaf;
		node->leaf->refs++;
	} else {
		node->parent = here->parent;
		node->parent->refs++;
	}
	return ERR_OK;
}

static enum err skip_content(struct rd *r, uint32_t level)
{
	struct wire_parent_node parent;

	if (level == 0)
		(void)rd_vec(r);
	else
		wire_parent_node_read(r, &parent);
	return r->fail;
}

static enum err read_node(const struct suite *suite, struct rd *r,
			  uint32_t level, struct tree_node *like,
			  uint32_t like_level, struct tree_node **out)
{
	struct tree_node *here = level == like_level ? like : NULL;
	struct tree_node *node = NULL;
	uint8_t kind = rd_u8(r);
	struct rd content = *r; /* read when the children are there: before
				   that the node looks like a leaf */
	enum err e;

	ENSURE(rd_ok(r) && kind <= STORE_SAME, ERR_PEER_MALFORMED);
	if (kind == STORE_SAME) {
		ENSURE(here != NULL, ERR_PEER_MALFORMED);
		here->refs++;
		*out = here;
		return ERR_OK;
	}
	node = tree_node_new(suite);
	ENSURE(node != NULL, ERR_LOCAL_MEMORY);
	if (kind == STORE_CONTENT)
		TRY(skip_content(r, level));
	if (level > 0) {
		struct tree_node *left = NULL, *right = NULL;

		TRY(read_node(suite, r, level - 1,
			      here != NULL ? here->left : like,
			      here != NULL ? level - 1 : like_level, &left));
		e = read_node(suite, r, level - 1,
			      here != NULL ? here->right : NULL, level - 1,
			      &right);
		if (e != ERR_OK) {
			tree_node_free(left);
			goto out;
		}
		node->left = left;
		node->right = right;
	}
	if (kind == STORE_CONTENT)
		TRY(tree_node_read_content(&content, node));
	else if (kind == STORE_SAME_CONTENT)
		TRY(share_content(node, here));
	tree_node_refresh(node);
	*out = node;
	node = NULL;
	e = ERR_OK;
out:
	tree_node_free(node);
	return e;
}

enum err tree_load(struct tree *tree, const struct suite *suite,
		   const struct tree *like, struct rd *r)
{
	uint32_t leaves = rd_u32(r), like_level = 0, level;
	struct tree_node *start, *root = NULL;
	enum err e;

	*tree = TREE_INIT;
	ENSURE(leaves > 0 && leaves <= TREE_LEAVES_MAX &&
		   (leaves & (leaves - 1)) == 0,
	       ERR_PEER_MALFORMED);
	level = tree_math_level(tree_math_root(leaves));
	start = tree_align(like, level, &like_level);
	TRY(read_node(suite, r, level, start, like_level, &root));
	*tree = (struct tree){ .suite = suite, .leaves = leaves, .root = root };
out:
	if (e != ERR_OK)
		rd_fail(r, e);
	return e;
}
