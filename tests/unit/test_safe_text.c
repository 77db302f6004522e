/* Others' text for a terminal: what would change how it reads is escaped, and a label is
 * cut as it is shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "command/chat.h"
#include "command/out.h"

static void expect_safe(struct span text, const char *safe)
{
	struct buf out = BUF_INIT;

	out_put_safe(&out, text);
	assert_int_equal(buf_end(&out), ERR_OK);
	assert_int_equal(out.n, strlen(safe));
	assert_memory_equal(out.p, safe, out.n);
	buf_clear(&out);
}

static void test_terminal(void **state)
{
	(void)state;
	expect_safe(SPAN_LIT("plain, \xc3\xa9t\xc3\xa9"),
		    "plain, \xc3\xa9t\xc3\xa9");
	expect_safe(SPAN_LIT("a\x1b[31m"), "a\\u{1b}[31m");
	expect_safe(SPAN_LIT("a\r\x7f"), "a\\u{d}\\u{7f}");
	expect_safe(SPAN_LIT("\xc2\x9b"), "\\u{9b}");
	expect_safe(SPAN_LIT("\xe2\x80\xae"), "\\u{202e}");
	expect_safe(SPAN_LIT("\xff\xe2\x82"), "\\xff\\xe2\\x82");
	expect_safe(SPAN_LIT("one\ntwo"), "one\n    two");
	/* joiners belong to scripts and to emoji; a space of no width does
	 * not */
	expect_safe(SPAN_LIT("\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7"),
		    "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7");
	expect_safe(SPAN_LIT("\xd9\x85\xe2\x80\x8c\xd8\xae"),
		    "\xd9\x85\xe2\x80\x8c\xd8\xae");
	expect_safe(SPAN_LIT("\xe2\x80\x8b"), "\\u{200b}");
}

static void put_code_point(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf_put_u8(out, (uint8_t)c);
		return;
	}
	if (c < 0x800) {
		buf_put_u8(out, (uint8_t)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			buf_put_u8(out, (uint8_t)(0xe0 | c >> 12));
		} else {
			buf_put_u8(out, (uint8_t)(0xf0 | c >> 18));
			buf_put_u8(out, (uint8_t)(0x80 | (c >> 12 & 0x3f)));
		}
		buf_put_u8(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
	}
	buf_put_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
}

static bool is_escaped(void put(struct buf *out, struct span text), uint32_t c)
{
	struct buf in = BUF_INIT, out = BUF_INIT;
	char escape[16];
	bool escaped;

	put_code_point(&in, c);
	put(&out, buf_span(&in));
	(void)snprintf(escape, sizeof(escape), "\\u{%x}", (unsigned)c);
	escaped = span_equal(buf_span(&out), span_str(escape));
	assert_true(escaped || span_equal(buf_span(&out), buf_span(&in)));
	buf_clear(&in);
	buf_clear(&out);
	return escaped;
}

/* What does not show, and changes how a text reads. */
static void test_format_characters(void **state)
{
	static const uint32_t harmful[][2] = {
		{ 0x00, 0x08 },	      { 0x0b, 0x1f },	    { 0x7f, 0x9f },
		{ 0xad, 0xad },	      { 0x61c, 0x61c },	    { 0x180e, 0x180e },
		{ 0x200b, 0x200b },   { 0x200e, 0x200f },   { 0x2028, 0x202e },
		{ 0x2060, 0x206f },   { 0xfeff, 0xfeff },   { 0xfff0, 0xfffb },
		{ 0x1d173, 0x1d17a }, { 0xe0000, 0xe007f },
	};
	/* signs of numbers in Arabic, an emoji, a sign for the missing, private
	 * use */
	static const uint32_t good[] = { 0x600,	 0x6dd, 0x1f469, 0xfffd,
					 0xe000, 0x20,	0x300 };
	/* alone they are of no use */
	static const uint32_t hidden[] = { 0x200c, 0x200d, 0xfe0f,  0x34f,
					   0x115f, 0x3164, 0xe0100, 0x180b };
	(void)state;

	for (size_t i = 0; i < sizeof(harmful) / sizeof(*harmful); i++)
		for (uint32_t c = harmful[i][0]; c <= harmful[i][1]; c++) {
			assert_true(is_escaped(out_put_safe, c));
			assert_true(is_escaped(out_put_name, c));
		}
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_false(is_escaped(out_put_safe, good[i]));
	for (size_t i = 0; i < sizeof(hidden) / sizeof(*hidden); i++)
		assert_true(is_escaped(out_put_safe, hidden[i]) &&
			    is_escaped(out_put_name, hidden[i]));
	/* what only a text has: a name is one line */
	assert_true(is_escaped(out_put_name, '\n'));
	assert_true(is_escaped(out_put_name, '\t'));
}

/* A member that is longer than its buffer ends with a whole character. */
static void test_long_member(void **state)
{
	char text[601] = "abc";
	json_t *object;
	const char *shown;
	(void)state;

	for (size_t i = 3; i < 600; i += 3)
		memcpy(text + i, "\xe2\x82\xac", 3);
	text[600] = '\0';
	for (size_t skip = 0; skip < 3; skip++) {
		object = json_pack("{s:s}", "name", text + skip);
		assert_non_null(object);
		shown = out_member(object, "name");
		assert_true(text_is_utf8(span_str(shown)));
		assert_in_range(strlen(shown), 509, 511);
		json_decref(object);
	}
}

static void expect_cut(const char *label, bool inside, const char *expected)
{
	struct buf out = BUF_INIT;

	chat_put_cut(&out, span_str(label), inside);
	assert_int_equal(buf_end(&out), ERR_OK);
	assert_true(out.n <= CHAT_LABEL_BYTES + strlen("..."));
	if (expected != NULL)
		assert_true(span_equal(buf_span(&out), span_str(expected)));
	buf_clear(&out);
}

/* What is measured is what stands on the screen. */
static void label_is_cut_as_it_is_put(void **state)
{
	char letter[1024] = "a";

	(void)state;
	expect_cut("lunch", true, "lunch");
	expect_cut("123456789012345678901234", true,
		   "123456789012345678901234");
	expect_cut("1234567890123456789012345", true,
		   "123456789012345678901234...");
	/* six columns each, and none before they are escaped */
	expect_cut("\x01\x01\x01\x01\x01", false,
		   "\\u{1}\\u{1}\\u{1}\\u{1}...");
	expect_cut("(((((((((((((", true,
		   "\\(\\(\\(\\(\\(\\(\\(\\(\\(\\(\\(\\(...");
	/* one sign of many bytes leaves room for the quote behind it */
	for (size_t n = 1; n + 2 < sizeof(letter); n += 2)
		memcpy(letter + n, "\xcc\x81", 3);
	expect_cut(letter, true, "...");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(label_is_cut_as_it_is_put),
		cmocka_unit_test(test_terminal),
		cmocka_unit_test(test_format_characters),
		cmocka_unit_test(test_long_member),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
