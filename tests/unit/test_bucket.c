/* The bucket of a session is what PostgreSQL's hash says. */
#include "store/bucket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Of 1,024. tests/integration/schema.test.mjs asks PostgreSQL for the same. */
static const struct {
	const char *session;
	unsigned bucket;
} known[] = {
	{ "c4ca4238-a0b9-2382-0dcc-509a6f75849b", 33 },
	{ "c81e728d-9d4c-2f63-6f06-7f89cc14862c", 638 },
	{ "eccbc87e-4b5c-e2fe-2830-8fd9f2a7baf3", 855 },
	{ "a87ff679-a2f3-e71d-9181-a67b7542122c", 0 },
	{ "e4da3b7f-bbce-2345-d777-2b0674a318d5", 702 },
	{ "1679091c-5a88-0faf-6fb5-e6087eb1b2dc", 186 },
	{ "00000000-0000-0000-0000-000000000000", 834 },
	{ "ffffffff-ffff-ffff-ffff-ffffffffffff", 349 },
};

static struct uuid session_of(size_t i)
{
	struct uuid session;

	assert_int_equal(uuid_parse(&session, span_str(known[i].session)),
			 ERR_OK);
	return session;
}

static void test_as_postgresql(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		assert_int_equal(bucket_of(session_of(i), BUCKETS_MAX),
				 known[i].bucket);
}

/* Two of a twice as fine division are one of the coarser one. */
static void test_ranges(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		for (unsigned n = 1; n < BUCKETS_MAX; n *= 2)
			assert_int_equal(bucket_of(session_of(i), n),
					 bucket_of(session_of(i), 2 * n) / 2);
}

/* Three ranges leave a number over, which is the last one's, as with Citus. */
static void test_uneven(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		assert_true(bucket_of(session_of(i), 3) < 3);
	assert_int_equal(bucket_of(session_of(0), 1), 0);
	assert_int_equal(bucket_of(session_of(0), 0), 0);
}

/* So many buckets are each of one of so many shards. */
static void test_fit(void **state)
{
	char why[BUCKETS_MISFIT_SIZE];

	(void)state;
	assert_true(buckets_fit(1, 0));
	assert_true(buckets_fit(7, 0));
	assert_true(buckets_fit(8, 8));
	assert_true(buckets_fit(24, 8));
	assert_true(buckets_fit(2, 1));
	assert_false(buckets_fit(1, 1));
	assert_false(buckets_fit(1, 8));
	assert_false(buckets_fit(4, 8));
	assert_false(buckets_fit(12, 8));
	buckets_misfit(why, BUCKETS_MAX, UINT64_MAX);
	assert_string_equal(why,
			    "HERMETIC_DATABASE_BUCKETS is 1024, and the "
			    "sessions are on 18446744073709551615 shards: it "
			    "has to be that, or a multiple of it");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_postgresql),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_uneven),
		cmocka_unit_test(test_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
