/* Whom a device has met: what a server shows of another account's log, and what
 * is kept of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rd.h"
#include "device/accounts/branches.h"
#include "device/accounts/handover.h"
#include "device/core.h"
#include "device/record.h"
#include "tests/testlib/accounts.h"
#include "tests/testlib/records.h"

#define LAPTOP 0
#define PHONE 1
#define TABLET 2
#define PAPER HOUSE_RECOVERY

struct world {
	struct records records;
	struct device_ports ports;
	struct device *device; /* carol's */
	struct house *alice;
	unsigned reads, page; /* links of a page */
};

static uint64_t now(void *clock)
{
	(void)clock;
	return UINT64_C(1700000000000);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	const struct device_config config = {
		.username = "carol",
		.device_id = "00000000-0000-4000-8000-000000000001",
		.offer = { { SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519 },
			   1 },
	};

	assert_non_null(w);
	w->page = 3;
	records_init(&w->records);
	w->ports = (struct device_ports){ .store = &w->records.store,
					  .rng = rng_system(),
					  .now_ms = now };
	assert_int_equal(device_open(&config, &w->ports, &w->device), ERR_OK);
	w->alice = house_new(true);
	house_add(w->alice, LAPTOP, PHONE);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	device_close(w->device);
	records_free(&w->records);
	house_delete(w->alice);
	free(w);
	return 0;
}

/* ---- a server that shows one log ---- */

static void answer_with(struct world *w, const struct house *shown,
			const struct request *request, struct answer *answer,
			struct span *links)
{
	uint64_t count = shown != NULL ? house_place(shown).number : 0;

	w->reads++;
	assert_int_equal(request->kind, REQUEST_ACCOUNT_LOG);
	assert_string_equal(request->user, "alice");
	answer->links = links;
	answer->last = count;
	if (shown == NULL)
		return;
	answer->has_fingerprint = true;
	(void)span_copy(answer->fingerprint,
			account_log_fingerprint(shown->log));
	answer->salt = SPAN_ARRAY(shown->salt);
	for (uint64_t i = request->after;
	     i < count && answer->link_count < w->page; i++)
		links[answer->link_count++] = house_link(shown, i + 1);
	answer->more = request->after + answer->link_count < count;
}

static const struct outcome *meet(struct world *w, const struct house *shown)
{
	const char *const users[] = { "alice" };
	const struct order order = { .kind = ORDER_MEET,
				     .users = users,
				     .user_count = 1 };
	struct span links[16];
	struct request request;
	enum device_turn turn;
	uint32_t wait_ms;

	w->reads = 0;
	assert_int_equal(device_start(w->device, &order), ERR_OK);
	while ((turn = device_turn(w->device, &request, &wait_ms)) !=
	       DEVICE_DONE) {
		struct answer answer = { .result = ERR_OK };

		assert_int_equal(turn, DEVICE_ASK);
		answer_with(w, shown, &request, &answer, links);
		device_answer(w->device, &answer);
	}
	return device_outcome(w->device);
}

static void meet_well(struct world *w, const struct house *shown,
		      unsigned reads)
{
	const struct outcome *outcome = meet(w, shown);

	if (outcome->result != ERR_OK)
		fail_msg("%s", outcome->why->text);
	assert_int_equal(w->reads, reads);
}

static void meet_badly(struct world *w, const struct house *shown,
		       const char *slug)
{
	const struct outcome *outcome = meet(w, shown);

	assert_int_not_equal(outcome->result, ERR_OK);
	assert_string_equal(outcome->why->slug, slug);
}

/* ---- what is kept ---- */

static void expect(struct world *w, uint64_t number, const char *compared,
		   const char *word)
{
	struct buf json = BUF_INIT;
	char wanted[64];

	assert_int_equal(device_person(w->device, "alice", &json), ERR_OK);
	buf_put_u8(&json, 0);
	assert_int_equal(buf_end(&json), ERR_OK);
	(void)snprintf(wanted, sizeof(wanted), "\"number\":%llu,",
		       (unsigned long long)number);
	assert_non_null(strstr((char *)json.p, wanted));
	(void)snprintf(wanted, sizeof(wanted), "\"compared\":\"%s\"", compared);
	assert_non_null(strstr((char *)json.p, wanted));
	if (word != NULL)
		assert_non_null(strstr((char *)json.p, word));
	buf_clear(&json);
}

static void compare(struct world *w)
{
	assert_int_equal(device_compared(w->device, "alice"), ERR_OK);
}

