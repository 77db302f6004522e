/* Devices of one account, with records in memory and a server by hand that may lie:
 * approving, links that lose their number, removing, and the recovery key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "device/accounts/approval.h"
#include "tests/testlib/accounts.h"
#include "tests/testlib/records.h"

enum { LINKS = 16, DEVICES = 3, FIRST = 0, SECOND, THIRD };

struct world {
	struct records records[DEVICES];
	struct device_ports ports[DEVICES];
	struct device *devices[DEVICES];

	/* the server */
	struct buf links[LINKS];
	struct span spans[LINKS];
	size_t count;
	struct buf salt;
};

static uint64_t now(void *clock)
{
	(void)clock;
	return UINT64_C(1700000000000);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	for (size_t i = 0; i < DEVICES; i++) {
		char id[] = "00000000-0000-4000-8000-000000000000";
		const struct device_config config = {
			.username = "alice",
			.device_id = id,
			.offer = { { SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519 },
				   1 },
		};

		id[35] = (char)('1' + i);
		records_init(&w->records[i]);
		w->ports[i] =
		    (struct device_ports){ .store = &w->records[i].store,
					   .rng = rng_system(),
					   .now_ms = now };
		assert_int_equal(
		    device_open(&config, &w->ports[i], &w->devices[i]), ERR_OK);
	}
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < DEVICES; i++) {
		device_close(w->devices[i]);
		records_free(&w->records[i]);
	}
	for (size_t i = 0; i < LINKS; i++)
		buf_clear(&w->links[i]);
	buf_clear(&w->salt);
	free(w);
	return 0;
}

/* ---- the server ---- */

static void answer_post(struct world *w, const struct request *request,
			struct answer *answer)
{
	struct account_link link;

	assert_int_equal(account_link_decode(request->bytes, &link), ERR_OK);
	if (link.number == w->count + 1) {
		buf_put(&w->links[w->count], request->bytes);
		w->spans[w->count] = buf_span(&w->links[w->count]);
		w->count++;
	} else {
		answer->result = ERR_STATE_CONFLICT;
	}
	if (link.number == 1)
		buf_put(&w->salt, request->salt);
}

static enum err run(struct world *w, int who)
{
	const struct order order = { .kind = ORDER_ACCOUNT };
	struct device *device = w->devices[who];
	struct request request;
	uint32_t wait_ms;

	assert_int_equal(device_start(device, &order), ERR_OK);
	while (device_turn(device, &request, &wait_ms) == DEVICE_ASK) {
		struct answer answer = { .result = ERR_OK };

		if (request.kind == REQUEST_LINK) {
			answer_post(w, &request, &answer);
		} else {
			assert_int_equal(request.kind, REQUEST_ACCOUNT_LOG);
			answer.last = w->count;
			answer.links = w->spans + request.after;
			if (request.after < w->count)
				answer.link_count = w->count - request.after;
		}
		device_answer(device, &answer);
	}
	return device_outcome(device)->result;
}

static struct account_shown shown(const struct world *w)
{
	return (struct account_shown){ buf_span(&w->salt), w->spans, w->count };
}

/* The log as anybody would verify it. */
static struct account_log *verify(const struct world *w)
{
	struct account_log *log;

	assert_int_equal(account_log_new(&log), ERR_OK);
	for (size_t i = 0; i < w->count; i++)
		assert_null(account_log_add(log, w->spans[i]).wrong);
	return log;
}

static size_t standing(const struct world *w)
{
	struct account_log *log = verify(w);
	size_t count = account_log_standing(log);

	account_log_free(log);
	return count;
}

static uint64_t number_of(struct world *w, int who)
{
	uint64_t number;
	bool recovery;

	assert_int_equal(device_number(w->devices[who], &number, &recovery),
			 ERR_OK);
	return number;
}

/* ---- approving ---- */

/* What a new device asks, and its code. */
struct asked {
	struct buf request;
	struct sec code;
};

static struct asked ask(struct world *w, int who)
{
	struct account_shown log = shown(w);
	struct asked asked = { .request = BUF_INIT };
	struct why why = { 0 };
	char code[CODE_SIZE];

	assert_int_equal(device_ask_approval(w->devices[who], &log,
					     &asked.request, code, &why),
			 ERR_OK);
	assert_int_equal(code_read(span_str(code), &asked.code), ERR_OK);
	return asked;
}

static enum err approve(struct world *w, int by, const struct asked *asked,
			struct why *why)
{
	return device_approve(w->devices[by], &asked->code,
			      buf_span(&asked->request), why);
}

static enum err answer(struct world *w, int by, struct asked *asked, int to,
		       const struct account_shown *log, struct why *why)
{
	struct buf bytes = BUF_INIT;
	uint64_t number;
	enum err e =
	    device_answer_request(w->devices[by], &asked->code,
				  buf_span(&asked->request), &bytes, &number);

	assert_int_equal(e, ERR_OK);
	e = device_take_approval(w->devices[to], buf_span(&bytes), log, why);
	buf_clear(&bytes);
	return e;
}

