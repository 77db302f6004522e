/* What waits to be told, as payloads, and what is heard of these. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs these first */
#include <cmocka.h>

#include <string.h>

#include "base/text.h"
#include "store/telling.h"

enum { NODE = 7, HEARD_MAX = 256 };

static const struct uuid S = { { 1 } }, T = { { 2 } };

/* ---- a seal: what it makes begins with a byte that no other bytes here begin with ---- */

static enum err seal(struct span row, struct buf *out)
{
	buf_put_u8(out, 0x5e);
	buf_put(out, row);
	return ERR_OK;
}

static enum err open_row(struct span sealed, struct buf *out)
{
	if (sealed.n == 0 || sealed.p[0] != 0x5e)
		return ERR_PEER_CRYPTO;
	buf_put(out, span_of(sealed.p + 1, sealed.n - 1));
	return ERR_OK;
}

static const struct lines_seal SEAL = { seal, open_row, NULL };

/* ---- who hears ---- */

static struct {
	struct notice notices[HEARD_MAX];
	struct message rows[HEARD_MAX]; /* without their bytes */
	size_t row_bytes[HEARD_MAX];
	size_t count;
} heard;

static void hear(void *arg, const struct notice *notice)
{
	struct rd r = rd_init(notice->bytes);
	size_t i = heard.count++;

	(void)arg;
	assert_true(i < HEARD_MAX);
	heard.notices[i] = *notice;
	heard.row_bytes[i] = 0;
	if (notice->kind == NOTICE_MESSAGE && notice->bytes.n > 0) {
		assert_true(message_take(&r, &heard.rows[i]));
		heard.row_bytes[i] = heard.rows[i].bytes.n;
	}
}

/* The next payload, heard. */
static void tell(struct telling *t, const struct lines_seal *with)
{
	struct buf payload = BUF_INIT;

	heard.count = 0;
	telling_take(t, &payload);
	assert_true(payload.n <= LINES_MAX);
	buf_put_u8(&payload, '\0');
	assert_int_equal(buf_end(&payload), ERR_OK);
	lines_parse((const char *)payload.p, with, hear, NULL);
	buf_clear(&payload);
}

static struct telling node(void)
{
	struct telling t = TELLING_INIT;

	t.node = NODE;
	t.seal = &SEAL;
	return t;
}

static void store(struct telling *t, struct uuid session, uint64_t seq,
		  size_t n)
{
	static uint8_t bytes[LINES_MAX];
	const struct message m = { .session = session,
				   .seq = seq,
				   .epoch = 3,
				   .kind = MESSAGE_APPLICATION,
				   .sent_ms = 4,
				   .origin = SPAN_LIT("whence"),
				   .bytes = span_of(bytes, n) };

	assert_true(n <= sizeof(bytes));
	telling_add_stored(t, &m);
}

static void expect(size_t i, struct uuid session, uint64_t seq, uint64_t by,
		   size_t row)
{
	assert_true(i < heard.count);
	assert_int_equal(heard.notices[i].kind, NOTICE_MESSAGE);
	assert_true(uuid_equal(heard.notices[i].id, session));
	assert_int_equal(heard.notices[i].seq, seq);
	assert_int_equal(heard.notices[i].node, by);
	assert_int_equal(heard.row_bytes[i], row);
}

/* ---- rows ---- */

static void rows_go_along_in_their_order(void **state)
{
	struct telling t = node();

	(void)state;
	store(&t, S, 5, 300);
	store(&t, T, 1, 10);
	store(&t, S, 6, 301);
	tell(&t, &SEAL);
	assert_int_equal(heard.count, 3);
	expect(0, S, 5, NODE, 300);
	expect(1, T, 1, NODE, 10);
	expect(2, S, 6, NODE, 301);
	assert_true(telling_is_empty(&t));
	assert_int_equal(t.rows.n, 0);
	assert_int_equal(t.rows_lines, 0);
	telling_clear(&t);
}

static void without_a_seal_there_are_numbers(void **state)
{
	struct telling t = node();

	(void)state;
	store(&t, S, 5, 300);
	tell(&t, NULL); /* who hears has none */
	assert_int_equal(heard.count, 1);
	expect(0, S, 5, NODE, 0);
	t.seal = NULL;
	t.node = 0;
	store(&t, S, 6, 300);
	store(&t, S, 7, 300);
	tell(&t, &SEAL);
	assert_int_equal(heard.count, 1);
	expect(0, S, 7, 0, 0);
	telling_clear(&t);
}

