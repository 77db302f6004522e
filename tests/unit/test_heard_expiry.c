/* Texts that expire: when they go, what goes with them, and how little is kept of when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "device/texts/expiry.h"
#include "device/texts/said.h"
#include "tests/testlib/ear.h"

static void texts_go_at_their_time(void **state)
{
	struct ear *ear = *state;
	uint64_t short_one, long_one, reply, late;

	ear->ends_ms = ear->now_ms + 60000;
	short_one = ear_hears_about(ear, "alice", SAID_TEXT, NULL, "soon over");
	ear->ends_ms = ear->now_ms + 90000000;
	long_one = ear_hears_about(ear, "alice", SAID_TEXT, NULL, "tomorrow");
	ear->ends_ms = 0;
	reply = ear_hears_about(ear, "bob", SAID_TEXT, ear->last, "fine");
	ear_expect(ear, short_one, "text", "soon over");
	ear_expect_number(ear, short_one, "expires_at", ear->now_ms + 60000);
	ear->now_ms += 59999;
	ear_expect(ear, short_one, "text", "soon over");
	ear->now_ms++;
	ear_expect(ear, short_one, "text", NULL);
	assert_true(ear_is_over(ear, short_one));
	ear_expect(ear, long_one, "text", "tomorrow");
	ear_expect_nowhere(ear, "soon over");
	ear->now_ms += 90000000;
	ear_expect(ear, long_one, "text", NULL);
	ear_expect(ear, reply, "text", "fine");
	ear_expect_nowhere(ear, "tomorrow");
	/* what comes after its time is not kept at all */
	ear->ends_ms = ear->now_ms - 1000;
	late = ear_hears_about(ear, "alice", SAID_TEXT, NULL, "too late");
	ear_expect(ear, late, "kind", "text");
	assert_true(ear_is_over(ear, late));
	ear_expect_nowhere(ear, "too late");
}

/* Neither the first text nor another edit is left when one of them is over. */
static void edits_go_with_their_message(void **state)
{
	struct ear *ear = *state;
	uint64_t said, edit, other, react;
	uint8_t id[MIMI_ID];

	said = ear_hears_text(ear, "alice", "one");
	memcpy(id, ear->last, MIMI_ID);
	edit = ear_hears_about(ear, "alice", SAID_EDIT, id, "two");
	ear->ends_ms = ear->now_ms + 5000;
	other = ear_hears_about(ear, "alice", SAID_EDIT, id, "three");
	react = ear_hears_about(ear, "bob", SAID_REACTION, id, "+");
	ear_expect(ear, said, "edited_text", "three");
	assert_int_equal(ear_reactions(ear, said), 1);
	ear->now_ms += 5000;
	assert_true(ear_is_over(ear, said) && ear_is_over(ear, edit) &&
		    ear_is_over(ear, other));
	assert_true(ear_is_over(ear, react));
	assert_int_equal(ear_reactions(ear, said), 0);
	ear_expect_number(ear, said, "edited", 0);
	for (size_t i = 0; i < 3; i++)
		ear_expect_nowhere(ear,
				   (const char *const[]){ "\"one\"", "\"two\"",
							  "\"three\"" }[i]);
	ear->ends_ms = 0;
	other = ear_hears_about(ear, "alice", SAID_EDIT, id, "four");
	ear_expect(ear, other, "text", NULL);
	ear_expect_nowhere(ear, "four");
}

/* What was said in the history before, and has the same numbers, is not meant. */
static void another_history_has_other_messages(void **state)
{
	struct ear *ear = *state;
	uint64_t said, other, gone;
	uint8_t id[MIMI_ID];

	(void)ear_hears_text(ear, "alice", "one");
	memcpy(id, ear->last, MIMI_ID);
	ear->ends_ms = ear->now_ms + 5000;
	(void)ear_hears_about(ear, "alice", SAID_TEXT, NULL, "soon over");
	ear->ends_ms = 0;
	ear_takes_history(ear, 0);
	said = ear_hears_text(ear, "alice", "two");
	other = ear_hears_text(ear, "alice", "three");
	gone = ear_hears_about(ear, "alice", SAID_DELETE, id, "");
	ear_expect(ear, said, "text", "two");
	ear_expect_number(ear, gone, "of", 0);
	ear->now_ms += 5000;
	ear_expect(ear, other, "text", "three");
	assert_false(ear_is_over(ear, other));
}

/* More than a record holds, of two hours; nothing of the book of ends is left. */
static void many_texts_go(void **state)
{
	struct ear *ear = *state;
	uint64_t first = ear->seq + 1;

	for (uint64_t i = 0; i < 150; i++) {
		ear->ends_ms = ear->now_ms + 1000 + i / 75 * 3600000;
		(void)ear_hears_about(ear, "alice", SAID_TEXT, NULL, "many");
	}
	ear->now_ms += 1000;
	assert_true(ear_is_over(ear, first) && ear_is_over(ear, first + 74));
	assert_false(ear_is_over(ear, first + 75));
	ear->now_ms += 3600000;
	for (uint64_t i = 0; i < 150; i++)
		assert_true(ear_is_over(ear, first + i));
	ear_expect_nowhere(ear, "many");
	assert_int_equal(records_find(&ear->records, "ends/472222/0").n, 0);
	assert_int_equal(records_find(&ear->records, "ends").n, 2);
}

static size_t count_hours(const struct ear *ear)
{
	json_t *hours = NULL;
	size_t count;

	MUST(record_get(&ear->records.store, "ends", &hours));
	count = json_object_size(hours);
	json_decref(hours);
	return count;
}

/* Each message ends in another hour, within eleven years: a member's wish does not
 * make the book of ends grow. */
static void the_book_of_ends_is_bounded(void **state)
{
	const uint64_t apart = UINT64_C(97) * 3600000;
	struct ear *ear = *state;
	uint64_t first = ear->now_ms + 1000;

	for (uint64_t i = 0; i < 1000; i++)
		MUST(expiry_note(&ear->device, i + 1, first + i * apart));
	assert_true(count_hours(ear) < 70);
	for (uint64_t i = 0; i < 1000; i++) {
		ear->now_ms = first + i * apart;
		assert_true(ear->device.ends_ms <= ear->now_ms);
		MUST(device_sweep(&ear->device));
		assert_true(ear->device.ends_ms > ear->now_ms);
		assert_true(count_hours(ear) < 70);
	}
	assert_int_equal(count_hours(ear), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(texts_go_at_their_time,
						ear_setup, ear_teardown),
		cmocka_unit_test_setup_teardown(edits_go_with_their_message,
						ear_setup, ear_teardown),
		cmocka_unit_test_setup_teardown(
		    another_history_has_other_messages, ear_setup,
		    ear_teardown),
		cmocka_unit_test_setup_teardown(many_texts_go, ear_setup,
						ear_teardown),
		cmocka_unit_test_setup_teardown(the_book_of_ends_is_bounded,
						ear_setup, ear_teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
