/* Typing notices: who opens them, and what of them is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "crypto/aead.h"
#include "mls/label.h"
#include "session/typing_seal.h"
#include "tests/testlib/court.h"
#include "tests/testlib/session_value.h"
#include "wire/typing.h"

#define MUST(call) assert_int_equal((call), ERR_OK)

static struct buf seal(const struct device *by, bool types)
{
	struct buf notice = BUF_INIT;

	MUST(typing_seal_put(by->session, &by->me, NOW_MS, types, &notice));
	return notice;
}

static enum err open_by(const struct device *d, const struct buf *notice)
{
	struct typing_opened opened;

	return typing_seal_open(d->session, buf_span(notice), &opened);
}

static struct buf state_of(const struct device *d)
{
	struct buf state = BUF_INIT;

	MUST(session_value(d->session, &state));
	return state;
}

/* ---- who opens it ---- */

static void say_and_hear(uint16_t suite)
{
	struct typing_opened opened;
	struct world w;
	struct buf one, other;

	world_make(&w, suite);
	one = seal(&w.alice, true);
	other = seal(&w.alice, false);
	/* what is said does not show in the length */
	assert_int_equal(one.n, other.n);
	assert_true(one.n <= TYPING_MAX);
	MUST(typing_seal_open(w.bob.session, buf_span(&one), &opened));
	assert_true(opened.types);
	assert_int_equal(opened.sent_ms, NOW_MS);
	assert_true(span_equal(opened.who.identity, SPAN_LIT("alice/1")));
	MUST(typing_seal_open(w.bob.session, buf_span(&other), &opened));
	assert_false(opened.types);
	buf_clear(&one);
	buf_clear(&other);
	world_free(&w);
}

static void test_members_hear_it(void **state)
{
	(void)state;
	say_and_hear(SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519);
	say_and_hear(SUITE_X448_AES256GCM_SHA512_ED448);
	say_and_hear(SUITE_X25519_TWOFISH256GCM_SHA256_ED25519);
}

/* No key of a message is made or used, and no number of the log. */
static void test_it_changes_nothing(void **state)
{
	struct court *c = *state;
	struct device *alice = &c->all[ALICE], *bob = &c->all[BOB];
	struct buf before[2] = { state_of(alice), state_of(bob) }, after[2];
	struct buf notice = seal(alice, true);

	MUST(open_by(bob, &notice));
	after[0] = state_of(alice);
	after[1] = state_of(bob);
	for (size_t i = 0; i < 2; i++) {
		assert_true(
		    span_equal(buf_span(&before[i]), buf_span(&after[i])));
		buf_clear(&before[i]);
		buf_clear(&after[i]);
	}
	buf_clear(&notice);
}

/* ---- who does not ---- */

static void test_another_epoch_is_refused(void **state)
{
	struct court *c = *state;
	const struct mls_change rotate = { .force_path = true };
	struct buf notice = seal(&c->all[ALICE], true);

	court_accept(c, CAROL, &rotate, -1);
	assert_int_equal(open_by(&c->all[BOB], &notice), ERR_STATE_EPOCH);
	buf_clear(&notice);
	notice = seal(&c->all[ALICE], true);
	MUST(open_by(&c->all[BOB], &notice));
	buf_clear(&notice);
}

/* The epoch says which key: to write another one there does not help. */
static void test_the_epoch_is_bound(void **state)
{
	struct court *c = *state;
	const struct mls_change rotate = { .force_path = true };
	struct buf notice = seal(&c->all[ALICE], true);

	court_accept(c, CAROL, &rotate, -1);
	notice.p[1 + TYPING_SESSION_ID + 7]++;
	assert_int_equal(open_by(&c->all[BOB], &notice), ERR_PEER_CRYPTO);
	buf_clear(&notice);
}

static void test_another_session_is_refused(void **state)
{
	struct court *c = *state;
	struct buf notice = seal(&c->all[ALICE], true);

	notice.p[1]++;
	assert_int_equal(open_by(&c->all[BOB], &notice), ERR_PEER_INVALID);
	buf_clear(&notice);
}

static void test_who_is_out_says_and_hears_nothing(void **state)
{
	struct court *c = *state;
	struct buf notice = BUF_INIT;
	struct device *carol = &c->all[CAROL];

	court_remove(c, ALICE, CAROL);
	assert_int_equal(
	    typing_seal_put(carol->session, &carol->me, NOW_MS, true, &notice),
	    ERR_STATE_GONE);
	notice = seal(&c->all[ALICE], true);
	assert_int_equal(open_by(carol, &notice), ERR_STATE_GONE);
	buf_clear(&notice);
}

