/* A session item by item in a device's records (device/group/shelf.h, session/items.h): what
 * is there is the session, little is written, what is over is gone, and records that were
 * not written together are no session. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "device/group/membership.h"
#include "tests/testlib/kept.h"
#include "tests/testlib/session_value.h"

/* What "session/ID" has. */
enum { SHELF_NUMBER = 8, SHELF_RECORD = 1 + SHELF_NUMBER + 32 };

/* ---- what is there is the session ---- */

static void test_life(void **state)
{
	struct kept *h = *state;
	size_t first = 0;

	kept_expect_stored(h);
	for (int i = 0; i < 20; i++) {
		kept_say(h, "from alice");
		kept_save(h);
		assert_in_range(h->records.puts, 1, 7);
		assert_in_range(h->records.bytes, 1, 1550);
		kept_expect_stored(h);
		kept_follow(h, SESSION_OWN);
		expect_kind(&h->world.bob, &h->world.ledger, SESSION_MESSAGE);
		kept_save(h);
		kept_expect_stored(h);
		(void)device_say(&h->world.bob, &h->world.ledger, "from bob");
		kept_follow(h, SESSION_MESSAGE);
		expect_kind(&h->world.bob, &h->world.ledger, SESSION_OWN);
		kept_save(h);
		kept_expect_stored(h);
		kept_rotate(h);
		kept_expect_stored(h);
		/* epochs come and go, and so do their records */
		if (i == 10)
			first = kept_with_prefix(h, "item/");
	}
	assert_in_range(kept_with_prefix(h, "item/"), first - 3, first + 6);
}

static void test_size(void **state)
{
	struct kept *h = *state;

	kept_say(h, "the first one opens the way down the secret tree");
	kept_save(h);
	kept_follow(h, SESSION_OWN);
	kept_save(h);
	for (int i = 0; i < 3; i++) {
		kept_say(h, "text");
		kept_save(h);
		/* the outbox, the sender's ratchets, and the digest */
		assert_int_equal(h->records.puts, 3);
		assert_in_range(h->records.bytes, 1, 950);
		kept_follow(h, SESSION_OWN);
		kept_save(h);
		/* the outbox is empty; the place and its heads; the digest */
		assert_int_equal(h->records.puts, 4);
		assert_in_range(h->records.bytes, 1, 450);
	}
}

/* ---- states of before ---- */

static void test_of_before(void **state)
{
	struct kept *h = *state;
	const struct device_store *store = kept_store(h);
	struct buf before = BUF_INIT, name = BUF_INIT;

	MUST(membership_forget(store, &h->m));
	assert_int_equal(kept_with_prefix(h, "item/"), 0);
	assert_int_equal(kept_with_prefix(h, "session/"), 0);
	assert_int_equal(kept_with_prefix(h, "meta/"), 0);
	buf_putf(&name, "session/%s", h->id);
	buf_put_u8(&name, 0);
	MUST(session_value(h->m.session, &before));
	MUST(store->put(store->context, (const char *)name.p,
			buf_span(&before)));
	buf_reset(&name);
	buf_putf(&name, "meta/%s", h->id);
	buf_put_u8(&name, 0);
	MUST(record_put(store, (const char *)name.p, h->m.notes));
	kept_restart(h);
	assert_null(h->m.shelf);
	MUST(membership_save(store, rng_system(), &h->m));
	/* its record has the number of the shelf and a digest, and no secret any
	 * more */
	buf_reset(&name);
	buf_putf(&name, "session/%s", h->id);
	buf_put_u8(&name, 0);
	assert_int_equal(records_find(&h->records, (const char *)name.p).n,
			 SHELF_RECORD);
	kept_expect_stored(h);
	kept_say(h, "on");
	kept_save(h);
	kept_expect_stored(h);
	buf_clear(&before);
	buf_clear(&name);
}

/* ---- another one under the same id ---- */

static void own_name(const struct kept *h, char name[64])
{
	(void)snprintf(name, 64, "session/%s", h->id);
}

static void read_number(struct kept *h, uint8_t number[SHELF_NUMBER])
{
	struct span record;
	char name[64];

	own_name(h, name);
	record = records_find(&h->records, name);
	assert_int_equal(record.n, SHELF_RECORD);
	memcpy(number, record.p + 1, SHELF_NUMBER);
}

/* As a session that does not come from the records. */
static void save_anew(struct kept *h)
{
	struct session *session = h->m.session;

	h->m.session = NULL;
	membership_clear(&h->m);
	MUST(membership_new(&h->m, h->id, &kept_offer));
	h->m.session = session;
	MUST(membership_save(kept_store(h), rng_system(), &h->m));
}

static void replace(struct kept *h)
{
	save_anew(h);
	kept_expect_stored(h);
}

