/* Two logs of one account that part: which one counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/testlib/accounts.h"

#define LAPTOP 0
#define PHONE 1
#define TABLET 2
#define PAPER HOUSE_RECOVERY

/* A house and a branch of it. */
struct parted {
	struct house *first, second;
};

/* With laptop and phone in both, and the recovery key or not. */
static struct parted begin(bool recovery)
{
	struct parted p = { .first = house_new(recovery) };

	house_add(p.first, LAPTOP, PHONE);
	for (int i = TABLET; i < TABLET + 4; i++)
		house_make(p.first, i);
	house_make_recovery(p.first, 1);
	house_make_recovery(p.first, 2);
	p.second = house_branch(p.first);
	return p;
}

static enum account_order mirrored(enum account_order order)
{
	switch (order) {
	case ACCOUNT_FIRST_LONGER:
		return ACCOUNT_SECOND_LONGER;
	case ACCOUNT_SECOND_LONGER:
		return ACCOUNT_FIRST_LONGER;
	case ACCOUNT_FIRST:
		return ACCOUNT_SECOND;
	case ACCOUNT_SECOND:
		return ACCOUNT_FIRST;
	case ACCOUNT_SAME:
	case ACCOUNT_FORK:
	case ACCOUNT_OTHERS:
		break;
	}
	return order;
}

static void compare(const struct account_log *before, struct span first,
		    struct span second, enum account_order expected)
{
	enum account_order order;
	struct check_verdict verdict;

	verdict = account_log_compare(before, first, second, &order);
	assert_null(verdict.wrong);
	assert_int_equal(order, expected);
	verdict = account_log_compare(before, second, first, &order);
	assert_null(verdict.wrong);
	assert_int_equal(order, mirrored(expected));
}

/* From the first link on; asked both ways round. */
static void decide(struct parted *p, enum account_order expected)
{
	struct account_log *none;

	assert_int_equal(account_log_new(&none), ERR_OK);
	compare(none, buf_span(&p->first->links), buf_span(&p->second.links),
		expected);
	account_log_free(none);
	house_end_branch(&p->second);
	house_delete(p->first);
}

static void test_same(void **state)
{
	struct parted p = begin(true);
	(void)state;

	house_add(p.first, LAPTOP, TABLET);
	house_end_branch(&p.second);
	p.second = house_branch(p.first);
	decide(&p, ACCOUNT_SAME);
}

static void test_longer(void **state)
{
	struct parted p = begin(true);
	(void)state;

	house_add(p.first, LAPTOP, TABLET);
	house_remove(p.first, TABLET, PHONE);
	decide(&p, ACCOUNT_FIRST_LONGER);
}

static void test_two_accounts(void **state)
{
	struct parted p = begin(true), other = begin(true);
	(void)state;

	house_end_branch(&p.second);
	p.second = house_branch(other.first);
	decide(&other, ACCOUNT_SAME);
	decide(&p, ACCOUNT_OTHERS);
}

static void test_fork(void **state)
{
	struct parted p = begin(true);
	(void)state;

	house_add(p.first, LAPTOP, TABLET);
	house_add(&p.second, LAPTOP, TABLET + 1);
	decide(&p, ACCOUNT_FORK);
}

/* ---- the recovery key ---- */

static void test_recovery_counts_before_a_device(void **state)
{
	struct parted p = begin(true);
	(void)state;

	house_add(p.first, PHONE, TABLET);
	house_remove(p.first, PHONE, LAPTOP);
	house_add(&p.second, LAPTOP, TABLET + 1);
	house_remove(&p.second, PAPER, PHONE);
	decide(&p, ACCOUNT_SECOND);
}

/* A thief replaces the recovery key, and signs with the new one. */
static void test_a_recovery_key_of_the_branch_does_not_count(void **state)
{
	struct parted p = begin(true);
	(void)state;

	house_recover(p.first, PHONE, 1);
	house_remove(p.first, PAPER + 1, LAPTOP);
	house_remove(&p.second, PAPER, PHONE);
	decide(&p, ACCOUNT_SECOND);
}

