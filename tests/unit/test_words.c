/* The words between workers: what is put is taken again, and what is cut off is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs these first */
#include <cmocka.h>

#include <string.h>

/* The server is no archive; this file of it needs base only. */
#include "server/words.c"

static void fill(uint8_t *p, size_t n, uint8_t with)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(with + i);
}

/* A reader behind the kind of the word's first `n` bytes. */
static struct rd reader(const struct buf *word, size_t n, uint8_t kind)
{
	struct rd r = rd_init(span_of(word->p, n));

	assert_int_equal(words_kind(&r), kind);
	return r;
}

static void appends_come_through(void **state)
{
	struct words_append a = { .worker = 3, .id = UINT64_C(1) << 40 }, b;
	struct buf word = BUF_INIT;
	struct rd r;

	(void)state;
	words_put_append(&word, &a);
	assert_int_equal(buf_end(&word), ERR_OK);
	assert_int_equal(word.n, WORDS_APPEND_HEAD);
	buf_reset(&word);
	fill(a.message.session.bytes, 16, 1);
	fill(a.message.device.bytes, 16, 2);
	fill(a.message.nonce, 16, 3);
	fill(a.message.view_head.bytes, 32, 4);
	a.message.epoch = 5;
	a.message.view_seq = 6;
	a.message.expires_ms = UINT64_C(1) << 41;
	a.message.envelope = SPAN_LIT("an envelope");
	a.message.origin = SPAN_LIT("from here");
	words_put_append(&word, &a);
	assert_int_equal(buf_end(&word), ERR_OK);
	r = reader(&word, word.n, WORDS_APPEND);
	assert_true(words_take_append(&r, &b));
	assert_int_equal(b.worker, 3);
	assert_int_equal(b.id, a.id);
	assert_true(uuid_equal(b.message.session, a.message.session));
	assert_true(uuid_equal(b.message.device, a.message.device));
	assert_memory_equal(b.message.nonce, a.message.nonce, 16);
	assert_true(digest_equal(b.message.view_head, a.message.view_head));
	assert_int_equal(b.message.epoch, 5);
	assert_int_equal(b.message.view_seq, 6);
	assert_int_equal(b.message.expires_ms, a.message.expires_ms);
	assert_true(span_equal(b.message.envelope, a.message.envelope));
	assert_true(span_equal(b.message.origin, a.message.origin));
	for (size_t n = 1; n < WORDS_APPEND_HEAD; n++) {
		r = reader(&word, n, WORDS_APPEND);
		assert_false(words_take_append(&r, &b));
	}
	buf_clear(&word);
}

static void results_come_through(void **state)
{
	struct words_result a = { .id = 7,
				  .result = { .seq = 8,
					      .sent_ms = 9,
					      .epoch = 10,
					      .rotation_due = true } },
			    b;
	struct buf word = BUF_INIT;
	struct rd r;

	(void)state;
	a.result.outcome = APPEND_UNAVAILABLE;
	fill(a.result.head.bytes, 32, 11);
	words_put_result(&word, &a);
	assert_int_equal(buf_end(&word), ERR_OK);
	r = reader(&word, word.n, WORDS_RESULT);
	assert_true(words_take_result(&r, &b));
	assert_int_equal(b.id, 7);
	assert_int_equal(b.result.outcome, APPEND_UNAVAILABLE);
	assert_int_equal(b.result.seq, 8);
	assert_int_equal(b.result.sent_ms, 9);
	assert_int_equal(b.result.epoch, 10);
	assert_true(b.result.rotation_due);
	assert_true(digest_equal(b.result.head, a.result.head));
	for (size_t n = 1; n < word.n; n++) {
		r = reader(&word, n, WORDS_RESULT);
		assert_false(words_take_result(&r, &b));
	}
	buf_clear(&word);
}

static void messages_come_through(void **state)
{
	struct message a = { .seq = 1,
			     .epoch = 2,
			     .kind = MESSAGE_COMMIT,
			     .sent_ms = 3,
			     .bytes = SPAN_LIT("a commit") },
		       b;
	struct buf word = BUF_INIT;
	struct rd r;

	(void)state;
	fill(a.session.bytes, 16, 4);
	fill(a.sender.bytes, 16, 5);
	fill(a.head.bytes, 32, 6);
	fill(a.hash.bytes, 32, 7);
	words_put_message(&word, &a);
	assert_int_equal(buf_end(&word), ERR_OK);
	r = reader(&word, word.n, WORDS_MESSAGE);
	assert_true(words_take_message(&r, &b));
	assert_int_equal(b.seq, 1);
	assert_int_equal(b.epoch, 2);
	assert_int_equal(b.kind, MESSAGE_COMMIT);
	assert_int_equal(b.sent_ms, 3);
	assert_true(uuid_equal(b.session, a.session));
	assert_true(uuid_equal(b.sender, a.sender));
	assert_true(digest_equal(b.head, a.head));
	assert_true(digest_equal(b.hash, a.hash));
	assert_true(span_equal(b.bytes, a.bytes));
	assert_int_equal(b.origin.n, 0);
	for (size_t n = 1; n < word.n - a.bytes.n; n++) {
		r = reader(&word, n, WORDS_MESSAGE);
		assert_false(words_take_message(&r, &b));
	}
	buf_clear(&word);
}

static void notices_come_through(void **state)
{
	struct notice a = { .kind = NOTICE_MEMBERS, .seq = 1 }, b;
	struct buf word = BUF_INIT;
	unsigned worker;
	struct rd r;

	(void)state;
	fill(a.id.bytes, 16, 2);
	words_put_notice(&word, &a);
	assert_int_equal(buf_end(&word), ERR_OK);
	r = reader(&word, word.n, NOTICE_MEMBERS);
	assert_true(words_take_notice(&r, NOTICE_MEMBERS, &b));
	assert_int_equal(b.kind, NOTICE_MEMBERS);
	assert_int_equal(b.seq, 1);
	assert_true(uuid_equal(b.id, a.id));
	r = reader(&word, word.n - 1, NOTICE_MEMBERS);
	assert_false(words_take_notice(&r, NOTICE_MEMBERS, &b));
	/* only one of typing has bytes */
	a.bytes = SPAN_LIT("sealed");
	buf_reset(&word);
	words_put_notice(&word, &a);
	r = reader(&word, word.n, NOTICE_MEMBERS);
	assert_false(words_take_notice(&r, NOTICE_MEMBERS, &b));
	a.kind = NOTICE_TYPING;
	buf_reset(&word);
	words_put_notice(&word, &a);
	r = reader(&word, word.n, NOTICE_TYPING);
	assert_true(words_take_notice(&r, NOTICE_TYPING, &b));
	assert_true(span_equal(b.bytes, a.bytes));
	buf_reset(&word);
	words_put_started(&word, 12);
	assert_int_equal(buf_end(&word), ERR_OK);
	r = reader(&word, word.n, WORDS_STARTED);
	assert_true(words_take_started(&r, &worker));
	assert_int_equal(worker, 12);
	buf_clear(&word);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(appends_come_through),
		cmocka_unit_test(results_come_through),
		cmocka_unit_test(messages_come_through),
		cmocka_unit_test(notices_come_through),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
