/* A session item by item in a device's records (device/group/shelf.h, session/items.h): what
 * is there is the session, little is written, what is over is gone, and records that were
 * not written together are no session. Its notes (device/group/notes.h) likewise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/group/membership.h"
#include "tests/testlib/records.h"
#include "tests/testlib/session_value.h"
#include "tests/testlib/session_world.h"

#define MUST(call) assert_int_equal((call), ERR_OK)
#define SUITE SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519

/* What "session/ID" has. */
enum { SHELF_NUMBER = 8, SHELF_RECORD = 1 + SHELF_NUMBER + 32 };

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
	MUST(membership_save(store_of(h), rng_system(), &h->m));
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

	MUST(session_value(h->m.session, &live));
	restart(h);
	MUST(session_value(h->m.session, &loaded));
	assert_true(span_equal(buf_span(&live), buf_span(&loaded)));
	count(h);
	MUST(membership_save(store_of(h), rng_system(), &h->m));
	assert_int_equal(h->records.puts, 0);
	buf_clear(&live);
	buf_clear(&loaded);
}

static void save(struct home *h)
{
	count(h);
	MUST(membership_save(store_of(h), rng_system(), &h->m));
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
		assert_in_range(h->records.puts, 1, 7);
		assert_in_range(h->records.bytes, 1, 1550);
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
		/* the outbox, the sender's ratchets, and the digest */
		assert_int_equal(h->records.puts, 3);
		assert_in_range(h->records.bytes, 1, 950);
		follow(h, SESSION_OWN);
		save(h);
		/* the outbox is empty; the place and its heads; the digest */
		assert_int_equal(h->records.puts, 4);
		assert_in_range(h->records.bytes, 1, 450);
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
	MUST(session_value(h->m.session, &before));
	MUST(store->put(store->context, (const char *)name.p,
			buf_span(&before)));
	buf_reset(&name);
	buf_putf(&name, "meta/%s", h->id);
	buf_put_u8(&name, 0);
	MUST(record_put(store, (const char *)name.p, h->m.notes));
	restart(h);
	assert_null(h->m.shelf);
	MUST(membership_save(store, rng_system(), &h->m));
	/* its record has the number of the shelf and a digest, and no secret any
	 * more */
	buf_reset(&name);
	buf_putf(&name, "session/%s", h->id);
	buf_put_u8(&name, 0);
	assert_int_equal(records_find(&h->records, (const char *)name.p).n,
			 SHELF_RECORD);
	expect_stored(h);
	say(h, "on");
	save(h);
	expect_stored(h);
	buf_clear(&before);
	buf_clear(&name);
}

/* ---- another one under the same id ---- */

static void own_name(const struct home *h, char name[64])
{
	(void)snprintf(name, 64, "session/%s", h->id);
}

static void read_number(struct home *h, uint8_t number[SHELF_NUMBER])
{
	struct span record;
	char name[64];

	own_name(h, name);
	record = records_find(&h->records, name);
	assert_int_equal(record.n, SHELF_RECORD);
	memcpy(number, record.p + 1, SHELF_NUMBER);
}

/* As a session that does not come from the records. */
static void save_anew(struct home *h)
{
	struct session *session = h->m.session;

	h->m.session = NULL;
	membership_clear(&h->m);
	MUST(membership_new(&h->m, h->id, &offer));
	h->m.session = session;
	MUST(membership_save(store_of(h), rng_system(), &h->m));
}

static void replace(struct home *h)
{
	save_anew(h);
	expect_stored(h);
}

static void test_replaced(void **state)
{
	struct home *h = *state;
	uint8_t number[SHELF_NUMBER], now[SHELF_NUMBER];
	size_t records;

	read_number(h, number);
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
	read_number(h, now);
	assert_memory_equal(number, now, SHELF_NUMBER);
}

static void expect_unreadable(struct home *h)
{
	struct membership m;

	assert_int_equal(err_class(membership_load(store_of(h), h->id, &m)),
			 ERR_CLASS_PEER);
	membership_clear(&m);
}

static bool is_of_shelf(const char *name)
{
	return strncmp(name, "item/", 5) == 0 ||
	       strncmp(name, "session/", 8) == 0;
}

static void test_lies(void **state)
{
	struct home *h = *state;

	say(h, "text");
	save(h);
	for (size_t i = 0; i < RECORDS_MAX; i++) {
		struct buf *value = &h->records.all[i].value;
		char *name = h->records.all[i].name;

		if (!is_of_shelf(name))
			continue;
		for (size_t at = 0; at < value->n; at += 1 + value->n / 50) {
			value->p[at] ^= 1;
			expect_unreadable(h);
			value->p[at] ^= 0x81;
			expect_unreadable(h);
			value->p[at] ^= 0x80;
		}
		value->n--;
		expect_unreadable(h);
		value->n++;
		if (name[0] != 'i')
			continue;
		name[0] = 'x';
		expect_unreadable(h);
		name[0] = 'i';
	}
	expect_stored(h);
}

/* ---- records of two moments ---- */

struct moment {
	struct {
		char name[200];
		struct buf value;
	} all[RECORDS_MAX];
};

static struct moment *remember(const struct home *h)
{
	struct moment *then = calloc(1, sizeof(*then));

	assert_non_null(then);
	for (size_t i = 0; i < RECORDS_MAX; i++) {
		memcpy(then->all[i].name, h->records.all[i].name,
		       sizeof(then->all[i].name));
		buf_put(&then->all[i].value,
			buf_span(&h->records.all[i].value));
	}
	return then;
}

static void forget(struct moment *then)
{
	for (size_t i = 0; i < RECORDS_MAX; i++)
		buf_clear(&then->all[i].value);
	free(then);
}

