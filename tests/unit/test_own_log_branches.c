/* A device's own account log of which a server shows another branch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "device/device.h"
#include "tests/testlib/keeper.h"

static void expect_log(struct keeper *k, const struct house *h)
{
	assert_int_equal(k->count, house_place(h).number);
	for (uint64_t n = 1; n <= k->count; n++)
		assert_true(
		    span_equal(buf_span(&k->links[n - 1]), house_link(h, n)));
}

static void leave_house(struct house *h, struct house *branch)
{
	house_end_branch(branch);
	house_delete(h);
}

static void test_a_branch_that_counts_is_taken(void **state)
{
	struct keeper *k = *state;
	struct house *h = keeper_house(k), other = house_branch(h);
	struct buf kept = BUF_INIT;

	house_add(h, 1, 2); /* by the device that the other one removes */
	house_remove(&other, 0, 1);
	house_add(&other, 0, 3);
	keeper_shows(k, h);
	keeper_runs_well(k, 0);
	keeper_shows(k, &other);
	keeper_runs_well(k, 0);
	keeper_put_records(k, &kept);
	/* and it stays */
	keeper_shows(k, h);
	keeper_runs_badly(k, ERR_PEER_FORK, "account-log-differs");
	keeper_expect_records(k, &kept);
	k->keeps_branches = true;
	keeper_runs_well(
	    k, 1); /* the next link does not go on there, which shows it */
	expect_log(k, &other);
	keeper_runs_well(k, 0);
	buf_clear(&kept);
	leave_house(h, &other);
}

/* While it waits for an answer, which shows less of the log. */
static void test_what_another_process_has_kept_stays(void **state)
{
	struct keeper *k = *state;
	struct house *h = keeper_house(k);
	struct device *first = k->device;
	struct answer answer = { .result = ERR_OK };
	struct span spans[KEEPER_LINKS];
	struct request request;
	uint32_t wait_ms;

	house_add(h, 0, 2);
	keeper_shows(k, h);
	keeper_start(k);
	assert_int_equal(device_turn(first, &request, &wait_ms), DEVICE_ASK);
	assert_int_equal(request.kind, REQUEST_ACCOUNT_LOG);
	keeper_answer_log(k, &request, &answer, spans);
	house_add(h, 0, 3);
	keeper_has(k, house_link(h, 4));
	k->device = NULL;
	keeper_open(k);
	keeper_runs_well(k, 0);
	device_close(k->device);
	k->device = first;
	k->records.changed = true;
	k->count = 3;
	device_answer(first, &answer);
	assert_int_equal(keeper_go_on(k)->result, ERR_OK);
	assert_int_equal(k->posts, 1);
	expect_log(k, h);
	house_delete(h);
}

/* A failover lost the link of this device, and another one came first. */
static void test_what_lost_its_number_is_withdrawn_and_done_again(void **state)
{
	struct keeper *k = *state;
	struct house *h = keeper_house(k), other = house_branch(h);
	uint8_t lost[ACCOUNT_HASH];
	struct account_link link;
	struct span rest, hash;

	house_add(h, 0, 2);
	house_hash(h, 3, lost);
	house_add(&other, 1, 3);
	keeper_shows(k, h);
	keeper_runs_well(k, 0);
	keeper_shows(k, &other);
	keeper_runs_well(k, 1);
	assert_int_equal(k->count, 4);
	assert_int_equal(account_link_decode(buf_span(&k->links[3]), &link),
			 ERR_OK);
	assert_int_equal(link.kind, ACCOUNT_ADD);
	rest = link.withdrawn;
	assert_true(account_link_next_hash(&rest, &hash));
	assert_true(span_equal(hash, SPAN_ARRAY(lost)));
	keeper_runs_well(k, 0);
	leave_house(h, &other);
}

static void test_a_fork_is_told_and_changes_nothing(void **state)
{
	struct keeper *k = *state;
	struct house *h = keeper_house(k), other = house_branch(h);
	struct buf kept = BUF_INIT;

	k->keeps_branches = true;
	house_remove(h, 0, 1);
	house_remove(&other, 1, 0);
	keeper_shows(k, h);
	keeper_runs_well(k, 0);
	keeper_put_records(k, &kept);
	keeper_shows(k, &other);
	keeper_runs_badly(k, ERR_PEER_FORK, "own-account-forked");
	assert_int_equal(k->branches + k->posts, 0);
	keeper_expect_records(k, &kept);
	buf_clear(&kept);
	leave_house(h, &other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, keeper_setup, keeper_teardown)
		TEST(test_a_branch_that_counts_is_taken),
		TEST(test_what_another_process_has_kept_stays),
		TEST(test_what_lost_its_number_is_withdrawn_and_done_again),
		TEST(test_a_fork_is_told_and_changes_nothing),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
