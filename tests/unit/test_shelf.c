/* A session item by item in a device's records (device/shelf.h, session/items.h): what
 * is there is the session, little is written, what is over is gone, and records that lie
 * do no harm. Its notes (device/notes.h) likewise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/membership.h"
#include "tests/testlib/records.h"
#include "tests/testlib/session_world.h"

#define MUST(call) assert_int_equal((call), ERR_OK)
#define SUITE SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519

/* Alice's sessions are the membership's: the world lends hers. */
struct home {
	struct world world;
	struct records records;
	struct membership m;
	char id[TEXT_UUID_SIZE];
};

static const struct suites offer = { { SUITE }, 1 };

static const struct device_store *store_of(struct home *h)
{
	return &h->records.store;
}

static void lend(struct home *h)
{
	h->m.session = h->world.alice.session;
	h->world.alice.session = NULL;
}

static void give_back(struct home *h)
{
	h->world.alice.session = h->m.session;
	h->m.session = NULL;
}

static void count(struct home *h)
{
	h->records.puts = h->records.bytes = 0;
}

static int setup(void **state)
{
	struct home *h = calloc(1, sizeof(*h));

	assert_non_null(h);
	world_make(&h->world, SUITE);
	records_init(&h->records);
	memcpy(h->id, uuid_text(uuid_of(world_id)).text, sizeof(h->id));
	MUST(membership_new(&h->m, h->id, &offer));
	lend(h);
	MUST(membership_save(store_of(h), &h->m));
	*state = h;
	return 0;
}

static int teardown(void **state)
{
	struct home *h = *state;

	membership_clear(&h->m);
	records_free(&h->records);
	world_free(&h->world);
	free(h);
	return 0;
}

/* As after a crash: what is in the records is all. */
static void restart(struct home *h)
{
	membership_clear(&h->m);
	MUST(membership_load(store_of(h), h->id, &h->m));
}

/* It is stored as it is, and nothing is left to be written. */
static void expect_stored(struct home *h)
{
	struct buf live = BUF_INIT, loaded = BUF_INIT;

	MUST(session_save(h->m.session, &live));
	restart(h);
	MUST(session_save(h->m.session, &loaded));
	assert_true(span_equal(buf_span(&live), buf_span(&loaded)));
	count(h);
	MUST(membership_save(store_of(h), &h->m));
	assert_int_equal(h->records.puts, 0);
	buf_clear(&live);
	buf_clear(&loaded);
}

static void save(struct home *h)
{
	count(h);
	MUST(membership_save(store_of(h), &h->m));
}

static size_t with_prefix(const struct home *h, const char *prefix)
{
	size_t n = 0;

	for (size_t i = 0; i < RECORDS_MAX; i++)
		n += h->records.all[i].name[0] != '\0' &&
		     strncmp(h->records.all[i].name, prefix, strlen(prefix)) ==
			 0;
	return n;
}

static void follow(struct home *h, enum session_event_kind kind)
{
	give_back(h);
	expect_kind(&h->world.alice, &h->world.ledger, kind);
	lend(h);
}

static void say(struct home *h, const char *text)
{
	give_back(h);
	(void)device_say(&h->world.alice, &h->world.ledger, text);
	lend(h);
}

/* Alice commits; Bob and she follow. */
static void rotate(struct home *h)
{
	const struct mls_change change = { .force_path = true };
	struct mls_commit made = { 0 };

	give_back(h);
	MUST(device_stage(&h->world.alice, &change, &made));
	lend(h);
	save(h);
	(void)ledger_post(&h->world.ledger, CHAIN_COMMIT,
			  buf_span(&made.commit));
	follow(h, SESSION_COMMIT);
	expect_kind(&h->world.bob, &h->world.ledger, SESSION_COMMIT);
	save(h);
	mls_commit_clear(&made);
}

/* ---- what is there is the session ---- */

