/* Keys of messages, one by one: none outlives its use, and neither a forgery nor a
 * generation far ahead costs the sender one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mls/framing.h"
#include "mls/group_internal.h"
#include "mls/label.h"
#include "tests/testlib/rules.h"

/* ---- generations that are skipped ---- */

static bool holds(struct span state, struct span secret)
{
	for (size_t i = 0; i + secret.n <= state.n; i++)
		if (span_equal(span_of(state.p + i, secret.n), secret))
			return true;
	return false;
}

/* Alice's application ratchet, from the encryption_secret of a new epoch: as
 * RFC 9420 9 and 9.1 derive it, in a tree of four leaves. */
static void ratchet_of_alice(const struct mls_epoch *epoch,
			     struct span encryption_secret, struct sec *secret)
{
	const struct suite *suite = epoch->suite;

	assert_int_equal(sec_set(secret, encryption_secret), ERR_OK);
	for (int level = 0; level < 2; level++)
		assert_int_equal(label_expand(suite, sec_span(secret), "tree",
					      SPAN_LIT("left"), suite->nh,
					      secret),
				 ERR_OK);
	assert_int_equal(label_expand(suite, sec_span(secret), "application",
				      SPAN_EMPTY, suite->nh, secret),
			 ERR_OK);
}

/* A state after the third message was read, and not the first two: it has their keys, and
 * no secret that they could be derived from, nor those of what else was or might have been
 * sent. `secret` is the ratchet's first one, and is moved on. */
static void expect_keys(const struct suite *suite, struct span state,
			struct sec *secret)
{
	for (uint32_t i = 0; i < 4; i++) {
		struct sec key;

		assert_int_equal(label_derive_tree(suite, sec_span(secret),
						   "key", i, suite->nk, &key),
				 ERR_OK);
		/* kept: the keys of 0 and 1, the secret of 3 */
		assert_int_equal(holds(state, sec_span(&key)), i < 2);
		assert_int_equal(holds(state, sec_span(secret)), i == 3);
		assert_int_equal(label_derive_tree(suite, sec_span(secret),
						   "secret", i, suite->nh,
						   secret),
				 ERR_OK);
	}
}

/* Bob reads the third message of Alice, and then the first two. */
static void test_skipped_generations(void **state)
{
	struct buf messages[3] = { BUF_INIT, BUF_INIT, BUF_INIT };
	struct buf saved = BUF_INIT;
	struct cheated made;
	struct mls_event event;
	struct sec joiner, psk = { .n = 0 }, secret;
	struct mls_epoch_secrets secrets;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	/* A commit whose joiner_secret we know, so that we know all. */
	struct cheat how = { .by = CAROL };
	cheat_commit(&how, &made);
	member_follow(ALICE, buf_span(&made.message));
	member_follow(BOB, buf_span(&made.message));
	joiner = made.joiner;
	assert_int_equal(key_schedule_epoch(
			     ALICE->me.suite, sec_span(&joiner), sec_span(&psk),
			     buf_span(&ALICE->group->now->encoded_context),
			     NULL, &secrets),
			 ERR_OK);
	ratchet_of_alice(ALICE->group->now, sec_span(&secrets.encryption),
			 &secret);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(mls_group_protect(ALICE->group, &ALICE->me,
						   SPAN_EMPTY, SPAN_LIT("text"),
						   &messages[i]),
				 ERR_OK);
	assert_int_equal(mls_group_process(BOB->group, MEMBER_NOW,
					   buf_span(&messages[2]), &event),
			 ERR_OK);
	mls_event_clear(&event);
	assert_int_equal(mls_group_save(BOB->group, &saved), ERR_OK);
	expect_keys(BOB->me.suite, buf_span(&saved), &secret);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(mls_group_process(BOB->group, MEMBER_NOW,
						   buf_span(&messages[i]),
						   &event),
				 ERR_OK);
		mls_event_clear(&event);
	}
	for (size_t i = 0; i < 3; i++) {
		rules_refuse(BOB, buf_span(&messages[i]), ERR_STATE_GONE,
			     MLS_RULE_NONE);
		buf_clear(&messages[i]);
	}
	buf_clear(&saved);
	key_schedule_clear(&secrets);
	cheated_clear(&made);
	for (size_t i = 0; i <= RULES_MEMBERS; i++)
		member_clear(&rules->all[i]);
}