static void test_replaced_with_its_own_signature(void **state)
{
	struct parted p = begin(true);
	(void)state;

	house_recover(p.first, PAPER, 1);
	house_add(p.first, PAPER + 1, TABLET);
	house_add(&p.second, LAPTOP, TABLET + 1);
	house_remove(&p.second, LAPTOP, PHONE);
	decide(&p, ACCOUNT_FIRST);
}

static void test_where_no_recovery_key_stood(void **state)
{
	struct parted p = begin(false);
	(void)state;

	house_recover(p.first, LAPTOP, 1);
	house_recover(p.first, PAPER + 1, 2);
	house_add(&p.second, PHONE, TABLET);
	decide(&p, ACCOUNT_FORK);
}

static void test_recovery_both_ways(void **state)
{
	struct parted p = begin(true);
	(void)state;

	house_remove(p.first, PAPER, LAPTOP);
	house_remove(&p.second, PAPER, PHONE);
	decide(&p, ACCOUNT_FORK);
}

/* Both have one: the other rules decide. */
static void test_recovery_both_ways_and_removed(void **state)
{
	struct parted p = begin(true);
	(void)state;

	house_add(p.first, PHONE, TABLET);
	house_recover(p.first, PAPER, 1);
	house_remove(&p.second, PAPER, PHONE);
	decide(&p, ACCOUNT_SECOND);
}

/* ---- a device that the other one removes ---- */

static void test_begun_by_the_removed(void **state)
{
	struct parted p = begin(false);
	(void)state;

	house_add(p.first, PHONE, TABLET);
	house_add(&p.second, LAPTOP, TABLET + 1);
	house_remove(&p.second, TABLET + 1, PHONE);
	decide(&p, ACCOUNT_SECOND);
}

static void test_each_removes_the_other(void **state)
{
	struct parted p = begin(false);
	(void)state;

	house_remove(p.first, PHONE, LAPTOP);
	house_remove(&p.second, LAPTOP, PHONE);
	decide(&p, ACCOUNT_FORK);
}

/* Only who began the branch counts. */
static void test_removed_later_in_the_branch(void **state)
{
	struct parted p = begin(false);
	(void)state;

	house_add(p.first, LAPTOP, TABLET);
	house_add(p.first, PHONE, TABLET + 1);
	house_remove(&p.second, LAPTOP, PHONE);
	decide(&p, ACCOUNT_FORK);
}

/* ---- withdrawn ---- */

static void test_withdrawn(void **state)
{
	struct parted p = begin(false);
	uint8_t lost[ACCOUNT_HASH];
	(void)state;

	house_add(p.first, PHONE, TABLET);
	house_hash(p.first, 3, lost);
	house_add(&p.second, LAPTOP, TABLET + 1);
	house_withdraw(&p.second, PHONE, SPAN_ARRAY(lost));
	decide(&p, ACCOUNT_SECOND);
}

static void test_withdrawn_by_somebody_else(void **state)
{
	struct parted p = begin(false);
	uint8_t lost[ACCOUNT_HASH];
	(void)state;

	house_add(p.first, PHONE, TABLET);
	house_hash(p.first, 3, lost);
	house_withdraw(&p.second, LAPTOP, SPAN_ARRAY(lost));
	decide(&p, ACCOUNT_FORK);
}

static void test_each_withdraws_the_other(void **state)
{
	struct parted p = begin(false);
	uint8_t lost[ACCOUNT_HASH];
	(void)state;

	house_add(p.first, PHONE, TABLET);
	house_add(&p.second, PHONE, TABLET + 1);
	house_hash(&p.second, 3, lost);
	house_withdraw(p.first, PHONE, SPAN_ARRAY(lost));
	house_hash(p.first, 3, lost);
	house_withdraw(&p.second, PHONE, SPAN_ARRAY(lost));
	decide(&p, ACCOUNT_FORK);
}