static void let_in(struct world *w, int by, int who)
{
	struct asked asked = ask(w, who);
	struct account_shown log;
	struct why why = { 0 };

	assert_int_equal(approve(w, by, &asked, &why), ERR_OK);
	assert_int_equal(run(w, by), ERR_OK);
	log = shown(w);
	assert_int_equal(answer(w, by, &asked, who, &log, &why), ERR_OK);
	assert_true(number_of(w, who) > 0);
	buf_clear(&asked.request);
}

static void test_approved(void **state)
{
	struct world *w = *state;
	struct asked asked, again;
	struct account_shown log;
	struct why why = { 0 };
	struct buf bytes = BUF_INIT;
	uint64_t number;

	assert_int_equal(run(w, FIRST), ERR_OK);
	asked = ask(w, SECOND);
	again = ask(w, SECOND); /* the same, as long as it waits */
	assert_true(
	    span_equal(buf_span(&asked.request), buf_span(&again.request)));
	assert_true(span_equal(sec_span(&asked.code), sec_span(&again.code)));
	assert_int_equal(number_of(w, SECOND), 0);
	/* not before the link stands in the log */
	assert_int_equal(device_answer_request(w->devices[FIRST], &asked.code,
					       buf_span(&asked.request), &bytes,
					       &number),
			 ERR_STATE_GONE);
	assert_int_equal(approve(w, FIRST, &asked, &why), ERR_OK);
	assert_int_equal(run(w, FIRST), ERR_OK);
	assert_int_equal(standing(w), 2);
	/* a second time it adds nothing */
	assert_int_equal(approve(w, FIRST, &asked, &why), ERR_OK);
	assert_int_equal(run(w, FIRST), ERR_OK);
	assert_int_equal(w->count, 2);
	log = shown(w);
	assert_int_equal(answer(w, FIRST, &asked, SECOND, &log, &why), ERR_OK);
	assert_int_equal(number_of(w, SECOND), 2);
	assert_int_equal(run(w, SECOND), ERR_OK);
	assert_int_equal(records_find(&w->records[SECOND], "approval").n, 0);
	buf_clear(&asked.request);
	buf_clear(&again.request);
}

static void test_another_code(void **state)
{
	struct world *w = *state;
	struct asked asked;
	struct why why = { 0 };

	assert_int_equal(run(w, FIRST), ERR_OK);
	asked = ask(w, SECOND);
	asked.code.b[3] ^= 1;
	assert_int_equal(approve(w, FIRST, &asked, &why), ERR_PEER_CRYPTO);
	assert_int_equal(run(w, FIRST), ERR_OK);
	assert_int_equal(w->count, 1);
	buf_clear(&asked.request);
}

/* The server has made an account with that name and shows it to the new device. */
static void test_another_account(void **state)
{
	struct world *w = *state;
	struct account_shown fake;
	struct asked asked, honest;
	struct why why = { 0 };
	struct house house;
	struct rd r;
	struct span link;

	assert_int_equal(run(w, FIRST), ERR_OK);
	house_init(&house, false);
	r = rd_init(buf_span(&house.links));
	link = rd_vec(&r);
	fake = (struct account_shown){ SPAN_ARRAY(house.salt), &link, 1 };
	{
		char code[CODE_SIZE];

		asked = (struct asked){ .request = BUF_INIT };
		assert_int_equal(device_ask_approval(w->devices[SECOND], &fake,
						     &asked.request, code,
						     &why),
				 ERR_OK);
		assert_int_equal(code_read(span_str(code), &asked.code),
				 ERR_OK);
	}
	assert_int_equal(approve(w, FIRST, &asked, &why), ERR_PEER_FORK);
	assert_string_equal(why.slug, "another-account");
	assert_int_equal(run(w, FIRST), ERR_OK);
	assert_int_equal(w->count, 1);
	/* another account is another request, under another code */
	honest = ask(w, SECOND);
	assert_false(span_equal(sec_span(&honest.code), sec_span(&asked.code)));
	house_free(&house);
	buf_clear(&asked.request);
	buf_clear(&honest.request);
}

static void test_a_log_without_the_link(void **state)
{
	struct world *w = *state;
	struct account_shown log;
	struct asked asked;
	struct why why = { 0 };

	assert_int_equal(run(w, FIRST), ERR_OK);
	asked = ask(w, SECOND);
	assert_int_equal(approve(w, FIRST, &asked, &why), ERR_OK);
	assert_int_equal(run(w, FIRST), ERR_OK);
	log = shown(w);
	log.count = 1; /* withheld */
	assert_int_equal(answer(w, FIRST, &asked, SECOND, &log, &why),
			 ERR_PEER_FORK);
	assert_string_equal(why.slug, "account-log-differs");
	assert_int_equal(number_of(w, SECOND), 0);
	/* and nobody answers without the code */
	why_clear(&why);
	log = shown(w);
	assert_int_equal(device_take_approval(w->devices[SECOND],
					      buf_span(&asked.request), &log,
					      &why),
			 ERR_PEER_CRYPTO);
	assert_string_equal(why.slug, "approval-forged");
	buf_clear(&asked.request);
}

