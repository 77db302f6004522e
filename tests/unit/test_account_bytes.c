/* An account's log: every byte changed, links left out or in another order, and a log
 * of before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "check/account_state.h"
#include "tests/testlib/accounts.h"

#define LAPTOP 0
#define PHONE 1

/* One link of each kind. */
static struct house *all_kinds(void)
{
	struct house *h = house_new(true);
	uint8_t lost[ACCOUNT_HASH] = { 9 };

	house_add(h, LAPTOP, PHONE);
	house_keys(h, PHONE);
	house_recover(h, LAPTOP, 1);
	house_withdraw(h, PHONE, SPAN_ARRAY(lost));
	house_remove(h, HOUSE_RECOVERY + 1, PHONE);
	house_close(h, LAPTOP);
	return h;
}

/* What is wrong with a link whose byte at `at` was changed: NULL, what stands
 * between place and signature may break any rule. */
static const char *expected(size_t at, size_t n)
{
	if (at == 0)
		return "its version or kind is not known here";
	if (at < 9)
		return "its number is not the next one";
	if (at < 41)
		return "it does not follow the link before it";
	return at >= n - ACCOUNT_SIGNATURE ? "its signature does not verify"
					   : NULL;
}

static void change_each_byte(struct account_log *log, struct span link)
{
	uint8_t changed[ACCOUNT_LINK_MAX];
	struct check_verdict verdict;
	struct account_place before, after;
	const char *wrong;

	account_log_place(log, &before);
	(void)span_copy(changed, link);
	for (size_t i = 0; i < link.n; i++) {
		changed[i] ^= (uint8_t)(1u << (i % 8));
		verdict = account_log_add(log, span_of(changed, link.n));
		wrong = expected(i, link.n);
		if (verdict.wrong == NULL)
			fail_msg("byte %zu", i);
		if (wrong != NULL)
			assert_string_equal(verdict.wrong, wrong);
		assert_false(verdict.local);
		changed[i] = link.p[i];
	}
	account_log_place(log, &after);
	assert_memory_equal(&before, &after, sizeof(after));
}

static void test_every_byte_counts(void **state)
{
	struct house *h = all_kinds();
	struct account_log *log;
	struct account_place end_of_log, place;
	(void)state;

	assert_int_equal(account_log_new(&log), ERR_OK);
	for (uint64_t i = 1; i <= 7; i++) {
		change_each_byte(log, house_link(h, i));
		assert_null(account_log_add(log, house_link(h, i)).wrong);
	}
	account_log_place(log, &place);
	end_of_log = house_place(h);
	assert_memory_equal(&place, &end_of_log, sizeof(place));
	account_log_free(log);
	house_delete(h);
}

/* Left out, twice, or in another order. */
static void test_every_link_counts(void **state)
{
	struct house *h = all_kinds();
	struct account_log *log;
	(void)state;

	assert_int_equal(account_log_new(&log), ERR_OK);
	for (uint64_t i = 1; i <= 7; i++) {
		for (uint64_t other = 1; other <= 7; other++)
			if (other != i)
				assert_non_null(
				    account_log_add(log, house_link(h, other))
					.wrong);
		assert_null(account_log_add(log, house_link(h, i)).wrong);
	}
	account_log_free(log);
	house_delete(h);
}

static void test_all_at_once(void **state)
{
	struct house *h = all_kinds();
	struct span links = buf_span(&h->links);
	struct account_place place;
	struct account_log *log;
	(void)state;

	assert_int_equal(account_log_new(&log), ERR_OK);
	links.n--;
	assert_string_equal(account_log_add_all(log, links).wrong,
			    "it is no list of links");
	account_log_place(log, &place);
	assert_true(place.number == 6);
	assert_string_equal(account_log_add_all(log, buf_span(&h->links)).wrong,
			    "its number is not the next one");
	account_log_free(log);
	house_delete(h);
}

/* What was verified before is taken as it was, but for its signatures. */
static void test_load(void **state)
{
	struct house *h = all_kinds();
	struct account_place place, end_of_log = house_place(h);
	struct account_log *log;
	struct buf changed = BUF_INIT;
	(void)state;

	buf_put(&changed, buf_span(&h->links));
	changed.p[changed.n - 1] ^= 1;
	assert_int_equal(account_log_new(&log), ERR_OK);
	assert_null(account_log_load(log, buf_span(&h->links)).wrong);
	account_log_place(log, &place);
	assert_memory_equal(&place, &end_of_log, sizeof(place));
	account_log_free(log);
	assert_int_equal(account_log_new(&log), ERR_OK);
	assert_string_equal(account_log_add_all(log, buf_span(&changed)).wrong,
			    "its signature does not verify");
	assert_null(
	    account_log_load(log, span_of(changed.p + changed.n - 118, 118))
		.wrong);
	assert_string_equal(account_log_load(log, buf_span(&changed)).wrong,
			    "the account is closed");
	account_log_free(log);
	buf_clear(&changed);
	house_delete(h);
}

/* The format stays: a log of before is good, with the same hash. */
static void test_frozen(void **state)
{
	static const uint8_t expected[ACCOUNT_HASH] = {
		0x1a, 0xa5, 0x7e, 0x1e, 0x1b, 0x77, 0x34, 0x42,
		0x96, 0x40, 0x1c, 0x61, 0xb6, 0x2f, 0x17, 0x62,
		0x2e, 0x95, 0x85, 0xe0, 0x38, 0x38, 0xe3, 0xd8,
		0x26, 0x66, 0xae, 0xda, 0xdb, 0x6a, 0xf3, 0xa1
	};
	FILE *file = fopen("tests/fuzz/corpus/account_log/every-kind", "rb");
	static uint8_t bytes[4096];
	struct account_place place;
	struct account_log *log;
	struct rd r;
	(void)state;

	assert_non_null(file);
	r = rd_init(span_of(bytes, fread(bytes, 1, sizeof(bytes), file)));
	(void)fclose(file);
	assert_int_equal(account_log_new(&log), ERR_OK);
	assert_null(account_log_add_all(log, rd_vec(&r)).wrong);
	account_log_place(log, &place);
	assert_true(place.number == 7);
	assert_memory_equal(place.hash, expected, ACCOUNT_HASH);
	account_log_free(log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_byte_counts),
		cmocka_unit_test(test_every_link_counts),
		cmocka_unit_test(test_all_at_once),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_frozen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
