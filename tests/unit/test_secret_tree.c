/* The secret tree's promises: any order, no key twice, bounded work, nothing
 * moves for a message that fails, and what was used is gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mls/label.h"
#include "mls/secret_tree.h"

#define LEAVES 5
#define APP SECRET_TREE_APPLICATION

static const uint8_t root[32] = { 42 };

static const struct suite *suite(void)
{
	return suite_by_id(SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519);
}

static int setup(void **state)
{
	struct secret_tree *tree = malloc(sizeof(*tree));

	*tree = SECRET_TREE_INIT;
	assert_int_equal(
	    secret_tree_init(tree, suite(), LEAVES, SPAN_ARRAY(root)), ERR_OK);
	*state = tree;
	return 0;
}

static int teardown(void **state)
{
	secret_tree_clear(*state);
	free(*state);
	return 0;
}

/* Takes and confirms. */
static struct secret_tree_key use(struct secret_tree *tree, uint32_t leaf,
				  uint32_t generation)
{
	struct secret_tree_staged staged = SECRET_TREE_STAGED_INIT;
	struct secret_tree_key key;

	assert_int_equal(secret_tree_take(tree, leaf, APP, generation, &staged),
			 ERR_OK);
	key = staged.key;
	assert_int_equal(key.generation, generation);
	secret_tree_confirm(&staged);
	return key;
}

static enum err take_fails(struct secret_tree *tree, uint32_t leaf,
			   uint32_t generation)
{
	struct secret_tree_staged staged = SECRET_TREE_STAGED_INIT;
	enum err e = secret_tree_take(tree, leaf, APP, generation, &staged);

	assert_null(staged.ratchet);
	secret_tree_abandon(&staged);
	return e;
}

static bool same(const struct secret_tree_key *a,
		 const struct secret_tree_key *b)
{
	return a->generation == b->generation &&
	       memcmp(a->key, b->key, suite()->nk) == 0 &&
	       memcmp(a->nonce, b->nonce, SUITE_NONCE) == 0;
}

static void save(const struct secret_tree *tree, struct buf *out)
{
	buf_reset(out);
	secret_tree_save(tree, out);
	assert_int_equal(buf_end(out), ERR_OK);
}

/* A second tree that uses its keys in order: what the first must find. */
static void test_out_of_order(void **state)
{
	static const uint32_t order[] = { 3, 0, 7, 6, 1, 2, 4, 5, 8 };
	struct secret_tree *tree = *state;
	struct secret_tree other = SECRET_TREE_INIT;
	struct secret_tree_key want[9];

	assert_int_equal(
	    secret_tree_init(&other, suite(), LEAVES, SPAN_ARRAY(root)),
	    ERR_OK);
	for (uint32_t leaf = LEAVES; leaf-- > 0;) {
		for (uint32_t g = 0; g < 9; g++)
			want[g] = use(&other, leaf, g);
		for (size_t i = 0; i < 9; i++) {
			struct secret_tree_key got = use(tree, leaf, order[i]);

			assert_true(same(&got, &want[order[i]]));
		}
	}
	secret_tree_clear(&other);
}

static void test_replay_refused(void **state)
{
	struct secret_tree *tree = *state;

	use(tree, 1, 0);
	assert_int_equal(take_fails(tree, 1, 0), ERR_STATE_GONE);
	use(tree, 1, 5);
	assert_int_equal(take_fails(tree, 1, 5), ERR_STATE_GONE);
	use(tree, 1, 3);
	assert_int_equal(take_fails(tree, 1, 3), ERR_STATE_GONE);
	use(tree, 1, 4);
	assert_int_equal(take_fails(tree, 1, 3), ERR_STATE_GONE);
	/* The other ratchet of the same leaf is another row of keys. */
	use(tree, 2, 0);
}

static void test_no_such_leaf(void **state)
{
	/* Five leaves live in a tree that is eight wide. */
	use(*state, 7, 0);
	assert_int_equal(take_fails(*state, 8, 0), ERR_PEER_INVALID);
	assert_int_equal(take_fails(*state, UINT32_MAX, 0), ERR_PEER_INVALID);
}

