/* The notes of a session in a device's records (device/group/notes.h): many are spread over
 * some records, and those of two moments are no notes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "device/group/membership.h"
#include "tests/testlib/kept.h"

static json_t *shown(struct kept *h)
{
	return json_object_get(h->m.notes, "shown");
}

static void show(struct kept *h, int from, int to)
{
	char mark[16];

	for (int i = from; i < to; i++) {
		(void)snprintf(mark, sizeof(mark), "%08x", i);
		assert_int_equal(
		    json_object_set_new(shown(h), mark, json_true()), 0);
	}
}

static void expect_noted(struct kept *h)
{
	json_t *before = json_deep_copy(h->m.notes);

	kept_restart(h);
	assert_true(json_equal(before, h->m.notes));
	kept_save(h);
	assert_int_equal(h->records.puts, 0);
	json_decref(before);
}

static void test_notes(void **state)
{
	struct kept *h = *state;
	struct membership m;

	show(h, 0, NOTES_SPREAD - 1);
	kept_save(h);
	assert_int_equal(h->records.puts, 1);
	assert_int_equal(kept_with_prefix(h, "meta/"), 1);
	expect_noted(h);
	show(h, NOTES_SPREAD - 1, 200);
	kept_save(h);
	assert_int_equal(kept_with_prefix(h, "meta/"), 1 + NOTES_PARTS);
	expect_noted(h);
	/* one more is one part, and the digest of all */
	show(h, 200, 201);
	kept_save(h);
	assert_int_equal(h->records.puts, 2);
	assert_in_range(h->records.bytes, 1, 600);
	expect_noted(h);
	MUST(membership_peek(kept_store(h), h->id, false, &m));
	assert_null(json_object_get(m.notes, "shown"));
	membership_clear(&m);
	MUST(membership_peek(kept_store(h), h->id, true, &m));
	assert_true(json_equal(m.notes, h->m.notes));
	membership_clear(&m);
	/* what is spread stays so, also when nothing is left */
	json_object_clear(shown(h));
	kept_save(h);
	assert_int_equal(kept_with_prefix(h, "meta/"), 1);
	expect_noted(h);
	show(h, 0, 200);
	kept_save(h);
	expect_noted(h);
	MUST(membership_forget(kept_store(h), &h->m));
	assert_int_equal(kept_with_prefix(h, "meta/"), 0);
}

static void test_receipts(void **state)
{
	struct kept *h = *state;
	json_t *of = json_object();
	char user[16];

	for (int i = 0; i < 200; i++) {
		(void)snprintf(user, sizeof(user), "user%d", i);
		json_object_set_new(of, user, json_pack("{s:i}", "read", i));
	}
	json_object_set_new(h->m.notes, "receipts",
			    json_pack("{s:o, s:i}", "of", of, "last", 7));
	kept_save(h);
	assert_int_equal(kept_with_prefix(h, "meta/"), 1 + NOTES_PARTS);
	expect_noted(h);
	of = json_object_get(json_object_get(h->m.notes, "receipts"), "of");
	json_object_set_new(json_object_get(of, "user7"), "read",
			    json_integer(1000));
	kept_save(h);
	assert_int_equal(h->records.puts, 2);
	expect_noted(h);
}

static void test_notes_of_moments(void **state)
{
	struct kept *h = *state;
	struct kept_moment *then;
	size_t parts = 0;

	show(h, 0, 200);
	kept_save(h);
	then = kept_remember(h);
	show(h, 200, 400);
	kept_save(h);
	assert_in_range(kept_put_back(h, then, "meta/"), 1 + NOTES_PARTS / 2,
			1 + NOTES_PARTS);
	for (size_t i = 0; i < RECORDS_MAX; i++) {
		char *name = h->records.all[i].name;

		if (strncmp(name, "meta/", 5) != 0)
			continue;
		parts++;
		name[0] = 'x';
		kept_expect_unreadable(h);
		name[0] = 'm';
	}
	assert_int_equal(parts, 1 + NOTES_PARTS);
	expect_noted(h);
	kept_forget(then);
}

int main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, kept_setup, kept_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_notes),
		TEST(test_receipts),
		TEST(test_notes_of_moments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
