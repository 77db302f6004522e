/* The transcript's chain, views of it, and the safety number. The expected
 * values come from another implementation (hashlib). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/text.h"
#include "crypto/hash.h"
#include "session/chain.h"
#include "session/safety.h"
#include "tests/testlib/session_value.h"

static const uint8_t session_id[16] = { 0, 1, 2,  3,  4,  5,  6,  7,
					8, 9, 10, 11, 12, 13, 14, 15 };

static void assert_head(const struct chain *chain, const char *hex)
{
	struct buf text = BUF_INIT;

	text_put_hex(&text, span_of(chain_head(chain), CHAIN_HEAD));
	assert_true(span_equal(buf_span(&text), span_str(hex)));
	buf_clear(&text);
}

static void add(struct chain *chain, enum chain_kind kind, struct span bytes)
{
	uint8_t head[CHAIN_HEAD];

	assert_int_equal(chain_next(chain, kind, bytes, head), ERR_OK);
	chain_advance(chain, head);
}

static void test_known_heads(void **state)
{
	struct chain chain;
	(void)state;

	assert_int_equal(chain_start(&chain, SPAN_ARRAY(session_id)), ERR_OK);
	assert_head(&chain, "25dc47aca6916ed5ae163a94c096ec611e38e9e3c09edce058"
			    "af0bf6abb4f369");
	add(&chain, CHAIN_COMMIT, SPAN_LIT("a commit"));
	assert_head(&chain, "2fc59f5d59877c68c10e6bdf812c7b005ea9f8b846f876b868"
			    "fe4f66d546a42d");
	add(&chain, CHAIN_APPLICATION, SPAN_LIT("an envelope"));
	assert_head(&chain, "393b941edfde3ae9627e3e5704bcd8f31741af262a1a5ae10c"
			    "8706e51f8979e7");
	add(&chain, CHAIN_APPLICATION, SPAN_EMPTY);
	assert_head(&chain, "d9d519683cf0756c2505b69effae3bb2e6ca789293ceeddfb2"
			    "a31857440698ef");
	assert_true(chain.seq == 3);
}

static void read_head(const char *hex, uint8_t head[CHAIN_HEAD])
{
	struct buf bytes = BUF_INIT;

	assert_int_equal(text_hex(&bytes, span_str(hex)), ERR_OK);
	assert_int_equal(bytes.n, CHAIN_HEAD);
	memcpy(head, bytes.p, CHAIN_HEAD);
	buf_clear(&bytes);
}

/* A log that an older server began: its heads are of the first formula, and
 * those of a newer one follow them. */
static void test_both_formulas(void **state)
{
	static const char *const old[] = {
		"2752bed2bd849ff8917e3ed40c2b4336d42eed6f49d9cc43706d23a78a0c9f"
		"59",
		"63d565ada4b31d967bcd19f2035974657f9adeacb547ccda6f5f47063c2b0b"
		"98",
	};
	const struct span entries[] = { SPAN_LIT("a commit"),
					SPAN_LIT("an envelope") };
	const enum chain_kind kinds[] = { CHAIN_COMMIT, CHAIN_APPLICATION };
	struct chain chain;
	uint8_t head[CHAIN_HEAD];
	(void)state;

	assert_int_equal(chain_start(&chain, SPAN_ARRAY(session_id)), ERR_OK);
	for (size_t i = 0; i < 2; i++) {
		read_head(old[i], head);
		assert_int_equal(
		    chain_check_next(&chain, kinds[i], entries[i], head),
		    ERR_OK);
		/* another kind, other bytes, another head */
		assert_int_equal(
		    chain_check_next(&chain, CHAIN_SUCCESSOR, entries[i], head),
		    ERR_PEER_FORK);
		assert_int_equal(
		    chain_check_next(&chain, kinds[i], SPAN_EMPTY, head),
		    ERR_PEER_FORK);
		head[31] ^= 1;
		assert_int_equal(
		    chain_check_next(&chain, kinds[i], entries[i], head),
		    ERR_PEER_FORK);
		head[31] ^= 1;
		chain_advance(&chain, head);
	}
	assert_int_equal(
	    chain_next(&chain, CHAIN_COMMIT, SPAN_LIT("new"), head), ERR_OK);
	assert_int_equal(
	    chain_check_next(&chain, CHAIN_COMMIT, SPAN_LIT("new"), head),
	    ERR_OK);
}

