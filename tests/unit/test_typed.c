/* What is typed in the chat: keys, characters of people, rows of a terminal; and times
 * and names as people write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "command/keys.h"
#include "command/screen.h"
#include "command/times.h"
#include "command/wrap.h"
#include "reach/choose.h"
#include "reach/cluster.h"
#include "reach/fold.h"

#define FAMILY "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7"
#define NAMASTE                                                                \
	"\xe0\xa4\xa8\xe0\xa4\xae\xe0\xa4\xb8\xe0\xa5\x8d\xe0\xa4\xa4\xe0\xa5" \
	"\x87"

static void expect_key(struct keys *keys, enum key_kind kind, const char *text)
{
	struct buf key = BUF_INIT;

	assert_int_equal(keys_next(keys, &key), kind);
	assert_true(span_equal(buf_span(&key), span_str(text)));
	buf_clear(&key);
}

static void send(struct keys *keys, const char *bytes)
{
	buf_put_str(&keys->input, bytes);
}

static void test_keys(void **state)
{
	struct keys keys = { .pasting = false };
	(void)state;

	send(&keys, "a\xc3");
	expect_key(&keys, KEY_CHARACTER, "a");
	expect_key(&keys, KEY_NONE, "");
	send(&keys, "\xa9\xff\033[1;5");
	expect_key(&keys, KEY_CHARACTER, "\xc3\xa9");
	expect_key(&keys, KEY_CHARACTER, "\xef\xbf\xbd");
	expect_key(&keys, KEY_NONE, "");
	send(&keys, "D\033\r\033\033OA");
	expect_key(&keys, KEY_SEQUENCE, "\033[1;5D");
	expect_key(&keys, KEY_SEQUENCE, "\033\r");
	expect_key(&keys, KEY_SEQUENCE, "\033OA");
	keys_clear(&keys);
}

static void test_pastes(void **state)
{
	struct keys keys = { .pasting = false };
	(void)state;

	send(&keys, "\033[200~one\r\ntwo\rthree\n\033[A\033[20");
	expect_key(&keys, KEY_NONE, "");
	send(&keys, "1~x");
	expect_key(&keys, KEY_PASTE, "one\ntwo\nthree\n\033[A");
	expect_key(&keys, KEY_CHARACTER, "x");
	buf_put(&keys.input, SPAN_LIT("\033[200~a\0b\033[201~"));
	expect_key(&keys, KEY_PASTE,
		   "a\xef\xbf\xbd"
		   "b");
	send(&keys, "\033[200~");
	for (size_t i = 0; i <= KEYS_PASTE_MAX; i++)
		send(&keys, "y");
	send(&keys, "\033[201~z");
	expect_key(&keys, KEY_TOO_LONG, "");
	expect_key(&keys, KEY_CHARACTER, "z");
	keys_clear(&keys);
}

/* Whoever cannot leave any more is not left with a paste that has no end. */
static void test_a_paste_without_end(void **state)
{
	struct keys keys = { .pasting = false };
	(void)state;

	send(&keys, "\033[200~a\003b");
	expect_key(&keys, KEY_NONE, "");
	send(&keys, "\003");
	expect_key(&keys, KEY_NONE, "");
	send(&keys, "c\003");
	expect_key(&keys, KEY_CHARACTER, "c");
	expect_key(&keys, KEY_CHARACTER, "\003");
	/* a part of a paste as any other */
	send(&keys, "\033[200~\003");
	expect_key(&keys, KEY_NONE, "");
	send(&keys, "d\033[201~");
	expect_key(&keys, KEY_PASTE, "\003d");
	keys_clear(&keys);
}

static void test_clusters(void **state)
{
	struct span text = span_str("x" FAMILY NAMASTE);
	(void)state;

	assert_int_equal(cluster_length(text), 1);
	assert_int_equal(cluster_length(span_str(FAMILY "y")), strlen(FAMILY));
	assert_int_equal(cluster_before(text, 1 + strlen(FAMILY)), 1);
	assert_int_equal(cluster_before(text, 3), 1);
	assert_int_equal(cluster_before(text, 0), 0);
	assert_int_equal(cluster_length(SPAN_EMPTY), 0);
	assert_int_equal(cluster_width(span_str("\xe6\x97\xa5")), 2);
	assert_in_range(cluster_width(span_str(FAMILY)), 2, 4);
}

