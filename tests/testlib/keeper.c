#include "tests/testlib/keeper.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "session/account_sign.h"

static uint64_t now(void *clock)
{
	(void)clock;
	return UINT64_C(1700000000000);
}

void keeper_open(struct keeper *k)
{
	const struct device_config config = {
		.username = "alice",
		.device_id = "00000000-0000-4000-8000-000000000001",
		.offer = { { SUITE_X448_AES256GCM_SHA512_ED448,
			     SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519,
			     SUITE_X25519_TWOFISH256GCM_SHA256_ED25519 },
			   3 },
	};

	device_close(k->device);
	assert_int_equal(device_open(&config, &k->ports, &k->device), ERR_OK);
}

int keeper_setup(void **state)
{
	struct keeper *k = calloc(1, sizeof(*k));

	assert_non_null(k);
	records_init(&k->records);
	k->ports = (struct device_ports){ .store = &k->records.store,
					  .rng = rng_system(),
					  .now_ms = now };
	keeper_open(k);
	*state = k;
	return 0;
}

int keeper_teardown(void **state)
{
	struct keeper *k = *state;

	device_close(k->device);
	records_free(&k->records);
	for (size_t i = 0; i < KEEPER_LINKS; i++)
		buf_clear(&k->links[i]);
	buf_clear(&k->salt);
	free(k);
	return 0;
}

/* ---- the server ---- */

void keeper_has(struct keeper *k, struct span link)
{
	assert_true(k->count < KEEPER_LINKS);
	buf_reset(&k->links[k->count]);
	buf_put(&k->links[k->count++], link);
}

void keeper_answer_log(struct keeper *k, const struct request *request,
		       struct answer *answer, struct span *spans)
{
	k->reads++;
	assert_string_equal(request->user, "alice");
	answer->result = k->read_fails;
	answer->links = spans;
	answer->more = k->more;
	if (k->forgets)
		return;
	answer->last = k->count;
	for (size_t i = request->after; i < k->count; i++)
		spans[answer->link_count++] = buf_span(&k->links[i]);
}

static bool goes_on(const struct keeper *k, const struct account_link *link)
{
	uint8_t last[ACCOUNT_HASH];

	return k->count == 0 ||
	       (account_link_hash(buf_span(&k->links[k->count - 1]), last) ==
		    ERR_OK &&
		span_equal(link->before, SPAN_ARRAY(last)));
}

static void answer_post(struct keeper *k, const struct request *request,
			struct answer *answer)
{
	struct account_link link;

	k->posts++;
	/* it is stored before it is posted */
	assert_true(records_find(&k->records, "log/own").n > 0);
	assert_true(records_find(&k->records, "log/keys").n > 0);
	answer->result = k->post_fails;
	if (k->post_fails != ERR_OK)
		return;
	assert_int_equal(account_link_decode(request->bytes, &link), ERR_OK);
	assert_int_equal(request->salt.n,
			 link.number == 1 ? (int)ACCOUNT_HASH : 0);
	if (link.number == k->count + 1 && !goes_on(k, &link))
		answer->result = ERR_PEER_INVALID;
	else if (link.number == k->count + 1)
		keeper_has(k, request->bytes);
	else if (link.number > k->count ||
		 !span_equal(request->bytes,
			     buf_span(&k->links[link.number - 1])))
		answer->result = ERR_STATE_CONFLICT;
	if (link.number == 1) {
		buf_reset(&k->salt);
		buf_put(&k->salt, request->salt);
	}
	if (k->answer_lost)
		answer->result = ERR_LOCAL_IO;
}

/* A branch that counts takes the place of what is there. */
static void answer_branch(struct keeper *k, const struct request *request)
{
	struct rd r = rd_init(request->bytes);
	struct account_link link;

	k->branches++;
	assert_int_equal(account_link_decode(rd_vec(&r), &link), ERR_OK);
	k->count = (size_t)link.number - 1;
	for (r = rd_init(request->bytes); rd_left(&r) > 0;)
		keeper_has(k, rd_vec(&r));
}

const struct outcome *keeper_go_on(struct keeper *k)
{
	struct span spans[KEEPER_LINKS];
	struct request request;
	enum device_turn turn;
	uint32_t wait_ms;

	while ((turn = device_turn(k->device, &request, &wait_ms)) !=
	       DEVICE_DONE) {
		struct answer answer = { .result = ERR_OK };

		assert_int_equal(turn, DEVICE_ASK);
		if (request.kind == REQUEST_ACCOUNT_LOG)
			keeper_answer_log(k, &request, &answer, spans);
		else if (request.kind == REQUEST_LINK)
			answer_post(k, &request, &answer);
		else if (request.kind == REQUEST_BRANCH && k->keeps_branches)
			answer_branch(k, &request);
		else if (request.kind == REQUEST_BRANCH)
			answer.result = ERR_STATE_CONFLICT;
		else
			fail_msg("request %d", request.kind);
		device_answer(k->device, &answer);
	}
	return device_outcome(k->device);
}

void keeper_start(struct keeper *k)
{
	const struct order order = { .kind = ORDER_ACCOUNT };

	k->posts = k->reads = k->branches = 0;
	assert_int_equal(device_start(k->device, &order), ERR_OK);
}

static const struct outcome *run(struct keeper *k)
{
	keeper_start(k);
	return keeper_go_on(k);
}

void keeper_runs_well(struct keeper *k, unsigned posts)
{
	const struct outcome *outcome = run(k);

	if (outcome->result != ERR_OK)
		fail_msg("%s", outcome->why->text);
	assert_int_equal(k->posts, posts);
}

void keeper_runs_badly(struct keeper *k, enum err result, const char *slug)
{
	const struct outcome *outcome = run(k);

	assert_int_equal(outcome->result, result);
	assert_string_equal(outcome->why->slug, slug);
}

/* ---- what is kept ---- */

struct account_keys keeper_keys(struct keeper *k)
{
	struct account_keys keys;

	assert_int_equal(
	    account_keys_load(records_find(&k->records, "log/keys"), &keys),
	    ERR_OK);
	return keys;
}

struct house *keeper_house(struct keeper *k)
{
	struct house *h = house_new_empty();

	keeper_runs_well(k, 1);
	account_keys_clear(&h->keys[0]);
	h->keys[0] = keeper_keys(k);
	h->number[0] = 1;
	house_take(h, buf_span(&k->links[0]));
	house_add(h, 0, 1);
	house_make(h, 2);
	house_make(h, 3);
	keeper_has(k, house_link(h, 2));
	keeper_runs_well(k, 0);
	return h;
}

void keeper_shows(struct keeper *k, const struct house *h)
{
	k->count = 0;
	for (uint64_t n = 1; n <= house_place(h).number; n++)
		keeper_has(k, house_link(h, n));
}

void keeper_put_records(struct keeper *k, struct buf *kept)
{
	buf_put(kept, records_find(&k->records, "log/own"));
	buf_put(kept, records_find(&k->records, "log/own/0"));
}

void keeper_expect_records(struct keeper *k, const struct buf *kept)
{
	struct buf now = BUF_INIT;

	keeper_put_records(k, &now);
	assert_true(span_equal(buf_span(&now), buf_span(kept)));
	buf_clear(&now);
}
