/* Groups, by scripts of members in every suite. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "../testlib/members.h"
#include "crypto/sign.h"

#define TRIO 3

/* Alice makes a group, adds Bob; both talk. */
static void pair_init(struct member *m, const struct suite *suite)
{
	struct mls_commit commit;
	struct member *bob[] = { &m[1] };

	member_init(&m[0], suite, "alice/1");
	member_init(&m[1], suite, "bob/1");
	member_create(&m[0], "group");
	member_commit(&m[0], bob, 1, NULL, 0, false, &commit);
	member_join(&m[1], &commit);
	mls_commit_clear(&commit);
}

static void pair_clear(struct member *m)
{
	member_clear(&m[0]);
	member_clear(&m[1]);
}

static void run_pair(const struct suite *suite)
{
	struct member m[2];
	struct mls_commit commit;

	pair_init(m, suite);
	members_talk(m, 2);
	for (size_t i = 0; i < 4; i++) {
		member_commit(&m[i % 2], NULL, 0, NULL, 0, true, &commit);
		member_follow(&m[1 - i % 2], buf_span(&commit.commit));
		mls_commit_clear(&commit);
		member_reload(&m[0]);
		members_talk(m, 2);
	}
	assert_int_equal(mls_group_epoch(m[0].group), 5);
	pair_clear(m);
}

static void each_suite(void (*run)(const struct suite *suite))
{
	size_t count;
	const struct suite *table = suite_table(&count);

	for (size_t i = 0; i < count; i++)
		run(&table[i]);
}

static void test_pair(void **state)
{
	(void)state;
	each_suite(run_pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
