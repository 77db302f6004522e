#include "check/tree.h"

#include <stdlib.h>

#include "crypto/hash.h"

void check_tree_clear(struct check_tree *tree)
{
	free(tree->nodes);
	*tree = (struct check_tree){ NULL, 0, 0 };
}

static uint32_t round_up(uint32_t leaves)
{
	uint32_t n = 1;

	while (n < leaves)
		n *= 2;
	return n;
}

/* How many nodes stand there; each is looked at, none is kept. */
static enum err count_nodes(struct rd nodes, uint32_t *count)
{
	struct wire_node node = { .type = WIRE_NODE_BLANK };
	enum err e;

	*count = 0;
	while (rd_left(&nodes) > 0) {
		wire_node_read(&nodes, &node);
		ENSURE(rd_ok(&nodes) && *count < CHECK_TREE_NODES_MAX,
		       ERR_PEER_MALFORMED);
		ENSURE(node.type == WIRE_NODE_BLANK ||
			   (node.type == WIRE_NODE_LEAF) == (*count % 2 == 0),
		       ERR_PEER_MALFORMED);
		(*count)++;
	}
	/* "MUST NOT end with a blank node" */
	ENSURE(node.type != WIRE_NODE_BLANK, ERR_PEER_MALFORMED);
	e = ERR_OK;
out:
	return e;
}

enum err check_tree_read(struct span data, struct check_tree *tree)
{
	struct rd r = rd_init(data);
	struct rd nodes = rd_open_vec(&r);
	uint32_t there = 0;
	enum err e;

	*tree = (struct check_tree){ NULL, 0, 0 };
	ENSURE(rd_left(&r) == 0, ERR_PEER_MALFORMED);
	TRY(count_nodes(nodes, &there));
	tree->leaf_count = round_up(there / 2 + 1);
	tree->node_count = 2 * tree->leaf_count - 1;
	/* zero is a blank node */
	tree->nodes = calloc(tree->node_count, sizeof(*tree->nodes));
	ENSURE(tree->nodes != NULL, ERR_LOCAL_MEMORY);
	for (uint32_t i = 0; i < there; i++)
		wire_node_read(&nodes, &tree->nodes[i]);
	rd_close(&r, &nodes);
	TRY(rd_end(&r));
out:
	if (e != ERR_OK)
		check_tree_clear(tree);
	return e;
}

const struct wire_leaf_node *check_tree_leaf(const struct check_tree *tree,
					     uint32_t leaf)
{
	if (leaf >= tree->leaf_count ||
	    tree->nodes[2 * leaf].type != WIRE_NODE_LEAF)
		return NULL;
	return &tree->nodes[2 * leaf].leaf;
}

/* ---- the tree hash ---- */

static void put_leaf(const struct check_tree *tree, uint32_t node,
		     struct buf *input)
{
	const struct wire_leaf_node *leaf = check_tree_leaf(tree, node / 2);

	buf_put_u8(input, WIRE_NODE_LEAF);
	buf_put_u32(input, node / 2);
	buf_put_u8(input, leaf != NULL);
	if (leaf != NULL)
		buf_put(input, leaf->encoded);
}

static void put_parent(const struct check_tree *tree, uint32_t node,
		       struct span left, struct span right, struct buf *input)
{
	const struct wire_node *parent = &tree->nodes[node];

	buf_put_u8(input, WIRE_NODE_PARENT);
	buf_put_u8(input, parent->type == WIRE_NODE_PARENT);
	if (parent->type == WIRE_NODE_PARENT)
		wire_parent_node_put(input, &parent->parent);
	buf_put_vec(input, left);
	buf_put_vec(input, right);
}

/* Level by level from the leaves up: `hashes` holds those of one level. Node i
 * of level k is node i * 2^(k+1) + 2^k - 1 of the array (appendix C). */
static enum err hash_level(const struct check_tree *tree,
			   const struct suite *suite, uint32_t level,
			   uint32_t count, uint8_t *hashes)
{
	struct buf input = BUF_INIT;
	enum err e = ERR_OK;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t node = (i << (level + 1)) + ((uint32_t)1 << level) - 1;
		const uint8_t *below = hashes + (size_t)2 * i * suite->nh;
		struct span part;

		buf_reset(&input);
		if (level == 0)
			put_leaf(tree, node, &input);
		else
			put_parent(tree, node, span_of(below, suite->nh),
				   span_of(below + suite->nh, suite->nh),
				   &input);
		TRY(buf_end(&input));
		part = buf_span(&input);
		TRY(hash_digest(suite, &part, 1,
				hashes + (size_t)i * suite->nh));
	}
out:
	buf_clear(&input);
	return e;
}

enum err check_tree_hash(const struct check_tree *tree,
			 const struct suite *suite, uint8_t *out)
{
	uint8_t *hashes = calloc(tree->leaf_count, suite->nh);
	uint32_t level = 0;
	enum err e;

	ENSURE(hashes != NULL, ERR_LOCAL_MEMORY);
	for (uint32_t n = tree->leaf_count; n > 0; n /= 2)
		TRY(hash_level(tree, suite, level++, n, hashes));
	for (size_t i = 0; i < suite->nh; i++)
		out[i] = hashes[i];
	e = ERR_OK;
out:
	free(hashes);
	return e;
}