/* Rows that no terminal breaks, and the cursor where it was asked for. */
static void test_rows(void **state)
{
	static const char text[] = "0123456789012345678901234567890123456789"
				   "0123456789\nx";
	struct screen_size size = { 40, 24 };
	struct screen screen = { 0 };
	struct buf out = BUF_INIT;
	(void)state;

	screen_show(&screen, size, SPAN_LIT("> "), span_str(text), 3, &out);
	assert_int_equal(buf_end(&out), ERR_OK);
	assert_int_equal(screen.above, 0);
	assert_true(span_equal(buf_span(&out),
			       SPAN_LIT("\n\n\033[2A\r> 012\0337"
					"3456789012345678901234567890123456\r\n"
					"7890123456789\r\nx\0338")));
	buf_reset(&out);
	screen_show(&screen, size, SPAN_LIT("> "), span_str(text), strlen(text),
		    &out);
	assert_int_equal(screen.above, 2);
	buf_reset(&out);
	screen_hide(&screen, &out);
	assert_true(span_equal(buf_span(&out), SPAN_LIT("\033[2A\r\033[J")));
	assert_int_equal(screen.above, 0);
	buf_clear(&out);
}

#define RI "\xe6\x97\xa5"

/* A row ends before a word, where there are words. */
static void test_rows_of_words(void **state)
{
	static const struct {
		const char *text, *shown;
	} cases[] = {
		{ "one two three four five",
		  "\n\033[1A\r> one two three \r\nfour five\0337\0338" },
		{ "one two three fours",
		  "\n\033[1A\r> one two three \r\nfours\0337\0338" },
		/* a word that fills a row, behind the prompt and alone */
		{ "0123456789012345678901",
		  "\n\033[1A\r> 01234567890123456\r\n78901\0337\0338" },
		{ "a 0123456789012345678901",
		  "\n\n\033[2A\r> a \r\n0123456789012345678\r\n901\0337\0338" },
		/* a space that does not fit takes no word with it */
		{ "one 0123456789012 x",
		  "\n\033[1A\r> one 0123456789012\r\n x\0337\0338" },
		/* no spaces between words */
		{ "a " RI RI RI RI RI RI RI RI,
		  "\n\033[1A\r> a " RI RI RI RI RI RI RI "\r\n" RI
		  "\0337\0338" },
	};
	struct screen_size size = { 20, 24 };
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct screen screen = { 0 };
		struct buf out = BUF_INIT;

		screen_show(&screen, size, SPAN_LIT("> "),
			    span_str(cases[i].text), strlen(cases[i].text),
			    &out);
		assert_int_equal(buf_end(&out), ERR_OK);
		if (!span_equal(buf_span(&out), span_str(cases[i].shown)))
			fail_msg("%zu: %.*s", i, (int)out.n,
				 (const char *)out.p);
		buf_clear(&out);
	}
}

/* A question is wider than the terminal, and goes with all of its rows. */
static void test_a_wide_prompt(void **state)
{
	struct screen_size size = { 20, 24 };
	struct screen screen = { 0 };
	struct buf out = BUF_INIT;
	(void)state;

	screen_show(&screen, size, SPAN_LIT("0123456789012345678? "),
		    SPAN_LIT("y"), 1, &out);
	assert_int_equal(buf_end(&out), ERR_OK);
	assert_int_equal(screen.above, 1);
	assert_true(span_equal(
	    buf_span(&out),
	    SPAN_LIT("\n\033[1A\r0123456789012345678\r\n? y\0337\0338")));
	buf_clear(&out);
}

