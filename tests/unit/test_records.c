/* What one side says the other can keep and show: every text that may be said
 * comes through content, record and store as it was, and one record that is
 * damaged hides no other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "device/record.h"
#include "device/texts/content.h"

#define TEXTS 20000

/* xorshift: the same texts in each run */
static uint32_t next_random(void)
{
	static uint32_t x = 2463534242u;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x;
}

static void put_character(struct buf *text, uint32_t c)
{
	if (c < 0x80) {
		buf_put_u8(text, (uint8_t)c);
	} else if (c < 0x800) {
		buf_put_u8(text, (uint8_t)(0xc0 | c >> 6));
		buf_put_u8(text, (uint8_t)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		buf_put_u8(text, (uint8_t)(0xe0 | c >> 12));
		buf_put_u8(text, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
		buf_put_u8(text, (uint8_t)(0x80 | (c & 0x3f)));
	} else {
		buf_put_u8(text, (uint8_t)(0xf0 | (c >> 18 & 7)));
		buf_put_u8(text, (uint8_t)(0x80 | (c >> 12 & 0x3f)));
		buf_put_u8(text, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
		buf_put_u8(text, (uint8_t)(0x80 | (c & 0x3f)));
	}
}

/* Controls, ASCII, all planes, surrogates, and now and then a stray byte. */
static void make_text(struct buf *text)
{
	static const uint32_t most[] = { 0x20, 0x80, 0x800, 0x10000, 0x120000 };
	size_t n = next_random() % 40;

	buf_reset(text);
	for (size_t i = 0; i < n; i++)
		if (next_random() % 50 == 0)
			buf_put_u8(text, (uint8_t)next_random());
		else
			put_character(text,
				      next_random() % most[next_random() % 5]);
	assert_int_equal(buf_end(text), ERR_OK);
}

/* As a receiver does: out of the message, into a record, and out of that. */
static void keep_and_show(struct span said, struct buf *shown)
{
	struct buf content = BUF_INIT, record = BUF_INIT;
	json_t *entry = json_object(), *read;
	enum content_type type;
	struct span value;

	content_put(&content, CONTENT_TEXT, said);
	assert_int_equal(content_read(buf_span(&content), &type, &value),
			 ERR_OK);
	assert_int_equal(record_set_text(entry, "text", value), ERR_OK);
	assert_int_equal(record_print(entry, &record), ERR_OK);
	read = json_loadb((const char *)record.p, record.n,
			  JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	assert_non_null(read);
	buf_reset(shown);
	buf_put(shown,
		span_of(json_string_value(json_object_get(read, "text")),
			json_string_length(json_object_get(read, "text"))));
	json_decref(read);
	json_decref(entry);
	buf_clear(&content);
	buf_clear(&record);
}

static void test_what_is_said_is_shown(void **state)
{
	struct buf text = BUF_INIT, shown = BUF_INIT, content = BUF_INIT;
	size_t sound = 0;
	(void)state;

	for (size_t i = 0; i < TEXTS; i++) {
		enum content_type type;
		struct span value;
		bool may;

		make_text(&text);
		may = content_is_sound(CONTENT_TEXT, buf_span(&text));
		buf_reset(&content);
		content_put(&content, CONTENT_TEXT, buf_span(&text));
		/* writers and readers have one rule */
		assert_int_equal(may, content_read(buf_span(&content), &type,
						   &value) == ERR_OK);
		if (!may)
			continue;
		sound++;
		keep_and_show(buf_span(&text), &shown);
		assert_true(span_equal(buf_span(&text), buf_span(&shown)));
	}
	assert_true(sound > TEXTS / 4 && sound < TEXTS);
	buf_clear(&text);
	buf_clear(&shown);
	buf_clear(&content);
}

static void test_what_nobody_may_say(void **state)
{
	static const uint8_t long_name[CONTENT_NAME_MAX + 1] = { 'a' };
	(void)state;

	assert_false(content_is_sound(CONTENT_TEXT, span_of("a\0b", 3)));
	assert_false(content_is_sound(CONTENT_TEXT, SPAN_LIT("\xff")));
	assert_false(content_is_sound(CONTENT_TEXT, SPAN_LIT("\xed\xa0\x80")));
	assert_false(content_is_sound(CONTENT_TEXT, SPAN_LIT("\xc0\xaf")));
	assert_false(content_is_sound(CONTENT_NAME, SPAN_ARRAY(long_name)));
	assert_true(content_is_sound(CONTENT_TEXT, SPAN_LIT("\x1b[2J\t\n")));
	assert_true(content_is_sound(CONTENT_TEXT, SPAN_EMPTY));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_said_is_shown),
		cmocka_unit_test(test_what_nobody_may_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