/* By the hash alone; the first formula does not give that. */
static void test_hash(void **state)
{
	const struct span entry = SPAN_LIT("an envelope");
	struct chain chain;
	uint8_t whole[CHAIN_HEAD], by_hash[CHAIN_HEAD], hash[CHAIN_HEAD];
	(void)state;

	assert_int_equal(chain_start(&chain, SPAN_ARRAY(session_id)), ERR_OK);
	assert_int_equal(hash_one(entry, hash), ERR_OK);
	assert_int_equal(chain_next(&chain, CHAIN_APPLICATION, entry, whole),
			 ERR_OK);
	assert_int_equal(
	    chain_next_hash(&chain, CHAIN_APPLICATION, hash, by_hash), ERR_OK);
	assert_memory_equal(whole, by_hash, CHAIN_HEAD);
	/* the bytes of one formula are no entry of the other */
	assert_int_equal(chain_check_next(&chain, CHAIN_APPLICATION,
					  SPAN_ARRAY(hash), whole),
			 ERR_PEER_FORK);
}

/* Two entries, the other way round. */
static void test_order(void **state)
{
	struct chain chain;
	uint8_t one[CHAIN_HEAD], two[CHAIN_HEAD];
	(void)state;

	assert_int_equal(chain_start(&chain, SPAN_ARRAY(session_id)), ERR_OK);
	assert_int_equal(
	    chain_next(&chain, CHAIN_APPLICATION, SPAN_LIT("1"), one), ERR_OK);
	assert_int_equal(
	    chain_check_next(&chain, CHAIN_APPLICATION, SPAN_LIT("2"), one),
	    ERR_PEER_FORK);
	chain_advance(&chain, one);
	assert_int_equal(
	    chain_next(&chain, CHAIN_APPLICATION, SPAN_LIT("2"), two), ERR_OK);
	assert_int_equal(
	    chain_check_next(&chain, CHAIN_APPLICATION, SPAN_LIT("1"), two),
	    ERR_PEER_FORK);
	assert_int_equal(
	    chain_check_next(&chain, CHAIN_APPLICATION, SPAN_LIT("2"), one),
	    ERR_PEER_FORK);
}

static void test_views(void **state)
{
	struct chain mine, theirs;
	struct buf view = BUF_INIT;
	bool compared;
	(void)state;

	assert_int_equal(chain_start(&mine, SPAN_ARRAY(session_id)), ERR_OK);
	theirs = mine;
	add(&mine, CHAIN_APPLICATION, SPAN_LIT("one"));
	add(&theirs, CHAIN_APPLICATION, SPAN_LIT("one"));
	chain_put_view(&theirs, &view);
	/* Behind us, but the same history. */
	add(&mine, CHAIN_APPLICATION, SPAN_LIT("two"));
	assert_int_equal(chain_check_view(&mine, buf_span(&view), &compared),
			 ERR_OK);
	assert_true(compared);
	/* Another entry in the second place. */
	add(&theirs, CHAIN_APPLICATION, SPAN_LIT("zwei"));
	buf_reset(&view);
	chain_put_view(&theirs, &view);
	assert_int_equal(chain_check_view(&mine, buf_span(&view), &compared),
			 ERR_PEER_FORK);
	/* Ahead of us: it saw what was not delivered before it. */
	add(&theirs, CHAIN_APPLICATION, SPAN_LIT("three"));
	buf_reset(&view);
	chain_put_view(&theirs, &view);
	assert_int_equal(chain_check_view(&mine, buf_span(&view), &compared),
			 ERR_PEER_FORK);
	assert_int_equal(chain_check_view(&mine, SPAN_EMPTY, &compared),
			 ERR_PEER_MALFORMED);
	view.p[0] = 2;
	assert_int_equal(chain_check_view(&mine, buf_span(&view), &compared),
			 ERR_PEER_MALFORMED);
	buf_clear(&view);
}