/* Puts back, one at a time, each record under that prefix which is another now. A record
 * that is gone since may lie there unread. Returns how many were another. */
static size_t put_back(struct home *h, const struct moment *then,
		       const char *prefix)
{
	const struct device_store *store = store_of(h);
	struct buf now = BUF_INIT;
	size_t others = 0;

	for (size_t i = 0; i < RECORDS_MAX; i++) {
		const char *name = then->all[i].name;
		struct span old = buf_span(&then->all[i].value);

		buf_reset(&now);
		if (strncmp(name, prefix, strlen(prefix)) != 0 ||
		    store->get(store->context, name, &now) != ERR_OK ||
		    span_equal(buf_span(&now), old))
			continue;
		others++;
		MUST(store->put(store->context, name, old));
		expect_unreadable(h);
		MUST(store->put(store->context, name, buf_span(&now)));
	}
	buf_clear(&now);
	return others;
}

static void test_moments(void **state)
{
	struct home *h = *state;
	struct moment *then;

	say(h, "the first one opens the way down the secret tree");
	save(h);
	then = remember(h);
	say(h, "text");
	save(h);
	/* the outbox and the secret tree */
	assert_in_range(put_back(h, then, "item/"), 2, 3);
	assert_int_equal(put_back(h, then, "session/"), 1);
	for (int i = 0; i < 2; i++) {
		follow(h, SESSION_OWN);
		expect_kind(&h->world.bob, &h->world.ledger, SESSION_MESSAGE);
	}
	rotate(h);
	/* nodes of the tree are another's, too */
	assert_in_range(put_back(h, then, "item/"), 2, 9);
	expect_stored(h);
	forget(then);
}

static void test_unreadable(void **state)
{
	struct home *h = *state;

	uint8_t number[SHELF_NUMBER], now[SHELF_NUMBER];
	size_t records = with_prefix(h, "item/");
	char name[200] = "";

	read_number(h, number);
	for (size_t i = 0; i < RECORDS_MAX; i++)
		if (strstr(h->records.all[i].name, "/67") != NULL) /* "g" */
			memcpy(name, h->records.all[i].name, sizeof(name));
	h->records.sealed = name;
	expect_unreadable(h);
	replace(h);
	read_number(h, now);
	assert_memory_not_equal(number, now, SHELF_NUMBER);
	/* nothing but what was not come to is left of the one before */
	assert_in_range(with_prefix(h, "item/"), records, 2 * records - 1);
	h->records.sealed = NULL;
	for (size_t i = 0; i < RECORDS_MAX; i++)
		assert_string_not_equal(h->records.all[i].name, name);
}

/* All of it was read before it was found that something is lacking. */
static void test_lacking(void **state)
{
	struct home *h = *state;
	const struct device_store *store = store_of(h);
	struct buf name = BUF_INIT;
	size_t records = with_prefix(h, "item/");

	say(h, "text");
	save(h);
	for (size_t i = 0; name.n == 0 && i < RECORDS_MAX; i++) {
		const char *there = h->records.all[i].name;
		size_t n = strlen(there);

		/* the outbox: an item that may be lacking */
		if (strncmp(there, "item/", 5) == 0 && n > 3 &&
		    strcmp(there + n - 3, "/6f") == 0)
			buf_put(&name, span_of((const uint8_t *)there, n + 1));
	}
	assert_true(name.n > 0);
	MUST(store->remove(store->context, (const char *)name.p));
	expect_unreadable(h);
	records = with_prefix(h, "item/");
	replace(h);
	assert_int_equal(with_prefix(h, "item/"), records + 1);
	buf_clear(&name);
}

/* Which records it had is not known then, and none of them is its own. */
static void test_lost(void **state)
{
	struct home *h = *state;
	const struct device_store *store = store_of(h);
	size_t records;
	char name[64];

	own_name(h, name);
	say(h, "text");
	save(h);
	follow(h, SESSION_OWN);
	records = with_prefix(h, "item/");
	MUST(store->remove(store->context, name));
	/* the outbox of before is not read as this one's */
	replace(h);
	assert_in_range(with_prefix(h, "item/"), 2 * records - 2, 2 * records);
	/* that record does not open: it is replaced, too */
	records = with_prefix(h, "item/");
	h->records.sealed = name;
	expect_unreadable(h);
	save_anew(h);
	h->records.sealed = NULL;
	expect_stored(h);
	assert_in_range(with_prefix(h, "item/"), records + 1, 2 * records);
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
	/* one more is one part, and the digest of all */
	show(h, 200, 201);
	save(h);
	assert_int_equal(h->records.puts, 2);
	assert_in_range(h->records.bytes, 1, 600);
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
	assert_int_equal(h->records.puts, 2);
	expect_noted(h);
}

static void test_notes_of_moments(void **state)
{
	struct home *h = *state;
	struct moment *then;
	size_t parts = 0;

	show(h, 0, 200);
	save(h);
	then = remember(h);
	show(h, 200, 400);
	save(h);
	assert_in_range(put_back(h, then, "meta/"), 1 + NOTES_PARTS / 2,
			1 + NOTES_PARTS);
	for (size_t i = 0; i < RECORDS_MAX; i++) {
		char *name = h->records.all[i].name;

		if (strncmp(name, "meta/", 5) != 0)
			continue;
		parts++;
		name[0] = 'x';
		expect_unreadable(h);
		name[0] = 'm';
	}
	assert_int_equal(parts, 1 + NOTES_PARTS);
	expect_noted(h);
	forget(then);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_life),      TEST(test_size),
		TEST(test_of_before), TEST(test_replaced),
		TEST(test_lies),      TEST(test_unreadable),
		TEST(test_moments),   TEST(test_lacking),
		TEST(test_lost),      TEST(test_notes),
		TEST(test_receipts),  TEST(test_notes_of_moments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