static void test_met_and_followed(void **state)
{
	struct world *w = *state;
	struct buf json = BUF_INIT;

	assert_int_equal(device_person(w->device, "alice", &json),
			 ERR_STATE_GONE);
	assert_int_equal(device_compared(w->device, "alice"), ERR_STATE_GONE);
	meet_well(w, w->alice, 1);
	expect(w, 2, "no", "\"forked\":false");
	compare(w);
	expect(w, 2, "yes", "\"devices\":2");
	meet_well(w, w->alice, 1);
	for (int i = TABLET; i < 8; i++)
		house_add(w->alice, LAPTOP, i);
	meet_well(w, w->alice, 3); /* pages of what is new */
	expect(w, 8, "yes", NULL);
	buf_clear(&json);
}

static void test_a_log_of_pages(void **state)
{
	struct world *w = *state;

	for (int i = TABLET; i < 8; i++)
		house_add(w->alice, LAPTOP, i);
	meet_well(w, w->alice, 3);
	expect(w, 8, "no", NULL);
}

static void test_changed_since_it_was_compared(void **state)
{
	struct world *w = *state;

	meet_well(w, w->alice, 1);
	compare(w);
	house_recover(w->alice, LAPTOP, 1);
	meet_well(w, w->alice, 1);
	expect(w, 3, "changed", NULL);
	compare(w);
	expect(w, 3, "yes", NULL);
	house_add(w->alice, PAPER + 1, TABLET);
	meet_well(w, w->alice, 1);
	expect(w, 4, "changed", NULL);
}

static void test_a_shorter_log_is_a_hint(void **state)
{
	struct world *w = *state;
	struct house before = house_branch(w->alice);

	house_add(w->alice, LAPTOP, TABLET);
	meet_well(w, w->alice, 1);
	meet_well(w, &before, 2);
	expect(w, 3, "no", NULL);
	meet_badly(w, NULL, "no-account-log");
	expect(w, 3, "no", NULL);
	house_end_branch(&before);
}

static void test_no_log(void **state)
{
	struct world *w = *state;
	struct buf json = BUF_INIT;

	meet_badly(w, NULL, "no-account-log");
	assert_int_equal(device_person(w->device, "alice", &json),
			 ERR_STATE_GONE);
	buf_clear(&json);
}

static void test_a_link_that_is_wrong(void **state)
{
	struct world *w = *state;
	struct house bad = house_branch(w->alice);

	bad.links.p[bad.links.n - 1] ^= 1;
	meet_badly(w, &bad, "account-log-invalid");
	meet_well(w, w->alice, 1);
	house_add(w->alice, LAPTOP, TABLET);
	house_end_branch(&bad);
	bad = house_branch(w->alice);
	bad.links.p[bad.links.n - 1] ^= 1;
	meet_badly(w, &bad, "account-log-invalid");
	expect(w, 2, "no", NULL);
	meet_well(w, w->alice, 1);
	expect(w, 3, "no", NULL);
	house_end_branch(&bad);
}

static void test_a_salt_that_is_wrong(void **state)
{
	struct world *w = *state;

	w->alice->salt[0] ^= 1; /* so it would be anybody's log */
	meet_badly(w, w->alice, "account-log-invalid");
}

/* What device_person() says is shown under the name of alice; "" for nothing. */
static enum err accept_shown(struct world *w, const char *fingerprint)
{
	return device_accept(w->device, "alice", fingerprint);
}

static void get_shown(struct world *w, char out[2 * ACCOUNT_HASH + 1])
{
	struct buf json = BUF_INIT;
	const char *text;

	assert_int_equal(device_person(w->device, "alice", &json), ERR_OK);
	buf_put_u8(&json, 0);
	assert_int_equal(buf_end(&json), ERR_OK);
	text = strstr((const char *)json.p, "\"other_fingerprint\":\"");
	assert_non_null(text);
	assert_non_null(strstr((const char *)json.p, "\"other_digits\":\""));
	memcpy(out, text + strlen("\"other_fingerprint\":\""),
	       2 * ACCOUNT_HASH);
	out[2 * ACCOUNT_HASH] = '\0';
	buf_clear(&json);
}

/* The server shows a third account between the printing and the word for it. */
static void test_only_what_was_printed_is_accepted(void **state)
{
	struct world *w = *state;
	struct house *others = calloc(2, sizeof(*others));
	char printed[2 * ACCOUNT_HASH + 1], shown[2 * ACCOUNT_HASH + 1];

	assert_non_null(others);
	house_init(&others[0], false);
	house_init(&others[1], false);
	meet_well(w, w->alice, 1);
	meet_badly(w, &others[0], "identity-changed");
	get_shown(w, printed);
	meet_badly(w, &others[1], "identity-changed");
	get_shown(w, shown);
	assert_string_not_equal(printed, shown);
	assert_int_equal(accept_shown(w, printed), ERR_STATE_CONFLICT);
	assert_int_not_equal(accept_shown(w, ""), ERR_OK);
	assert_int_not_equal(accept_shown(w, "no digits"), ERR_OK);
	expect(w, 2, "no", "\"other\":true");
	assert_int_equal(accept_shown(w, shown), ERR_OK);
	expect(w, 1, "no", "\"other\":false");
	assert_int_equal(accept_shown(w, shown), ERR_STATE_GONE);
	house_free(&others[0]);
	house_free(&others[1]);
	free(others);
}

