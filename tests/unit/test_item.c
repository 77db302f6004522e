/* Deterministic CBOR (RFC 8949, 4.2.1): the RFC's own examples (appendix A), and
 * every other way to write them. */
#include "content/item.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <string.h>

#include "base/text.h"

/* The bytes of hex, good until the next call. */
static struct span unhex(const char *hex)
{
	static struct buf bytes;

	buf_reset(&bytes);
	assert_int_equal(text_hex(&bytes, span_str(hex)), ERR_OK);
	assert_int_equal(buf_end(&bytes), ERR_OK);
	return buf_span(&bytes);
}

static enum err any(const char *hex, unsigned levels)
{
	struct span bytes = unhex(hex);
	struct item_rd r = item_rd_init(bytes);
	struct span taken = item_any(&r, levels);
	enum err e = item_end(&r);

	if (e == ERR_OK)
		assert_true(span_equal(taken, bytes));
	else
		assert_int_equal(taken.n == bytes.n && bytes.n > 0, 0);
	return e;
}

static void good_are_taken(void **state)
{
	static const char *const good[] = {
		"00",
		"17",
		"1818",
		"18ff",
		"190100",
		"19ffff",
		"1a00010000",
		"1affffffff",
		"1b0000000100000000",
		"1bffffffffffffffff",
		"20",
		"37",
		"3818",
		"3903e7",
		"3bffffffffffffffff",
		"40",
		"4401020304",
		"60",
		"6449455446",
		"62c3bc",
		"63e6b0b4",
		"64f0908591",
		"80",
		"83010203",
		"a0",
		"a201020304",
		"a26161016162820203",
		"f4",
		"f5",
		"f6",
		"f7",
		"c11a514b67b0",
		"d818456449455446",
		"f90000",
		"f98000",
		"f93c00",
		"f93e00",
		"f97bff",
		"f90001",
		"f90400",
		"f9c400",
		"fa47c35000",
		"fa7f7fffff",
		"fb3ff199999999999a",
		"f97c00",
		"f9fc00",
		"f97e00",
		"fb7e37e43c8800759c",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (any(good[i], 4) != ERR_OK)
			fail_msg("%s", good[i]);
	/* the order of keys, RFC 8949, 4.2.1 */
	assert_int_equal(any("a50a001864002000416100616100", 1), ERR_OK);
}

static const char *const BAD[] = {
	"",
	"1800",
	"1817",
	"190000",
	"1900ff",
	"1a0000ffff",
	"1b00000000ffffffff",
	"3817",
	"390018",
	"5800",
	"5801ff",
	"7800",
	"9800",
	"b800",
	"9b0000000000000000",
	"d80000",
	"d80100",
	/* lengths that are not said */
	"5f42010243030405ff",
	"7f657374726561646d696e67ff",
	"9fff",
	"9f0102ff",
	"bfff",
	"ff",
	/* floats that are longer than they need to be */
	"fa3f800000",
	"fb3ff0000000000000",
	"fa47c3500000",
	"fb40f86a0000000000",
	"fa7f800000",
	"fb7ff0000000000000",
	/* other NaNs */
	"f97e01",
	"f9fe00",
	"fa7fc00000",
	"fb7ff8000000000000",
	/* simple values */
	"e0",
	"f3",
	"f800",
	"f818",
	"f8ff",
	"fc",
	"1c",
	"3d",
	"5e",
	/* cut off */
	"18",
	"1900",
	"41",
	"6261",
	"81",
	"a101",
	"c1",
	"1bffffff",
	/* a length over all that is there */
	"5bffffffffffffffff",
	"7bffffffffffffffff",
	"5affffffff",
	"9bffffffffffffffff",
	"bbffffffffffffffff",
	"9affffffff",
	"bb8000000000000001",
	"9b0000000100000001",
	/* no UTF-8 */
	"61ff",
	"62c080",
	"63eda080",
	/* keys: out of order, twice, of another type, not exact */
	"a202000100",
	"a201000100",
	"a220000a00",
	"a1f500",
	"a18000",
	"a1f93c0000",
	"a11b002000000000000000",
	"a13b001fffffffffffff00",
	"a262616100616200",
	/* one more behind it */
	"0000",
};

static void others_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++)
		if (any(BAD[i], 4) != ERR_PEER_MALFORMED)
			fail_msg("%s", BAD[i]);
	assert_int_equal(any("a11b001fffffffffffff00", 1), ERR_OK);
	assert_int_equal(any("a13b001ffffffffffffe00", 1), ERR_OK);
}

static void levels_are_bounded(void **state)
{
	(void)state;
	assert_int_equal(any("00", 0), ERR_OK);
	assert_int_equal(any("80", 0), ERR_PEER_TOO_LARGE);
	assert_int_equal(any("c100", 0), ERR_PEER_TOO_LARGE);
	assert_int_equal(any("a0", 0), ERR_PEER_TOO_LARGE);
	assert_int_equal(any("8181a100c100", 4), ERR_OK);
	assert_int_equal(any("818181a100c100", 4), ERR_PEER_TOO_LARGE);
	assert_int_equal(any("82810081818100", 4), ERR_OK);
}

static void types_are_asked(void **state)
{
	struct item_rd r;

	(void)state;
	r = item_rd_init(unhex("1903e8"));
	assert_int_equal(item_uint(&r, 1000), 1000);
	assert_int_equal(item_end(&r), ERR_OK);
	r = item_rd_init(unhex("1903e9"));
	assert_int_equal(item_uint(&r, 1000), 0);
	assert_int_equal(item_end(&r), ERR_PEER_TOO_LARGE);
	r = item_rd_init(unhex("43010203"));
	assert_int_equal(item_bytes(&r, 3).n, 3);
	assert_int_equal(item_end(&r), ERR_OK);
	r = item_rd_init(unhex("43010203"));
	assert_int_equal(item_bytes(&r, 2).n, 0);
	assert_int_equal(item_end(&r), ERR_PEER_TOO_LARGE);
	r = item_rd_init(unhex("43010203"));
	assert_int_equal(item_text(&r, 3).n, 0);
	assert_int_equal(item_bytes(&r, 3).n, 0); /* it stays failed */
	assert_int_equal(item_end(&r), ERR_PEER_MALFORMED);
	r = item_rd_init(unhex("f6f5f4"));
	assert_true(item_null(&r));
	assert_false(item_null(&r));
	assert_true(item_bool(&r));
	assert_false(item_bool(&r));
	assert_int_equal(item_end(&r), ERR_OK);
	r = item_rd_init(unhex("8100"));
	assert_int_equal(item_array(&r, 0), 0);
	assert_int_equal(item_end(&r), ERR_PEER_TOO_LARGE);
	r = item_rd_init(unhex("a100"));
	assert_int_equal(item_map(&r, 9), 0); /* no room for a pair */
	assert_int_equal(item_end(&r), ERR_PEER_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_are_taken),
		cmocka_unit_test(others_are_refused),
		cmocka_unit_test(levels_are_bounded),
		cmocka_unit_test(types_are_asked),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