static void test_life(void **state)
{
	struct home *h = *state;
	size_t first = 0;

	expect_stored(h);
	for (int i = 0; i < 20; i++) {
		say(h, "from alice");
		save(h);
		assert_in_range(h->records.puts, 1, 6);
		assert_in_range(h->records.bytes, 1, 1500);
		expect_stored(h);
		follow(h, SESSION_OWN);
		expect_kind(&h->world.bob, &h->world.ledger, SESSION_MESSAGE);
		save(h);
		expect_stored(h);
		(void)device_say(&h->world.bob, &h->world.ledger, "from bob");
		follow(h, SESSION_MESSAGE);
		expect_kind(&h->world.bob, &h->world.ledger, SESSION_OWN);
		save(h);
		expect_stored(h);
		rotate(h);
		expect_stored(h);
		/* epochs come and go, and so do their records */
		if (i == 10)
			first = with_prefix(h, "item/");
	}
	assert_in_range(with_prefix(h, "item/"), first - 3, first + 6);
}

static void test_size(void **state)
{
	struct home *h = *state;

	say(h, "the first one opens the way down the secret tree");
	save(h);
	follow(h, SESSION_OWN);
	save(h);
	for (int i = 0; i < 3; i++) {
		say(h, "text");
		save(h);
		/* the outbox, and the sender's ratchets */
		assert_int_equal(h->records.puts, 2);
		assert_in_range(h->records.bytes, 1, 900);
		follow(h, SESSION_OWN);
		save(h);
		/* the outbox is empty; the place and its heads */
		assert_int_equal(h->records.puts, 3);
		assert_in_range(h->records.bytes, 1, 400);
	}
}

/* ---- states of before ---- */

static void test_of_before(void **state)
{
	struct home *h = *state;
	const struct device_store *store = store_of(h);
	struct buf before = BUF_INIT, name = BUF_INIT;

	MUST(membership_forget(store, &h->m));
	assert_int_equal(with_prefix(h, "item/"), 0);
	assert_int_equal(with_prefix(h, "session/"), 0);
	assert_int_equal(with_prefix(h, "meta/"), 0);
	buf_putf(&name, "session/%s", h->id);
	buf_put_u8(&name, 0);
	MUST(session_save(h->m.session, &before));
	MUST(store->put(store->context, (const char *)name.p,
			buf_span(&before)));
	buf_reset(&name);
	buf_putf(&name, "meta/%s", h->id);
	buf_put_u8(&name, 0);
	MUST(record_put(store, (const char *)name.p, h->m.notes));
	restart(h);
	assert_null(h->m.shelf);
	MUST(membership_save(store, &h->m));
	/* its record has the number of the shelf, and no secret any more */
	buf_reset(&name);
	buf_putf(&name, "session/%s", h->id);
	buf_put_u8(&name, 0);
	assert_int_equal(records_find(&h->records, (const char *)name.p).n, 5);
	expect_stored(h);
	say(h, "on");
	save(h);
	expect_stored(h);
	buf_clear(&before);
	buf_clear(&name);
}

/* ---- another one under the same id ---- */

static void replace(struct home *h)
{
	struct session *session = h->m.session;

	h->m.session = NULL;
	membership_clear(&h->m);
	MUST(membership_new(&h->m, h->id, &offer));
	h->m.session = session;
	MUST(membership_save(store_of(h), &h->m));
	expect_stored(h);
}

static void test_replaced(void **state)
{
	struct home *h = *state;
	size_t records;

	replace(h);
	records = with_prefix(h, "");
	for (int i = 0; i < 3; i++) {
		say(h, "text");
		save(h);
		follow(h, SESSION_OWN);
		save(h);
		replace(h);
		assert_in_range(with_prefix(h, ""), records, records + 3);
	}
	assert_int_equal(shelf_number(h->m.shelf), 1);
}

/* Records that are lost, or that are another's, harm nobody. */
static void try_load(struct home *h, bool must_fail)
{
	struct membership m;
	enum err e = membership_load(store_of(h), h->id, &m);

	assert_true(e == ERR_OK || err_class(e) == ERR_CLASS_PEER ||
		    e == ERR_STATE_GONE);
	assert_true(!must_fail || e != ERR_OK);
	membership_clear(&m);
}