/* Nothing at all is derived: the tree's state is the same bytes. */
static void test_too_far_ahead(void **state)
{
	struct secret_tree *tree = *state;
	struct buf before = BUF_INIT, after = BUF_INIT;

	save(tree, &before);
	assert_int_equal(take_fails(tree, 0, SECRET_TREE_FORWARD_MAX + 1),
			 ERR_PEER_INVALID);
	assert_int_equal(take_fails(tree, 0, UINT32_MAX), ERR_PEER_INVALID);
	save(tree, &after);
	assert_true(span_equal(buf_span(&before), buf_span(&after)));
	use(tree, 0, SECRET_TREE_FORWARD_MAX);
	assert_int_equal(take_fails(tree, 0, 2 * SECRET_TREE_FORWARD_MAX + 2),
			 ERR_PEER_INVALID);
	use(tree, 0, 2 * SECRET_TREE_FORWARD_MAX + 1);
	buf_clear(&before);
	buf_clear(&after);
}

/* The store is bounded; the oldest fall out. */
static void test_skipped_bound(void **state)
{
	struct secret_tree *tree = *state;
	struct buf saved = BUF_INIT;

	use(tree, 0, SECRET_TREE_SKIPPED_MAX);
	use(tree, 0, SECRET_TREE_SKIPPED_MAX + 11);
	assert_int_equal(take_fails(tree, 0, 0), ERR_STATE_GONE);
	assert_int_equal(take_fails(tree, 0, 9), ERR_STATE_GONE);
	use(tree, 0, 10);
	use(tree, 0, SECRET_TREE_SKIPPED_MAX + 10);
	save(tree, &saved);
	assert_true(saved.n < (size_t)SECRET_TREE_SKIPPED_MAX * 50 + 2000);
	buf_clear(&saved);
}

/* What fails after take() leaves no trace in any generation's state. */
static void test_abandon(void **state)
{
	static const uint32_t tries[] = { 2, 4, 60 };
	struct secret_tree *tree = *state;
	struct secret_tree_staged staged = SECRET_TREE_STAGED_INIT;
	struct buf before = BUF_INIT, after = BUF_INIT;
	struct secret_tree_key key;

	use(tree, 3, 3);
	save(tree, &before);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(
		    secret_tree_take(tree, 3, APP, tries[i], &staged), ERR_OK);
		secret_tree_abandon(&staged);
		assert_true(staged.key.key[0] == 0 && staged.skipped == NULL);
		save(tree, &after);
		assert_true(span_equal(buf_span(&before), buf_span(&after)));
	}
	/* And they all are still there. */
	assert_int_equal(secret_tree_take(tree, 3, APP, 60, &staged), ERR_OK);
	key = staged.key;
	secret_tree_abandon(&staged);
	use(tree, 3, 2);
	use(tree, 3, 4);
	{
		struct secret_tree_key again = use(tree, 3, 60);

		assert_true(same(&key, &again));
	}
	buf_clear(&before);
	buf_clear(&after);
}

static void test_next_is_next(void **state)
{
	struct secret_tree *tree = *state;
	struct secret_tree_staged staged = SECRET_TREE_STAGED_INIT;

	for (uint32_t g = 0; g < 3; g++) {
		assert_int_equal(secret_tree_next(tree, 4, APP, &staged),
				 ERR_OK);
		assert_int_equal(staged.key.generation, g);
		secret_tree_confirm(&staged);
	}
	/* Given up before it left: the generation is free still. */
	assert_int_equal(secret_tree_next(tree, 4, APP, &staged), ERR_OK);
	secret_tree_abandon(&staged);
	assert_int_equal(secret_tree_next(tree, 4, APP, &staged), ERR_OK);
	assert_int_equal(staged.key.generation, 3);
	secret_tree_confirm(&staged);
}

/* ---- deletion (9.2) ---- */

#define SECRETS_MAX 16

/* Values to look for, kept inverted, so that the search does not find them. */
struct wanted {
	uint8_t inverted[SECRETS_MAX][32];
	size_t count;
};

