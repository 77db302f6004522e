/* A device begins its account's log, keeps it, and believes no server about it:
 * records in memory, and a server by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "device/device.h"
#include "device/record.h"
#include "session/account_sign.h"
#include "tests/testlib/accounts.h"
#include "tests/testlib/records.h"

enum { LINKS = 16 };

struct world {
	struct records records;
	struct device_ports ports;
	struct device *device;

	/* the server */
	struct buf links[LINKS];
	size_t count;
	struct buf salt;
	unsigned posts, reads, branches;
	enum err read_fails, post_fails; /* before anything is done */
	bool forgets;			 /* takes links, and shows none */
	bool more;			 /* says that there is more */
	bool answer_lost;		 /* takes a link, and says nothing */
	bool keeps_branches;		 /* and takes what counts */
};

static uint64_t now(void *clock)
{
	(void)clock;
	return UINT64_C(1700000000000);
}

static void open_device(struct world *w)
{
	const struct device_config config = {
		.username = "alice",
		.device_id = "00000000-0000-4000-8000-000000000001",
		.offer = { { SUITE_X448_AES256GCM_SHA512_ED448,
			     SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519,
			     SUITE_X25519_TWOFISH256GCM_SHA256_ED25519 },
			   3 },
	};

	device_close(w->device);
	assert_int_equal(device_open(&config, &w->ports, &w->device), ERR_OK);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	records_init(&w->records);
	w->ports = (struct device_ports){ .store = &w->records.store,
					  .rng = rng_system(),
					  .now_ms = now };
	open_device(w);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	device_close(w->device);
	records_free(&w->records);
	for (size_t i = 0; i < LINKS; i++)
		buf_clear(&w->links[i]);
	buf_clear(&w->salt);
	free(w);
	return 0;
}

/* ---- the server ---- */

static void keep(struct world *w, struct span link)
{
	assert_true(w->count < LINKS);
	buf_reset(&w->links[w->count]);
	buf_put(&w->links[w->count++], link);
}

static void answer_log(struct world *w, const struct request *request,
		       struct answer *answer, struct span *spans)
{
	w->reads++;
	assert_string_equal(request->user, "alice");
	answer->result = w->read_fails;
	answer->links = spans;
	answer->more = w->more;
	if (w->forgets)
		return;
	answer->last = w->count;
	for (size_t i = request->after; i < w->count; i++)
		spans[answer->link_count++] = buf_span(&w->links[i]);
}

static bool goes_on(const struct world *w, const struct account_link *link)
{
	uint8_t last[ACCOUNT_HASH];

	return w->count == 0 ||
	       (account_link_hash(buf_span(&w->links[w->count - 1]), last) ==
		    ERR_OK &&
		span_equal(link->before, SPAN_ARRAY(last)));
}

static void answer_post(struct world *w, const struct request *request,
			struct answer *answer)
{
	struct account_link link;

	w->posts++;
	/* it is stored before it is posted */
	assert_true(records_find(&w->records, "log/own").n > 0);
	assert_true(records_find(&w->records, "log/keys").n > 0);
	answer->result = w->post_fails;
	if (w->post_fails != ERR_OK)
		return;
	assert_int_equal(account_link_decode(request->bytes, &link), ERR_OK);
	assert_int_equal(request->salt.n,
			 link.number == 1 ? (int)ACCOUNT_HASH : 0);
	if (link.number == w->count + 1 && !goes_on(w, &link))
		answer->result = ERR_PEER_INVALID;
	else if (link.number == w->count + 1)
		keep(w, request->bytes);
	else if (link.number > w->count ||
		 !span_equal(request->bytes,
			     buf_span(&w->links[link.number - 1])))
		answer->result = ERR_STATE_CONFLICT;
	if (link.number == 1) {
		buf_reset(&w->salt);
		buf_put(&w->salt, request->salt);
	}
	if (w->answer_lost)
		answer->result = ERR_LOCAL_IO;
}