/* A stolen device withdraws its own link, on which the recovery key has built. */
static void test_recovery_counts_before_withdrawing(void **state)
{
	struct parted p = begin(true);
	uint8_t lost[ACCOUNT_HASH];
	(void)state;

	house_add(p.first, PHONE, TABLET);
	house_remove(p.first, PAPER, PHONE);
	house_hash(p.first, 3, lost);
	house_add(&p.second, LAPTOP, TABLET + 1);
	house_withdraw(&p.second, PHONE, SPAN_ARRAY(lost));
	decide(&p, ACCOUNT_FIRST);
}

/* Nor does it undo its removal by another device so. */
static void test_the_removed_withdraws_nothing(void **state)
{
	struct parted p = begin(false);
	uint8_t own[ACCOUNT_HASH];
	(void)state;

	house_add(p.first, PHONE, TABLET);
	house_remove(p.first, LAPTOP, PHONE);
	house_hash(p.first, 3, own);
	house_withdraw(&p.second, PHONE, SPAN_ARRAY(own));
	house_add(&p.second, PHONE, TABLET + 1);
	decide(&p, ACCOUNT_FIRST);
}

/* ---- from a place on ---- */

static void test_from_where_they_part(void **state)
{
	struct parted p = begin(false);
	struct account_log *common;
	enum account_order order;
	struct buf bad = BUF_INIT;
	size_t shared = p.first->links.n;
	struct span first, second;
	(void)state;

	assert_int_equal(account_log_copy(p.first->log, &common), ERR_OK);
	house_add(p.first, PHONE, TABLET);
	house_remove(&p.second, LAPTOP, PHONE);
	first = span_of(p.first->links.p + shared, p.first->links.n - shared);
	second = span_of(p.second.links.p + shared, p.second.links.n - shared);
	compare(common, first, second, ACCOUNT_SECOND);
	compare(common, SPAN_EMPTY, SPAN_EMPTY, ACCOUNT_SAME);
	compare(common, SPAN_EMPTY, second, ACCOUNT_SECOND_LONGER);
	/* what does not verify decides nothing */
	buf_put(&bad, second);
	bad.p[bad.n - 1] ^= 1;
	assert_string_equal(
	    account_log_compare(common, first, buf_span(&bad), &order).wrong,
	    "its signature does not verify");
	assert_string_equal(
	    account_log_compare(common, SPAN_EMPTY, buf_span(&bad), &order)
		.wrong,
	    "its signature does not verify");
	bad.n--;
	assert_non_null(
	    account_log_compare(common, buf_span(&bad), first, &order).wrong);
	buf_clear(&bad);
	account_log_free(common);
	decide(&p, ACCOUNT_SECOND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_longer),
		cmocka_unit_test(test_two_accounts),
		cmocka_unit_test(test_fork),
		cmocka_unit_test(test_recovery_counts_before_a_device),
		cmocka_unit_test(
		    test_a_recovery_key_of_the_branch_does_not_count),
		cmocka_unit_test(test_replaced_with_its_own_signature),
		cmocka_unit_test(test_where_no_recovery_key_stood),
		cmocka_unit_test(test_recovery_both_ways),
		cmocka_unit_test(test_recovery_both_ways_and_removed),
		cmocka_unit_test(test_begun_by_the_removed),
		cmocka_unit_test(test_each_removes_the_other),
		cmocka_unit_test(test_removed_later_in_the_branch),
		cmocka_unit_test(test_withdrawn),
		cmocka_unit_test(test_withdrawn_by_somebody_else),
		cmocka_unit_test(test_each_withdraws_the_other),
		cmocka_unit_test(test_recovery_counts_before_withdrawing),
		cmocka_unit_test(test_the_removed_withdraws_nothing),
		cmocka_unit_test(test_from_where_they_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
