/* Parts of what test_app_data.c tests: the SafeAAD beside messages
 * (draft-ietf-mls-extensions-10, section 4.9), what is encoded, and misuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "mls/components.h"
#include "tests/testlib/components.h"
#include "tests/testlib/rules.h"

/* ---- beside messages ---- */

static enum err say(struct member *m, struct span aad, struct buf *message)
{
	buf_reset(message);
	return mls_group_protect(m->group, &m->me, aad, SPAN_LIT("text"),
				 message);
}

/* dave from outside, with that beside his commit; bob takes it. */
static void joins_beside(struct rules *rules, struct span aad, enum err wanted)
{
	const struct mls_external how = { .authenticated_data = aad };
	struct mls_group *joined = NULL;
	struct mls_commit commit;
	struct buf info = BUF_INIT;

	assert_int_equal(mls_group_info(CAROL->group, &CAROL->me, true, &info),
			 ERR_OK);
	assert_int_equal(mls_group_join_external(&DAVE->me, buf_span(&info),
						 &how, &joined, &commit),
			 wanted);
	if (wanted == ERR_OK)
		rules_accept(BOB, buf_span(&commit.commit));
	mls_group_free(joined);
	mls_commit_clear(&commit);
	buf_clear(&info);
}

static void test_safe_aad(void **state)
{
	static const uint8_t none[] = { 0 };
	static const uint8_t item[] = { 5, 0x80, 1, 2, 'h', 'i' };
	const struct mls_app_data safe = { .component = MLS_SAFE_AAD,
					   .update = SPAN_ARRAY(none) };
	const struct mls_proposal remove = { .kind = MLS_PROPOSE_REMOVE,
					     .removed = 2 };
	struct buf message = BUF_INIT;
	struct cheat pathful = { .count = 0 };
	struct mls_change change = components_change(&safe, 1);
	struct mls_commit commit;
	struct mls_event event;
	struct rules rules[1];
	(void)state;

	rules_init_with(rules, SPAN_EMPTY, components_known);
	assert_int_equal(
	    mls_group_commit(ALICE->group, &ALICE->me, &change, &commit),
	    ERR_OK);
	member_follow(BOB, buf_span(&commit.commit));
	member_follow(CAROL, buf_span(&commit.commit));
	assert_int_equal(mls_group_merge(ALICE->group), ERR_OK);
	mls_commit_clear(&commit);
	change = (struct mls_change){ .authenticated_data = SPAN_LIT("free") };
	/* a cheat's commit has nothing beside it, not even an empty list */
	pathful.by = CAROL;
	rules_refuse_commit(BOB, &pathful, ERR_PEER_MALFORMED,
			    MLS_RULE_APP_DATA_SAFE_AAD);
	pathful.private_handshake = true;
	rules_refuse_commit(BOB, &pathful, ERR_PEER_MALFORMED,
			    MLS_RULE_APP_DATA_SAFE_AAD);
	assert_int_equal(say(ALICE, SPAN_LIT("free"), &message), ERR_LOCAL_BUG);
	assert_int_equal(
	    mls_group_commit(ALICE->group, &ALICE->me, &change, &commit),
	    ERR_LOCAL_BUG);
	assert_int_equal(say(ALICE, SPAN_ARRAY(item), &message), ERR_OK);
	assert_int_equal(mls_group_process(BOB->group, MEMBER_NOW,
					   buf_span(&message), &event),
			 ERR_OK);
	assert_true(
	    span_equal(buf_span(&event.authenticated_data), SPAN_ARRAY(item)));
	mls_event_clear(&event);
	buf_reset(&message);
	assert_int_equal(mls_group_propose(ALICE->group, &ALICE->me, &remove,
					   false, &message),
			 ERR_OK);
	assert_int_equal(mls_group_process(BOB->group, MEMBER_NOW,
					   buf_span(&message), &event),
			 ERR_OK);
	assert_true(
	    span_equal(buf_span(&event.authenticated_data), SPAN_ARRAY(none)));
	mls_event_clear(&event);
	joins_beside(rules, SPAN_LIT("free"), ERR_LOCAL_BUG);
	joins_beside(rules, SPAN_EMPTY, ERR_OK);
	buf_clear(&message);
	rules_clear(rules);
}

/* ---- the pieces ---- */

static void test_wire(void **state)
{
	static const uint8_t update[] = { 0, 8, 0x80, 1, 1, 2, 'h', 'i' };
	static const uint8_t remove[] = { 0, 8, 0x80, 1, 2 };
	static const uint8_t invalid[] = { 0, 8, 0x80, 1, 0 };
	static const uint8_t empty[] = { 0 }, cut[] = { 3, 0, 1, 1 };
	struct wire_proposal proposal;
	struct buf out = BUF_INIT;
	struct span components;
	(void)state;

	assert_int_equal(wire_proposal_decode(SPAN_ARRAY(update), &proposal),
			 ERR_OK);
	assert_int_equal(proposal.app_data.component, 0x8001);
	assert_true(span_equal(proposal.app_data.update, SPAN_LIT("hi")));
	wire_proposal_put(&out, &proposal);
	assert_true(span_equal(buf_span(&out), SPAN_ARRAY(update)));
	buf_reset(&out);
	assert_int_equal(wire_proposal_decode(SPAN_ARRAY(remove), &proposal),
			 ERR_OK);
	wire_proposal_put(&out, &proposal);
	assert_true(span_equal(buf_span(&out), SPAN_ARRAY(remove)));
	assert_int_equal(wire_proposal_decode(SPAN_ARRAY(invalid), &proposal),
			 ERR_PEER_MALFORMED);
	assert_int_equal(wire_dictionary_decode(SPAN_ARRAY(empty), &components),
			 ERR_OK);
	assert_int_equal(components.n, 0);
	assert_int_equal(wire_dictionary_decode(SPAN_ARRAY(cut), &components),
			 ERR_PEER_MALFORMED);
	assert_int_equal(components.n, 0);
	buf_clear(&out);
}

static void test_misuse(void **state)
{
	const struct mls_component unsorted[] = { { 2, SPAN_EMPTY },
						  { 1, SPAN_EMPTY } };
	struct mls_key_package_secrets secrets = { 0 };
	struct buf out = BUF_INIT;
	struct member m;
	(void)state;

	assert_int_equal(mls_dictionary_put(&out, unsorted, 2), ERR_LOCAL_BUG);
	assert_int_equal(mls_dictionary_put(&out, unsorted + 1, 1), ERR_OK);
	buf_clear(&out);
	member_init(&m, rules_suite(), "erin/1");
	components_known(&m);
	member_key_package(&m);
	/* "MUST understand and advertise the app_components component" */
	m.me.leaf_extensions = SPAN_EMPTY;
	assert_int_equal(mls_key_package_create(&m.me, false, &secrets, &out),
			 ERR_LOCAL_BUG);
	member_clear(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_safe_aad),
		cmocka_unit_test(test_wire),
		cmocka_unit_test(test_misuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