static void much_goes_without_rows(void **state)
{
	struct telling t = node();
	size_t told = 0;

	(void)state;
	for (uint64_t i = 1; i <= 40; i++) {
		store(&t, S, i, 300);
		store(&t, T, i, 300);
	}
	tell(&t, &SEAL);
	assert_int_equal(heard.count, 2); /* the newest of each */
	expect(0, S, 40, NODE, 0);
	expect(1, T, 40, NODE, 0);
	/* and the next one goes with its row again */
	store(&t, S, 41, 300);
	tell(&t, &SEAL);
	expect(0, S, 41, NODE, 300);
	/* more sessions than a payload has lines */
	for (uint8_t i = 0; i < 200; i++)
		store(&t, (struct uuid){ { 9, i } }, 1, 300);
	while (!telling_is_empty(&t)) {
		tell(&t, &SEAL);
		for (size_t i = 0; i < heard.count; i++)
			expect(i, (struct uuid){ { 9, (uint8_t)told++ } }, 1,
			       NODE, 0);
	}
	assert_int_equal(told, 200);
	telling_clear(&t);
}

static void one_that_is_large_goes_as_a_number(void **state)
{
	struct telling t = node();

	(void)state;
	store(&t, T, 8, 300);
	store(&t, S, 5, 6000);
	store(&t, S, 6, 300); /* behind a number a row is of no use */
	tell(&t, &SEAL);
	assert_int_equal(heard.count, 2);
	expect(0, T, 8, NODE, 300);
	expect(1, S, 6, NODE, 0);
	telling_clear(&t);
}

/* Of a commit the own workers have nothing: they must hear of it. */
static void a_hint_stays_one(void **state)
{
	const struct notice commit = { .kind = NOTICE_MESSAGE,
				       .id = S,
				       .seq = 6 };
	struct telling t = node();

	(void)state;
	store(&t, S, 5, 300);
	telling_add(&t, &commit);
	store(&t, S, 7, 300);
	tell(&t, &SEAL);
	assert_int_equal(heard.count, 2);
	expect(0, S, 5, NODE, 300);
	expect(1, S, 7, 0, 0);
	telling_clear(&t);
}

static void typing_comes_last(void **state)
{
	struct telling t = node();

	(void)state;
	assert_true(telling_add_typing(&t, S, 5, SPAN_LIT("types")));
	assert_false(
	    telling_add_typing(&t, S, 5, span_of(NULL, LINES_TYPING_MAX + 1)));
	store(&t, T, 1, 300);
	tell(&t, &SEAL);
	assert_int_equal(heard.count, 2);
	expect(0, T, 1, NODE, 300);
	assert_int_equal(heard.notices[1].kind, NOTICE_TYPING);
	assert_int_equal(heard.notices[1].seq, 5);
	assert_int_equal(heard.notices[1].node, 0);
	telling_clear(&t);
}

/* ---- what others say ---- */

#define ID "01000000-0000-0000-0000-000000000000"

static void hear_text(const char *text)
{
	heard.count = 0;
	lines_parse(text, &SEAL, hear, NULL);
}

static void what_is_no_row_is_a_hint(void **state)
{
	struct buf row = BUF_INIT, sealed = BUF_INIT, line = BUF_INIT;
	const struct message m = { .session = S, .seq = 6 };

	(void)state;
	hear_text("s " ID " 5 AAAA\ns " ID " 5\nm " ID " 5\n");
	assert_int_equal(heard.count, 3);
	for (size_t i = 0; i < 3; i++)
		expect(i, S, 5, 0, 0); /* nobody has said whose it is */
	/* the row of another number */
	message_put(&row, &m);
	assert_int_equal(seal(buf_span(&row), &sealed), ERR_OK);
	buf_put_str(&line, "n 0000000000000007\ns " ID " 5 ");
	text_put_base64(&line, buf_span(&sealed));
	buf_put_u8(&line, '\0');
	hear_text((const char *)line.p);
	assert_int_equal(heard.count, 1);
	expect(0, S, 5, NODE, 0);
	assert_int_equal(heard.notices[0].bytes.n, 0);
	buf_clear(&row);
	buf_clear(&sealed);
	buf_clear(&line);
}

static void what_does_not_parse_is_skipped(void **state)
{
	(void)state;
	hear_text("s " ID "\ns " ID " x\nm " ID " 5 AAAA\ns " ID " 5 ***\n"
		  "n 7\nn zzzzzzzzzzzzzzzz\nq " ID "\n\nw " ID " 5\n"
		  "t " ID " 5\nw " ID "\nm " ID " 9");
	assert_int_equal(heard.count, 2);
	assert_int_equal(heard.notices[0].kind, NOTICE_WELCOME);
	expect(1, S, 9, 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_go_along_in_their_order),
		cmocka_unit_test(without_a_seal_there_are_numbers),
		cmocka_unit_test(much_goes_without_rows),
		cmocka_unit_test(one_that_is_large_goes_as_a_number),
		cmocka_unit_test(a_hint_stays_one),
		cmocka_unit_test(typing_comes_last),
		cmocka_unit_test(what_is_no_row_is_a_hint),
		cmocka_unit_test(what_does_not_parse_is_skipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
