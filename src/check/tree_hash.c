/* Tree hashes, parent hashes and resolutions, of check/tree.h. */
#include <stdlib.h>
#include <string.h>

#include "check/tree.h"
#include "crypto/hash.h"

/* ---- lists of leaves ---- */

static uint32_t at(struct span list, size_t i)
{
	const uint8_t *p = list.p + i * sizeof(uint32_t);

	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

/* How many of the list are below `leaf`. */
static size_t count_before(struct span list, uint32_t leaf)
{
	size_t low = 0, high = check_leaves_count(list);

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (at(list, middle) < leaf)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct span check_leaves_below(struct span list, uint32_t node)
{
	uint32_t first = tree_math_first_leaf(node);
	size_t from = count_before(list, first);
	size_t to = count_before(list, first + tree_math_leaf_count(node));

	if (to == from)
		return SPAN_EMPTY;
	return span_of(list.p + from * sizeof(uint32_t),
		       (to - from) * sizeof(uint32_t));
}

bool check_leaves_has(struct span list, uint32_t leaf)
{
	return check_leaves_below(list, 2 * leaf).n > 0;
}

/* ---- tree hashes (7.8) ---- */

static enum err finish(const struct suite *suite, struct buf *input,
		       uint8_t *out)
{
	struct span part;
	enum err e;

	TRY(buf_end(input));
	part = buf_span(input);
	TRY(hash_digest(suite, &part, 1, out));
out:
	buf_clear(input);
	return e;
}

static enum err hash_leaf(const struct suite *suite, uint32_t leaf,
			  const struct wire_leaf_node *content, uint8_t *out)
{
	struct buf input = BUF_INIT;

	buf_put_u8(&input, WIRE_NODE_LEAF);
	buf_put_u32(&input, leaf);
	buf_put_u8(&input, content != NULL);
	if (content != NULL)
		buf_put(&input, content->encoded);
	return finish(suite, &input, out);
}

/* Its unmerged leaves without those of `without`. */
static enum err hash_parent(const struct suite *suite,
			    const struct wire_parent_node *content,
			    struct span without, const uint8_t *left,
			    const uint8_t *right, uint8_t *out)
{
	struct buf input = BUF_INIT;
	struct span rest;
	uint32_t leaf;
	size_t vec;

	buf_put_u8(&input, WIRE_NODE_PARENT);
	buf_put_u8(&input, content != NULL);
	if (content != NULL) {
		buf_put_vec(&input, content->encryption_key);
		buf_put_vec(&input, content->parent_hash);
		vec = buf_open_vec(&input);
		rest = content->unmerged_leaves;
		while (wire_leaf_list_next(&rest, &leaf))
			if (!check_leaves_has(without, leaf))
				buf_put_u32(&input, leaf);
		buf_close_vec(&input, vec);
	}
	buf_put_vec(&input, span_of(left, suite->nh));
	buf_put_vec(&input, span_of(right, suite->nh));
	return finish(suite, &input, out);
}

enum err check_tree_hash_node(struct check_tree *tree, uint32_t node,
			      struct span *hash)
{
	struct check_node *n = &tree->nodes[node];
	struct span left, right;
	enum err e = ERR_OK;

	*hash = span_of(n->hash, tree->suite->nh);
	if (n->hashed)
		return ERR_OK;
	if (node % 2 == 0) {
		TRY(hash_leaf(tree->suite, node / 2,
			      check_tree_leaf(tree, node / 2), n->hash));
	} else {
		TRY(check_tree_hash_node(tree, tree_math_left(node), &left));
		TRY(check_tree_hash_node(tree, tree_math_right(node), &right));
		TRY(hash_parent(tree->suite, check_tree_parent(tree, node),
				SPAN_EMPTY, left.p, right.p, n->hash));
	}
	n->hashed = true;
out:
	return e;
}

enum err check_tree_hash(struct check_tree *tree, struct span *hash)
{
	return check_tree_hash_node(tree, tree_math_root(tree->leaf_count),
				    hash);
}

/* As if the leaves of `without` were blank and in no list. */
static enum err hash_without(struct check_tree *tree, uint32_t node,
			     struct span without, uint8_t *out)
{
	uint8_t left[SUITE_HASH_MAX], right[SUITE_HASH_MAX];
	struct span whole;
	enum err e;

	without = check_leaves_below(without, node);
	if (without.n == 0) {
		TRY(check_tree_hash_node(tree, node, &whole));
		memcpy(out, whole.p, whole.n);
	} else if (node % 2 == 0) {
		TRY(hash_leaf(tree->suite, node / 2, NULL, out));
	} else {
		TRY(hash_without(tree, tree_math_left(node), without, left));
		TRY(hash_without(tree, tree_math_right(node), without, right));
		TRY(hash_parent(tree->suite, check_tree_parent(tree, node),
				without, left, right, out));
	}
out:
	return e;
}

enum err check_tree_parent_hash(struct check_tree *tree,
				const struct wire_parent_node *parent,
				uint32_t sibling, uint8_t *out)
{
	uint8_t hash[SUITE_HASH_MAX];
	struct buf input = BUF_INIT;
	enum err e;

	TRY(hash_without(tree, sibling, parent->unmerged_leaves, hash));
	buf_put_vec(&input, parent->encryption_key);
	buf_put_vec(&input, parent->parent_hash);
	buf_put_vec(&input, span_of(hash, tree->suite->nh));
	TRY(finish(tree->suite, &input, out));
out:
	return e;
}

/* ---- resolution (4.1.1) ---- */

struct resolved {
	uint32_t *list;
	size_t count, cap;
};

static enum err append(struct resolved *r, uint32_t node)
{
	if (r->count == r->cap) {
		size_t cap = r->cap > 0 ? 2 * r->cap : 8;
		uint32_t *list = realloc(r->list, cap * sizeof(*list));

		if (list == NULL)
			return ERR_LOCAL_MEMORY;
		r->list = list;
		r->cap = cap;
	}
	r->list[r->count++] = node;
	return ERR_OK;
}

static enum err resolve(const struct check_tree *tree, uint32_t node,
			struct resolved *r)
{
	const struct wire_parent_node *parent = check_tree_parent(tree, node);
	struct span rest;
	uint32_t leaf;
	enum err e = ERR_OK;

	if (node % 2 == 0) {
		if (check_tree_leaf(tree, node / 2) != NULL)
			TRY(append(r, node));
	} else if (parent != NULL) {
		TRY(append(r, node));
		rest = parent->unmerged_leaves;
		while (wire_leaf_list_next(&rest, &leaf))
			TRY(append(r, 2 * leaf));
	} else {
		TRY(resolve(tree, tree_math_left(node), r));
		TRY(resolve(tree, tree_math_right(node), r));
	}
out:
	return e;
}

enum err check_tree_resolution(const struct check_tree *tree, uint32_t node,
			       uint32_t **list, size_t *count)
{
	struct resolved r = { NULL, 0, 0 };
	enum err e = resolve(tree, node, &r);

	if (e != ERR_OK) {
		free(r.list);
		r = (struct resolved){ NULL, 0, 0 };
	}
	*list = r.list;
	*count = r.count;
	return e;
}
