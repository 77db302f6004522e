/*
 * What the unit tests use of cmocka, where it cannot be: it returns from a failure by
 * longjmp(), which WebAssembly has not. Here the first failure ends the program with
 * status 1.
 */
#ifndef HERMETIC_TESTS_WASM_CMOCKA_H
#define HERMETIC_TESTS_WASM_CMOCKA_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CM_OUTPUT_TAP };

struct CMUnitTest {
	const char *name;
	void (*test)(void **state);
	int (*setup)(void **state), (*teardown)(void **state);
	void *initial_state;
};

#define cmocka_unit_test(f)                                                    \
	{                                                                      \
#f, f, NULL, NULL, NULL                                        \
	}
#define cmocka_unit_test_setup_teardown(f, setup, teardown)                    \
	{                                                                      \
#f, f, setup, teardown, NULL                                   \
	}
#define cmocka_set_message_output(output) ((void)(output))
#define print_message(...) ((void)printf(__VA_ARGS__))

#define fail_msg(...)                                                          \
	do {                                                                   \
		(void)printf("%s:%d: ", __FILE__, __LINE__);                   \
		(void)printf(__VA_ARGS__);                                     \
		(void)puts("");                                                \
		exit(1);                                                       \
	} while (0)
#define fail() fail_msg("failed")

#define assert_true(c)                                                         \
	do {                                                                   \
		if (!(c))                                                      \
			fail_msg("%s", #c);                                    \
	} while (0)
#define assert_false(c) assert_true(!(c))
#define assert_null(p) assert_true((p) == NULL)
#define assert_non_null(p) assert_true((p) != NULL)
#define assert_ptr_equal(a, b) assert_true((const void *)(a) == (b))
#define assert_int_equal(a, b)                                                 \
	do {                                                                   \
		uintmax_t is_ = (uintmax_t)(a), wanted_ = (uintmax_t)(b);      \
                                                                               \
		if (is_ != wanted_)                                            \
			fail_msg("%s is %#jx, not %#jx", #a, is_, wanted_);    \
	} while (0)
#define assert_int_not_equal(a, b) assert_true((uintmax_t)(a) != (uintmax_t)(b))
#define assert_in_range(a, low, high)                                          \
	assert_true((uintmax_t)(a) >= (uintmax_t)(low) &&                      \
		    (uintmax_t)(a) <= (uintmax_t)(high))
#define assert_string_equal(a, b)                                              \
	do {                                                                   \
		const char *is_ = (a), *wanted_ = (b);                         \
                                                                               \
		if (strcmp(is_, wanted_) != 0)                                 \
			fail_msg("%s is \"%s\", not \"%s\"", #a, is_,          \
				 wanted_);                                     \
	} while (0)
#define assert_string_not_equal(a, b) assert_true(strcmp((a), (b)) != 0)
#define assert_memory_equal(a, b, n) assert_true(memcmp((a), (b), (n)) == 0)
#define assert_memory_not_equal(a, b, n) assert_true(memcmp((a), (b), (n)) != 0)

/* The group, and which of it runs. */
static struct {
	const struct CMUnitTest *tests;
	size_t count, at;
	int (*teardown)(void **state);
	void *state;
} cmocka_group;

static inline void cmocka_run_one(const struct CMUnitTest *test)
{
	void *state = test->initial_state;

	if (test->setup != NULL && test->setup(&state) != 0)
		fail_msg("the setup of %s", test->name);
	test->test(&state);
	if (test->teardown != NULL && test->teardown(&state) != 0)
		fail_msg("the teardown of %s", test->name);
	(void)printf("ok %zu - %s\n", cmocka_group.at + 1, test->name);
}

static inline int cmocka_run_rest(void)
{
	for (; cmocka_group.at < cmocka_group.count; cmocka_group.at++)
		cmocka_run_one(&cmocka_group.tests[cmocka_group.at]);
	if (cmocka_group.teardown != NULL &&
	    cmocka_group.teardown(&cmocka_group.state) != 0)
		fail_msg("the teardown");
	(void)printf("1..%zu\n", cmocka_group.count);
	return 0;
}

/* There is no way back to the group from here: the rest of it runs on top. */
static inline void skip(void)
{
	(void)printf("ok %zu - %s # SKIP\n", cmocka_group.at + 1,
		     cmocka_group.tests[cmocka_group.at].name);
	cmocka_group.at++;
	exit(cmocka_run_rest());
}

static inline int cmocka_run(const struct CMUnitTest *tests, size_t count,
			     int (*setup)(void **state),
			     int (*teardown)(void **state))
{
	cmocka_group.tests = tests;
	cmocka_group.count = count;
	cmocka_group.teardown = teardown;
	if (setup != NULL && setup(&cmocka_group.state) != 0)
		fail_msg("the setup");
	return cmocka_run_rest();
}

#define cmocka_run_group_tests(tests, setup, teardown)                         \
	cmocka_run(tests, sizeof(tests) / sizeof(*(tests)), setup, teardown)

#endif
