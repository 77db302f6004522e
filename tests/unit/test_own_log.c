/* A device begins its account's log, keeps it, and believes no server about it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "device/record.h"
#include "session/account_sign.h"
#include "tests/testlib/keeper.h"

static void test_begins_once(void **state)
{
	struct keeper *k = *state;
	struct account_keys keys;
	struct account_log *log;
	(void)state;

	keeper_runs_well(k, 1);
	assert_int_equal(k->count, 1);
	assert_int_equal(account_log_new(&log), ERR_OK);
	assert_null(account_log_add(log, buf_span(&k->links[0])).wrong);
	assert_true(
	    account_log_is_named(log, buf_span(&k->salt), SPAN_LIT("alice")));
	keys = keeper_keys(k);
	assert_int_equal(keys.count, 2); /* two suites share Ed25519 */
	for (size_t i = 0; i < keys.count; i++)
		assert_true(span_equal(
		    account_log_signature_key(
			log, 1, suite_scheme(keys.signatures[i].suite)),
		    buf_span(&keys.signatures[i].public_key)));
	/* the keys that are in its leaves */
	assert_true(records_find(&k->records, "signature/ED448").n > 0);
	account_keys_clear(&keys);
	account_log_free(log);

	keeper_runs_well(k, 0);
	keeper_open(k);
	keeper_runs_well(k, 0);
	assert_int_equal(k->count, 1);
}

static void test_the_same_link_again(void **state)
{
	struct keeper *k = *state;
	struct buf first = BUF_INIT;

	k->answer_lost = true; /* the server has it, and nobody knows */
	keeper_runs_badly(k, ERR_LOCAL_IO, "refused");
	buf_put(&first, buf_span(&k->links[0]));
	k->count = 0;
	k->answer_lost = false;
	keeper_open(k);
	keeper_runs_well(k, 1);
	assert_true(span_equal(buf_span(&k->links[0]), buf_span(&first)));
	k->answer_lost = true;
	keeper_runs_well(k, 0);
	buf_clear(&first);
}

static void test_taken_though_the_answer_was_lost(void **state)
{
	struct keeper *k = *state;

	k->answer_lost = true;
	keeper_runs_badly(k, ERR_LOCAL_IO, "refused");
	keeper_open(k);
	keeper_runs_well(k, 0);
	assert_int_equal(k->count, 1);
}

static void test_unreachable(void **state)
{
	struct keeper *k = *state;

	k->read_fails = ERR_LOCAL_IO;
	keeper_runs_badly(k, ERR_LOCAL_IO, "refused");
	assert_int_equal(records_find(&k->records, "log/own").n, 0);
	k->read_fails = ERR_OK;
	keeper_runs_well(k, 1);
}

static void test_a_server_from_before(void **state)
{
	struct keeper *k = *state;

	k->read_fails = ERR_STATE_GONE;
	keeper_runs_well(k, 0);
	assert_int_equal(records_find(&k->records, "log/own").n, 0);
}

static void test_what_a_failover_lost_is_posted_again(void **state)
{
	struct keeper *k = *state;
	struct account_keys keys;
	struct account_signer by;
	struct account_log *log;
	struct buf link = BUF_INIT;

	keeper_runs_well(k, 1);
	keys = keeper_keys(k);
	by = (struct account_signer){ 1, sec_span(&keys.link.private_key) };
	assert_int_equal(account_log_new(&log), ERR_OK);
	assert_null(account_log_add(log, buf_span(&k->links[0])).wrong);
	assert_int_equal(
	    account_sign_keys(log, &by, NULL, 0, buf_span(&k->salt), &link),
	    ERR_OK);
	keeper_has(k, buf_span(&link));
	keeper_runs_well(k, 0); /* it is read, and kept */
	k->count = 1;
	keeper_runs_well(k, 1);
	assert_true(span_equal(buf_span(&k->links[1]), buf_span(&link)));
	k->count = 0;
	keeper_open(k);
	keeper_runs_well(k, 2);
	assert_true(span_equal(buf_span(&k->links[1]), buf_span(&link)));
	account_keys_clear(&keys);
	account_log_free(log);
	buf_clear(&link);
}

/* ---- a lying server ---- */

static struct buf links_of_somebody(void)
{
	struct house *h = house_new(false);
	struct buf link = BUF_INIT;

	buf_put(&link, house_link(h, 1));
	house_delete(h);
	return link;
}

