/* The tree of check/tree.h: what is taken back is as it was, and what an indexed tree
 * answers is what a look at all its nodes gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "check/tree.h"
#include "wire/roles.h"

enum { LARGE = 150, ROUNDS = 300 };

/* Numbers that look random, the same in each run. */
static uint32_t next_number(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* Keys and identity of somebody of that number: a user has two. */
static void put_leaf(struct buf *out, uint32_t number)
{
	char user[24], keys[2][32] = { { 'e' }, { 's' } };
	struct wire_leaf_node leaf = {
		.source = WIRE_LEAF_UPDATE,
		.credential = { .type = WIRE_CREDENTIAL_BASIC },
	};

	for (size_t i = 0; i < 2; i++)
		memcpy(keys[i] + 1, &number, sizeof(number));
	(void)snprintf(user, sizeof(user), "user%u/%u", number / 2, number);
	leaf.encryption_key = span_of((uint8_t *)keys[0], sizeof(keys[0]));
	leaf.signature_key = span_of((uint8_t *)keys[1], sizeof(keys[1]));
	leaf.credential.identity = span_str(user);
	wire_leaf_node_put(out, &leaf);
	assert_int_equal(buf_end(out), ERR_OK);
}

static void add(struct check_tree *tree, uint32_t number)
{
	struct buf leaf = BUF_INIT;
	uint32_t at;

	put_leaf(&leaf, number);
	assert_int_equal(check_tree_add(tree, buf_span(&leaf), &at), ERR_OK);
	buf_clear(&leaf);
}

static void set_parent(struct check_tree *tree, uint32_t node, uint32_t number)
{
	uint8_t key[32] = { 'p' };
	struct wire_parent_node parent = { SPAN_ARRAY(key), SPAN_EMPTY,
					   SPAN_EMPTY };

	/* a parent stands above leaves on both sides (4.1.2) */
	if (!check_tree_inhabited(tree, tree_math_left(node)) ||
	    !check_tree_inhabited(tree, tree_math_right(node)))
		return;
	memcpy(key + 1, &number, sizeof(number));
	assert_int_equal(check_tree_set_parent(tree, node, &parent), ERR_OK);
}

/* A tree of one leaf, and then of more. */
static void grow(struct check_tree *tree, uint32_t leaves)
{
	struct buf nodes = BUF_INIT;
	size_t vec = buf_open_vec(&nodes);

	buf_put_u8(&nodes, 1);
	buf_put_u8(&nodes, WIRE_NODE_LEAF);
	put_leaf(&nodes, 0);
	buf_close_vec(&nodes, vec);
	assert_int_equal(
	    check_tree_read(
		buf_span(&nodes),
		suite_by_id(SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519),
		tree),
	    ERR_OK);
	for (uint32_t i = 1; i < leaves; i++)
		add(tree, i);
	buf_clear(&nodes);
}

static void read_again(const struct check_tree *tree, struct check_tree *plain)
{
	struct buf bytes = BUF_INIT;

	check_tree_put(tree, &bytes);
	assert_int_equal(buf_end(&bytes), ERR_OK);
	assert_int_equal(check_tree_read(buf_span(&bytes), tree->suite, plain),
			 ERR_OK);
	buf_clear(&bytes);
}

/* Bytes, hash, and where the next one goes: those of a tree that is read anew. */
static void compare(struct check_tree *tree)
{
	struct check_tree plain;
	struct span a, b;

	read_again(tree, &plain);
	assert_int_equal(tree->leaf_count, plain.leaf_count);
	assert_int_equal(check_tree_hash(tree, &a), ERR_OK);
	assert_int_equal(check_tree_hash(&plain, &b), ERR_OK);
	assert_true(span_equal(a, b));
	for (uint32_t node = 0; node < tree_math_width(tree->leaf_count);
	     node++)
		assert_int_equal(tree->nodes[node].members,
				 plain.nodes[node].members);
	check_tree_clear(&plain);
}

/* The leaves that the index has of that user are all that the user has. */
static bool has_user(const struct check_tree *tree, struct span user)
{
	uint32_t next = 0;
	bool there = false;

	for (uint32_t i = 0; i < tree->leaf_count; i++) {
		const struct wire_leaf_node *leaf = check_tree_leaf(tree, i);

		if (leaf == NULL ||
		    !span_equal(roles_user(leaf->credential.identity), user))
			continue;
		there = true;
		do
			assert_true(check_tree_next_of(tree, user, &next));
		while (next++ < i);
		assert_int_equal(next, i + 1);
	}
	if (tree->indexed)
		assert_false(check_tree_next_of(tree, user, &next));
	return there;
}

static bool has(const struct check_tree *tree, uint32_t number)
{
	struct buf bytes = BUF_INIT;
	struct wire_leaf_node leaf;
	bool key, user;

	put_leaf(&bytes, number);
	assert_int_equal(wire_leaf_node_decode(buf_span(&bytes), &leaf),
			 ERR_OK);
	key = check_tree_has_signature_key(tree, leaf.signature_key);
	user = has_user(tree, roles_user(leaf.credential.identity));
	assert_int_equal(
	    check_tree_has_encryption_key(tree, &leaf.encryption_key, 1), key);
	assert_true(user || !key);
	buf_clear(&bytes);
	return key;
}

/* Some changes of any kind. */
static void change(struct check_tree *tree, uint32_t *state, uint32_t *number)
{
	for (uint32_t i = next_number(state) % 4 + 1; i > 0; i--) {
		uint32_t leaf = next_number(state) % tree->leaf_count;

		switch (next_number(state) % 4) {
		case 0:
			add(tree, (*number)++);
			break;
		case 1:
			/* one stays */
			if (check_tree_member_count(tree) > 1)
				assert_int_equal(check_tree_remove(tree, leaf),
						 ERR_OK);
			break;
		case 2:
			assert_int_equal(check_tree_blank_path(tree, leaf),
					 ERR_OK);
			break;
		default:
			if (tree->leaf_count > 1)
				set_parent(tree,
					   2 * (leaf % (tree->leaf_count - 1)) +
					       1,
					   (*number)++);
			break;
		}
	}
}

/* The same bytes and the same answers as before. */
static void take_back(struct check_tree *tree, uint32_t *state,
		      uint32_t *number)
{
	struct buf before = BUF_INIT, after = BUF_INIT;
	uint32_t width = tree->leaf_count, first = *number;

	check_tree_put(tree, &before);
	assert_int_equal(check_tree_begin(tree), ERR_OK);
	change(tree, state, number);
	check_tree_undo(tree);
	check_tree_put(tree, &after);
	assert_int_equal(tree->leaf_count, width);
	assert_true(span_equal(buf_span(&before), buf_span(&after)));
	for (uint32_t i = first; i < *number; i++)
		assert_false(has(tree, i));
	compare(tree);
	buf_clear(&before);
	buf_clear(&after);
}

static void run(uint32_t leaves, uint32_t seed)
{
	struct check_tree tree;
	uint32_t state = seed, number = leaves;

	grow(&tree, leaves);
	compare(&tree);
	for (int i = 0; i < ROUNDS; i++) {
		take_back(&tree, &state, &number);
		assert_int_equal(check_tree_begin(&tree), ERR_OK);
		change(&tree, &state, &number);
		check_tree_keep(&tree);
		if (i % 16 == 0)
			compare(&tree);
	}
	check_tree_clear(&tree);
}

/* Across sizes at which the tree is extended and truncated. */
static void test_undo(void **state)
{
	(void)state;
	for (uint32_t leaves = 1; leaves < 20; leaves++)
		run(leaves, leaves);
}

static void test_undo_large(void **state)
{
	(void)state;
	run(LARGE, 1);
}

/* Who is there, who has left, and who never was. */
static void test_index(void **state)
{
	struct check_tree tree;
	(void)state;

	grow(&tree, LARGE);
	assert_int_equal(check_tree_begin(&tree), ERR_OK);
	assert_true(tree.indexed);
	for (uint32_t leaf = 0; leaf < LARGE; leaf++)
		if (leaf / 2 % 3 == 0)
			assert_int_equal(check_tree_remove(&tree, leaf),
					 ERR_OK);
	check_tree_keep(&tree);
	for (uint32_t i = 0; i < 2 * LARGE; i++)
		assert_int_equal(has(&tree, i), i < LARGE && i / 2 % 3 != 0);
	assert_false(has_user(&tree, SPAN_LIT("user0")));
	assert_true(has_user(&tree, SPAN_LIT("user1")));
	check_tree_clear(&tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_undo),
		cmocka_unit_test(test_undo_large),
		cmocka_unit_test(test_index),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
