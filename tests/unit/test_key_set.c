/* The set of a tree's keys: what it says "no" to is not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/key_set.h"

enum { KEYS = 3000 };

/* The i-th of many keys. */
static struct span key_at(uint32_t i, uint8_t out[32])
{
	for (size_t at = 0; at < 32; at++)
		out[at] = (uint8_t)(i >> 8 * (at % 4)) ^ (uint8_t)(at * 37);
	return span_of(out, 32);
}

static bool has(const struct key_set *set, uint32_t i)
{
	uint8_t bytes[32];

	return key_set_may_have(set, key_at(i, bytes));
}

static void put(struct key_set *set, uint32_t i)
{
	uint8_t bytes[32];

	assert_int_equal(key_set_put(set, key_at(i, bytes)), ERR_OK);
}

static void take(struct key_set *set, uint32_t i)
{
	uint8_t bytes[32];

	assert_int_equal(key_set_remove(set, key_at(i, bytes)), ERR_OK);
}

static void test_many(void **state)
{
	struct key_set set = KEY_SET_INIT;
	(void)state;

	for (uint32_t i = 0; i < KEYS; i++) {
		assert_false(has(&set, i));
		put(&set, i);
		assert_true(has(&set, i));
	}
	assert_false(key_set_may_repeat(&set));
	for (uint32_t i = 0; i < KEYS; i += 2)
		take(&set, i);
	for (uint32_t i = 0; i < KEYS; i++)
		assert_true(has(&set, i) == (i % 2 == 1));
	for (uint32_t i = 1; i < KEYS; i += 2)
		take(&set, i);
	for (uint32_t i = 0; i < KEYS; i++)
		assert_false(has(&set, i));
	key_set_clear(&set);
}

/* Who shares it sees nothing of what another changes. */
static void test_shared(void **state)
{
	struct key_set set = KEY_SET_INIT, before;
	(void)state;

	for (uint32_t i = 0; i < KEYS; i++)
		put(&set, i);
	before = key_set_share(&set);
	for (uint32_t i = 0; i < KEYS / 2; i++)
		take(&set, i);
	for (uint32_t i = KEYS; i < 2 * KEYS; i++)
		put(&set, i);
	for (uint32_t i = 0; i < 2 * KEYS; i++) {
		assert_true(has(&before, i) == (i < KEYS));
		assert_true(has(&set, i) == (i >= KEYS / 2));
	}
	key_set_clear(&set);
	for (uint32_t i = 0; i < KEYS; i++)
		assert_true(has(&before, i));
	key_set_clear(&before);
}

/* One key as often as one likes: more than a list takes, in all its bits. */
static void test_repeated(void **state)
{
	struct key_set set = KEY_SET_INIT;
	(void)state;

	for (uint32_t i = 0; i < 100; i++)
		put(&set, i);
	for (int i = 0; i < 50; i++) {
		put(&set, 7);
		assert_true(key_set_may_repeat(&set));
	}
	for (int i = 0; i < 50; i++) {
		assert_true(key_set_may_repeat(&set));
		take(&set, 7);
		assert_true(has(&set, 7));
	}
	assert_false(key_set_may_repeat(&set));
	take(&set, 7);
	assert_false(has(&set, 7));
	key_set_clear(&set);
}

static void test_absent(void **state)
{
	struct key_set set = KEY_SET_INIT;
	uint8_t bytes[32];
	(void)state;

	assert_int_equal(key_set_remove(&set, key_at(1, bytes)), ERR_LOCAL_BUG);
	put(&set, 2);
	assert_int_equal(key_set_remove(&set, key_at(1, bytes)), ERR_LOCAL_BUG);
	key_set_clear(&set);
}

/* Users with leaves: one has most of them, some have none. */
enum { USERS = 60, LEAVES = 2000 };

static uint32_t user_at(uint32_t leaf)
{
	return leaf % 3 == 0 ? 0 : leaf * 7 % USERS;
}

/* By going through all numbers. */
static bool find_pair(const bool *there, uint32_t user, uint32_t *number)
{
	while (*number < LEAVES &&
	       !(there[*number] && user_at(*number) == user))
		++*number;
	return *number < LEAVES;
}

static void compare_pairs(const struct key_set *set, const bool *there)
{
	uint8_t bytes[32];

	for (uint32_t user = 0; user < USERS + 5; user++)
		for (uint32_t from = 0; from < LEAVES + 100; from += 77) {
			uint32_t found = from, wanted = from;
			bool is =
			    key_set_next_pair(set, key_at(user, bytes), &found);

			assert_true(is == find_pair(there, user, &wanted));
			assert_true(!is || found == wanted);
		}
}

static void test_pairs(void **state)
{
	struct key_set set = KEY_SET_INIT;
	bool there[LEAVES] = { false };
	uint8_t bytes[32];
	uint32_t none = KEY_SET_NUMBERS;
	(void)state;

	compare_pairs(&set, there);
	for (uint32_t i = 0; i < LEAVES; i++) {
		assert_int_equal(
		    key_set_put_pair(&set, key_at(user_at(i), bytes), i),
		    ERR_OK);
		there[i] = true;
	}
	compare_pairs(&set, there);
	for (uint32_t i = 0; i < LEAVES; i++) {
		if (i % 5 == 0)
			continue;
		assert_int_equal(
		    key_set_remove_pair(&set, key_at(user_at(i), bytes), i),
		    ERR_OK);
		there[i] = false;
	}
	compare_pairs(&set, there);
	assert_int_equal(key_set_put_pair(&set, key_at(1, bytes), none),
			 ERR_LOCAL_BUG);
	assert_int_equal(key_set_remove_pair(&set, key_at(1, bytes), none),
			 ERR_LOCAL_BUG);
	assert_false(key_set_next_pair(&set, key_at(1, bytes), &none));
	key_set_clear(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many),	 cmocka_unit_test(test_shared),
		cmocka_unit_test(test_repeated), cmocka_unit_test(test_absent),
		cmocka_unit_test(test_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