static void test_another_account_under_the_name(void **state)
{
	struct world *w = *state;
	struct house *other = house_new(false);
	char shown[2 * ACCOUNT_HASH + 1] = "00";

	assert_int_equal(accept_shown(w, shown), ERR_STATE_GONE);
	meet_well(w, w->alice, 1);
	compare(w);
	for (int i = 0; i < 2; i++) {
		meet_badly(w, other, "identity-changed");
		expect(w, 2, "yes", "\"other\":true");
	}
	/* the person decides, and has compared nothing of that one */
	get_shown(w, shown);
	assert_int_equal(accept_shown(w, shown), ERR_OK);
	expect(w, 1, "no", "\"other\":false");
	meet_well(w, other, 1);
	meet_badly(w, w->alice, "identity-changed");
	get_shown(w, shown);
	assert_int_equal(accept_shown(w, shown), ERR_OK);
	expect(w, 2, "yes", NULL); /* it was met before */
	house_delete(other);
}

static void test_a_fork_is_kept(void **state)
{
	struct world *w = *state;
	struct house branch = house_branch(w->alice);

	meet_well(w, w->alice, 1);
	compare(w);
	house_add(w->alice, LAPTOP, TABLET);
	meet_well(w, w->alice, 1);
	house_make(w->alice, TABLET + 1);
	branch.keys[TABLET + 1] = w->alice->keys[TABLET + 1];
	house_add(&branch, LAPTOP, TABLET + 1);
	house_add(&branch, LAPTOP, TABLET + 2);
	meet_badly(w, &branch, "account-forked");
	expect(w, 3, "changed", "\"forked\":true");
	meet_well(w, w->alice, 1); /* and it stays so */
	expect(w, 3, "changed", "\"forked\":true");
	house_remove(w->alice, LAPTOP, PHONE);
	meet_well(w, w->alice, 1);
	expect(w, 4, "changed", "\"forked\":true");
	compare(w); /* the person stays with it */
	expect(w, 4, "yes", "\"forked\":false");
	meet_well(w, &branch, 3); /* that one is known */
	expect(w, 4, "yes", "\"forked\":false");
	house_remove(&branch, LAPTOP, TABLET + 1); /* it goes on: news */
	meet_badly(w, &branch, "account-forked");
	expect(w, 4, "changed", "\"forked\":true");
	compare(w);
	/* the recovery key decides */
	house_remove(&branch, PAPER, PHONE);
	meet_well(w, &branch, 3);
	expect(w, 6, "yes", "\"forked\":false");
	account_keys_clear(&branch.keys[TABLET + 2]);
	house_end_branch(&branch);
}

/* A branch that counts before one of two that contradict each other says nothing of the
 * other one. */
static void test_a_fork_outlives_a_branch(void **state)
{
	struct world *w = *state;
	struct house other, third;

	house_add(w->alice, LAPTOP, TABLET);
	other = house_branch(w->alice);
	third = house_branch(w->alice);
	house_add(w->alice, LAPTOP, TABLET + 1);
	house_add(&other, PHONE, TABLET + 2);
	house_remove(&third, TABLET, LAPTOP);
	meet_well(w, w->alice, 2);
	meet_badly(w, &other, "account-forked");
	expect(w, 4, "no", "\"devices\":4");
	meet(w, &third);
	expect(w, 4, "no", "\"devices\":2");
	expect(w, 4, "no", "\"forked\":true");
	account_keys_clear(&other.keys[TABLET + 2]);
	house_end_branch(&other);
	house_end_branch(&third);
}

/* A stolen device began a branch; the recovery key's counts. */
static void test_a_branch_that_counts(void **state)
{
	struct world *w = *state;
	struct house branch = house_branch(w->alice);

	house_add(w->alice, PHONE, TABLET);
	meet_well(w, w->alice, 1);
	compare(w);
	house_remove(&branch, PAPER, PHONE);
	house_keys(&branch, LAPTOP);
	meet_well(w, &branch, 3);
	expect(w, 4, "yes", "\"devices\":1");
	account_pair_clear(&branch.pair);
	/* the other one is not taken any more */
	meet_well(w, w->alice, 2);
	expect(w, 4, "yes", "\"devices\":1");
	house_end_branch(&branch);
}

