/* Rules of RFC 9420 that only somebody breaks who has gone far: section 6.2, the
 * last epoch of 12.4, an Update of ours that we have forgotten (12.1.2), and what
 * 12.4.3.1 and 12.4.3.2 say of a GroupInfo. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "mls/framing.h"
#include "mls/group_internal.h"
#include "tests/testlib/rules.h"

/* Version, wire format, group id, epoch, sender and no authenticated data. */
#define TYPE_AT (2 + 2 + 6 + 8 + 5 + 1)

/* 6.2: "a FramedContent with application data" is never in a PublicMessage. */
static void test_application_public(void **state)
{
	static const uint8_t body[] = { 4, 't', 'e', 'x', 't' };
	struct buf message = BUF_INIT, signature = BUF_INIT;
	struct wire_auth auth = { SPAN_EMPTY, SPAN_EMPTY };
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	const struct mls_epoch *now = CAROL->group->now;
	struct wire_content content = {
		.group_id = now->context.group_id,
		.epoch = now->context.epoch,
		.sender = { WIRE_SENDER_MEMBER, 2 },
		.type = WIRE_CONTENT_PROPOSAL,
		.body = SPAN_ARRAY(body),
	};
	struct sign_key *key = NULL;
	assert_int_equal(sign_private_parse(CAROL->me.suite,
					    CAROL->me.signature_private, &key),
			 ERR_OK);
	assert_int_equal(framing_sign(key, WIRE_PUBLIC_MESSAGE, &content,
				      buf_span(&now->encoded_context),
				      &signature),
			 ERR_OK);
	auth.signature = buf_span(&signature);
	assert_int_equal(framing_protect_public(
			     now->suite, &content, &auth,
			     buf_span(&now->encoded_context),
			     sec_span(&now->secrets.membership_key), &message),
			 ERR_OK);
	/* our own maker of messages would not: it is called so afterwards */
	assert_int_equal(message.p[TYPE_AT], WIRE_CONTENT_PROPOSAL);
	message.p[TYPE_AT] = WIRE_CONTENT_APPLICATION;
	rules_refuse(BOB, buf_span(&message), ERR_PEER_INVALID,
		     MLS_RULE_APPLICATION_PUBLIC);
	sign_key_free(key);
	buf_clear(&signature);
	buf_clear(&message);
	rules_end(rules);
}

/* Its state says that the epoch is the last that a number can name. */
static void goes_to_last_epoch(struct member *m)
{
	static const char id[] = "\5group";
	struct buf state = BUF_INIT;
	size_t at = 0;

	assert_int_equal(mls_group_save(m->group, &state), ERR_OK);
	while (memcmp(state.p + at, id, sizeof(id) - 1) != 0)
		assert_true(++at + sizeof(id) + 8 < state.n);
	memset(state.p + at + sizeof(id) - 1, 0xFF, 8);
	mls_group_free(m->group);
	m->group = NULL;
	assert_int_equal(mls_group_load(buf_span(&state), &m->group), ERR_OK);
	assert_true(mls_group_epoch(m->group) == UINT64_MAX);
	buf_clear(&state);
}

static void test_last_epoch(void **state)
{
	struct mls_change change = { .force_path = true };
	struct buf message = BUF_INIT;
	struct mls_commit commit;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	goes_to_last_epoch(ALICE);
	goes_to_last_epoch(BOB);
	assert_int_equal(
	    mls_group_commit(ALICE->group, &ALICE->me, &change, &commit),
	    ERR_PEER_INVALID);
	rules_said(mls_group_last_rule(ALICE->group), MLS_RULE_EPOCH_LAST);
	/* messages go on */
	assert_int_equal(mls_group_protect(ALICE->group, &ALICE->me, SPAN_EMPTY,
					   SPAN_LIT("text"), &message),
			 ERR_OK);
	for (size_t i = 0; i <= RULES_MEMBERS; i++)
		member_clear(&rules->all[i]);
	buf_clear(&message);
}