/* A branch that counts takes the place of what is there. */
static void answer_branch(struct world *w, const struct request *request)
{
	struct rd r = rd_init(request->bytes);
	struct account_link link;

	w->branches++;
	assert_int_equal(account_link_decode(rd_vec(&r), &link), ERR_OK);
	w->count = (size_t)link.number - 1;
	for (r = rd_init(request->bytes); rd_left(&r) > 0;)
		keep(w, rd_vec(&r));
}

static const struct outcome *go_on(struct world *w)
{
	struct span spans[LINKS];
	struct request request;
	enum device_turn turn;
	uint32_t wait_ms;

	while ((turn = device_turn(w->device, &request, &wait_ms)) !=
	       DEVICE_DONE) {
		struct answer answer = { .result = ERR_OK };

		assert_int_equal(turn, DEVICE_ASK);
		if (request.kind == REQUEST_ACCOUNT_LOG)
			answer_log(w, &request, &answer, spans);
		else if (request.kind == REQUEST_LINK)
			answer_post(w, &request, &answer);
		else if (request.kind == REQUEST_BRANCH && w->keeps_branches)
			answer_branch(w, &request);
		else if (request.kind == REQUEST_BRANCH)
			answer.result = ERR_STATE_CONFLICT;
		else
			fail_msg("request %d", request.kind);
		device_answer(w->device, &answer);
	}
	return device_outcome(w->device);
}

static void start(struct world *w)
{
	const struct order order = { .kind = ORDER_ACCOUNT };

	w->posts = w->reads = w->branches = 0;
	assert_int_equal(device_start(w->device, &order), ERR_OK);
}

static const struct outcome *run(struct world *w)
{
	start(w);
	return go_on(w);
}

static void run_well(struct world *w, unsigned posts)
{
	const struct outcome *outcome = run(w);

	if (outcome->result != ERR_OK)
		fail_msg("%s", outcome->why->text);
	assert_int_equal(w->posts, posts);
}

static void run_badly(struct world *w, enum err result, const char *slug)
{
	const struct outcome *outcome = run(w);

	assert_int_equal(outcome->result, result);
	assert_string_equal(outcome->why->slug, slug);
}

/* ---- what is kept ---- */

static struct account_keys own_keys(struct world *w)
{
	struct account_keys keys;

	assert_int_equal(
	    account_keys_load(records_find(&w->records, "log/keys"), &keys),
	    ERR_OK);
	return keys;
}

/* ---- */

static void test_begins_once(void **state)
{
	struct world *w = *state;
	struct account_keys keys;
	struct account_log *log;
	(void)state;

	run_well(w, 1);
	assert_int_equal(w->count, 1);
	assert_int_equal(account_log_new(&log), ERR_OK);
	assert_null(account_log_add(log, buf_span(&w->links[0])).wrong);
	assert_true(
	    account_log_is_named(log, buf_span(&w->salt), SPAN_LIT("alice")));
	keys = own_keys(w);
	assert_int_equal(keys.count, 2); /* two suites share Ed25519 */
	for (size_t i = 0; i < keys.count; i++)
		assert_true(span_equal(
		    account_log_signature_key(
			log, 1, suite_scheme(keys.signatures[i].suite)),
		    buf_span(&keys.signatures[i].public_key)));
	/* the keys that are in its leaves */
	assert_true(records_find(&w->records, "signature/ED448").n > 0);
	account_keys_clear(&keys);
	account_log_free(log);

	run_well(w, 0);
	open_device(w);
	run_well(w, 0);
	assert_int_equal(w->count, 1);
}

static void test_the_same_link_again(void **state)
{
	struct world *w = *state;
	struct buf first = BUF_INIT;

	w->answer_lost = true; /* the server has it, and nobody knows */
	run_badly(w, ERR_LOCAL_IO, "refused");
	buf_put(&first, buf_span(&w->links[0]));
	w->count = 0;
	w->answer_lost = false;
	open_device(w);
	run_well(w, 1);
	assert_true(span_equal(buf_span(&w->links[0]), buf_span(&first)));
	w->answer_lost = true;
	run_well(w, 0);
	buf_clear(&first);
}

