/* What the command adds to a reason of the library: which row, with which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "command/advice.h"
#include "command/hint.h"

static void check(const char *slug, json_t *about, const char *expected)
{
	char text[512];

	advice_write(slug, about, text, sizeof(text));
	assert_string_equal(text, expected);
	json_decref(about);
}

static void test_what_it_is_about(void **state)
{
	(void)state;
	check("identity-changed", json_pack("{ss}", "name", "ada"),
	      "When you have asked ada: hermetic accept ada");
	check("history-differs", json_pack("{ss}", "session", "3f2a"),
	      "To look at it: hermetic resolve 3f2a");
	check(
	    "member-forked",
	    json_pack("{ss ss}", "session", "3f2a", "name", "ada"),
	    "To go on without that account: hermetic remove 3f2a ada. To stay "
	    "with the log that is known here: hermetic verify ada --yes");
	check("no-such-session", NULL, "See: hermetic sessions");
	check("no-such-thing", json_pack("{ss}", "name", "ada"), "");
}

/* The first row whose words are known; none is written with a hole in it. */
static void test_rows_of_one_slug(void **state)
{
	(void)state;
	check("own-device", json_pack("{ss}", "session", "3f2a"),
	      "To go: hermetic leave 3f2a");
	check("own-device", json_object(), "To end it: hermetic logout");
	check("identity-changed", json_object(), "");
	check("history-differs", NULL, "");
}

static void test_what_was_refused(void **state)
{
	const char list[] = "It is on the list of: hermetic outbox 3f2a";
	(void)state;

	check("too-large",
	      json_pack("{ss sI}", "session", "3f2a", "item", (json_int_t)7),
	      list);
	check("not-a-member",
	      json_pack("{ss sI}", "session", "3f2a", "item", (json_int_t)7),
	      list);
	check("files-full",
	      json_pack("{ss sI}", "session", "3f2a", "item", (json_int_t)7),
	      "With: hermetic delete SESSION N. It is on the list of: hermetic "
	      "outbox 3f2a");
}

static void test_no_room(void **state)
{
	json_t *about = json_pack("{ss sI ss}", "session", "3f2a", "item",
				  (json_int_t)7, "name", "ada");
	char text[512];
	size_t whole;
	(void)state;

	advice_write("member-forked", about, text, sizeof(text));
	whole = strlen(text);
	for (size_t size = 1; size <= whole; size++) {
		memset(text, 'x', sizeof(text));
		advice_write("member-forked", about, text, size);
		assert_true(strlen(text) < size);
	}
	json_decref(about);
}

/* Each row has its words, and is no row that another one hides. A session that the chat has
 * open is not named in it, and what is of a shell alone stays as it is. */
static void test_each_row(void **state)
{
	json_t *about =
	    json_pack("{ss ss}", "session",
		      "3f2a9c1e-0000-4000-8000-000000000000", "name", "ada");
	const char *slug, *sentence, *other, *unused;
	char text[512], bare[512];
	size_t count = 0;
	(void)state;

	for (; advice_row(count, &slug, &sentence); count++) {
		struct buf hinted = BUF_INIT;

		advice_write(slug, about, text, sizeof(text));
		assert_true(strlen(text) > 0);
		assert_null(strchr(text, '{'));
		hint_put(&hinted, span_str(text));
		buf_put_u8(&hinted, 0);
		assert_int_equal(buf_end(&hinted), ERR_OK);
		assert_null(strstr((const char *)hinted.p, "hermetic resolve"));
		assert_null(strstr((const char *)hinted.p, "outbox --flush"));
		buf_clear(&hinted);
		if (count == 0 || !advice_row(count - 1, &other, &unused) ||
		    strcmp(other, slug) != 0)
			continue;
		/* it counts where less is known */
		advice_write(slug, NULL, bare, sizeof(bare));
		assert_string_not_equal(bare, text);
	}
	assert_true(count > 80);
	json_decref(about);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_it_is_about),
		cmocka_unit_test(test_rows_of_one_slug),
		cmocka_unit_test(test_what_was_refused),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_each_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