/* ---- links that lose their number ---- */

static void test_two_approve_at_once(void **state)
{
	struct world *w = *state;
	struct asked asked;
	struct account_link link;
	struct account_shown log;
	struct why why = { 0 };
	uint8_t hash[ACCOUNT_HASH];
	struct account_pair pair;
	struct recovery_change change = { &pair, NULL, false, false };
	char text[CODE_RECOVERY_SIZE];

	assert_int_equal(run(w, FIRST), ERR_OK);
	let_in(w, FIRST, SECOND);
	asked = ask(w, THIRD);
	/* both have a link with the number 3 */
	assert_int_equal(approve(w, FIRST, &asked, &why), ERR_OK);
	assert_int_equal(code_recovery_make(rng_system(), text, &pair), ERR_OK);
	assert_int_equal(device_set_recovery(w->devices[SECOND], &change, &why),
			 ERR_OK);
	assert_int_equal(run(w, SECOND), ERR_OK);
	assert_int_equal(w->count, 3);
	assert_int_equal(run(w, FIRST), ERR_OK);
	assert_int_equal(w->count, 4);
	/* the one that lost is named in the one that was made again */
	assert_int_equal(account_link_decode(w->spans[3], &link), ERR_OK);
	assert_int_equal(link.kind, ACCOUNT_ADD);
	assert_int_equal(link.withdrawn.n, ACCOUNT_HASH);
	assert_int_equal(account_link_hash(w->spans[3], hash), ERR_OK);
	assert_false(span_equal(link.withdrawn, SPAN_ARRAY(hash)));
	log = shown(w);
	assert_int_equal(answer(w, FIRST, &asked, THIRD, &log, &why), ERR_OK);
	assert_int_equal(number_of(w, THIRD), 4);
	assert_int_equal(run(w, SECOND), ERR_OK);
	assert_int_equal(w->count, 4);
	account_pair_clear(&pair);
	buf_clear(&asked.request);
}

/* What both wanted is done once; the one that lost only withdraws. */
static void test_two_remove_the_same(void **state)
{
	struct world *w = *state;
	struct account_link link;
	struct why why = { 0 };

	assert_int_equal(run(w, FIRST), ERR_OK);
	let_in(w, FIRST, SECOND);
	let_in(w, FIRST, THIRD);
	assert_int_equal(run(w, SECOND), ERR_OK);
	assert_int_equal(
	    device_remove_number(w->devices[FIRST], number_of(w, THIRD), &why),
	    ERR_OK);
	assert_int_equal(
	    device_remove_number(w->devices[SECOND], number_of(w, THIRD), &why),
	    ERR_OK);
	/* one link after the other */
	assert_int_equal(
	    device_remove_number(w->devices[SECOND], number_of(w, FIRST), &why),
	    ERR_STATE_PENDING);
	assert_int_equal(run(w, FIRST), ERR_OK);
	assert_int_equal(run(w, SECOND), ERR_OK);
	assert_int_equal(w->count, 5);
	assert_int_equal(standing(w), 2);
	assert_int_equal(account_link_decode(w->spans[4], &link), ERR_OK);
	assert_int_equal(link.kind, ACCOUNT_KEYS);
	assert_int_equal(link.withdrawn.n, ACCOUNT_HASH);
	assert_int_equal(device_remove_number(w->devices[SECOND], 99, &why),
			 ERR_STATE_GONE);
}

static void test_removed_while_it_wished(void **state)
{
	struct world *w = *state;
	struct asked asked;
	struct why why = { 0 };

	assert_int_equal(run(w, FIRST), ERR_OK);
	let_in(w, FIRST, SECOND);
	asked = ask(w, THIRD);
	assert_int_equal(approve(w, SECOND, &asked, &why), ERR_OK);
	assert_int_equal(
	    device_remove_number(w->devices[FIRST], number_of(w, SECOND), &why),
	    ERR_OK);
	assert_int_equal(run(w, FIRST), ERR_OK);
	assert_int_equal(run(w, SECOND), ERR_OK);
	assert_int_equal(w->count, 3); /* what it wished is nothing any more */
	assert_int_equal(number_of(w, SECOND), 0);
	assert_int_equal(approve(w, SECOND, &asked, &why), ERR_PEER_DENIED);
	assert_string_equal(why.slug, "device-not-in-log");
	buf_clear(&asked.request);
}