static void test_another_log_is_not_taken(void **state)
{
	struct keeper *k = *state;
	struct buf theirs = links_of_somebody(), kept = BUF_INIT;

	k->answer_lost = true;
	keeper_runs_badly(k, ERR_LOCAL_IO, "refused");
	k->answer_lost = false;
	keeper_put_records(k, &kept);
	k->count = 0;
	keeper_has(k, buf_span(&theirs));
	keeper_runs_badly(k, ERR_PEER_FORK, "account-log-differs");
	keeper_expect_records(k, &kept);
	buf_clear(&theirs);
	buf_clear(&kept);
}

static void test_a_link_that_is_wrong(void **state)
{
	struct keeper *k = *state;
	struct buf theirs = links_of_somebody();

	keeper_runs_well(k, 1);
	keeper_has(k, buf_span(&theirs));
	keeper_runs_badly(k, ERR_PEER_FORK, "account-log-differs");
	k->count = 1;
	keeper_runs_well(k, 0);
	buf_clear(&theirs);
}

/* Before the links had records of their own they stood in the log's. */
static void test_a_record_of_before(void **state)
{
	struct keeper *k = *state;
	struct house *h = keeper_house(k);
	struct span head;
	struct buf text = BUF_INIT;
	json_t *record, *links = json_array();

	keeper_shows(k, h);
	keeper_runs_well(k, 0);
	head = records_find(&k->records, "log/own");
	record = json_loadb((const char *)head.p, head.n, 0, NULL);
	assert_non_null(record);
	for (uint64_t n = 1; n <= house_place(h).number; n++) {
		buf_reset(&text);
		text_put_base64(&text, house_link(h, n));
		(void)json_array_append_new(
		    links, json_stringn((const char *)text.p, text.n));
	}
	(void)json_object_set_new(record, "links", links);
	(void)json_object_del(record, "count");
	assert_int_equal(record_put(&k->records.store, "log/own", record),
			 ERR_OK);
	assert_int_equal(
	    k->records.store.remove(k->records.store.context, "log/own/0"),
	    ERR_OK);
	keeper_open(k);
	keeper_runs_well(k, 0);
	/* what is new is stored as it is now */
	house_add(h, 0, 2);
	keeper_shows(k, h);
	keeper_runs_well(k, 0);
	assert_true(span_equal(records_find(&k->records, "log/own/0"),
			       buf_span(&h->links)));
	keeper_open(k);
	keeper_runs_well(k, 0);
	json_decref(record);
	buf_clear(&text);
	house_delete(h);
}

/* A device that comes to an account with a log has no part in it, yet. */
static void test_not_in_the_log(void **state)
{
	struct keeper *k = *state;
	struct buf theirs = links_of_somebody();

	keeper_has(k, buf_span(&theirs));
	keeper_runs_well(k, 0);
	assert_int_equal(records_find(&k->records, "log/own").n, 0);
	buf_clear(&theirs);
}

static void test_refused(void **state)
{
	struct keeper *k = *state;

	k->post_fails = ERR_PEER_INVALID;
	keeper_runs_badly(k, ERR_PEER_INVALID, "refused");
	k->post_fails = ERR_OK;
	keeper_runs_well(k, 1);
}

/* It says that it has another link, and does not show it. */
static void test_taken_by_nobody(void **state)
{
	struct keeper *k = *state;

	k->post_fails = ERR_STATE_CONFLICT;
	keeper_runs_badly(k, ERR_PEER_FORK, "account-log-differs");
	assert_int_equal(k->posts, 2);
	k->post_fails = ERR_OK;
	keeper_runs_well(k, 1);
}

/* It says that it took it, and shows nothing; or that there is more, for ever. */
static void test_it_ends(void **state)
{
	struct keeper *k = *state;

	k->forgets = true;
	k->count = 0;
	keeper_runs_badly(k, ERR_STATE_PENDING, "link-kept");
	assert_true(k->posts <= 4);
	k->forgets = false;
	k->more = true;
	keeper_runs_well(k, 0);
	assert_true(k->reads <= 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, keeper_setup, keeper_teardown)
		TEST(test_begins_once),
		TEST(test_the_same_link_again),
		TEST(test_taken_though_the_answer_was_lost),
		TEST(test_unreachable),
		TEST(test_a_server_from_before),
		TEST(test_what_a_failover_lost_is_posted_again),
		TEST(test_another_log_is_not_taken),
		TEST(test_a_link_that_is_wrong),
		TEST(test_a_record_of_before),
		TEST(test_not_in_the_log),
		TEST(test_refused),
		TEST(test_taken_by_nobody),
		TEST(test_it_ends),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
