/* The Departure struct: its bytes, and what does not decode. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "wire/departure.h"

static const uint8_t id[DEPARTURE_SESSION_ID] = { 1, 2, 3 };
static const uint8_t hash[DEPARTURE_HASH] = { 9, 8, 7 };
static uint8_t long_text[DEPARTURE_HEIR_MAX + 1];

static struct departure example(void)
{
	return (struct departure){
		.session_id = SPAN_ARRAY(id),
		.generation = 2,
		.leaf_index = 0x01020304,
		.leaf_hash = SPAN_ARRAY(hash),
		.signer = 7,
		.heir = SPAN_LIT("bob"),
		.signature = SPAN_LIT("signed"),
	};
}

static void test_bytes(void **state)
{
	struct departure made = example(), read;
	struct buf whole = BUF_INIT, tbs = BUF_INIT;
	(void)state;

	departure_put(&whole, &made);
	departure_put_tbs(&tbs, &made);
	assert_int_equal(buf_end(&whole), ERR_OK);
	assert_int_equal(buf_end(&tbs), ERR_OK);
	assert_int_equal(tbs.n, 1 + 16 + 4 + 4 + 32 + 4 + 4);
	assert_int_equal(whole.n, tbs.n + 7);
	assert_memory_equal(whole.p, tbs.p, tbs.n);
	assert_int_equal(whole.p[0], 1);
	assert_memory_equal(whole.p + 17, "\0\0\0\2\1\2\3\4", 8);
	assert_int_equal(departure_decode(buf_span(&whole), &read), ERR_OK);
	assert_true(span_equal(read.encoded, buf_span(&whole)));
	assert_true(span_equal(read.unsigned_part, buf_span(&tbs)));
	assert_true(span_equal(read.session_id, made.session_id));
	assert_int_equal(read.generation, made.generation);
	assert_int_equal(read.leaf_index, made.leaf_index);
	assert_true(span_equal(read.leaf_hash, made.leaf_hash));
	assert_int_equal(read.signer, made.signer);
	assert_true(span_equal(read.heir, made.heir));
	assert_true(span_equal(read.signature, made.signature));
	buf_clear(&whole);
	buf_clear(&tbs);
}

static enum err decode(const struct departure *made)
{
	struct buf whole = BUF_INIT;
	struct departure read;
	enum err e;

	departure_put(&whole, made);
	assert_int_equal(buf_end(&whole), ERR_OK);
	e = departure_decode(buf_span(&whole), &read);
	buf_clear(&whole);
	return e;
}

static void test_limits(void **state)
{
	struct departure made = example();
	(void)state;

	made.heir = SPAN_EMPTY;
	assert_int_equal(decode(&made), ERR_OK);
	made.heir = span_of(long_text, DEPARTURE_HEIR_MAX);
	assert_int_equal(decode(&made), ERR_OK);
	made.heir = SPAN_ARRAY(long_text);
	assert_int_equal(decode(&made), ERR_PEER_TOO_LARGE);
	made = example();
	made.signature = SPAN_ARRAY(long_text);
	assert_int_equal(decode(&made), ERR_PEER_TOO_LARGE);
}

static void test_what_does_not_decode(void **state)
{
	struct departure made = example(), read;
	struct buf whole = BUF_INIT;
	(void)state;

	departure_put(&whole, &made);
	for (size_t n = 0; n < whole.n; n++)
		assert_int_equal(departure_decode(span_of(whole.p, n), &read),
				 ERR_PEER_MALFORMED);
	buf_put_u8(&whole, 0);
	assert_int_equal(departure_decode(buf_span(&whole), &read),
			 ERR_PEER_MALFORMED);
	whole.n--;
	whole.p[0] = 2;
	assert_int_equal(departure_decode(buf_span(&whole), &read),
			 ERR_PEER_UNSUPPORTED);
	buf_clear(&whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_what_does_not_decode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