/* ---- the recovery key ---- */

static void test_recovery(void **state)
{
	struct world *w = *state;
	struct account_pair pair, other;
	struct recovery_change change = { &pair, NULL, false, false };
	struct buf request = BUF_INIT;
	struct account_shown log;
	struct account_log *verified;
	struct why why = { 0 };
	char text[CODE_RECOVERY_SIZE];

	assert_int_equal(code_recovery_make(rng_system(), text, &pair), ERR_OK);
	assert_int_equal(code_recovery_make(rng_system(), text, &other),
			 ERR_OK);
	assert_int_equal(run(w, FIRST), ERR_OK);
	log = shown(w);
	assert_int_equal(
	    device_recover(w->devices[SECOND], &pair, &log, &request, &why),
	    ERR_PEER_INVALID); /* there is none yet */
	assert_int_equal(device_set_recovery(w->devices[FIRST], &change, &why),
			 ERR_OK);
	assert_int_equal(run(w, FIRST), ERR_OK);
	log = shown(w);
	assert_int_equal(
	    device_recover(w->devices[SECOND], &other, &log, &request, &why),
	    ERR_PEER_INVALID);
	assert_int_equal(
	    device_recover(w->devices[SECOND], &pair, &log, &request, &why),
	    ERR_OK);
	assert_int_equal(run(w, SECOND), ERR_OK);
	assert_int_equal(number_of(w, SECOND), 3);
	verified = verify(w);
	assert_int_equal(account_log_changed(verified), 3);
	account_log_free(verified);
	/* another one takes the old one's signature, or the mark */
	change.recovery = &other;
	why_clear(&why);
	assert_int_equal(device_set_recovery(w->devices[SECOND], &change, &why),
			 ERR_STATE_CONFLICT);
	change.old = &other;
	assert_int_equal(device_set_recovery(w->devices[SECOND], &change, &why),
			 ERR_PEER_INVALID);
	change.old = &pair;
	assert_int_equal(device_set_recovery(w->devices[SECOND], &change, &why),
			 ERR_OK);
	assert_int_equal(run(w, SECOND), ERR_OK);
	verified = verify(w);
	assert_int_equal(account_log_changed(verified), 3);
	assert_true(span_equal(account_log_recovery(verified),
			       buf_span(&other.public_key)));
	account_log_free(verified);
	account_pair_clear(&pair);
	account_pair_clear(&other);
	buf_clear(&request);
}

/* That it signed another one in its place is in the log. */
static void test_recovery_key_that_was_replaced(void **state)
{
	struct world *w = *state;
	struct account_pair old, next;
	struct recovery_change change = { &old, NULL, false, false };
	struct buf request = BUF_INIT;
	struct account_shown log;
	struct why why = { 0 };
	char text[CODE_RECOVERY_SIZE];

	assert_int_equal(code_recovery_make(rng_system(), text, &old), ERR_OK);
	assert_int_equal(code_recovery_make(rng_system(), text, &next), ERR_OK);
	assert_int_equal(run(w, FIRST), ERR_OK);
	assert_int_equal(device_set_recovery(w->devices[FIRST], &change, &why),
			 ERR_OK);
	assert_int_equal(run(w, FIRST), ERR_OK);
	change.recovery = &next;
	change.old = &old;
	assert_int_equal(device_set_recovery(w->devices[FIRST], &change, &why),
			 ERR_OK);
	assert_int_equal(run(w, FIRST), ERR_OK);
	log = shown(w);
	assert_int_equal(
	    device_recover(w->devices[SECOND], &old, &log, &request, &why),
	    ERR_PEER_INVALID);
	assert_string_equal(why.slug, "recovery-key-replaced");
	assert_int_equal(number_of(w, SECOND), 0);
	why_clear(&why);
	assert_int_equal(device_set_recovery(w->devices[FIRST], &change, &why),
			 ERR_PEER_INVALID);
	assert_string_equal(why.slug, "recovery-key-replaced");
	/* the one that stands lets it in */
	assert_int_equal(
	    device_recover(w->devices[SECOND], &next, &log, &request, &why),
	    ERR_OK);
	assert_int_equal(run(w, SECOND), ERR_OK);
	assert_int_equal(number_of(w, SECOND), 4);
	account_pair_clear(&old);
	account_pair_clear(&next);
	buf_clear(&request);
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_WORLD(test_approved),
		WITH_WORLD(test_another_code),
		WITH_WORLD(test_another_account),
		WITH_WORLD(test_a_log_without_the_link),
		WITH_WORLD(test_two_approve_at_once),
		WITH_WORLD(test_two_remove_the_same),
		WITH_WORLD(test_removed_while_it_wished),
		WITH_WORLD(test_recovery),
		WITH_WORLD(test_recovery_key_that_was_replaced),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