/* An editor moves by characters, of which people see several as one. */
static void test_a_cursor_in_a_cluster(void **state)
{
	struct screen_size size = { 20, 24 };
	struct screen screen = { 0 };
	struct buf out = BUF_INIT;
	(void)state;

	screen_show(&screen, size, SPAN_LIT("> "), SPAN_LIT("a" FAMILY "b"), 5,
		    &out);
	assert_int_equal(buf_end(&out), ERR_OK);
	assert_true(
	    span_equal(buf_span(&out), SPAN_LIT("\r> a\0337" FAMILY "b\0338")));
	buf_clear(&out);
}

/* Which of the rows a word means, by their places. */
static void expect_rows(const char *word, bool names, size_t count,
			size_t first)
{
	json_t *list =
	    json_pack("[{s:s, s:s}, {s:s, s:s}, {s:s, s:s}]", "session_id",
		      "11111111-0000-4000-8000-000000000001", "name", "lunch",
		      "session_id", "11111111-0000-4000-8000-000000000002",
		      "name", "11111111-0000-4000-8000-000000000001",
		      "session_id", "22222222-0000-4000-8000-000000000003",
		      "name", "33333333-0000-4000-8000-000000000004");
	json_t *found = choose_match(list, "session_id", word, names);

	assert_non_null(list);
	assert_int_equal(json_array_size(found), count);
	if (count > 0)
		assert_ptr_equal(json_array_get(found, 0),
				 json_array_get(list, first));
	json_decref(found);
	json_decref(list);
}

/* A member of another session calls it by the full id of this one. */
static void test_a_name_that_is_an_id(void **state)
{
	(void)state;
	expect_rows("11111111-0000-4000-8000-000000000001", true, 1, 0);
	expect_rows("11111111-0000-4000-8000-000000000002", true, 1, 1);
	expect_rows("LUNCH", true, 1, 0);
	expect_rows("lunch", false, 0, 0);
	expect_rows("11111111", true, 2, 0);
	expect_rows("11111111-0000-4000-8000-000000000001x", true, 0, 0);
	/* also where no row has that id, and with a sign that does not show */
	expect_rows("33333333-0000-4000-8000-000000000004", true, 0, 0);
	expect_rows("33333333-0000-4000-8000-\xe2\x80\x8b"
		    "000000000004",
		    true, 0, 0);
}

/* Two devices of one name: the person is told which there are. */
static void test_a_device_by_its_name(void **state)
{
	json_t *list =
	    json_pack("[{s:s, s:s}, {s:s, s:s}, {s:s, s:s}]", "device_id",
		      "11111111-0000-4000-8000-000000000001", "name", "phone",
		      "device_id", "22222222-0000-4000-8000-000000000002",
		      "name", "Phone", "device_id",
		      "33333333-0000-4000-8000-000000000003", "name", "desk");
	static const struct {
		const char *word;
		enum err e;
		size_t row;
	} cases[] = {
		{ "desk", ERR_OK, 2 },
		{ "222", ERR_OK, 1 },
		{ "phone", ERR_STATE_CONFLICT, 0 },
		{ "tablet", ERR_STATE_GONE, 0 },
	};
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		json_t *found =
		    choose_match(list, "device_id", cases[i].word, true);
		struct why why = { .slug = "" };
		const json_t *row;

		assert_int_equal(choose_one(found, "device_id", "devices",
					    cases[i].word, &why, &row),
				 cases[i].e);
		if (cases[i].e == ERR_OK)
			assert_ptr_equal(row,
					 json_array_get(list, cases[i].row));
		if (cases[i].e == ERR_STATE_CONFLICT)
			assert_string_equal(
			    why.text,
			    "phone may be any of 2 devices: write more of the "
			    "id. They are 11111111 (\"phone\"), 22222222 "
			    "(\"Phone\").");
		json_decref(found);
	}
	json_decref(list);
}

