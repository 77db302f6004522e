/* Who may send a SelfRemove (draft-ietf-mls-extensions-10, section 6.3) and how, at a
 * member and at who joins from outside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/testlib/rules.h"

static const struct wire_sender carol = { WIRE_SENDER_MEMBER, 2 };

/* ---- who may send one, and how ---- */

static void test_senders(void **state)
{
	static const struct wire_sender outside = { WIRE_SENDER_EXTERNAL, 0 };
	static const struct wire_sender joiner = {
		WIRE_SENDER_NEW_MEMBER_PROPOSAL, 0
	};
	struct wire_proposal proposal = { .type = WIRE_PROPOSAL_SELF_REMOVE };
	struct buf message = BUF_INIT, extensions = BUF_INIT;
	struct member service;
	struct rules rules[1];
	(void)state;

	member_init(&service, rules_suite(), "service");
	rules_put_sender(&extensions, &service);
	rules_init_with(rules, buf_span(&extensions), rules_take_self_removes);
	cheat_self_remove(CAROL, WIRE_PRIVATE_MESSAGE, SPAN_EMPTY, &message);
	rules_refuse(ALICE, buf_span(&message), ERR_PEER_INVALID,
		     MLS_RULE_SELF_REMOVE_PRIVATE);
	cheat_propose(&service, ALICE->group, outside, 0, &proposal, &message,
		      NULL);
	rules_refuse(ALICE, buf_span(&message), ERR_PEER_INVALID,
		     MLS_RULE_EXTERNAL_PROPOSAL_TYPE);
	cheat_propose(DAVE, ALICE->group, joiner, 0, &proposal, &message, NULL);
	rules_refuse(ALICE, buf_span(&message), ERR_PEER_INVALID,
		     MLS_RULE_NEW_MEMBER_PROPOSAL);
	/* in another's name */
	cheat_propose(BOB, ALICE->group, carol, 0, &proposal, &message, NULL);
	rules_refuse(ALICE, buf_span(&message), ERR_PEER_CRYPTO,
		     MLS_RULE_CONTENT_SIGNATURE);
	buf_clear(&message);
	buf_clear(&extensions);
	member_clear(&service);
	rules_end(rules);
}

/* ---- who joins looks at what it is given ---- */

static void refuse_join(struct rules *rules, struct span message, enum err why,
			enum mls_rule wanted)
{
	struct mls_external how = { .self_removes = &message,
				    .self_remove_count = 1 };
	struct mls_identity me = DAVE->me;
	enum mls_rule broken = MLS_RULE_COUNT;
	struct mls_group *joined = NULL;
	struct mls_commit commit;
	struct buf info = BUF_INIT;

	me.broken = &broken;
	assert_int_equal(mls_group_info(ALICE->group, &ALICE->me, true, &info),
			 ERR_OK);
	assert_int_equal(mls_group_join_external(&me, buf_span(&info), &how,
						 &joined, &commit),
			 why);
	rules_said(broken, wanted);
	assert_null(joined);
	buf_clear(&info);
}

static void test_joiner(void **state)
{
	struct cheat_item remove = cheat_remove(1);
	struct wire_proposal proposal = { .type = WIRE_PROPOSAL_SELF_REMOVE };
	struct buf message = BUF_INIT;
	struct rules rules[1];
	(void)state;

	rules_init_with(rules, SPAN_EMPTY, rules_take_self_removes);
	cheat_propose(BOB, ALICE->group, carol, 0, &proposal, &message, NULL);
	refuse_join(rules, buf_span(&message), ERR_PEER_CRYPTO,
		    MLS_RULE_CONTENT_SIGNATURE);
	cheat_propose(CAROL, ALICE->group, carol, 1, &proposal, &message, NULL);
	refuse_join(rules, buf_span(&message), ERR_STATE_EPOCH, MLS_RULE_NONE);
	cheat_propose(CAROL, ALICE->group, carol, 0, &remove.proposal, &message,
		      NULL);
	refuse_join(rules, buf_span(&message), ERR_PEER_INVALID,
		    MLS_RULE_EXTERNAL_REFERENCES);
	buf_reset(&message);
	cheat_self_remove(CAROL, WIRE_PRIVATE_MESSAGE, SPAN_EMPTY, &message);
	refuse_join(rules, buf_span(&message), ERR_PEER_INVALID,
		    MLS_RULE_SELF_REMOVE_PRIVATE);
	refuse_join(rules, SPAN_LIT("no message"), ERR_PEER_UNSUPPORTED,
		    MLS_RULE_NONE);
	buf_clear(&message);
	rules_end(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_senders),
		cmocka_unit_test(test_joiner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