/* Bob's Update comes back to Bob, who was restored to a state before it. */
static void test_forgotten_update(void **state)
{
	struct mls_proposal update = { .kind = MLS_PROPOSE_UPDATE };
	struct buf before = BUF_INIT, message = BUF_INIT;
	struct mls_commit commit;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	assert_int_equal(mls_group_save(BOB->group, &before), ERR_OK);
	assert_int_equal(
	    mls_group_propose(BOB->group, &BOB->me, &update, false, &message),
	    ERR_OK);
	mls_group_free(BOB->group);
	BOB->group = NULL;
	assert_int_equal(mls_group_load(buf_span(&before), &BOB->group),
			 ERR_OK);
	rules_keep(BOB, buf_span(&message));
	rules_keep(ALICE, buf_span(&message));
	member_commit(ALICE, NULL, 0, NULL, 0, true, &commit);
	rules_refuse(BOB, buf_span(&commit.commit), ERR_PEER_INVALID,
		     MLS_RULE_UPDATE_KEY_OURS);
	for (size_t i = 0; i <= RULES_MEMBERS; i++)
		member_clear(&rules->all[i]);
	mls_commit_clear(&commit);
	buf_clear(&before);
	buf_clear(&message);
}

static struct buf kept;

/* All extensions but external_pub. */
static void without_external_pub(struct wire_group_info *info)
{
	struct span rest = info->extensions;
	struct wire_extension extension;

	buf_reset(&kept);
	while (wire_extensions_next(&rest, &extension))
		if (extension.type != WIRE_EXTENSION_EXTERNAL_PUB)
			wire_extension_put(&kept, extension.type,
					   extension.data);
	info->extensions = buf_span(&kept);
}

static void test_external_pub(void **state)
{
	struct cheat_info how = { .info = without_external_pub };
	struct mls_external external = { .resync = false };
	enum mls_rule rule = MLS_RULE_NONE;
	struct buf info = BUF_INIT;
	struct mls_commit commit;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	DAVE->me.broken = &rule;
	cheat_group_info(ALICE, ALICE->group->now, &how, &info);
	assert_int_equal(mls_group_join_external(&DAVE->me, buf_span(&info),
						 &external, &DAVE->group,
						 &commit),
			 ERR_PEER_INVALID);
	rules_said(rule, MLS_RULE_EXTERNAL_PUB);
	buf_clear(&info);
	buf_clear(&kept);
	rules_end(rules);
}

static void signed_by_joiner(struct wire_group_info *info)
{
	info->signer = 3;
}

/* A Welcome whose GroupInfo the joiner itself has signed: nobody is above the two
 * of them. */
static void test_path_secret(void **state)
{
	struct cheat_info how = { .info = signed_by_joiner };
	enum mls_rule rule = MLS_RULE_NONE;
	struct buf welcome = BUF_INIT;
	struct cheat_item add;
	struct cheated made;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	member_key_package(DAVE);
	add = cheat_add(buf_span(&DAVE->key_package));
	struct cheat commit = { .by = ALICE, .items = &add, .count = 1 };
	cheat_commit(&commit, &made);
	cheat_welcome(DAVE, &made, &how, &welcome);
	DAVE->me.broken = &rule;
	assert_int_equal(mls_group_join(&DAVE->me, buf_span(&welcome),
					SPAN_EMPTY,
					buf_span(&DAVE->key_package),
					&DAVE->secrets, &DAVE->group),
			 ERR_PEER_INVALID);
	rules_said(rule, MLS_RULE_WELCOME_PATH_SECRET);
	cheated_clear(&made);
	buf_clear(&welcome);
	rules_end(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_application_public),
		cmocka_unit_test(test_last_epoch),
		cmocka_unit_test(test_forgotten_update),
		cmocka_unit_test(test_external_pub),
		cmocka_unit_test(test_path_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