static void test_old_views_are_not_compared(void **state)
{
	struct chain chain;
	struct buf start = BUF_INIT, saved = BUF_INIT, again = BUF_INIT;
	struct chain loaded;
	struct rd r;
	bool compared;
	(void)state;

	chain_resume(&chain, 1000, (const uint8_t[CHAIN_HEAD]){ 7 });
	chain_put_view(&chain, &start);
	for (size_t i = 0; i < CHAIN_KEPT; i++) {
		assert_int_equal(
		    chain_check_view(&chain, buf_span(&start), &compared),
		    ERR_OK);
		assert_true(compared);
		add(&chain, CHAIN_APPLICATION, SPAN_EMPTY);
	}
	assert_int_equal(chain_check_view(&chain, buf_span(&start), &compared),
			 ERR_OK);
	assert_false(compared);

	session_value_chain(&chain, &saved);
	r = rd_init(buf_span(&saved));
	chain_load(&loaded, &r);
	assert_int_equal(rd_end(&r), ERR_OK);
	session_value_chain(&loaded, &again);
	assert_true(span_equal(buf_span(&saved), buf_span(&again)));
	assert_memory_equal(&chain, &loaded, sizeof(chain));
	r = rd_init(span_of(saved.p, saved.n - 1));
	chain_load(&loaded, &r);
	assert_int_not_equal(rd_end(&r), ERR_OK);
	buf_clear(&start);
	buf_clear(&saved);
	buf_clear(&again);
}

static void test_safety_number(void **state)
{
	static const char want[] = "25711 05182 57862 33098 53596 99136 42963 "
				   "70105 50528 25254 08917 39345";
	uint8_t keys[3][32];
	struct safety_member a[3], b[3];
	char number[SAFETY_SIZE], other[SAFETY_SIZE];
	(void)state;

	memset(keys[0], 'B', 32);
	memset(keys[1], 'A', 32);
	memset(keys[2], 'C', 32);
	a[0] = (struct safety_member){ SPAN_LIT("bob/2"), SPAN_ARRAY(keys[0]) };
	a[1] =
	    (struct safety_member){ SPAN_LIT("alice/1"), SPAN_ARRAY(keys[1]) };
	a[2] =
	    (struct safety_member){ SPAN_LIT("alice/7"), SPAN_ARRAY(keys[2]) };
	b[0] = a[2];
	b[1] = a[0];
	b[2] = a[1];
	assert_int_equal(safety_number(SPAN_ARRAY(session_id), a, 3, number),
			 ERR_OK);
	assert_string_equal(number, want);
	/* In whatever order a member lists them. */
	assert_int_equal(safety_number(SPAN_ARRAY(session_id), b, 3, other),
			 ERR_OK);
	assert_string_equal(number, other);
	/* Another key, another number of members, another session. */
	b[0].signature_key = SPAN_ARRAY(keys[0]);
	assert_int_equal(safety_number(SPAN_ARRAY(session_id), b, 3, other),
			 ERR_OK);
	assert_string_not_equal(number, other);
	assert_int_equal(safety_number(SPAN_ARRAY(session_id), a, 2, other),
			 ERR_OK);
	assert_string_not_equal(number, other);
	assert_int_equal(safety_number(SPAN_LIT("another"), a, 3, other),
			 ERR_OK);
	assert_string_not_equal(number, other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_heads),
		cmocka_unit_test(test_both_formulas),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_views),
		cmocka_unit_test(test_old_views_are_not_compared),
		cmocka_unit_test(test_safety_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