static void test_lies(void **state)
{
	struct home *h = *state;

	say(h, "text");
	save(h);
	for (size_t i = 0; i < RECORDS_MAX; i++) {
		struct buf *value = &h->records.all[i].value;
		char *name = h->records.all[i].name;

		if (strncmp(name, "item/", 5) != 0)
			continue;
		for (size_t at = 0; at < value->n; at += 1 + value->n / 50) {
			value->p[at] ^= 1;
			try_load(h, false);
			value->p[at] ^= 0x81;
			try_load(h, false);
			value->p[at] ^= 0x80;
		}
		value->n--;
		try_load(h, true);
		value->n++;
		name[0] = 'x';
		try_load(h, false);
		name[0] = 'i';
	}
	expect_stored(h);
}

static void test_unreadable(void **state)
{
	struct home *h = *state;

	for (size_t i = 0; i < RECORDS_MAX; i++)
		if (strncmp(h->records.all[i].name, "item/", 5) == 0)
			h->records.all[i].value.p[0] ^= 1;
	try_load(h, true);
	replace(h);
	assert_int_equal(shelf_number(h->m.shelf), 2);
}

/* ---- notes ---- */

static json_t *shown(struct home *h)
{
	return json_object_get(h->m.notes, "shown");
}

static void show(struct home *h, int from, int to)
{
	char mark[16];

	for (int i = from; i < to; i++) {
		(void)snprintf(mark, sizeof(mark), "%08x", i);
		assert_int_equal(
		    json_object_set_new(shown(h), mark, json_true()), 0);
	}
}

static void expect_noted(struct home *h)
{
	json_t *before = json_deep_copy(h->m.notes);

	restart(h);
	assert_true(json_equal(before, h->m.notes));
	save(h);
	assert_int_equal(h->records.puts, 0);
	json_decref(before);
}

static void test_notes(void **state)
{
	struct home *h = *state;
	struct membership m;

	show(h, 0, NOTES_SPREAD - 1);
	save(h);
	assert_int_equal(h->records.puts, 1);
	assert_int_equal(with_prefix(h, "meta/"), 1);
	expect_noted(h);
	show(h, NOTES_SPREAD - 1, 200);
	save(h);
	assert_int_equal(with_prefix(h, "meta/"), 1 + NOTES_PARTS);
	expect_noted(h);
	/* one more is one part */
	show(h, 200, 201);
	save(h);
	assert_int_equal(h->records.puts, 1);
	assert_in_range(h->records.bytes, 1, 400);
	expect_noted(h);
	MUST(membership_peek(store_of(h), h->id, false, &m));
	assert_null(json_object_get(m.notes, "shown"));
	membership_clear(&m);
	MUST(membership_peek(store_of(h), h->id, true, &m));
	assert_true(json_equal(m.notes, h->m.notes));
	membership_clear(&m);
	/* what is spread stays so, also when nothing is left */
	json_object_clear(shown(h));
	save(h);
	assert_int_equal(with_prefix(h, "meta/"), 1);
	expect_noted(h);
	show(h, 0, 200);
	save(h);
	expect_noted(h);
	MUST(membership_forget(store_of(h), &h->m));
	assert_int_equal(with_prefix(h, "meta/"), 0);
}

static void test_receipts(void **state)
{
	struct home *h = *state;
	json_t *of = json_object();
	char user[16];

	for (int i = 0; i < 200; i++) {
		(void)snprintf(user, sizeof(user), "user%d", i);
		json_object_set_new(of, user, json_pack("{s:i}", "read", i));
	}
	json_object_set_new(h->m.notes, "receipts",
			    json_pack("{s:o, s:i}", "of", of, "last", 7));
	save(h);
	assert_int_equal(with_prefix(h, "meta/"), 1 + NOTES_PARTS);
	expect_noted(h);
	of = json_object_get(json_object_get(h->m.notes, "receipts"), "of");
	json_object_set_new(json_object_get(of, "user7"), "read",
			    json_integer(1000));
	save(h);
	assert_int_equal(h->records.puts, 1);
	expect_noted(h);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_life),     TEST(test_size),	  TEST(test_of_before),
		TEST(test_replaced), TEST(test_lies),	  TEST(test_unreadable),
		TEST(test_notes),    TEST(test_receipts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
