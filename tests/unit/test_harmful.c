/* What of others' signs is shown: by their neighbours, the same in texts and names. */
#include "signs/harmful.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "command/out.h"

#define ZWNJ "\xe2\x80\x8c"
#define ZWJ "\xe2\x80\x8d"
#define LRM "\xe2\x80\x8e"
#define RLM "\xe2\x80\x8f"
#define SHY "\xc2\xad"
#define VS16 "\xef\xb8\x8f"
#define TAG(c) "\xf3\xa0\x81" c
#define MAN "\xf0\x9f\x91\xa8"
#define WOMAN "\xf0\x9f\x91\xa9"
#define GIRL "\xf0\x9f\x91\xa7"
#define FLAG "\xf0\x9f\x8f\xb4"

static const char *const GOOD[] = {
	/* Persian: "I want", "houses of"; an abbreviation that ends with a joiner */
	"\xd9\x85\xdb\x8c" ZWNJ "\xd8\xae\xd9\x88\xd8\xa7\xd9\x87\xd9\x85",
	"\xd8\xae\xd8\xa7\xd9\x86\xd9\x87" ZWNJ "\xd9\x87\xd8\xa7",
	"\xdb\xb1\xdb\xb4\xdb\xb0\xdb\xb0 \xd9\x87" ZWJ ".",
	/* with a vowel sign before it */
	"\xd9\x85\xd9\x90" ZWNJ "\xd8\xae",
	/* Hindi: ka, virama; Bengali: ra, a joiner, virama, ya */
	"\xe0\xa4\x95\xe0\xa5\x8d" ZWNJ "\xe0\xa4\xb7",
	"\xe0\xa4\x95\xe0\xa5\x8d" ZWJ "\xe0\xa4\xb7",
	"\xe0\xa6\xb0" ZWJ "\xe0\xa7\x8d\xe0\xa6\xaf",
	/* a family, a couple with a heart, with colours of skin, a rainbow */
	MAN ZWJ WOMAN ZWJ GIRL,
	WOMAN "\xf0\x9f\x8f\xbd" ZWJ "\xe2\x9d\xa4" VS16 ZWJ MAN
	      "\xf0\x9f\x8f\xbb",
	"\xf0\x9f\x8f\xb3" VS16 ZWJ "\xf0\x9f\x8c\x88",
	/* a key, and the flag of Scotland */
	"1" VS16 "\xe2\x83\xa3",
	FLAG TAG("\xa7") TAG("\xa2") TAG("\xb3") TAG("\xa3") TAG("\xb4")
	    TAG("\xbf"),
	/* a Chinese letter with a variant */
	"\xe8\x91\x9b\xf3\xa0\x84\x80",
	/* Hebrew with marks of direction, German with a soft hyphen */
	"\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d" RLM "!",
	"abc" LRM " \xd8\xb3\xd9\x84\xd8\xa7\xd9\x85",
	"Donau" SHY "dampf",
};

/* What is escaped of it stands behind a "|". */
static const char *const BAD[] = {
	"al|" ZWNJ "ice",
	"al|" ZWJ "ice",
	"al|" VS16 "ice",
	"|" ZWJ "a",
	"a|" ZWJ,
	MAN "|" ZWJ "a",
	"a|" ZWJ MAN,
	"\xd9\x85" ZWNJ "|" ZWNJ "\xd9\x85",
	MAN VS16 "|" VS16,
	"1|\xef\xb8\x80",
	/* tags that say something else, or do not end */
	"a|" TAG("\xa7") "|" TAG("\xa2") "|" TAG("\xbf"),
	FLAG "|" TAG("\xa7") "|" TAG("\xa2") "!",
	FLAG "|" TAG("\xbf"),
	MAN "|" TAG("\xa7") "|" TAG("\xbf"),
	FLAG
	"|" TAG("\xa1") "|" TAG("\xa1") "|" TAG("\xa1") "|" TAG("\xa1") "|" TAG(
	    "\xa1") "|" TAG("\xa1") "|" TAG("\xa1") "|" TAG("\xbf"),
	"abc|" RLM "exe",
	"\xd7\xa9" RLM "|" RLM,
	"|" SHY "a",
	"a|" SHY " b",
	"a|" SHY "|" SHY "b",
	/* an override shows nowhere, nor does what joins words, nor a filler */
	"\xd7\xa9|\xe2\x80\xae\xd7\xa9",
	"a|\xe2\x81\xa0"
	"b",
	"a|\xe3\x85\xa4"
	"b",
	"a|\xcd\x8f"
	"b",
	"a|\n|\tb|\x1b[0m",
	"a|\xff"
	"b",
};

static void good_signs_stay(void **state)
{
	struct buf shown = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(GOOD) / sizeof(*GOOD); i++) {
		buf_reset(&shown);
		out_put_safe(&shown, span_str(GOOD[i]));
		buf_put_u8(&shown, 0);
		assert_string_equal((const char *)shown.p, GOOD[i]);
		buf_reset(&shown);
		out_put_name(&shown, span_str(GOOD[i]));
		assert_true(span_equal(buf_span(&shown), span_str(GOOD[i])));
		buf_reset(&shown);
		out_put_inside(&shown, span_str(GOOD[i]));
		assert_true(span_equal(buf_span(&shown), span_str(GOOD[i])));
	}
	buf_clear(&shown);
}

static void harmful_ones_are_escaped(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(BAD) / sizeof(*BAD); i++) {
		char text[128];
		bool bad[128] = { false };
		size_t n = 0;
		uint32_t c;

		for (const char *p = BAD[i]; *p != '\0'; p++)
			if (*p == '|')
				bad[n] = true;
			else
				text[n++] = *p;
		for (size_t at = 0, step; at < n; at += step) {
			step = text_character(span_of(text + at, n - at), &c);
			step = step > 0 ? step : 1;
			if (harmful_at(span_of(text, n), at) != bad[at])
				fail_msg("sign %zu of text %zu", at, i);
		}
	}
}

/* Marks of direction in a long text take no time that grows with its square. */
static void a_long_text_is_quick(void **state)
{
	static char text[4 * 65536];
	size_t harmful = 0;

	(void)state;
	for (size_t n = 0; n < sizeof(text); n += 4)
		memcpy(text + n, "a" RLM, 4);
	for (size_t at = 1; at < sizeof(text); at += 4)
		harmful += harmful_at(span_of(text, sizeof(text)), at);
	assert_int_equal(harmful, sizeof(text) / 4);
}

static void lines_end_as_elsewhere(void **state)
{
	struct buf shown = BUF_INIT;

	(void)state;
	out_put_safe(&shown, SPAN_LIT("one\r\ntwo\rthree\r\n"));
	buf_put_u8(&shown, 0);
	assert_string_equal((const char *)shown.p,
			    "one\n    two\\u{d}three\n    ");
	buf_reset(&shown);
	out_put_name(&shown, SPAN_LIT("a\r\nb"));
	buf_put_u8(&shown, 0);
	assert_string_equal((const char *)shown.p, "a\\u{d}\\u{a}b");
	buf_clear(&shown);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_signs_stay),
		cmocka_unit_test(harmful_ones_are_escaped),
		cmocka_unit_test(a_long_text_is_quick),
		cmocka_unit_test(lines_end_as_elsewhere),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
