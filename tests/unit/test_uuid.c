/* Ids: as text, their order, random ones; and digests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/uuid.h"

static const char TEXT[] = "00112233-4455-6677-8899-aabbccddeeff";

static void test_text(void **state)
{
	struct buf out = BUF_INIT;
	struct uuid uuid;

	(void)state;
	assert_true(uuid_parse(&uuid, span_str(TEXT)) == ERR_OK);
	for (size_t i = 0; i < sizeof(uuid.bytes); i++)
		assert_true(uuid.bytes[i] == i * 0x11);
	uuid_put(&out, uuid);
	assert_true(span_equal(buf_span(&out), span_str(TEXT)));
	buf_reset(&out);
	assert_true(
	    uuid_parse(&uuid,
		       SPAN_LIT("00112233-4455-6677-8899-AABBCCDDEEFF")) ==
	    ERR_OK);
	uuid_put(&out, uuid);
	assert_true(span_equal(buf_span(&out), span_str(TEXT)));
	buf_clear(&out);
	assert_string_equal(uuid_text(uuid).text, TEXT);
	assert_true(uuid_parse(&uuid, span_of((const uint8_t *)TEXT, 35)) ==
		    ERR_PEER_MALFORMED);
	assert_true(uuid_is_nil(uuid));
	assert_true(uuid_is_text(span_str(TEXT)));
	assert_false(
	    uuid_is_text(SPAN_LIT("0123abcd-4567-89ef-0123-456789abcdeg")));
	assert_false(
	    uuid_is_text(SPAN_LIT("0123abcd04567-89ef-0123-456789abcdef")));
}

static void test_digest(void **state)
{
	const uint8_t bytes[32] = { [0] = 0x0f, [31] = 0xa1 };
	struct digest a = digest_of(bytes), b = a;
	struct buf out = BUF_INIT;

	(void)state;
	assert_true(digest_equal(a, b));
	b.bytes[31]++;
	assert_false(digest_equal(a, b));
	digest_put(&out, a);
	assert_true(span_equal(buf_span(&out),
			       SPAN_LIT("0f0000000000000000000000000000000000"
					"00000000000000000000000000a1")));
	buf_clear(&out);
}

static void test_order(void **state)
{
	const uint8_t low[16] = { 0 }, high[16] = { [15] = 1 };
	struct uuid all[2] = { uuid_of(high), uuid_of(low) };

	(void)state;
	assert_true(uuid_equal(all[0], uuid_of(high)));
	assert_true(!uuid_equal(all[0], all[1]));
	qsort(all, 2, sizeof(*all), uuid_compare);
	assert_true(uuid_is_nil(all[0]) && !uuid_is_nil(all[1]));
}

static void test_random(void **state)
{
	uint8_t bytes[16];
	struct uuid uuid;

	(void)state;
	memset(bytes, 0xff, sizeof(bytes));
	uuid = uuid_random(bytes);
	assert_true(uuid.bytes[6] == 0x4f && uuid.bytes[8] == 0xbf);
	assert_true(uuid.bytes[5] == 0xff && uuid.bytes[9] == 0xff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_digest),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
