/* Vouchers: the same each time, and good for one key under one secret. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs these first */
#include <cmocka.h>

#include <string.h>

#include "door/vouch.h"

#define SECRET SPAN_LIT("twenty-four characters, or more")
#define PEM "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"

static enum err read_as(struct span secret, struct span kid,
			struct span voucher)
{
	struct buf pem = BUF_INIT;
	enum err e = vouch_read(secret, kid, voucher, &pem);

	if (e == ERR_OK)
		assert_true(span_equal(buf_span(&pem), span_str(PEM)));
	else
		assert_int_equal(pem.n, 0);
	buf_clear(&pem);
	return e;
}

static void one_key_under_one_secret(void **state)
{
	struct buf voucher = BUF_INIT, again = BUF_INIT;
	struct span text;

	(void)state;
	assert_int_equal(vouch_write(SECRET, "one", PEM, &voucher), ERR_OK);
	assert_int_equal(vouch_write(SECRET, "one", PEM, &again), ERR_OK);
	assert_true(span_equal(buf_span(&voucher), buf_span(&again)));
	text = buf_span(&voucher);
	assert_int_equal(read_as(SECRET, span_str("one"), text), ERR_OK);
	assert_int_equal(read_as(SECRET, span_str("two"), text),
			 ERR_PEER_DENIED);
	assert_int_equal(read_as(SPAN_LIT("another secret of that length"),
				 span_str("one"), text),
			 ERR_PEER_DENIED);
	assert_int_equal(read_as(SPAN_EMPTY, span_str("one"), text),
			 ERR_PEER_DENIED);
	assert_int_equal(read_as(SECRET, span_str("one"), SPAN_EMPTY),
			 ERR_PEER_DENIED);
	/* the last character has bits that say nothing */
	for (size_t n = 0; n < text.n - 1; n++) {
		assert_int_equal(
		    read_as(SECRET, span_str("one"), span_of(text.p, n)),
		    ERR_PEER_DENIED);
		again.p[n] ^= 1;
		assert_int_equal(
		    read_as(SECRET, span_str("one"), buf_span(&again)),
		    ERR_PEER_DENIED);
		again.p[n] ^= 1;
	}
	buf_clear(&voucher);
	buf_clear(&again);
}

/* {"alg":"none"}, {"kid":"one","pem":"x"} */
static void nothing_is_signed_by_none(void **state)
{
	(void)state;
	assert_int_equal(read_as(SECRET, span_str("one"),
				 SPAN_LIT("eyJhbGciOiJub25lIn0."
					  "eyJraWQiOiJvbmUiLCJwZW0iOiJ4In0.")),
			 ERR_PEER_DENIED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_key_under_one_secret),
		cmocka_unit_test(nothing_is_signed_by_none),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
