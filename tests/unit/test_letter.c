/* Letters: who has to have signed one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "check/letter.h"
#include "tests/testlib/accounts.h"

static const uint8_t session[LETTER_SESSION_ID] = { 1 };
static const uint8_t hash[LETTER_HASH] = { 2 };

static void sign(const struct house *h, int who, uint64_t device,
		 struct buf *bytes)
{
	const struct letter letter = {
		.session_id = SPAN_ARRAY(session),
		.seq = 7,
		.head = SPAN_ARRAY(hash),
		.context = SPAN_ARRAY(hash),
		.by = account_log_fingerprint(h->log),
		.device = device,
		.user = SPAN_ARRAY(hash),
	};

	buf_reset(bytes);
	assert_int_equal(account_sign_letter(&h->keys[who], &letter, bytes),
			 ERR_OK);
	assert_int_equal(bytes->n, LETTER_SIZE);
}

static enum err judge(const struct buf *bytes, const struct account_log *log)
{
	struct letter letter;

	assert_int_equal(letter_decode(buf_span(bytes), &letter), ERR_OK);
	return check_letter(&letter, log);
}

static void test_signers(void **state)
{
	struct buf bytes = BUF_INIT;
	struct house h, other;

	(void)state;
	house_init(&h, false);
	house_init(&other, false);
	house_add(&h, 0, 1);
	sign(&h, 1, h.number[1], &bytes);
	assert_int_equal(judge(&bytes, h.log), ERR_OK);
	assert_int_equal(judge(&bytes, other.log), ERR_PEER_DENIED);
	house_remove(&h, 0, 1);
	assert_int_equal(judge(&bytes, h.log), ERR_PEER_DENIED);
	sign(&h, 1, h.number[0], &bytes); /* another device's key */
	assert_int_equal(judge(&bytes, h.log), ERR_PEER_CRYPTO);
	sign(&h, 0, 99, &bytes);
	assert_int_equal(judge(&bytes, h.log), ERR_PEER_DENIED);
	sign(&h, 0, h.number[0], &bytes);
	assert_int_equal(judge(&bytes, h.log), ERR_OK);
	for (size_t i = 1; i < bytes.n; i += 7) { /* whatever is changed */
		bytes.p[i] ^= 1;
		assert_int_not_equal(judge(&bytes, h.log), ERR_OK);
		bytes.p[i] ^= 1;
	}
	house_close(&h, 0);
	assert_int_equal(judge(&bytes, h.log), ERR_PEER_DENIED);
	buf_clear(&bytes);
	house_free(&h);
	house_free(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_signers) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
