/* What senders say that they have seen of a log. */
#include "wire/log_view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

static const uint8_t HEAD[LOG_VIEW_HEAD] = { 7 }, NONCE[16] = { 9 };

static struct buf place(uint8_t version, uint64_t seq)
{
	struct buf b = BUF_INIT;

	buf_put_u8(&b, version);
	buf_put_u64(&b, seq);
	buf_put(&b, SPAN_ARRAY(HEAD));
	return b;
}

static void test_of_a_message(void **state)
{
	struct buf b = place(1, 5);
	struct log_view view;
	(void)state;

	assert_int_equal(log_view_read(buf_span(&b), &view),
			 ERR_PEER_MALFORMED); /* no nonce */
	assert_false(view.given);
	buf_put(&b, SPAN_ARRAY(NONCE));
	assert_int_equal(log_view_read(buf_span(&b), &view), ERR_OK);
	assert_true(view.given);
	assert_int_equal(view.seq, 5);
	assert_true(span_equal(view.head, SPAN_ARRAY(HEAD)));
	assert_true(span_equal(view.nonce, SPAN_ARRAY(NONCE)));
	for (size_t n = 0; n < b.n; n++)
		assert_int_equal(log_view_read(span_of(b.p, n), &view),
				 ERR_PEER_MALFORMED);
	buf_put_u8(&b, 0);
	assert_int_equal(log_view_read(buf_span(&b), &view),
			 ERR_PEER_MALFORMED);
	b.n--;
	b.p[0] = 2;
	assert_int_equal(log_view_read(buf_span(&b), &view),
			 ERR_PEER_MALFORMED);
	b.p[0] = 1;
	b.p[1] = 0x80; /* no log has such a number */
	assert_int_equal(log_view_read(buf_span(&b), &view),
			 ERR_PEER_MALFORMED);
	buf_clear(&b);
}

static void test_of_a_commit(void **state)
{
	struct buf b = place(1, 6);
	struct log_view view;
	(void)state;

	assert_int_equal(log_view_read_commit(SPAN_EMPTY, &view), ERR_OK);
	assert_false(view.given);
	assert_int_equal(log_view_read_commit(buf_span(&b), &view),
			 ERR_PEER_MALFORMED);
	buf_put_vec(&b, SPAN_LIT("links"));
	assert_int_equal(log_view_read_commit(buf_span(&b), &view), ERR_OK);
	assert_true(view.given);
	assert_int_equal(view.seq, 6);
	assert_true(span_equal(view.head, SPAN_ARRAY(HEAD)));
	assert_true(span_equal(view.links, SPAN_LIT("links")));
	for (size_t n = 1; n < b.n; n++)
		assert_int_equal(log_view_read_commit(span_of(b.p, n), &view),
				 ERR_PEER_MALFORMED);
	buf_clear(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_of_a_message),
		cmocka_unit_test(test_of_a_commit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