static void test_taken_though_the_answer_was_lost(void **state)
{
	struct world *w = *state;

	w->answer_lost = true;
	run_badly(w, ERR_LOCAL_IO, "refused");
	open_device(w);
	run_well(w, 0);
	assert_int_equal(w->count, 1);
}

static void test_unreachable(void **state)
{
	struct world *w = *state;

	w->read_fails = ERR_LOCAL_IO;
	run_badly(w, ERR_LOCAL_IO, "refused");
	assert_int_equal(records_find(&w->records, "log/own").n, 0);
	w->read_fails = ERR_OK;
	run_well(w, 1);
}

static void test_a_server_from_before(void **state)
{
	struct world *w = *state;

	w->read_fails = ERR_STATE_GONE;
	run_well(w, 0);
	assert_int_equal(records_find(&w->records, "log/own").n, 0);
}

static void test_what_a_failover_lost_is_posted_again(void **state)
{
	struct world *w = *state;
	struct account_keys keys;
	struct account_signer by;
	struct account_log *log;
	struct buf link = BUF_INIT;

	run_well(w, 1);
	keys = own_keys(w);
	by = (struct account_signer){ 1, sec_span(&keys.link.private_key) };
	assert_int_equal(account_log_new(&log), ERR_OK);
	assert_null(account_log_add(log, buf_span(&w->links[0])).wrong);
	assert_int_equal(
	    account_sign_keys(log, &by, NULL, 0, buf_span(&w->salt), &link),
	    ERR_OK);
	keep(w, buf_span(&link));
	run_well(w, 0); /* it is read, and kept */
	w->count = 1;
	run_well(w, 1);
	assert_true(span_equal(buf_span(&w->links[1]), buf_span(&link)));
	w->count = 0;
	open_device(w);
	run_well(w, 2);
	assert_true(span_equal(buf_span(&w->links[1]), buf_span(&link)));
	account_keys_clear(&keys);
	account_log_free(log);
	buf_clear(&link);
}

/* ---- two branches ---- */

/* The account of this device, which the house's first device is, with a second one. */
static struct house *found_house(struct world *w)
{
	struct house *h = malloc(sizeof(*h));

	assert_non_null(h);
	run_well(w, 1);
	house_init_empty(h);
	account_keys_clear(&h->keys[0]);
	h->keys[0] = own_keys(w);
	h->number[0] = 1;
	house_take(h, buf_span(&w->links[0]));
	house_add(h, 0, 1);
	house_make(h, 2);
	house_make(h, 3);
	keep(w, house_link(h, 2));
	run_well(w, 0);
	return h;
}

/* The server has that log. */
static void show(struct world *w, const struct house *h)
{
	w->count = 0;
	for (uint64_t n = 1; n <= house_place(h).number; n++)
		keep(w, house_link(h, n));
}

static void expect_log(struct world *w, const struct house *h)
{
	assert_int_equal(w->count, house_place(h).number);
	for (uint64_t n = 1; n <= w->count; n++)
		assert_true(
		    span_equal(buf_span(&w->links[n - 1]), house_link(h, n)));
}

/* The records of the log, one after the other. */
static void put_kept(struct world *w, struct buf *kept)
{
	buf_put(kept, records_find(&w->records, "log/own"));
	buf_put(kept, records_find(&w->records, "log/own/0"));
}

static void expect_kept(struct world *w, const struct buf *kept)
{
	struct buf now = BUF_INIT;

	put_kept(w, &now);
	assert_true(span_equal(buf_span(&now), buf_span(kept)));
	buf_clear(&now);
}

