/* The name and the subject of a session: which one stands, and when the device says
 * them again for those who came in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "device/texts/content.h"
#include "device/texts/naming.h"
#include "device/texts/outbox.h"
#include "tests/testlib/ear.h"

static uint64_t name(struct ear *ear, const char *user, uint64_t view,
		     const char *words)
{
	struct buf content = BUF_INIT;
	uint64_t seq;

	content_put(&content, CONTENT_NAME, span_str(words));
	MUST(buf_end(&content));
	ear->view = view;
	seq = ear_hears(ear, user, buf_span(&content));
	buf_clear(&content);
	return seq;
}

static void expect_name(const struct ear *ear, const char *words)
{
	assert_string_equal(membership_name(&ear->device.open), words);
}

static void a_late_repeat_undoes_no_name(void **state)
{
	struct ear *ear = *state;
	uint64_t old = name(ear, "alice", 0, "old"), late;
	uint64_t now = name(ear, "bob", old, "new");

	expect_name(ear, "new");
	late = name(ear, "alice", old, "old");
	expect_name(ear, "new");
	ear_expect(ear, late, "kind", "unreadable");
	/* who says two names at once means the second one */
	(void)name(ear, "bob", old, "newer");
	expect_name(ear, "newer");
	late = name(ear, "alice", now, "old");
	expect_name(ear, "newer");
	(void)name(ear, "alice", late, "old");
	expect_name(ear, "old");
}

/* Whether that still holds this device does not know: membership_continue() keeps the
 * name, and not where it was said. */
static void what_an_earlier_membership_heard_is_not_repeated(void **state)
{
	struct ear *ear = *state;

	(void)name(ear, "alice", 0, "old");
	assert_true(naming_has_any(&ear->device));
	(void)json_object_del(ear->device.open.notes, "name_at");
	(void)json_object_del(ear->device.open.notes, "name_by");
	(void)json_object_set_new(ear->device.open.notes, "again", json_true());
	expect_name(ear, "old");
	assert_false(naming_has_any(&ear->device));
	/* that there is none is to be said as well */
	(void)name(ear, "alice", 0, "");
	assert_null(membership_name(&ear->device.open));
	assert_true(naming_has_any(&ear->device));
}

static void a_repeat_does_not_wait(void **state)
{
	struct buf content = BUF_INIT;
	struct ear *ear = *state;
	uint64_t item;

	content_put(&content, CONTENT_NAME, SPAN_LIT("old"));
	MUST(buf_end(&content));
	(void)json_object_set_new(ear->device.open.notes, "rename_at",
				  json_integer(1));
	item = ear_queues(ear, &content, OUTBOX_NAME);
	assert_int_equal(naming_unsent(&ear->device), 0);
	(void)name(ear, "bob", 0, "new");
	assert_int_equal(naming_unsent(&ear->device), item);
	buf_clear(&content);
}

static uint64_t subject(struct ear *ear, const char *user, const char *words)
{
	const struct room room = { .says_subject = true,
				   .subject = span_str(words) };
	struct buf content = BUF_INIT;
	uint64_t seq;

	buf_put_u8(&content, CONTENT_MIMI);
	MUST(room_put(&room, rng_system(), &content));
	seq = ear_hears(ear, user, buf_span(&content));
	buf_clear(&content);
	return seq;
}

static bool is_due(const struct ear *ear)
{
	return json_object_get(ear->device.open.notes, "rename_at") != NULL;
}

/* Whoever came in has heard all of it when each has been said behind the commit. */
static void a_repeat_may_be_several_messages(void **state)
{
	struct ear *ear = *state;

	(void)name(ear, "alice", 0, "old");
	ear->view = 0;
	(void)subject(ear, "alice", "soup");
	(void)json_object_set_new(ear->device.open.notes, "rename_at",
				  json_integer(1));
	(void)json_object_set_new(ear->device.open.notes, "rename_for",
				  json_integer((json_int_t)++ear->seq));
	(void)subject(ear, "bob", "soup");
	assert_true(is_due(ear)); /* the name was not */
	(void)name(ear, "bob", 0, "old");
	assert_false(is_due(ear));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_late_repeat_undoes_no_name,
						ear_setup, ear_teardown),
		cmocka_unit_test_setup_teardown(
		    what_an_earlier_membership_heard_is_not_repeated, ear_setup,
		    ear_teardown),
		cmocka_unit_test_setup_teardown(a_repeat_does_not_wait,
						ear_setup, ear_teardown),
		cmocka_unit_test_setup_teardown(
		    a_repeat_may_be_several_messages, ear_setup, ear_teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
