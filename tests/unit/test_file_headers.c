/* What requests about files say in their headers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs these first */
#include <cmocka.h>

/* The server is no archive; this file of it needs base only. */
#include "server/file_headers.c"

static uint64_t number(const char *text)
{
	uint64_t n = 0;

	return file_headers_number(span_str(text), &n) ? n : UINT64_MAX;
}

static void numbers(void **state)
{
	(void)state;
	assert_int_equal(number("0"), 0);
	assert_int_equal(number("123"), 123);
	assert_int_equal(number("999999999999999"), 999999999999999);
	assert_int_equal(number("1000000000000000"), UINT64_MAX);
	assert_int_equal(number(""), UINT64_MAX);
	assert_int_equal(number("-1"), UINT64_MAX);
	assert_int_equal(number("+1"), UINT64_MAX);
	assert_int_equal(number("1.0"), UINT64_MAX);
	assert_int_equal(number("1;a=b"), UINT64_MAX);
	assert_int_equal(number("1, 2"), UINT64_MAX);
}

static void flags(void **state)
{
	bool flag = false;

	(void)state;
	assert_true(file_headers_flag(SPAN_LIT("?1"), &flag) && flag);
	assert_true(file_headers_flag(SPAN_LIT("?0"), &flag) && !flag);
	assert_false(file_headers_flag(SPAN_LIT("?2"), &flag));
	assert_false(file_headers_flag(SPAN_LIT("1"), &flag));
	assert_false(file_headers_flag(SPAN_LIT(""), &flag));
	assert_false(file_headers_flag(SPAN_LIT("?1;a"), &flag));
}

static void expect(const char *text, enum file_range what, uint64_t from,
		   uint64_t end)
{
	uint64_t a, b;

	assert_int_equal(file_headers_range(span_str(text), 100, &a, &b), what);
	if (what == FILE_RANGE_NOTHING)
		return;
	assert_int_equal(a, from);
	assert_int_equal(b, end);
}

static void ranges(void **state)
{
	(void)state;
	expect("bytes=0-0", FILE_RANGE_PART, 0, 1);
	expect("bytes=5-", FILE_RANGE_PART, 5, 100);
	expect("bytes=5-98", FILE_RANGE_PART, 5, 99);
	expect("bytes=5-99", FILE_RANGE_PART, 5, 100);
	expect("bytes=5-9999", FILE_RANGE_PART, 5, 100);
	expect("bytes=5-9223372036854775807", FILE_RANGE_PART, 5, 100);
	expect("bytes=-1", FILE_RANGE_PART, 99, 100);
	expect("bytes=-100", FILE_RANGE_PART, 0, 100);
	expect("bytes=-1000", FILE_RANGE_PART, 0, 100);
	expect("bytes=-0", FILE_RANGE_NOTHING, 0, 0);
	expect("bytes=100-", FILE_RANGE_NOTHING, 0, 0);
	expect("bytes=100-200", FILE_RANGE_NOTHING, 0, 0);
	/* what is no range, or not one, is as if it were not there */
	expect("", FILE_RANGE_WHOLE, 0, 100);
	expect("bytes", FILE_RANGE_WHOLE, 0, 100);
	expect("bytes=", FILE_RANGE_WHOLE, 0, 100);
	expect("bytes=-", FILE_RANGE_WHOLE, 0, 100);
	expect("bytes=5", FILE_RANGE_WHOLE, 0, 100);
	expect("bytes=9-5", FILE_RANGE_WHOLE, 0, 100);
	expect("bytes=0-1,5-6", FILE_RANGE_WHOLE, 0, 100);
	expect("bytes=a-b", FILE_RANGE_WHOLE, 0, 100);
	expect("bytes=18446744073709551616-", FILE_RANGE_WHOLE, 0, 100);
	expect("pieces=0-1", FILE_RANGE_WHOLE, 0, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(numbers),
					    cmocka_unit_test(flags),
					    cmocka_unit_test(ranges) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