static void want(struct wanted *wanted, const uint8_t *bytes)
{
	for (size_t i = 0; i < 32; i++)
		wanted->inverted[wanted->count][i] = bytes[i] ^ 0xff;
	wanted->count++;
}

static bool here(const uint8_t *p, const uint8_t inverted[32])
{
	unsigned differ = 0;

	for (size_t i = 0; i < 32 && differ == 0; i++)
		differ = (unsigned)p[i] ^ (unsigned)inverted[i] ^ 0xffu;
	return differ == 0;
}

static size_t count_in(const struct wanted *wanted, const uint8_t *p, size_t n)
{
	size_t found = 0;

	for (size_t i = 0; i + 32 <= n; i++) {
		for (size_t j = 0; j < wanted->count; j++)
			found += here(p + i, wanted->inverted[j]);
	}
	return found;
}

/* How often one of them is in the mappings of this process that are called
 * [heap] or, where `block` is not NULL, in that which has `block` in it; -1: there
 * is none. */
static int count_in_maps(const struct wanted *wanted, const void *block)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long from, to;
	char line[512];
	int found = -1;

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps) != NULL) {
		if (sscanf(line, "%lx-%lx", &from, &to) != 2)
			continue;
		if (block == NULL ? strstr(line, "[heap]") == NULL
				  : (unsigned long)block < from ||
					(unsigned long)block >= to)
			continue;
		found = (found < 0 ? 0 : found) +
			(int)count_in(wanted, (const uint8_t *)from, to - from);
	}
	(void)fclose(maps);
	return found;
}

/* qemu tells no names of mappings. */
static size_t count_in_heap(const struct wanted *wanted)
{
	int found = count_in_maps(wanted, NULL);

	if (found < 0) {
		void *block = malloc(1);

		found = count_in_maps(wanted, block);
		free(block);
	}
	assert_true(found >= 0);
	return (size_t)found;
}

/* The secrets of leaf 0's way down and of its first generations, derived here
 * as section 9 says. `used`: those that generation 2 consumes; `kept`: those
 * that must remain. */
static void derive_by_hand(struct wanted *used, struct wanted *kept)
{
	struct sec node = { 0 }, other = { 0 }, ratchet = { 0 }, key = { 0 };

	assert_int_equal(sec_set(&node, SPAN_ARRAY(root)), ERR_OK);
	for (size_t height = 3; height > 0; height--) {
		want(used, node.b);
		assert_int_equal(label_expand(suite(), sec_span(&node), "tree",
					      SPAN_LIT("right"), 32, &other),
				 ERR_OK);
		want(kept, other.b);
		assert_int_equal(label_expand(suite(), sec_span(&node), "tree",
					      SPAN_LIT("left"), 32, &node),
				 ERR_OK);
	}
	want(used, node.b);
	assert_int_equal(label_expand(suite(), sec_span(&node), "handshake",
				      SPAN_EMPTY, 32, &other),
			 ERR_OK);
	want(kept, other.b);
	assert_int_equal(label_expand(suite(), sec_span(&node), "application",
				      SPAN_EMPTY, 32, &ratchet),
			 ERR_OK);
	for (uint32_t g = 0; g < 3; g++) {
		want(used, ratchet.b);
		assert_int_equal(label_derive_tree(suite(), sec_span(&ratchet),
						   "key", g, 32, &key),
				 ERR_OK);
		want(g < 2 ? kept : used, key.b);
		assert_int_equal(label_derive_tree(suite(), sec_span(&ratchet),
						   "secret", g, 32, &ratchet),
				 ERR_OK);
	}
	want(kept, ratchet.b);
	sec_clear(&node);
	sec_clear(&other);
	sec_clear(&ratchet);
	sec_clear(&key);
}

static void assert_deleted(const struct secret_tree *tree,
			   const struct wanted *used, const struct wanted *kept)
{
	struct buf saved = BUF_INIT;

	assert_int_equal(count_in_heap(used), 0);
	if (kept != NULL)
		assert_int_equal(count_in_heap(kept), kept->count);
	save(tree, &saved);
	assert_int_equal(count_in(used, saved.p, saved.n), 0);
	if (kept != NULL)
		assert_int_equal(count_in(kept, saved.p, saved.n), kept->count);
	buf_clear(&saved);
}