static void test_times(void **state)
{
	const uint64_t now = 1796000000000; /* 2026-11-30 00:53:20 UTC */
	uint64_t value = 0;
	(void)state;

	assert_int_equal(setenv("TZ", "UTC", 1), 0);
	tzset();
	assert_true(times_parse_seconds("2h", 7200, &value));
	assert_int_equal(value, 7200);
	assert_false(times_parse_seconds("2h", 7199, &value));
	assert_true(times_parse_since("2h", now, &value));
	assert_int_equal(value, now - 7200000);
	assert_true(times_parse_since("2026-11-29", now, &value));
	assert_int_equal(value, 1795910400000);
	assert_true(times_parse_since("2026-11-29 18:00", now, &value));
	assert_int_equal(value, 1795910400000 + 18 * 3600000);
	assert_true(times_parse_since("00:10", now, &value));
	assert_int_equal(value, 1795996800000 + 600000);
	/* what has not come today is yesterday's */
	assert_true(times_parse_since("18:00", now, &value));
	assert_int_equal(value, 1795910400000 + 18 * 3600000);
	assert_false(times_parse_since("2026-13-29", now, &value));
	assert_false(times_parse_since("2026-11-29x", now, &value));
	assert_false(times_parse_since("", now, &value));
}

static void test_folding(void **state)
{
	(void)state;
	assert_true(fold_equal(span_str("Lunch"), span_str("lUNCH")));
	/* composed or not, and with a sign that does not show */
	assert_true(fold_equal(span_str("\xc3\xa9"), span_str("e\xcc\x81")));
	assert_true(
	    fold_equal(span_str("lunch"), span_str("lu\xe2\x80\x8bnch")));
	/* a letter of another script is another one */
	assert_false(fold_equal(span_str("tea"), span_str("t\xd0\xb5"
							  "a")));
	assert_false(fold_equal(span_str("tea"), span_str("teas")));
	assert_true(fold_equal(SPAN_LIT("\xff"), SPAN_LIT("\xff")));
}

static void check_rows(const char *text, size_t columns, const char *rows)
{
	struct buf out = BUF_INIT;

	wrap_put(&out, span_str(text), columns);
	buf_put_u8(&out, 0);
	assert_int_equal(buf_end(&out), ERR_OK);
	assert_string_equal((const char *)out.p, rows);
	buf_clear(&out);
}

static void test_lines_as_rows(void **state)
{
	(void)state;
	check_rows("", 10, "");
	check_rows("one two", 10, "one two");
	check_rows("one two three", 10, "one two\n    three");
	check_rows("  one two  three", 10, "  one two\n    three");
	check_rows("a full row b", 10, "a full row\n    b");
	/* a word that no row holds is the terminal's, and ends somewhere */
	check_rows("to 0123456789abcd x", 10, "to\n    0123456789abcd x");
	check_rows("one\n    two three", 10, "one\n    two\n    three");
	/* letters stay with their marks and their word */
	check_rows("\xe0\xa4\xa8\xe0\xa4\xae\xe0\xa4\xb8\xe0\xa5\x8d\xe0"
		   "\xa4\xa4\xe0\xa5\x87 ab cd ef",
		   12,
		   "\xe0\xa4\xa8\xe0\xa4\xae\xe0\xa4\xb8\xe0\xa5\x8d\xe0"
		   "\xa4\xa4\xe0\xa5\x87 ab cd\n    ef");
	check_rows("ab \xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x96\x87", 10,
		   "ab \xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\n    "
		   "\xe6\x96\x87");
	/* what closes stays behind what it closes */
	check_rows("abc \xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe3\x80\x82x", 10,
		   "abc \xe6\x97\xa5\xe6\x9c\xac\n    "
		   "\xe8\xaa\x9e\xe3\x80\x82x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_pastes),
		cmocka_unit_test(test_clusters),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_rows_of_words),
		cmocka_unit_test(test_lines_as_rows),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_folding),
		cmocka_unit_test(test_a_paste_without_end),
		cmocka_unit_test(test_a_wide_prompt),
		cmocka_unit_test(test_a_cursor_in_a_cluster),
		cmocka_unit_test(test_a_name_that_is_an_id),
		cmocka_unit_test(test_a_device_by_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
