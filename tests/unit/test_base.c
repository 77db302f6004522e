/* Bytes, the bounded reader, text forms and secrets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/buf.h"
#include "base/rd.h"
#include "base/sec.h"
#include "base/text.h"

static void test_varint_round_trip(void **state)
{
	static const size_t lengths[] = {
		0, 1, 63, 64, 16383, 16384, 0x3fffffff
	};
	(void)state;

	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		struct buf b = BUF_INIT;
		struct rd r;

		buf_put_varint(&b, lengths[i]);
		assert_int_equal(buf_end(&b), ERR_OK);
		r = rd_init(buf_span(&b));
		assert_int_equal(rd_varint(&r), lengths[i]);
		assert_int_equal(rd_end(&r), ERR_OK);
		buf_clear(&b);
	}
}

static void test_varint_must_be_minimal(void **state)
{
	static const uint8_t two[] = { 0x40, 0x3f };
	static const uint8_t four[] = { 0x80, 0, 0x3f, 0xff };
	static const uint8_t reserved[] = { 0xc0, 0, 0, 0, 0, 0, 0, 1 };
	struct span bad[] = { SPAN_ARRAY(two), SPAN_ARRAY(four),
			      SPAN_ARRAY(reserved) };
	(void)state;

	for (size_t i = 0; i < 3; i++) {
		struct rd r = rd_init(bad[i]);

		assert_int_equal(rd_varint(&r), 0);
		assert_false(rd_ok(&r));
	}
}

static void test_varint_too_large(void **state)
{
	struct buf b = BUF_INIT;
	(void)state;

	buf_put_varint(&b, 0x40000000);
	assert_int_equal(buf_end(&b), ERR_PEER_TOO_LARGE);
	buf_clear(&b);
}

static void test_reader_fails_once_and_for_good(void **state)
{
	static const uint8_t bytes[] = { 1, 2, 3 };
	struct rd r = rd_init(SPAN_ARRAY(bytes));
	(void)state;

	assert_int_equal(rd_u16(&r), 0x0102);
	assert_int_equal(rd_u32(&r), 0);
	assert_int_equal(rd_u8(&r), 0);
	assert_int_equal(rd_left(&r), 0);
	assert_int_equal(rd_end(&r), ERR_PEER_MALFORMED);
}

static void test_reader_refuses_left_over(void **state)
{
	static const uint8_t bytes[] = { 1, 2 };
	struct rd r = rd_init(SPAN_ARRAY(bytes));
	(void)state;

	assert_int_equal(rd_u8(&r), 1);
	assert_int_equal(rd_end(&r), ERR_PEER_MALFORMED);
}

static void test_nested_vectors(void **state)
{
	struct buf b = BUF_INIT;
	struct rd r, inner;
	uint8_t big[300];
	size_t outer;
	(void)state;

	memset(big, 7, sizeof(big));
	outer = buf_open_vec(&b);
	buf_put_vec(&b, SPAN_ARRAY(big));
	buf_put_u16(&b, 0xabcd);
	buf_close_vec(&b, outer);
	assert_int_equal(buf_end(&b), ERR_OK);

	r = rd_init(buf_span(&b));
	inner = rd_open_vec(&r);
	assert_true(span_equal(rd_vec(&inner), SPAN_ARRAY(big)));
	assert_int_equal(rd_u16(&inner), 0xabcd);
	rd_close(&r, &inner);
	assert_int_equal(rd_end(&r), ERR_OK);

	for (size_t cut = 0; cut < b.n; cut++) {
		r = rd_init(span_of(b.p, cut));
		inner = rd_open_vec(&r);
		(void)rd_vec(&inner);
		(void)rd_u16(&inner);
		rd_close(&r, &inner);
		assert_int_equal(rd_end(&r), ERR_PEER_MALFORMED);
	}
	buf_clear(&b);
}

static void test_consume(void **state)
{
	struct buf b = BUF_INIT;
	(void)state;

	buf_put_str(&b, "abcdef");
	buf_consume(&b, 2);
	assert_true(span_equal(buf_span(&b), SPAN_LIT("cdef")));
	buf_consume(&b, 9);
	assert_int_equal(b.n, 0);
	buf_clear(&b);
}

static void test_base64_rfc4648(void **state)
{
	static const char *const pairs[][2] = {
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
	};
	struct buf b = BUF_INIT;
	(void)state;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		buf_reset(&b);
		text_put_base64(&b, span_str(pairs[i][0]));
		assert_true(span_equal(buf_span(&b), span_str(pairs[i][1])));
		buf_reset(&b);
		assert_int_equal(text_base64(&b, span_str(pairs[i][1])),
				 ERR_OK);
		assert_true(span_equal(buf_span(&b), span_str(pairs[i][0])));
	}
	buf_clear(&b);
}

static void test_base64_is_strict(void **state)
{
	static const char *const bad[] = { "Zg",       "Zg=",  "Zh==",	"Z===",
					   "Zg==Zg==", "Z g=", "Zm9v\n" };
	struct buf b = BUF_INIT;
	(void)state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(text_base64(&b, span_str(bad[i])),
				 ERR_PEER_MALFORMED);
	assert_int_equal(text_base64url(&b, SPAN_LIT("_-8")), ERR_OK);
	assert_int_equal(b.n, 2);
	assert_int_equal(text_base64url(&b, SPAN_LIT("_-8=")),
			 ERR_PEER_MALFORMED);
	buf_clear(&b);
}

static void test_utf8(void **state)
{
	static const char *const good[] = { "",
					    "a",
					    "\xc2\x80",
					    "\xe2\x82\xac",
					    "\xed\x9f\xbf",
					    "\xf4\x8f\xbf\xbf" };
	static const char *const bad[] = {
		"\x80",		"\xc1\xbf",	    "\xe0\x9f\xbf",
		"\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf0\x8f\xbf\xbf",
		"\xe2\x82",	"\xe2\x82 ",	    "\xff"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_true(text_is_utf8(span_str(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(text_is_utf8(span_str(bad[i])));
}

static void expect_cut(struct span text, size_t max, size_t n)
{
	struct span cut = text_cut(text, max);

	assert_ptr_equal(cut.p, text.p);
	assert_int_equal(cut.n, n);
}

static void test_cut(void **state)
{
	const struct span euro = SPAN_LIT("a\xe2\x82\xac");
	(void)state;

	expect_cut(euro, 9, 4);
	expect_cut(euro, 4, 4);
	expect_cut(euro, 3, 1);
	expect_cut(euro, 2, 1);
	expect_cut(euro, 1, 1);
	expect_cut(euro, 0, 0);
	expect_cut(SPAN_EMPTY, 0, 0);
	expect_cut(SPAN_LIT("\xf0\x9f\x91\xa9\xf0\x9f\x91\xa9"), 7, 4);
	expect_cut(SPAN_LIT("\xf0\x9f\x91\xa9\xf0\x9f\x91\xa9"), 3, 0);
	/* what is no character is not kept together */
	expect_cut(SPAN_LIT("a\x80\x80\x80\x80\x80\x80"), 5, 5);
	expect_cut(SPAN_LIT("a\xe2\x82"), 2, 2);
	expect_cut(SPAN_LIT("\xff\xff\xff"), 2, 2);
}

