/* Threads of the application's for a join (mls/identity.h): what comes of it is what
 * comes of one thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "mls/broken.h"
#include "mls/group_internal.h"
#include "mls/tree_check.h"
#include "tests/testlib/members.h"
#include "tests/testlib/rules.h"
#include "tests/testlib/runner.h"

enum { MEMBERS = 13 };

struct crowd {
	struct member all[MEMBERS], outside;
	struct buf info;
};

static int setup(void **state)
{
	struct crowd *c = calloc(1, sizeof(*c));
	struct member *others[MEMBERS - 1];
	struct mls_commit made;
	char name[16];

	assert_non_null(c);
	for (size_t i = 0; i < MEMBERS; i++) {
		(void)snprintf(name, sizeof(name), "m%zu/1", i);
		member_init(&c->all[i], rules_suite(), name);
		if (i > 0)
			others[i - 1] = &c->all[i];
	}
	member_init(&c->outside, rules_suite(), "dave/1");
	member_create(&c->all[0], "group");
	/* without a path: no parent hash depends on a leaf */
	member_commit(&c->all[0], others, MEMBERS - 1, NULL, 0, false, &made);
	mls_commit_clear(&made);
	assert_int_equal(
	    mls_group_info(c->all[0].group, &c->all[0].me, true, &c->info),
	    ERR_OK);
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	struct crowd *c = *state;

	for (size_t i = 0; i < MEMBERS; i++)
		member_clear(&c->all[i]);
	member_clear(&c->outside);
	buf_clear(&c->info);
	free(c);
	return 0;
}

static enum err join(struct crowd *c, const struct mls_runner *runner)
{
	struct mls_external how = { .resync = false };
	struct mls_identity me = c->outside.me;
	struct mls_group *group = NULL;
	struct mls_commit made = { 0 };
	enum err e;

	me.runner = runner;
	e = mls_group_join_external(&me, buf_span(&c->info), &how, &group,
				    &made);
	assert_int_equal(e == ERR_OK, group != NULL);
	mls_group_free(group);
	mls_commit_clear(&made);
	return e;
}

static void test_join(void **state)
{
	static const size_t parts[] = { 0, 1, 2, 3, 16, MLS_PARTS_MAX, 1000 };
	struct crowd *c = *state;

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		size_t called = 0;
		struct mls_runner runner = { runner_run, &called, parts[i] };

		assert_int_equal(join(c, &runner), ERR_OK);
		assert_int_equal(called, parts[i] < 2 ? 0
					 : parts[i] < MLS_PARTS_MAX
					     ? parts[i]
					     : MLS_PARTS_MAX);
	}
}

/* ---- a runner that does not do what it should ---- */

static void run_some(void *context, void (*part)(void *work, size_t i),
		     void *work, size_t count)
{
	const size_t *left_out = context;

	for (size_t i = 0; i < count; i++)
		if (i != *left_out)
			part(work, i);
	part(work, count); /* there is none */
}

static void test_left_out(void **state)
{
	struct crowd *c = *state;

	for (size_t i = 0; i <= 4; i++) {
		struct mls_runner runner = { run_some, &i, 4 };

		assert_int_equal(join(c, &runner),
				 i < 4 ? ERR_LOCAL_BUG : ERR_OK);
	}
}

/* ---- leaves that are wrong ---- */

/* Where a leaf's signature ends in an encoded tree. */
static size_t signature_in(const struct crowd *c, const struct buf *encoded,
			   uint32_t leaf)
{
	const struct tree *tree = &c->all[0].group->now->tree;
	struct span signature = tree_leaf(tree, leaf)->node.signature;

	for (size_t at = 0; at + signature.n <= encoded->n; at++)
		if (span_equal(span_of(encoded->p + at, signature.n),
			       signature))
			return at + signature.n - 1;
	fail_msg("a leaf is not in its tree");
	return 0;
}

static enum err check(struct crowd *c, const struct buf *encoded, size_t parts)
{
	struct mls_runner runner = { runner_run, NULL, parts };
	struct tree tree = TREE_INIT;
	enum err e;

	assert_int_equal(
	    tree_decode(&tree, c->all[0].me.suite, buf_span(encoded)), ERR_OK);
	assert_int_equal(tree_index(&tree), ERR_OK);
	e = tree_check(&tree, SPAN_LIT("group"), SPAN_EMPTY, &runner);
	tree_clear(&tree);
	return e;
}

static void test_wrong_leaves(void **state)
{
	struct crowd *c = *state;
	struct buf encoded = BUF_INIT;

	tree_encode(&c->all[0].group->now->tree, &encoded);
	assert_int_equal(buf_end(&encoded), ERR_OK);
	assert_int_equal(check(c, &encoded, 4), ERR_OK);
	for (uint32_t leaf = 0; leaf < MEMBERS; leaf++) {
		size_t at = signature_in(c, &encoded, leaf);
		enum err alone;

		encoded.p[at] ^= 1;
		alone = check(c, &encoded, 1);
		assert_int_equal(alone >> BROKEN_SHIFT,
				 MLS_RULE_LEAF_SIGNATURE);
		for (size_t parts = 2; parts <= 5; parts++)
			assert_int_equal(check(c, &encoded, parts), alone);
		encoded.p[at] ^= 1;
	}
	buf_clear(&encoded);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_join, setup, teardown),
		cmocka_unit_test_setup_teardown(test_left_out, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrong_leaves, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