/* ---- a ratchet that moves too early ---- */

/* What carol can make: a message that says to be alice's, under alice's key,
 * which every member can derive, `ahead` generations on. Only the signature
 * fails. */
static void forge(struct rules *rules, size_t ahead, struct buf *message)
{
	struct mls_epoch *now = CAROL->group->now;
	struct buf body = BUF_INIT, signature = BUF_INIT;
	struct wire_content content = {
		.group_id = now->context.group_id,
		.epoch = now->context.epoch,
		.sender = { WIRE_SENDER_MEMBER, 0 },
		.type = WIRE_CONTENT_APPLICATION,
	};
	struct wire_auth auth = { SPAN_EMPTY, SPAN_EMPTY };
	struct sign_key *signer = NULL;

	buf_put_vec(&body, SPAN_LIT("forged"));
	content.body = buf_span(&body);
	assert_int_equal(sign_private_parse(now->suite,
					    sec_span(&CAROL->signature_private),
					    &signer),
			 ERR_OK);
	assert_int_equal(framing_sign(signer, WIRE_PRIVATE_MESSAGE, &content,
				      buf_span(&now->encoded_context),
				      &signature),
			 ERR_OK);
	auth.signature = buf_span(&signature);
	for (size_t i = 0; i <= ahead; i++) {
		buf_reset(message);
		assert_int_equal(framing_protect_private(
				     now->suite, CAROL->me.rng, &content, &auth,
				     sec_span(&now->secrets.sender_data),
				     &now->messages, 0, NULL, message),
				 ERR_OK);
	}
	sign_key_free(signer);
	buf_clear(&body);
	buf_clear(&signature);
}

/* Neither a forgery nor what the AEAD refuses costs the sender a generation:
 * its message is read afterwards. */
static void test_ratchet_waits(void **state)
{
	struct buf forged = BUF_INIT, message = BUF_INIT;
	struct mls_event event;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	for (size_t ahead = 0; ahead < 100; ahead += 99) {
		forge(rules, ahead, &forged);
		rules_refuse(BOB, buf_span(&forged), ERR_PEER_CRYPTO,
			     MLS_RULE_CONTENT_SIGNATURE);
	}
	buf_reset(&message);
	assert_int_equal(mls_group_protect(ALICE->group, &ALICE->me, SPAN_EMPTY,
					   SPAN_LIT("real"), &message),
			 ERR_OK);
	message.p[message.n - 1] ^= 1;
	rules_refuse(BOB, buf_span(&message), ERR_PEER_CRYPTO, MLS_RULE_NONE);
	message.p[message.n - 1] ^= 1;
	assert_int_equal(mls_group_process(BOB->group, MEMBER_NOW,
					   buf_span(&message), &event),
			 ERR_OK);
	assert_true(span_equal(buf_span(&event.data), SPAN_LIT("real")));
	mls_event_clear(&event);
	buf_clear(&forged);
	buf_clear(&message);
	for (size_t i = 0; i <= RULES_MEMBERS; i++)
		member_clear(&rules->all[i]);
}

/* A forgery too far ahead is refused before anything is derived. */
static void test_far_ahead(void **state)
{
	struct buf forged = BUF_INIT;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	forge(rules, SECRET_TREE_FORWARD_MAX + 1, &forged);
	rules_refuse(BOB, buf_span(&forged), ERR_PEER_INVALID,
		     MLS_RULE_GENERATION);
	buf_clear(&forged);
	for (size_t i = 0; i <= RULES_MEMBERS; i++)
		member_clear(&rules->all[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_skipped_generations),
		cmocka_unit_test(test_ratchet_waits),
		cmocka_unit_test(test_far_ahead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