static void test_replaced(void **state)
{
	struct kept *h = *state;
	uint8_t number[SHELF_NUMBER], now[SHELF_NUMBER];
	size_t records;

	read_number(h, number);
	replace(h);
	records = kept_with_prefix(h, "");
	for (int i = 0; i < 3; i++) {
		kept_say(h, "text");
		kept_save(h);
		kept_follow(h, SESSION_OWN);
		kept_save(h);
		replace(h);
		assert_in_range(kept_with_prefix(h, ""), records, records + 3);
	}
	read_number(h, now);
	assert_memory_equal(number, now, SHELF_NUMBER);
}

static bool is_of_shelf(const char *name)
{
	return strncmp(name, "item/", 5) == 0 ||
	       strncmp(name, "session/", 8) == 0;
}

static void test_lies(void **state)
{
	struct kept *h = *state;

	kept_say(h, "text");
	kept_save(h);
	for (size_t i = 0; i < RECORDS_MAX; i++) {
		struct buf *value = &h->records.all[i].value;
		char *name = h->records.all[i].name;

		if (!is_of_shelf(name))
			continue;
		for (size_t at = 0; at < value->n; at += 1 + value->n / 50) {
			value->p[at] ^= 1;
			kept_expect_unreadable(h);
			value->p[at] ^= 0x81;
			kept_expect_unreadable(h);
			value->p[at] ^= 0x80;
		}
		value->n--;
		kept_expect_unreadable(h);
		value->n++;
		if (name[0] != 'i')
			continue;
		name[0] = 'x';
		kept_expect_unreadable(h);
		name[0] = 'i';
	}
	kept_expect_stored(h);
}

/* ---- records of two moments ---- */

static void test_moments(void **state)
{
	struct kept *h = *state;
	struct kept_moment *then;

	kept_say(h, "the first one opens the way down the secret tree");
	kept_save(h);
	then = kept_remember(h);
	kept_say(h, "text");
	kept_save(h);
	/* the outbox and the secret tree */
	assert_in_range(kept_put_back(h, then, "item/"), 2, 3);
	assert_int_equal(kept_put_back(h, then, "session/"), 1);
	for (int i = 0; i < 2; i++) {
		kept_follow(h, SESSION_OWN);
		expect_kind(&h->world.bob, &h->world.ledger, SESSION_MESSAGE);
	}
	kept_rotate(h);
	/* nodes of the tree are another's, too */
	assert_in_range(kept_put_back(h, then, "item/"), 2, 9);
	kept_expect_stored(h);
	kept_forget(then);
}

static void test_unreadable(void **state)
{
	struct kept *h = *state;

	uint8_t number[SHELF_NUMBER], now[SHELF_NUMBER];
	size_t records = kept_with_prefix(h, "item/");
	char name[200] = "";

	read_number(h, number);
	for (size_t i = 0; i < RECORDS_MAX; i++)
		if (strstr(h->records.all[i].name, "/67") != NULL) /* "g" */
			memcpy(name, h->records.all[i].name, sizeof(name));
	h->records.sealed = name;
	kept_expect_unreadable(h);
	replace(h);
	read_number(h, now);
	assert_memory_not_equal(number, now, SHELF_NUMBER);
	/* nothing but what was not come to is left of the one before */
	assert_in_range(kept_with_prefix(h, "item/"), records, 2 * records - 1);
	h->records.sealed = NULL;
	for (size_t i = 0; i < RECORDS_MAX; i++)
		assert_string_not_equal(h->records.all[i].name, name);
}

/* All of it was read before it was found that something is lacking. */
static void test_lacking(void **state)
{
	struct kept *h = *state;
	const struct device_store *store = kept_store(h);
	struct buf name = BUF_INIT;
	size_t records = kept_with_prefix(h, "item/");

	kept_say(h, "text");
	kept_save(h);
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
	kept_expect_unreadable(h);
	records = kept_with_prefix(h, "item/");
	replace(h);
	assert_int_equal(kept_with_prefix(h, "item/"), records + 1);
	buf_clear(&name);
}

/* Which records it had is not known then, and none of them is its own. */
static void test_lost(void **state)
{
	struct kept *h = *state;
	const struct device_store *store = kept_store(h);
	size_t records;
	char name[64];

	own_name(h, name);
	kept_say(h, "text");
	kept_save(h);
	kept_follow(h, SESSION_OWN);
	records = kept_with_prefix(h, "item/");
	MUST(store->remove(store->context, name));
	/* the outbox of before is not read as this one's */
	replace(h);
	assert_in_range(kept_with_prefix(h, "item/"), 2 * records - 2,
			2 * records);
	/* that record does not open: it is replaced, too */
	records = kept_with_prefix(h, "item/");
	h->records.sealed = name;
	kept_expect_unreadable(h);
	save_anew(h);
	h->records.sealed = NULL;
	kept_expect_stored(h);
	assert_in_range(kept_with_prefix(h, "item/"), records + 1, 2 * records);
}

int main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, kept_setup, kept_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_life),     TEST(test_size),	 TEST(test_of_before),
		TEST(test_replaced), TEST(test_lies),	 TEST(test_unreadable),
		TEST(test_moments),  TEST(test_lacking), TEST(test_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
