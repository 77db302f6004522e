/* A log that was loaded is one for all who hold it, until one of them changes it; and of
 * its records only those are written that a link changes. */
#include "device/accounts/loaded.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <string.h>

#include "tests/testlib/accounts.h"
#include "tests/testlib/records.h"

#define MUST(expression) assert_int_equal((expression), ERR_OK)

enum { LONG = LOADED_PIECE + 6 };

static void withdraw(struct house *h, uint8_t number)
{
	uint8_t hash[ACCOUNT_HASH] = { number, 1 };

	house_withdraw(h, 0, SPAN_ARRAY(hash));
}

static void make_long(struct house *h)
{
	house_init(h, false);
	while (house_place(h).number < LONG)
		withdraw(h, (uint8_t)house_place(h).number);
}

static bool is_same(const struct loaded *loaded, const struct house *h)
{
	struct account_place end = house_place(h);

	return span_equal(buf_span(&loaded->links), buf_span(&h->links)) &&
	       account_log_has(loaded->log, &end);
}

static void test_shared_until_one_changes_it(void **state)
{
	struct loaded *one, *other;
	struct house h, before;

	(void)state;
	house_init(&h, false);
	before = house_branch(&h);
	MUST(loaded_links(buf_span(&h.links), &one));
	other = loaded_share(one);
	assert_ptr_equal(one, other);
	withdraw(&h, 1);
	assert_null(loaded_add(&one, house_link(&h, 2)).wrong);
	assert_true(is_same(one, &h));
	assert_true(is_same(other, &before));
	/* who holds it alone goes on from where it is */
	assert_null(loaded_add_known(
			&other, account_links_behind(buf_span(&h.links), 1))
			.wrong);
	assert_true(is_same(other, &h));
	loaded_free(other);
	loaded_free(one);
	house_end_branch(&before);
	house_free(&h);
}

static void test_a_wrong_link_changes_nothing(void **state)
{
	struct loaded *one;
	struct house h;

	(void)state;
	house_init(&h, false);
	MUST(loaded_links(buf_span(&h.links), &one));
	assert_non_null(loaded_add(&one, house_link(&h, 1)).wrong);
	assert_non_null(loaded_add(&one, span_str("no link")).wrong);
	assert_true(is_same(one, &h));
	loaded_free(one);
	house_free(&h);
}

/* ---- records ---- */

static void expect_stored(struct records *records, const struct house *h)
{
	struct loaded *got;

	MUST(loaded_get(&records->store, "log", house_place(h).number, &got));
	assert_true(is_same(got, h));
	loaded_free(got);
}

static void test_what_a_link_adds_is_written(void **state)
{
	static const char mark[] = "as it was";
	struct loaded *stored, *longer;
	struct records records;
	struct house h;

	(void)state;
	records_init(&records);
	make_long(&h);
	MUST(loaded_links(buf_span(&h.links), &stored));
	MUST(loaded_put(&records.store, "log", NULL, stored));
	expect_stored(&records, &h);
	MUST(records.store.put(records.store.context, "log/0", span_str(mark)));
	longer = loaded_share(stored);
	withdraw(&h, LONG);
	assert_null(loaded_add(&longer, house_link(&h, LONG + 1)).wrong);
	MUST(loaded_put(&records.store, "log", stored, longer));
	assert_true(
	    span_equal(records_find(&records, "log/0"), span_str(mark)));
	/* what the records are is not known: all of them */
	MUST(loaded_put(&records.store, "log", NULL, longer));
	expect_stored(&records, &h);
	loaded_free(longer);
	loaded_free(stored);
	house_free(&h);
	records_free(&records);
}

/* Another branch, which is shorter. */
static void test_another_branch_is_written_from_where_it_parts(void **state)
{
	struct loaded *stored, *shorter;
	struct records records;
	struct house h, branch;

	(void)state;
	records_init(&records);
	house_init(&h, false);
	withdraw(&h, 1);
	branch = house_branch(&h);
	withdraw(&branch, 200);
	while (house_place(&h).number < LONG)
		withdraw(&h, (uint8_t)house_place(&h).number);
	MUST(loaded_links(buf_span(&h.links), &stored));
	MUST(loaded_put(&records.store, "log", NULL, stored));
	MUST(loaded_links(buf_span(&branch.links), &shorter));
	MUST(loaded_put(&records.store, "log", stored, shorter));
	expect_stored(&records, &branch);
	/* and back */
	MUST(loaded_put(&records.store, "log", shorter, stored));
	expect_stored(&records, &h);
	loaded_free(shorter);
	loaded_free(stored);
	house_end_branch(&branch);
	house_free(&h);
	records_free(&records);
}

static void test_records_that_are_no_log(void **state)
{
	struct loaded *got = NULL;
	struct records records;
	struct house h;

	(void)state;
	records_init(&records);
	house_init(&h, false);
	assert_int_equal(loaded_get(&records.store, "log", 1, &got),
			 ERR_STATE_GONE);
	assert_int_equal(loaded_get(&records.store, "log", UINT64_MAX, &got),
			 ERR_PEER_MALFORMED);
	MUST(records.store.put(records.store.context, "log/0",
			       span_str("no link")));
	assert_int_equal(loaded_get(&records.store, "log", 1, &got),
			 ERR_PEER_MALFORMED);
	assert_null(got);
	house_free(&h);
	records_free(&records);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shared_until_one_changes_it),
		cmocka_unit_test(test_a_wrong_link_changes_nothing),
		cmocka_unit_test(test_what_a_link_adds_is_written),
		cmocka_unit_test(
		    test_another_branch_is_written_from_where_it_parts),
		cmocka_unit_test(test_records_that_are_no_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
