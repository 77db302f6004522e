/* What messages about messages do to what is kept: edits, deletions, reactions, and
 * what the device does not know. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "device/texts/content.h"
#include "device/texts/marks.h"
#include "device/texts/said.h"
#include "tests/testlib/ear.h"

static void only_the_author_edits(void **state)
{
	struct ear *ear = *state;
	uint64_t said = ear_hears_text(ear, "alice", "one"), by_bob, by_alice;
	uint8_t id[MIMI_ID];

	memcpy(id, ear->last, MIMI_ID);
	by_bob = ear_hears_about(ear, "bob", SAID_EDIT, id, "two");
	ear_expect(ear, by_bob, "kind", "unreadable");
	ear_expect(ear, by_bob, "text", NULL); /* nobody could delete it */
	ear_expect_nowhere(ear, "two");
	ear_expect_number(ear, said, "edited", 0);
	by_bob = ear_hears_about(ear, "bob", SAID_DELETE, id, "");
	ear_expect(ear, by_bob, "kind", "unreadable");
	ear_expect(ear, said, "text", "one");
	ear_expect_number(ear, said, "deleted", 0);
	by_alice = ear_hears_about(ear, "alice", SAID_EDIT, id, "three");
	ear_expect(ear, said, "text", "one");
	ear_expect(ear, said, "edited_text", "three");
	ear_expect_number(ear, said, "edited", by_alice);
	/* a name that begins with another one is another one */
	by_bob = ear_hears_about(ear, "alic", SAID_EDIT, id, "four");
	ear_expect(ear, by_bob, "kind", "unreadable");
}

static void what_was_deleted_stays_so(void **state)
{
	struct ear *ear = *state;
	uint64_t said = ear_hears_text(ear, "alice", "one"), edit, gone, late;
	uint8_t id[MIMI_ID];

	memcpy(id, ear->last, MIMI_ID);
	edit = ear_hears_about(ear, "alice", SAID_EDIT, id, "two");
	gone = ear_hears_about(ear, "alice", SAID_DELETE, id, "");
	ear_expect(ear, said, "text", NULL);
	ear_expect(ear, edit, "text", NULL);
	ear_expect_number(ear, said, "deleted", gone);
	late = ear_hears_about(ear, "alice", SAID_EDIT, id, "three");
	ear_expect(ear, late, "kind", "edit");
	ear_expect(ear, late, "text", NULL);
	ear_expect_number(ear, late, "of", said);
	ear_expect_number(ear, said, "edited", 0);
	(void)ear_hears_about(ear, "alice", SAID_DELETE, id, "");
	ear_expect_number(ear, said, "deleted",
			  gone); /* by the first that did */
	ear_expect_nowhere(ear, "two");
	ear_expect_nowhere(ear, "three");
}

static void keep_edit(struct ear *ear, const uint8_t id[MIMI_ID], json_t *edit)
{
	json_t *marks = NULL;

	MUST(marks_get(&ear->records.store, EAR_SESSION, id, &marks));
	assert_true(marks_edit(marks, ++ear->seq, edit));
	MUST(marks_save(&ear->records.store, EAR_SESSION, id, marks));
	json_decref(marks);
	json_decref(edit);
}

/* Whom an edited text names is whom its last edit names. */
static void mentions_are_those_of_the_last_edit(void **state)
{
	struct ear *ear = *state;
	uint64_t said = ear_hears_text(ear, "alice", "one");
	uint8_t id[MIMI_ID];
	json_t *made;

	memcpy(id, ear->last, MIMI_ID);
	keep_edit(ear, id,
		  json_pack("{s:s, s:[s], s:b}", "text", "@bob", "mentions",
			    "bob", "mentioned", 1));
	made = ear_entry(ear, said);
	assert_true(json_is_true(json_object_get(made, "mentioned")));
	assert_int_equal(json_array_size(json_object_get(made, "mentions")), 1);
	json_decref(made);
	keep_edit(ear, id, json_pack("{s:s}", "text", "nobody"));
	made = ear_entry(ear, said);
	assert_null(json_object_get(made, "mentioned"));
	assert_null(json_object_get(made, "mentions"));
	json_decref(made);
}

/* Deleting the message would not find it. */
static void an_edit_too_many_is_not_kept(void **state)
{
	struct ear *ear = *state;
	uint64_t said = ear_hears_text(ear, "alice", "one"), last;
	json_t *marks = NULL, *words = json_pack("{s:s}", "text", "two");
	uint8_t id[MIMI_ID];

	memcpy(id, ear->last, MIMI_ID);
	MUST(marks_get(&ear->records.store, EAR_SESSION, id, &marks));
	for (uint64_t i = 1; i < MARKS_MAX; i++)
		assert_true(marks_edit(marks, ++ear->seq, words));
	MUST(marks_save(&ear->records.store, EAR_SESSION, id, marks));
	last = ear_hears_about(ear, "alice", SAID_EDIT, id, "three");
	ear_expect(ear, said, "edited_text", "three");
	(void)ear_hears_about(ear, "alice", SAID_EDIT, id, "four");
	ear_expect(ear, ear->seq, "kind", "unreadable");
	ear_expect(ear, ear->seq, "text", NULL);
	ear_expect_number(ear, said, "edited", last);
	ear_expect_nowhere(ear, "four");
	json_decref(marks);
	json_decref(words);
}

