/* RFC 9420 sections 7.9.2 and 12.4.3.1: the parent nodes of the tree that one
 * joins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "mls/group_internal.h"
#include "mls/tree_node.h"
#include "tests/testlib/rules.h"

static const struct cheat_info nothing;

static void other_parent_hash(struct wire_leaf_node *leaf)
{
	static const uint8_t hash[32];

	leaf->parent_hash = SPAN_ARRAY(hash);
}

static void test_parent_hash(void **state)
{
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	struct cheat how = { .by = ALICE, .leaf = other_parent_hash };
	assert_int_equal(rules_join(DAVE, &how, &nothing, MLS_RULE_PARENT_HASH),
			 ERR_PEER_INVALID);
	rules_end(rules);
}

static uint8_t known_key[32];

static void with_known_key(struct wire_leaf_node *leaf)
{
	leaf->encryption_key = SPAN_ARRAY(known_key);
}

/* "the encryption key in the parent node does not appear in any other node":
 * carol's leaf gets that of alice's and bob's parent. */
static void test_parent_key(void **state)
{
	const struct tree_node *parent;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	parent = tree_node(&CAROL->group->now->tree, 1);
	assert_non_null(parent->parent);
	memcpy(known_key, parent->parent->encryption_key.p, sizeof(known_key));
	struct cheat how = { .by = CAROL, .leaf = with_known_key };
	assert_int_equal(
	    rules_join(DAVE, &how, &nothing, MLS_RULE_ENCRYPTION_KEYS_UNIQUE),
	    ERR_PEER_INVALID);
	rules_end(rules);
}

/* ---- unmerged leaves ---- */

#define FIVE 5

/* Five members, eight places, the last three blank; the first has committed
 * last, so that the root is not blank. */
static void five_init(struct member *m)
{
	static const char *const names[] = { "a", "b", "c", "d", "e", "f" };
	struct member *others[] = { &m[1], &m[2], &m[3], &m[4] };
	struct mls_commit commit;

	for (size_t i = 0; i <= FIVE; i++)
		member_init(&m[i], rules_suite(), names[i]);
	member_create(&m[0], "group");
	member_commit(&m[0], others, 4, NULL, 0, false, &commit);
	for (size_t i = 1; i < FIVE; i++)
		member_join(&m[i], &commit);
	mls_commit_clear(&commit);
	member_commit(&m[0], NULL, 0, NULL, 0, true, &commit);
	for (size_t i = 1; i < FIVE; i++)
		member_follow(&m[i], buf_span(&commit.commit));
	mls_commit_clear(&commit);
}

static void add_unmerged(struct tree *tree, uint32_t leaf)
{
	assert_int_equal(tree_node_own(tree->suite, &tree->root), ERR_OK);
	assert_int_equal(tree_node_add_unmerged(tree->root, leaf), ERR_OK);
}

static void blank_unmerged(struct tree *tree)
{
	add_unmerged(tree, 6);
}

static void outside_unmerged(struct tree *tree)
{
	add_unmerged(tree, 9);
}

/* "represents a non-blank leaf node that is a descendant of the parent" */
static void test_unmerged(void **state)
{
	struct member m[FIVE + 1];
	(void)state;

	five_init(m);
	struct cheat how = { .by = &m[0], .no_path = true };
	assert_int_equal(rules_join(&m[FIVE], &how, &nothing, MLS_RULE_NONE),
			 ERR_OK);
	how.tree = blank_unmerged;
	assert_int_equal(
	    rules_join(&m[FIVE], &how, &nothing, MLS_RULE_UNMERGED_LEAVES),
	    ERR_PEER_INVALID);
	how.tree = outside_unmerged;
	assert_int_equal(
	    rules_join(&m[FIVE], &how, &nothing, MLS_RULE_UNMERGED_LEAVES),
	    ERR_PEER_INVALID);
	members_talk(m, FIVE);
	for (size_t i = 0; i <= FIVE; i++)
		member_clear(&m[i]);
}

/* A node with a key, where a walk from the root leads: 'l' or 'r' each step. */
static struct tree_node *key_at(struct tree *tree, const char *walk)
{
	static const uint8_t key[32] = { 9 };
	struct wire_parent_node parent = { .encryption_key = SPAN_ARRAY(key) };
	struct tree_node **slot = &tree->root;

	assert_int_equal(tree_node_own(tree->suite, slot), ERR_OK);
	for (; *walk != '\0'; walk++) {
		slot = *walk == 'l' ? &(*slot)->left : &(*slot)->right;
		assert_int_equal(tree_node_own(tree->suite, slot), ERR_OK);
	}
	assert_int_equal(tree_node_set_parent(*slot, &parent), ERR_OK);
	return *slot;
}

/* The parent of the fifth and the new sixth gets a key, and lists neither: the
 * root lists the sixth. (The parent hash breaks with it: a node with a key that
 * does not know a leaf below has another hash than when it was made.) */
static void key_between(struct tree *tree)
{
	(void)key_at(tree, "rl");
}

/* Far from the root, on either side, somebody who is no descendant. */
static void outside_on_the_left(struct tree *tree)
{
	assert_int_equal(tree_node_add_unmerged(key_at(tree, "l"), 9), ERR_OK);
}

static void outside_on_the_right(struct tree *tree)
{
	assert_int_equal(tree_node_add_unmerged(key_at(tree, "r"), 9), ERR_OK);
}

static void test_unmerged_between(void **state)
{
	struct member m[FIVE + 1];
	(void)state;

	five_init(m);
	struct cheat how = { .by = &m[0],
			     .no_path = true,
			     .tree = key_between };
	assert_int_equal(
	    rules_join(&m[FIVE], &how, &nothing, MLS_RULE_UNMERGED_LEAVES),
	    ERR_PEER_INVALID);
	how.tree = outside_on_the_left;
	assert_int_equal(
	    rules_join(&m[FIVE], &how, &nothing, MLS_RULE_UNMERGED_LEAVES),
	    ERR_PEER_INVALID);
	how.tree = outside_on_the_right;
	assert_int_equal(
	    rules_join(&m[FIVE], &how, &nothing, MLS_RULE_RATCHET_TREE_END),
	    ERR_PEER_INVALID);
	members_talk(m, FIVE);
	for (size_t i = 0; i <= FIVE; i++)
		member_clear(&m[i]);
}

/* A node far from the committer, with a key that no leaf below vouches for; the
 * committer's path covers it, so that all else is right. */
static void test_parent_hash_elsewhere(void **state)
{
	struct member m[FIVE + 1];
	(void)state;

	five_init(m);
	struct cheat how = { .by = &m[0] };
	assert_int_equal(rules_join(&m[FIVE], &how, &nothing, MLS_RULE_NONE),
			 ERR_OK);
	how.tree = key_between;
	assert_int_equal(
	    rules_join(&m[FIVE], &how, &nothing, MLS_RULE_PARENT_HASH),
	    ERR_PEER_INVALID);
	members_talk(m, FIVE);
	for (size_t i = 0; i <= FIVE; i++)
		member_clear(&m[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parent_hash),
		cmocka_unit_test(test_parent_key),
		cmocka_unit_test(test_unmerged),
		cmocka_unit_test(test_unmerged_between),
		cmocka_unit_test(test_parent_hash_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