/* A leaf that departed stands in the tree until a commit removes it. */
static void test_who_departed_is_refused(void **state)
{
	struct court *c = *state;
	struct device *carol = &c->all[CAROL];
	struct buf departure = BUF_INIT, notice = seal(carol, true);

	MUST(open_by(&c->all[BOB], &notice));
	MUST(session_depart(carol->session, &carol->me, court_leaf(carol),
			    SPAN_EMPTY, &departure));
	ledger_post(&c->ledger, CHAIN_DEPARTURE, buf_span(&departure));
	expect_kind(&c->all[BOB], &c->ledger, SESSION_DEPARTED);
	assert_int_equal(open_by(&c->all[BOB], &notice), ERR_PEER_INVALID);
	buf_clear(&departure);
	buf_clear(&notice);
}

static void test_each_byte_counts(void **state)
{
	struct court *c = *state;
	struct buf notice = seal(&c->all[ALICE], true);

	for (size_t i = 0; i < notice.n; i++) {
		notice.p[i] ^= 1;
		assert_int_not_equal(open_by(&c->all[BOB], &notice), ERR_OK);
		notice.p[i] ^= 1;
	}
	MUST(open_by(&c->all[BOB], &notice));
	while (notice.n > 0) {
		notice.n--;
		assert_int_not_equal(open_by(&c->all[BOB], &notice), ERR_OK);
	}
	buf_clear(&notice);
}

/* ---- members who cheat ---- */

/* A notice that `by` seals and signs, with whatever is said in it. */
static struct buf forge(const struct device *by, uint32_t leaf_index,
			uint8_t kind, const char *label, uint64_t epoch)
{
	const struct typing_said said = { .leaf_index = leaf_index,
					  .types = true,
					  .sent_ms = NOW_MS };
	static const uint8_t nonce[TYPING_NONCE] = { 7 };
	struct buf clear = BUF_INIT, plain = BUF_INIT, content = BUF_INIT,
		   context = BUF_INIT, notice = BUF_INIT;
	struct sign_key *signer = NULL;
	struct sec key = { 0 };

	typing_put_clear(&clear, SPAN_ARRAY(world_id), epoch);
	typing_put_unsigned(&plain, &said);
	plain.p[4] = kind;
	buf_put(&content, buf_span(&clear));
	buf_put(&content, buf_span(&plain));
	MUST(sign_private_parse(by->me.suite, by->me.signature_private,
				&signer));
	MUST(label_sign(signer, label, buf_span(&content), &plain));
	buf_put(&context, SPAN_ARRAY(world_id));
	buf_put_u64(&context, epoch);
	MUST(mls_group_export(session_group(by->session), "hermetic typing",
			      buf_span(&context), by->me.suite->nk, &key));
	buf_put(&notice, buf_span(&clear));
	buf_put(&notice, SPAN_ARRAY(nonce));
	MUST(aead_seal(by->me.suite, sec_span(&key), SPAN_ARRAY(nonce),
		       buf_span(&clear), buf_span(&plain), &notice));
	sec_clear(&key);
	sign_key_free(signer);
	buf_clear(&clear);
	buf_clear(&plain);
	buf_clear(&content);
	buf_clear(&context);
	return notice;
}

static void expect_forged(struct court *c, uint32_t leaf_index, uint8_t kind,
			  const char *label, enum err e)
{
	const struct device *carol = &c->all[CAROL];
	struct buf notice = forge(carol, leaf_index, kind, label,
				  session_epoch(carol->session));

	assert_int_equal(open_by(&c->all[BOB], &notice), e);
	buf_clear(&notice);
}

static void test_nobody_types_for_another(void **state)
{
	struct court *c = *state;
	uint32_t carol = court_leaf(&c->all[CAROL]);

	expect_forged(c, carol, 1, "hermetic typing", ERR_OK);
	expect_forged(c, court_leaf(&c->all[ALICE]), 1, "hermetic typing",
		      ERR_PEER_CRYPTO);
	/* no member has that leaf */
	expect_forged(c, 1000, 1, "hermetic typing", ERR_PEER_INVALID);
	expect_forged(c, carol, 1, "hermetic departure", ERR_PEER_CRYPTO);
	expect_forged(c, carol, 2, "hermetic typing", ERR_PEER_MALFORMED);
}

#define COURT_TEST(name)                                                       \
	cmocka_unit_test_setup_teardown(name, court_setup, court_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_members_hear_it),
		COURT_TEST(test_it_changes_nothing),
		COURT_TEST(test_another_epoch_is_refused),
		COURT_TEST(test_the_epoch_is_bound),
		COURT_TEST(test_another_session_is_refused),
		COURT_TEST(test_who_is_out_says_and_hears_nothing),
		COURT_TEST(test_who_departed_is_refused),
		COURT_TEST(test_each_byte_counts),
		COURT_TEST(test_nobody_types_for_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