static void reactions_count_once(void **state)
{
	struct ear *ear = *state;
	uint64_t said = ear_hears_text(ear, "alice", "one"), first, last;
	uint8_t id[MIMI_ID], liked[MIMI_ID];

	memcpy(id, ear->last, MIMI_ID);
	first = ear_hears_about(ear, "bob", SAID_REACTION, id, "+");
	memcpy(liked, ear->last, MIMI_ID);
	assert_int_equal(ear_reactions(ear, said), 1);
	last = ear_hears_about(ear, "bob", SAID_REACTION, id, "+");
	ear_expect(ear, last, "kind", "reaction");
	assert_int_equal(ear_reactions(ear, said), 1);
	(void)ear_hears_about(ear, "bob", SAID_REACTION, id, "-");
	(void)ear_hears_about(ear, "carol", SAID_REACTION, id, "+");
	assert_int_equal(ear_reactions(ear, said), 3);
	last = ear_hears_about(ear, "carol", SAID_DELETE, liked, "");
	ear_expect(ear, last, "kind", "unreadable");
	assert_int_equal(ear_reactions(ear, said), 3);
	last = ear_hears_about(ear, "bob", SAID_DELETE, liked, "");
	assert_int_equal(ear_reactions(ear, said), 2);
	ear_expect_number(ear, first, "deleted", last);
	ear_expect(ear, first, "text", NULL);
	last = ear_hears_about(ear, "bob", SAID_EDIT, liked, "no text");
	ear_expect(ear, last, "kind", "unreadable");
}

static void reactions_are_bounded(void **state)
{
	json_t *marks = json_object(), *from = json_string("bob");
	json_t *edit = json_pack("{s:s}", "text", "two");

	(void)state;
	for (uint64_t i = 1; i <= MARKS_MAX + 1; i++) {
		json_t *words = json_integer((json_int_t)i);

		assert_int_equal(marks_react(marks, i, from, words),
				 i <= MARKS_MAX);
		assert_int_equal(marks_edit(marks, i, edit), i <= MARKS_MAX);
		json_decref(words);
	}
	json_decref(edit);
	json_decref(from);
	json_decref(marks);
}

static void an_edit_of_another_history_is_no_edit(void **state)
{
	struct ear *ear = *state;
	uint64_t said = ear_hears_text(ear, "alice", "one"), other;
	uint8_t id[MIMI_ID];

	memcpy(id, ear->last, MIMI_ID);
	(void)ear_hears_about(ear, "alice", SAID_EDIT, id, "two");
	ear_takes_history(ear, said);
	other = ear_hears_text(ear, "alice", "three");
	(void)ear_hears_about(ear, "alice", SAID_DELETE, id, "");
	ear_expect(ear, said, "text", NULL);
	ear_expect(ear, other, "text", "three");
}

static void the_rest_is_shown(void **state)
{
	static const uint8_t nowhere[MIMI_ID] = { MIMI_SHA256 };
	static const uint8_t broken[] = { CONTENT_MIMI, 0x87, 0x40 };
	struct mimi_part parts[3] = {
		{ .cardinality = MIMI_MULTI,
		  .semantics = MIMI_PROCESS_ALL,
		  .children = 2 },
		{ .cardinality = MIMI_SINGLE,
		  .content_type = SPAN_LIT("Text/Plain"),
		  .content = SPAN_LIT("look") },
		{ .cardinality = MIMI_EXTERNAL,
		  .content_type = SPAN_LIT("image/png"),
		  .external = { .filename = SPAN_LIT("cat.png"), .size = 9 } },
	};
	struct mimi_message m = { .parts = parts, .part_count = 3 };
	struct buf content = BUF_INIT;
	struct ear *ear = *state;
	uint64_t seq;

	buf_put_u8(&content, CONTENT_MIMI);
	MUST(mimi_encode(&m, &content));
	seq = ear_hears(ear, "alice", buf_span(&content));
	ear_expect(ear, seq, "text",
		   "look\n[image/png elsewhere: cat.png, 9 bytes]");
	parts[0].semantics = MIMI_CHOOSE_ONE;
	buf_reset(&content);
	buf_put_u8(&content, CONTENT_MIMI);
	MUST(mimi_encode(&m, &content));
	seq = ear_hears(ear, "alice", buf_span(&content));
	ear_expect(ear, seq, "text", "look");
	seq = ear_hears(ear, "alice", SPAN_ARRAY(broken));
	ear_expect(ear, seq, "kind", "unreadable");
	seq = ear_hears_about(ear, "alice", SAID_EDIT, nowhere, "what?");
	ear_expect(ear, seq, "kind", "edit");
	ear_expect(ear, seq, "text", "what?");
	ear_expect_number(ear, seq, "of", 0);
	buf_clear(&content);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(only_the_author_edits,
						ear_setup, ear_teardown),
		cmocka_unit_test_setup_teardown(what_was_deleted_stays_so,
						ear_setup, ear_teardown),
		cmocka_unit_test_setup_teardown(
		    mentions_are_those_of_the_last_edit, ear_setup,
		    ear_teardown),
		cmocka_unit_test_setup_teardown(an_edit_too_many_is_not_kept,
						ear_setup, ear_teardown),
		cmocka_unit_test_setup_teardown(reactions_count_once, ear_setup,
						ear_teardown),
		cmocka_unit_test(reactions_are_bounded),
		cmocka_unit_test_setup_teardown(
		    an_edit_of_another_history_is_no_edit, ear_setup,
		    ear_teardown),
		cmocka_unit_test_setup_teardown(the_rest_is_shown, ear_setup,
						ear_teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
