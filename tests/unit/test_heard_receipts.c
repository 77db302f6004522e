/* Receipts: what the device believes of them, whom it shows, and when it writes its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "device/texts/content.h"
#include "device/texts/entry.h"
#include "device/texts/outbox.h"
#include "device/texts/reading.h"
#include "device/texts/receipts.h"
#include "tests/testlib/ear.h"

static uint64_t receipt(struct ear *ear, const char *user, uint64_t delivered,
			uint64_t read)
{
	struct buf content = BUF_INIT;
	uint64_t seq;

	content_put_receipt(&content, delivered, read);
	MUST(buf_end(&content));
	seq = ear_hears(ear, user, buf_span(&content));
	buf_clear(&content);
	return seq;
}

static void expect_receipt(const struct ear *ear, const char *user,
			   uint64_t delivered, uint64_t read)
{
	json_t *row = json_object();

	receipts_describe(&ear->device.open, span_str(user), row);
	assert_int_equal(record_number_or_0(row, "delivered"), delivered);
	assert_int_equal(record_number_or_0(row, "read"), read);
	json_decref(row);
}

static void receipts_are_two_numbers(void **state)
{
	static const uint8_t cut[] = { CONTENT_RECEIPT, 0, 0 };
	struct ear *ear = *state;
	uint64_t first = ear_hears_text(ear, "alice", "one"), seq;

	(void)ear_hears_text(ear, "alice", "two");
	expect_receipt(ear, "bob", 0, 0);
	seq = receipt(ear, "bob", 2, first);
	ear_expect(ear, seq, "kind", "receipt");
	ear_expect_number(ear, seq, "delivered", 2);
	expect_receipt(ear, "bob", 2, first);
	/* a number never falls */
	(void)receipt(ear, "bob", 1, 0);
	expect_receipt(ear, "bob", 2, first);
	/* nobody has what comes after what is said of it, nor reads what is not
	 * here */
	ear_expect(ear, receipt(ear, "bob", ear->seq + 1, 0), "kind",
		   "unreadable");
	ear_expect(ear, receipt(ear, "bob", 2, 3), "kind", "unreadable");
	ear_expect(ear, ear_hears(ear, "bob", SPAN_ARRAY(cut)), "kind",
		   "unreadable");
	expect_receipt(ear, "bob", 2, first);
	expect_receipt(ear, "carol", 0, 0);
	/* receipts are no reason for one */
	assert_int_equal(
	    record_number_or_0(
		json_object_get(ear->device.open.notes, "receipts"), "last"),
	    2);
}

/* Where the person takes another history, nobody has got or read what stands there, and
 * the person here has not either. */
static void receipts_are_of_one_history(void **state)
{
	struct ear *ear = *state;
	struct membership *m = &ear->device.open;
	uint64_t last = ear_hears_text(ear, "alice", "one");

	(void)ear_hears_text(ear, "alice", "two");
	(void)receipt(ear, "bob", last + 1, last + 1);
	assert_true(reading_note(m, last + 1));
	assert_true(receipts_note_read(&ear->device, last + 1));
	ear_takes_history(ear, last);
	reading_begin_line(m, last);
	MUST(receipts_begin_line(&ear->device));
	expect_receipt(ear, "bob", 0, 0);
	assert_int_equal(reading_to(m), last);
	assert_null(json_object_get(m->notes, "receipts"));
	/* what was not read yet is not read by that */
	reading_begin_line(m, last + 5);
	assert_int_equal(reading_to(m), last);
}

/* Everybody has always something to tell: so many are written within an hour. */
static uint64_t count_receipts(uint32_t members)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < members; i++)
		for (uint64_t at = 0; at < 3600000;
		     at += receipts_interval_ms(members))
			count++;
	return count;
}

static void receipts_of_all_are_bounded(void **state)
{
	(void)state;
	assert_int_equal(receipts_interval_ms(1), 5000);
	assert_int_equal(count_receipts(2), 1440);
	assert_int_equal(count_receipts(5), 3600);
	assert_int_equal(count_receipts(200), 3600);
	assert_true(count_receipts(2000) <= 4000);
}

