/* What the chat makes of what is typed, and of what it prints. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "command/entry_line.h"
#include "command/hint.h"
#include "command/out.h"
#include "command/screen.h"
#include "command/typed.h"
#include "reach/problem.h"

#define WORDS_MAX 4

static void check_words(const char *text, const char *expected)
{
	char copy[64], *words[WORDS_MAX];
	struct buf joined = BUF_INIT;
	size_t count;

	(void)strcpy(copy, text);
	count = typed_split(copy, words, WORDS_MAX);
	for (size_t i = 0; i < count; i++)
		buf_putf(&joined, "%s|", words[i]);
	buf_put_u8(&joined, 0);
	assert_int_equal(buf_end(&joined), ERR_OK);
	assert_string_equal((const char *)joined.p, expected);
	buf_clear(&joined);
}

static void test_words(void **state)
{
	(void)state;
	check_words("", "");
	check_words("  /open  lunch ", "/open|lunch|");
	check_words("/create \"tea party\" ben", "/create|tea party|ben|");
	check_words("/create tea\\ party ben", "/create|tea party|ben|");
	check_words("\"a \\\"b\\\" c\" d", "a \"b\" c|d|");
	/* what begins and ends no word, or stands before none of these, is itself */
	check_words("5\" \"x \"y\"z", "5\"|\"x|\"y\"z|");
	check_words("\\_o\\", "\\_o\\|");
	check_words("\"\" b", "|b|");
	check_words("a b c d e", "a|b|c|d|");
	/* single quotes are quotes, too, and an apostrophe is none */
	check_words("/topic 'x y' 'don\\'t \"z\"'", "/topic|x y|don't \"z\"|");
	check_words("'tis don't 5' 'x", "'tis|don't|5'|'x|");
	check_words("\"it's\" 'a\"b'", "it's|a\"b|");
}

static void check_rest(const char *text, size_t behind, const char *expected)
{
	struct buf rest = BUF_INIT;

	typed_put_rest(&rest, typed_behind(text, behind));
	buf_put_u8(&rest, 0);
	assert_int_equal(buf_end(&rest), ERR_OK);
	assert_string_equal((const char *)rest.p, expected);
	buf_clear(&rest);
}

static void test_rests(void **state)
{
	(void)state;
	assert_string_equal(typed_behind("/reply 3  \"it\\ is\"", 2),
			    "\"it\\ is\"");
	assert_string_equal(typed_behind("/topic \"a b\" c d", 2), "c d");
	assert_string_equal(typed_behind("/topic a\\ b c d", 2), "c d");
	assert_string_equal(typed_behind("/topic", 2), "");
	check_rest("/send my file.txt", 1, "my file.txt");
	check_rest("/send \"my file.txt\"", 1, "my file.txt");
	check_rest("/send my\\ file.txt", 1, "my file.txt");
	check_rest("/rename The \"best\" crew", 1, "The \"best\" crew");
	check_rest("/send", 1, "");
}

/* What Tab puts in is the word that was meant. */
static void test_a_word_that_is_typed(void **state)
{
	static const char path[] = "'a \"b\"\\c's";
	char *words[WORDS_MAX];
	struct buf typed = BUF_INIT;
	(void)state;

	typed_put_word(&typed, span_str(path));
	buf_put_u8(&typed, 0);
	assert_int_equal(buf_end(&typed), ERR_OK);
	assert_int_equal(typed_split((char *)typed.p, words, WORDS_MAX), 1);
	assert_string_equal(words[0], path);
	buf_clear(&typed);
}

/* The day stands before the label of another session. */
static void test_a_label(void **state)
{
	struct entry_lines lines = { .label = SPAN_LIT("[\"tea\"] ") };
	json_t *entry = json_pack("{s:i, s:s, s:s, s:s, s:I}", "seq", 7, "kind",
				  "text", "from", "ann", "text", "hello",
				  "sent_at", (json_int_t)1796000000000);
	struct buf line = BUF_INIT;
	(void)state;

	assert_int_equal(setenv("TZ", "UTC", 1), 0);
	tzset();
	for (int i = 0; i < 2; i++) {
		entry_line_put(&line, &lines, entry);
		buf_put_u8(&line, '\n');
	}
	buf_put_u8(&line, 0);
	assert_int_equal(buf_end(&line), ERR_OK);
	assert_string_equal((const char *)line.p,
			    "-- Monday, 30 November 2026 --\n"
			    "[\"tea\"] #7   00:53 ann: hello\n"
			    "[\"tea\"] #7   00:53 ann: hello\n");
	buf_clear(&line);
	json_decref(entry);
}

