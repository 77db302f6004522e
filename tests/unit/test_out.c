/* What a connection has to send: own and shared bytes leave in order, however
 * the kernel cuts them, and nothing is held longer than it must. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs these first */
#include <cmocka.h>

/* The edge is no archive; these files of it need base only. */
#include "server/edge/out.c"
#include "server/edge/shared.c"

enum { TURNS = 20000, MODEL_BYTES = 1 << 22, PARTS = 5, PIECE = 300 };

/* All that was ever put in, and how far it was sent. */
static uint8_t model[MODEL_BYTES];
static size_t put, sent;

static unsigned next_random(void)
{
	static uint32_t state = 12345;

	state = state * 1664525U + 1013904223U;
	return state >> 8;
}

static void put_own(struct out *out)
{
	size_t n = next_random() % PIECE;
	struct buf *own = out_own(out);

	for (size_t i = 0; i < n; i++)
		buf_put_u8(own, model[put++] = (uint8_t)next_random());
}

static void put_shared(struct out *out, struct shared **kept)
{
	struct shared *s = shared_new(1 + next_random() % PIECE);

	assert_non_null(s);
	for (size_t i = 0; i < s->n; i++)
		s->bytes[i] = model[put++] = (uint8_t)next_random();
	out_put_shared(out, s);
	shared_drop(*kept);
	*kept = s;
}

/* A kernel that takes some of what it is given. */
static void send_some(struct out *out)
{
	struct iovec parts[PARTS];
	size_t count = out_gather(out, parts, PARTS), total = 0, take;

	for (size_t i = 0; i < count; i++) {
		assert_true(parts[i].iov_len > 0);
		assert_memory_equal(parts[i].iov_base, model + sent + total,
				    parts[i].iov_len);
		total += parts[i].iov_len;
	}
	assert_true(count > 0 || out_queued(out) == 0);
	take = total > 0 ? next_random() % (total + 1) : 0;
	out_took(out, take);
	sent += take;
}

static void keeps_order(void **state)
{
	struct out out = OUT_INIT;
	struct shared *kept = NULL;

	(void)state;
	for (size_t i = 0; i < TURNS && put < MODEL_BYTES - PIECE; i++) {
		switch (next_random() % 4) {
		case 0:
			put_own(&out);
			break;
		case 1:
			put_shared(&out, &kept);
			break;
		default:
			send_some(&out);
		}
		assert_int_equal(out_queued(&out), put - sent);
	}
	while (out_queued(&out) > 0)
		send_some(&out);
	assert_int_equal(put, sent);
	assert_true(put > MODEL_BYTES / 4);
	assert_false(out_is_broken(&out));
	/* nobody else holds the last one, and nothing of it all is kept */
	assert_int_equal(kept->holders, 1);
	assert_null(out.pieces);
	shared_drop(kept);
	out_clear(&out);
}

static void shares(void **state)
{
	struct out one = OUT_INIT, two = OUT_INIT;
	struct shared *s = shared_new(3);

	(void)state;
	assert_non_null(s);
	out_put_shared(&one, s);
	out_put_shared(&two, s);
	assert_int_equal(s->holders, 3);
	out_took(&one, 2);
	assert_int_equal(s->holders, 3);
	out_took(&one, 1);
	assert_int_equal(s->holders, 2);
	out_clear(&two);
	assert_int_equal(s->holders, 1);
	shared_drop(s);
	out_clear(&one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_order),
		cmocka_unit_test(shares),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
