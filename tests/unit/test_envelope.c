/* The envelope: the public part that a server reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "wire/envelope.h"
#include "wire/message.h"

#define TAG 32

static const uint8_t session_id[ENVELOPE_SESSION_ID] = { 1, 2, 3 };

static void put_message(struct buf *b, uint8_t content_type,
			struct span group_id, uint64_t epoch)
{
	const struct wire_private_message m = {
		.group_id = group_id,
		.epoch = epoch,
		.content_type = content_type,
		.encrypted_sender_data = SPAN_LIT("sender data"),
		.ciphertext = SPAN_LIT("ciphertext"),
	};

	wire_message_put_header(b, WIRE_PRIVATE_MESSAGE);
	wire_private_message_put(b, &m);
}

static void put_envelope(struct buf *b, struct span message)
{
	static const uint8_t nonce[ENVELOPE_NONCE] = { 0x01, 0x9a, 0xbc, 0xde,
						       0xf0, 0x12, 7 };
	static const uint8_t tag[TAG] = { 5 };
	const struct envelope envelope = {
		.session_id = SPAN_ARRAY(session_id),
		.epoch = 9,
		.nonce = SPAN_ARRAY(nonce),
		.message = message,
	};

	envelope_put_tagged(b, &envelope);
	buf_put(b, SPAN_ARRAY(tag));
	assert_int_equal(buf_end(b), ERR_OK);
}

static void test_round_trip(void **state)
{
	struct buf message = BUF_INIT, bytes = BUF_INIT;
	struct envelope got;
	(void)state;

	put_message(&message, WIRE_CONTENT_APPLICATION, SPAN_ARRAY(session_id),
		    9);
	put_envelope(&bytes, buf_span(&message));
	assert_int_equal(envelope_decode(buf_span(&bytes), TAG, &got), ERR_OK);
	assert_true(span_equal(got.session_id, SPAN_ARRAY(session_id)));
	assert_int_equal(got.epoch, 9);
	assert_true(envelope_time(got.nonce) == 0x019abcdef012);
	assert_true(span_equal(got.message, buf_span(&message)));
	assert_int_equal(got.tag.n, TAG);
	assert_int_equal(got.tagged.n + TAG, bytes.n);
	assert_int_equal(envelope_check(&got), ERR_OK);
	buf_clear(&message);
	buf_clear(&bytes);
}

/* Each length but the right one is refused. */
static void test_strict(void **state)
{
	struct buf bytes = BUF_INIT;
	struct envelope got;
	(void)state;

	put_envelope(&bytes, SPAN_LIT("message"));
	for (size_t n = 0; n < bytes.n; n++) {
		assert_int_equal(
		    envelope_decode(span_of(bytes.p, n), TAG, &got),
		    ERR_PEER_MALFORMED);
		assert_null(got.tagged.p);
	}
	assert_int_equal(envelope_decode(buf_span(&bytes), TAG + 1, &got),
			 ERR_PEER_MALFORMED);
	assert_int_equal(envelope_decode(buf_span(&bytes), TAG - 1, &got),
			 ERR_PEER_MALFORMED);
	bytes.p[0] = 2;
	assert_int_equal(envelope_decode(buf_span(&bytes), TAG, &got),
			 ERR_PEER_UNSUPPORTED);
	buf_clear(&bytes);
}

static void test_too_large(void **state)
{
	struct buf bytes = BUF_INIT;
	struct envelope got;
	(void)state;

	memset(buf_append(&bytes, ENVELOPE_MAX + 1), 1, ENVELOPE_MAX + 1);
	assert_int_equal(envelope_decode(buf_span(&bytes), TAG, &got),
			 ERR_PEER_TOO_LARGE);
	buf_clear(&bytes);
}

static enum err check_of(uint8_t content_type, struct span group_id,
			 uint64_t epoch)
{
	struct buf message = BUF_INIT, bytes = BUF_INIT;
	struct envelope got;
	enum err e;

	put_message(&message, content_type, group_id, epoch);
	put_envelope(&bytes, buf_span(&message));
	assert_int_equal(envelope_decode(buf_span(&bytes), TAG, &got), ERR_OK);
	e = envelope_check(&got);
	buf_clear(&message);
	buf_clear(&bytes);
	return e;
}

static void test_check(void **state)
{
	struct buf bytes = BUF_INIT;
	struct envelope got;
	(void)state;

	assert_int_equal(
	    check_of(WIRE_CONTENT_APPLICATION, SPAN_ARRAY(session_id), 9),
	    ERR_OK);
	assert_int_equal(
	    check_of(WIRE_CONTENT_COMMIT, SPAN_ARRAY(session_id), 9),
	    ERR_PEER_INVALID);
	assert_int_equal(
	    check_of(WIRE_CONTENT_APPLICATION, SPAN_LIT("another session!"), 9),
	    ERR_PEER_INVALID);
	assert_int_equal(
	    check_of(WIRE_CONTENT_APPLICATION, SPAN_ARRAY(session_id), 8),
	    ERR_PEER_INVALID);
	put_envelope(&bytes, SPAN_LIT("no message"));
	assert_int_equal(envelope_decode(buf_span(&bytes), TAG, &got), ERR_OK);
	assert_int_equal(err_class(envelope_check(&got)), ERR_CLASS_PEER);
	buf_clear(&bytes);
}

static void test_time(void **state)
{
	uint8_t nonce[ENVELOPE_NONCE] = { 0 };
	(void)state;

	assert_int_equal(envelope_set_time(nonce, 1790000000123), ERR_OK);
	assert_true(envelope_time(SPAN_ARRAY(nonce)) == 1790000000123);
	assert_int_equal(nonce[ENVELOPE_NONCE_TIME], 0);
	assert_int_equal(envelope_set_time(nonce, ENVELOPE_TIME_MAX), ERR_OK);
	assert_true(envelope_time(SPAN_ARRAY(nonce)) == ENVELOPE_TIME_MAX);
	assert_int_equal(envelope_set_time(nonce, ENVELOPE_TIME_MAX + 1),
			 ERR_LOCAL_BUG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_strict),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