static void check_size(uint64_t bytes, const char *expected)
{
	struct buf size = BUF_INIT;

	out_put_size(&size, bytes);
	buf_put_u8(&size, 0);
	assert_int_equal(buf_end(&size), ERR_OK);
	assert_string_equal((const char *)size.p, expected);
	buf_clear(&size);
}

static void test_sizes(void **state)
{
	(void)state;
	check_size(0, "0 bytes");
	check_size(1, "1 byte");
	check_size(2, "2 bytes");
	check_size(1600, "1.6 kB");
}

static void check_bounds(size_t columns, size_t rows, size_t drawn_columns,
			 size_t drawn_rows)
{
	struct screen_size size = screen_bounds(columns, rows);

	assert_int_equal(size.columns, drawn_columns);
	assert_int_equal(size.rows, drawn_rows);
}

/* A small terminal is none of 80 columns. */
static void test_small_terminals(void **state)
{
	(void)state;
	check_bounds(0, 0, 80, 24);
	check_bounds(12, 5, 12, 5);
	check_bounds(1, 1, 6, 3);
	check_bounds(200, 60, 200, 60);
}

/* The server's words have said it already. */
static void test_what_is_said_once(void **state)
{
	json_t *problem = json_pack(
	    "{s:s, s:s}", "type", "urn:hermetic:problem:too-many-requests",
	    "detail", "that was too often: wait, then try again");
	struct why why = { .slug = "" };
	char slug[48];
	(void)state;

	assert_int_equal(problem_read(429, problem, &why, slug),
			 ERR_LOCAL_BUSY);
	assert_string_equal(why.text,
			    "The server says: that was too often: wait, then "
			    "try again (too-many-requests).");
	json_decref(problem);
}

/* Where there is no room, trying again makes none. */
static void test_no_room(void **state)
{
	json_t *problem =
	    json_pack("{s:s, s:s, s:i}", "type",
		      "urn:hermetic:problem:files-full", "detail",
		      "the account may have 3 more files, and 5 more bytes in "
		      "them",
		      "left", 5);
	struct why why = { .slug = "" };
	char slug[48];
	(void)state;

	assert_int_equal(problem_read(507, problem, &why, slug),
			 ERR_LOCAL_BUSY);
	assert_string_equal(why.text,
			    "The server says: the account may have 3 more "
			    "files, and 5 more bytes in them (files-full). "
			    "Take back files that "
			    "nobody needs any more.");
	json_decref(problem);
}

static void check_hint(const char *text, const char *expected)
{
	struct buf hinted = BUF_INIT;

	hint_put(&hinted, span_str(text));
	buf_put_u8(&hinted, 0);
	assert_int_equal(buf_end(&hinted), ERR_OK);
	assert_string_equal((const char *)hinted.p, expected);
	buf_clear(&hinted);
}

static void test_hints(void **state)
{
	(void)state;
	check_hint("", "");
	check_hint("See: hermetic sessions", "See: /list");
	check_hint("Join it with: hermetic join 3f2a9c1e.",
		   "Join it with: /join 3f2a9c1e.");
	check_hint("hermetic invite SESSION YOUR_NAME", "/invite YOUR_NAME");
	check_hint("hermetic resolve 3f2a9c1e --yes", "/resolve yes");
	check_hint("hermetic ban ada", "/ban ada");
	check_hint("with: hermetic outbox --flush", "with: /flush");
	check_hint("with: hermetic delete SESSION N", "with: /delete N");
	/* none of the chat, and no command */
	check_hint("hermetic login", "hermetic login");
	check_hint("a hermetic server; hermetic ",
		   "a hermetic server; hermetic ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_rests),
		cmocka_unit_test(test_a_word_that_is_typed),
		cmocka_unit_test(test_a_label),
		cmocka_unit_test(test_hints),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_small_terminals),
		cmocka_unit_test(test_what_is_said_once),
		cmocka_unit_test(test_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