static void leave_house(struct house *h, struct house *branch)
{
	house_end_branch(branch);
	house_free(h);
	free(h);
}

static void test_a_branch_that_counts_is_taken(void **state)
{
	struct world *w = *state;
	struct house *h = found_house(w), other = house_branch(h);
	struct buf kept = BUF_INIT;

	house_add(h, 1, 2); /* by the device that the other one removes */
	house_remove(&other, 0, 1);
	house_add(&other, 0, 3);
	show(w, h);
	run_well(w, 0);
	show(w, &other);
	run_well(w, 0);
	put_kept(w, &kept);
	/* and it stays */
	show(w, h);
	run_badly(w, ERR_PEER_FORK, "account-log-differs");
	expect_kept(w, &kept);
	w->keeps_branches = true;
	run_well(w, 1); /* the next link does not go on there, which shows it */
	expect_log(w, &other);
	run_well(w, 0);
	buf_clear(&kept);
	leave_house(h, &other);
}

/* While it waits for an answer, which shows less of the log. */
static void test_what_another_process_has_kept_stays(void **state)
{
	struct world *w = *state;
	struct house *h = found_house(w);
	struct device *first = w->device;
	struct answer answer = { .result = ERR_OK };
	struct span spans[LINKS];
	struct request request;
	uint32_t wait_ms;

	house_add(h, 0, 2);
	show(w, h);
	start(w);
	assert_int_equal(device_turn(first, &request, &wait_ms), DEVICE_ASK);
	assert_int_equal(request.kind, REQUEST_ACCOUNT_LOG);
	answer_log(w, &request, &answer, spans);
	house_add(h, 0, 3);
	keep(w, house_link(h, 4));
	w->device = NULL;
	open_device(w);
	run_well(w, 0);
	device_close(w->device);
	w->device = first;
	w->records.changed = true;
	w->count = 3;
	device_answer(first, &answer);
	assert_int_equal(go_on(w)->result, ERR_OK);
	assert_int_equal(w->posts, 1);
	expect_log(w, h);
	house_free(h);
	free(h);
}

/* A failover lost the link of this device, and another one came first. */
static void test_what_lost_its_number_is_withdrawn_and_done_again(void **state)
{
	struct world *w = *state;
	struct house *h = found_house(w), other = house_branch(h);
	uint8_t lost[ACCOUNT_HASH];
	struct account_link link;
	struct span rest, hash;

	house_add(h, 0, 2);
	house_hash(h, 3, lost);
	house_add(&other, 1, 3);
	show(w, h);
	run_well(w, 0);
	show(w, &other);
	run_well(w, 1);
	assert_int_equal(w->count, 4);
	assert_int_equal(account_link_decode(buf_span(&w->links[3]), &link),
			 ERR_OK);
	assert_int_equal(link.kind, ACCOUNT_ADD);
	rest = link.withdrawn;
	assert_true(account_link_next_hash(&rest, &hash));
	assert_true(span_equal(hash, SPAN_ARRAY(lost)));
	run_well(w, 0);
	leave_house(h, &other);
}

static void test_a_fork_is_told_and_changes_nothing(void **state)
{
	struct world *w = *state;
	struct house *h = found_house(w), other = house_branch(h);
	struct buf kept = BUF_INIT;

	w->keeps_branches = true;
	house_remove(h, 0, 1);
	house_remove(&other, 1, 0);
	show(w, h);
	run_well(w, 0);
	put_kept(w, &kept);
	show(w, &other);
	run_badly(w, ERR_PEER_FORK, "own-account-forked");
	assert_int_equal(w->branches + w->posts, 0);
	expect_kept(w, &kept);
	buf_clear(&kept);
	leave_house(h, &other);
}

/* ---- a lying server ---- */

static struct buf links_of_somebody(void)
{
	struct house *h = malloc(sizeof(*h));
	struct buf link = BUF_INIT;

	assert_non_null(h);
	house_init(h, false);
	buf_put(&link, house_link(h, 1));
	house_free(h);
	free(h);
	return link;
}