/* A commit adds that device. */
static void add(struct ear *ear, const char *identity)
{
	struct session_event event = { .kind = SESSION_COMMIT,
				       .seq = ++ear->seq };
	struct entry_people people = { .added = json_pack("[s]", identity) };

	buf_put_str(&event.identity, "alice/1");
	MUST(buf_end(&event.identity));
	MUST(entry_keep(&ear->device, &event, &people));
	entry_people_clear(&people);
	session_event_clear(&event);
}

/* Is that user on the list of a text of our own? */
static bool has(struct ear *ear, uint64_t seq, const char *list,
		const char *user)
{
	json_t *shown = json_pack("{s:I, s:s, s:b}", "seq", (json_int_t)seq,
				  "kind", "text", "own", 1);
	const json_t *name;
	bool found = false;
	size_t i;

	MUST(record_put(&ear->records.store, "meta/" EAR_SESSION,
			ear->device.open.notes));
	MUST(receipts_show(&ear->device, EAR_SESSION, shown));
	json_array_foreach(json_object_get(shown, list), i, name) found |=
	    strcmp(json_string_value(name), user) == 0;
	json_decref(shown);
	return found;
}

static void nobody_has_what_came_before(void **state)
{
	struct ear *ear = *state;
	uint64_t first = ear_hears_text(ear, "alice", "one"), second, third;

	add(ear, "carol/1");
	second = ear_hears_text(ear, "alice", "two");
	(void)receipt(ear, "bob", second, second);
	(void)receipt(ear, "carol", second, second);
	assert_true(has(ear, first, "delivered_to", "bob"));
	assert_true(has(ear, first, "read_by", "bob"));
	assert_false(has(ear, first, "delivered_to", "carol"));
	assert_false(has(ear, first, "read_by", "carol"));
	assert_true(has(ear, second, "delivered_to", "carol"));
	assert_true(has(ear, second, "read_by", "carol"));
	/* another device of one's own is no reader of what one has written */
	(void)snprintf(ear->device.username, sizeof(ear->device.username),
		       "alice");
	(void)receipt(ear, "alice", second, second);
	assert_false(has(ear, first, "delivered_to", "alice"));
	assert_false(has(ear, first, "read_by", "alice"));
	/* carol was away, and is in again */
	third = ear_hears_text(ear, "alice", "three");
	add(ear, "carol/2");
	assert_false(has(ear, second, "delivered_to", "carol"));
	(void)receipt(ear, "carol", ear->seq, ear->seq);
	assert_false(has(ear, third, "delivered_to", "carol"));
}

static void expect_unsent(struct ear *ear, uint64_t expected)
{
	uint64_t item;

	MUST(receipts_unsent(&ear->device, &item));
	assert_int_equal(item, expected);
}

static void receipts_do_not_wait(void **state)
{
	struct buf content = BUF_INIT;
	struct ear *ear = *state;
	uint64_t item;

	content_put_receipt(&content, 2, 1);
	MUST(buf_end(&content));
	(void)ear_queues(ear, &content, OUTBOX_NAME);
	expect_unsent(ear, 0);
	item = ear_queues(ear, &content, OUTBOX_RECEIPT);
	expect_unsent(ear, 0);
	MUST(device_set_receipts(&ear->device, false));
	expect_unsent(ear, item);
	MUST(device_set_receipts(&ear->device, true));
	expect_unsent(ear, 0);
	ear->now_ms += RECEIPTS_WAIT_MS;
	expect_unsent(ear, item);
	buf_clear(&content);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(receipts_are_two_numbers,
						ear_setup, ear_teardown),
		cmocka_unit_test_setup_teardown(receipts_are_of_one_history,
						ear_setup, ear_teardown),
		cmocka_unit_test(receipts_of_all_are_bounded),
		cmocka_unit_test_setup_teardown(nobody_has_what_came_before,
						ear_setup, ear_teardown),
		cmocka_unit_test_setup_teardown(receipts_do_not_wait, ear_setup,
						ear_teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