/* What was compared on the branch that does not count was not compared. */
static void test_compared_on_the_other_branch(void **state)
{
	struct world *w = *state;
	struct house branch = house_branch(w->alice);

	house_add(w->alice, PHONE, TABLET);
	house_add(w->alice, PHONE, TABLET + 1);
	meet_well(w, w->alice, 2);
	compare(w);
	branch.keys[5] = (struct account_keys){ .count = 0 };
	house_add(&branch, PAPER, 5);
	house_remove(&branch, PAPER, PHONE);
	meet_well(w, &branch, 3);
	expect(w, 4, "changed", NULL);
	account_keys_clear(&branch.keys[5]);
	house_end_branch(&branch);
}

/* What a session may be judged by is known on a device that comes later, as far as the
 * handover has room for it. */
static void hand_over(struct world *w, size_t most, size_t logs)
{
	const struct device_config config = {
		.username = "carol",
		.device_id = "00000000-0000-4000-8000-000000000002",
		.offer = { { SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519 },
			   1 },
	};
	struct span fingerprint = account_log_fingerprint(w->alice->log);
	struct buf parcel = BUF_INIT, given = BUF_INIT;
	struct device_ports ports = w->ports;
	struct records records;
	struct device *phone;
	struct rd r;

	records_init(&records);
	ports.store = &records.store;
	assert_int_equal(device_open(&config, &ports, &phone), ERR_OK);
	assert_int_equal(core_begin(w->device), ERR_OK);
	assert_int_equal(handover_make(w->device, most, &parcel), ERR_OK);
	core_end_reading(w->device);
	assert_true(parcel.n <= most);
	assert_int_equal(core_begin(phone), ERR_OK);
	assert_int_equal(handover_take(phone, buf_span(&parcel)), ERR_OK);
	assert_int_equal(branches_give(phone, fingerprint, &given), ERR_OK);
	assert_int_equal(core_commit(phone), ERR_OK);
	r = rd_init(buf_span(&given));
	for (size_t i = 0; i < logs; i++)
		assert_true(rd_vec(&r).n > 0);
	assert_int_equal(rd_left(&r), 0);
	device_close(phone);
	records_free(&records);
	buf_clear(&parcel);
	buf_clear(&given);
}

static void test_branches_are_handed_over(void **state)
{
	struct world *w = *state;
	struct house counts = house_branch(w->alice);

	hand_over(w, 65536, 0);
	house_add(w->alice, PHONE, TABLET);
	meet_well(w, w->alice, 1);
	hand_over(w, 65536, 0);
	house_remove(&counts, PAPER, PHONE);
	meet(w, &counts);
	hand_over(w, 65536, 1);
	hand_over(w, 4000, 0); /* the branch has no room */
	house_end_branch(&counts);
}

/* A log of another account, and one whose last signature is wrong. */
static void test_only_good_branches_are_taken(void **state)
{
	struct world *w = *state;
	struct span fingerprint = account_log_fingerprint(w->alice->log);
	struct house bad = house_branch(w->alice);
	struct house *other = house_new(false);
	struct span logs[] = { SPAN_EMPTY, SPAN_EMPTY, SPAN_EMPTY };
	json_t *list = json_array(), *record, *row;
	struct buf given = BUF_INIT;

	bad.links.p[bad.links.n - 1] ^= 1;
	logs[0] = buf_span(&bad.links);
	logs[1] = buf_span(&other->links);
	logs[2] = buf_span(&w->alice->links);
	for (size_t i = 0; i < 3; i++) {
		row = json_object();
		assert_int_equal(record_set_bytes(row, "links", logs[i]),
				 ERR_OK);
		assert_int_equal(json_array_append_new(list, row), 0);
	}
	assert_int_equal(json_array_append_new(list, json_true()), 0);
	record = json_pack("{s:o}", "logs", list);
	assert_int_equal(core_begin(w->device), ERR_OK);
	assert_int_equal(branches_unpack(w->device, fingerprint, record),
			 ERR_OK);
	assert_int_equal(branches_give(w->device, fingerprint, &given), ERR_OK);
	assert_int_equal(core_commit(w->device), ERR_OK);
	assert_true(given.n > logs[2].n && given.n < logs[2].n + 5);
	json_decref(record);
	buf_clear(&given);
	house_end_branch(&bad);
	house_delete(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_met_and_followed),
		TEST(test_a_log_of_pages),
		TEST(test_changed_since_it_was_compared),
		TEST(test_a_shorter_log_is_a_hint),
		TEST(test_no_log),
		TEST(test_a_link_that_is_wrong),
		TEST(test_a_salt_that_is_wrong),
		TEST(test_another_account_under_the_name),
		TEST(test_only_what_was_printed_is_accepted),
		TEST(test_a_fork_is_kept),
		TEST(test_a_fork_outlives_a_branch),
		TEST(test_a_branch_that_counts),
		TEST(test_compared_on_the_other_branch),
		TEST(test_branches_are_handed_over),
		TEST(test_only_good_branches_are_taken),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