static void test_another_log_is_not_taken(void **state)
{
	struct world *w = *state;
	struct buf theirs = links_of_somebody(), kept = BUF_INIT;

	w->answer_lost = true;
	run_badly(w, ERR_LOCAL_IO, "refused");
	w->answer_lost = false;
	put_kept(w, &kept);
	w->count = 0;
	keep(w, buf_span(&theirs));
	run_badly(w, ERR_PEER_FORK, "account-log-differs");
	expect_kept(w, &kept);
	buf_clear(&theirs);
	buf_clear(&kept);
}

static void test_a_link_that_is_wrong(void **state)
{
	struct world *w = *state;
	struct buf theirs = links_of_somebody();

	run_well(w, 1);
	keep(w, buf_span(&theirs));
	run_badly(w, ERR_PEER_FORK, "account-log-differs");
	w->count = 1;
	run_well(w, 0);
	buf_clear(&theirs);
}

/* Before the links had records of their own they stood in the log's. */
static void test_a_record_of_before(void **state)
{
	struct world *w = *state;
	struct house *h = found_house(w);
	struct span head;
	struct buf text = BUF_INIT;
	json_t *record, *links = json_array();

	show(w, h);
	run_well(w, 0);
	head = records_find(&w->records, "log/own");
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
	assert_int_equal(record_put(&w->records.store, "log/own", record),
			 ERR_OK);
	assert_int_equal(
	    w->records.store.remove(w->records.store.context, "log/own/0"),
	    ERR_OK);
	open_device(w);
	run_well(w, 0);
	/* what is new is stored as it is now */
	house_add(h, 0, 2);
	show(w, h);
	run_well(w, 0);
	assert_true(span_equal(records_find(&w->records, "log/own/0"),
			       buf_span(&h->links)));
	open_device(w);
	run_well(w, 0);
	json_decref(record);
	buf_clear(&text);
	house_free(h);
	free(h);
}

/* A device that comes to an account with a log has no part in it, yet. */
static void test_not_in_the_log(void **state)
{
	struct world *w = *state;
	struct buf theirs = links_of_somebody();

	keep(w, buf_span(&theirs));
	run_well(w, 0);
	assert_int_equal(records_find(&w->records, "log/own").n, 0);
	buf_clear(&theirs);
}

static void test_refused(void **state)
{
	struct world *w = *state;

	w->post_fails = ERR_PEER_INVALID;
	run_badly(w, ERR_PEER_INVALID, "refused");
	w->post_fails = ERR_OK;
	run_well(w, 1);
}

/* It says that it has another link, and does not show it. */
static void test_taken_by_nobody(void **state)
{
	struct world *w = *state;

	w->post_fails = ERR_STATE_CONFLICT;
	run_badly(w, ERR_PEER_FORK, "account-log-differs");
	assert_int_equal(w->posts, 2);
	w->post_fails = ERR_OK;
	run_well(w, 1);
}

/* It says that it took it, and shows nothing; or that there is more, for ever. */
static void test_it_ends(void **state)
{
	struct world *w = *state;

	w->forgets = true;
	w->count = 0;
	run_badly(w, ERR_STATE_PENDING, "link-kept");
	assert_true(w->posts <= 4);
	w->forgets = false;
	w->more = true;
	run_well(w, 0);
	assert_true(w->reads <= 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_begins_once),
		TEST(test_the_same_link_again),
		TEST(test_taken_though_the_answer_was_lost),
		TEST(test_unreachable),
		TEST(test_a_server_from_before),
		TEST(test_what_a_failover_lost_is_posted_again),
		TEST(test_a_branch_that_counts_is_taken),
		TEST(test_what_another_process_has_kept_stays),
		TEST(test_what_lost_its_number_is_withdrawn_and_done_again),
		TEST(test_a_fork_is_told_and_changes_nothing),
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