static void test_characters(void **state)
{
	uint32_t c = 7;
	(void)state;

	assert_int_equal(text_character(SPAN_LIT("az"), &c), 1);
	assert_int_equal(c, 'a');
	assert_int_equal(text_character(SPAN_LIT("\xf4\x8f\xbf\xbfz"), &c), 4);
	assert_int_equal(c, 0x10ffff);
	assert_int_equal(text_character(SPAN_LIT("\xe2\x82"), &c), 0);
	assert_int_equal(text_character(SPAN_LIT("\x82"), &c), 0);
	assert_int_equal(text_character(SPAN_EMPTY, &c), 0);
	assert_int_equal(c, 0x10ffff);
}

static void test_u64_limits(void **state)
{
	uint64_t v = 0;
	(void)state;

	assert_int_equal(
	    text_parse_u64(&v, SPAN_LIT("18446744073709551615"), UINT64_MAX),
	    ERR_OK);
	assert_true(v == UINT64_MAX);
	assert_int_equal(
	    text_parse_u64(&v, SPAN_LIT("18446744073709551616"), UINT64_MAX),
	    ERR_PEER_TOO_LARGE);
	assert_int_equal(text_parse_u64(&v, SPAN_LIT("101"), 100),
			 ERR_PEER_TOO_LARGE);
	assert_int_equal(text_parse_u64(&v, SPAN_LIT("7"), 5),
			 ERR_PEER_TOO_LARGE);
	assert_int_equal(text_parse_u64(&v, SPAN_LIT("-1"), 100),
			 ERR_PEER_MALFORMED);
	assert_int_equal(text_parse_u64(&v, SPAN_EMPTY, 100),
			 ERR_PEER_MALFORMED);
}

static void test_secret_compare(void **state)
{
	struct sec a = { .n = 0 }, b = { .n = 0 };
	uint8_t large[SEC_MAX + 1] = { 0 };
	(void)state;

	assert_int_equal(sec_set(&a, SPAN_LIT("secret")), ERR_OK);
	assert_int_equal(sec_set(&b, SPAN_LIT("secreT")), ERR_OK);
	assert_false(sec_equal(sec_span(&a), sec_span(&b)));
	assert_true(sec_equal(sec_span(&a), SPAN_LIT("secret")));
	assert_false(sec_equal(sec_span(&a), SPAN_LIT("secre")));
	assert_int_equal(sec_set(&a, SPAN_ARRAY(large)), ERR_LOCAL_BUG);
	assert_int_equal(a.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_varint_round_trip),
		cmocka_unit_test(test_varint_must_be_minimal),
		cmocka_unit_test(test_varint_too_large),
		cmocka_unit_test(test_reader_fails_once_and_for_good),
		cmocka_unit_test(test_reader_refuses_left_over),
		cmocka_unit_test(test_nested_vectors),
		cmocka_unit_test(test_consume),
		cmocka_unit_test(test_base64_rfc4648),
		cmocka_unit_test(test_base64_is_strict),
		cmocka_unit_test(test_u64_limits),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_characters),
		cmocka_unit_test(test_secret_compare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