static void test_used_keys_are_gone(void **state)
{
	struct secret_tree *tree = *state;
	struct wanted used = { 0 }, kept = { 0 };

#ifdef __SANITIZE_ADDRESS__
	skip(); /* its heap is not the one that is searched here */
#endif
	derive_by_hand(&used, &kept);
	use(tree, 0, 2);
	assert_deleted(tree, &used, &kept);
	/* Later the skipped ones go too, one by one. */
	use(tree, 0, 0);
	use(tree, 0, 1);
	for (size_t i = 0; i < kept.count; i++) {
		const uint8_t *inverted = kept.inverted[i];
		struct wanted one = { 0 };

		memcpy(one.inverted[0], inverted, 32);
		one.count = 1;
		/* The two keys of generations 0 and 1 stand after the three
		 * siblings and the handshake ratchet. */
		assert_int_equal(count_in_heap(&one), i == 4 || i == 5 ? 0 : 1);
	}
	secret_tree_clear(tree);
	assert_int_equal(count_in_heap(&kept), 0);
}

/* ---- storage ---- */

static void test_save_and_load(void **state)
{
	struct secret_tree *tree = *state;
	struct secret_tree loaded = SECRET_TREE_INIT;
	struct buf saved = BUF_INIT, again = BUF_INIT;
	struct rd r;

	use(tree, 0, 4);
	use(tree, 3, 1);
	use(tree, 0, 1);
	save(tree, &saved);
	r = rd_init(buf_span(&saved));
	assert_int_equal(secret_tree_load(&loaded, suite(), &r), ERR_OK);
	assert_int_equal(rd_end(&r), ERR_OK);
	save(&loaded, &again);
	assert_true(span_equal(buf_span(&saved), buf_span(&again)));
	assert_int_equal(take_fails(&loaded, 0, 1), ERR_STATE_GONE);
	for (uint32_t leaf = 0; leaf < LEAVES; leaf++) {
		struct secret_tree_key a = use(tree, leaf, 7);
		struct secret_tree_key b = use(&loaded, leaf, 7);

		assert_true(same(&a, &b));
	}
	secret_tree_clear(&loaded);
	buf_clear(&saved);
	buf_clear(&again);
}

/* No prefix loads, no byte changed crashes. */
static void test_load_is_strict(void **state)
{
	struct secret_tree *tree = *state;
	struct secret_tree loaded = SECRET_TREE_INIT;
	struct buf saved = BUF_INIT;

	use(tree, 0, 2);
	save(tree, &saved);
	for (size_t n = 0; n < saved.n; n++) {
		struct rd r = rd_init(span_of(saved.p, n));

		assert_int_not_equal(secret_tree_load(&loaded, suite(), &r),
				     ERR_OK);
		assert_null(loaded.root);
	}
	for (size_t i = 0; i < saved.n; i++) {
		struct rd r = rd_init(buf_span(&saved));

		saved.p[i] ^= 0x41;
		if (secret_tree_load(&loaded, suite(), &r) == ERR_OK)
			secret_tree_clear(&loaded);
		saved.p[i] ^= 0x41;
	}
	buf_clear(&saved);
}

static void test_lazy(void **state)
{
	struct secret_tree tree = SECRET_TREE_INIT;
	struct buf saved = BUF_INIT;
	(void)state;

	/* 2^20 leaves: only one way down is ever derived. */
	assert_int_equal(
	    secret_tree_init(&tree, suite(), 1u << 20, SPAN_ARRAY(root)),
	    ERR_OK);
	use(&tree, 777777, 0);
	save(&tree, &saved);
	assert_true(saved.n < 1000);
	secret_tree_clear(&tree);
	buf_clear(&saved);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_out_of_order),     TEST(test_replay_refused),
		TEST(test_no_such_leaf),     TEST(test_too_far_ahead),
		TEST(test_skipped_bound),    TEST(test_abandon),
		TEST(test_next_is_next),     TEST(test_used_keys_are_gone),
		TEST(test_save_and_load),    TEST(test_load_is_strict),
		cmocka_unit_test(test_lazy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
