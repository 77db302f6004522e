/* The table of rules, and where a call says which one was broken. That each rule
 * gets its own name is for the tests that break it (tests/unit/test_rules_*.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <string.h>

#include "tests/testlib/rules.h"

static void test_table(void **state)
{
	(void)state;
	for (unsigned i = 1; i < MLS_RULE_COUNT; i++) {
		enum mls_rule rule = (enum mls_rule)i;
		const char *section = mls_rule_section(rule);
		const char *sentence = mls_rule_sentence(rule);

		assert_true(strlen(mls_rule_name(rule)) > 3);
		assert_true(isdigit((unsigned char)section[0]));
		assert_true(isupper((unsigned char)sentence[0]));
		assert_int_equal(sentence[strlen(sentence) - 1], '.');
		for (unsigned j = 1; j < i; j++)
			assert_string_not_equal(
			    mls_rule_name(rule),
			    mls_rule_name((enum mls_rule)j));
	}
	assert_string_equal(mls_rule_name(MLS_RULE_NONE), "NONE");
	assert_string_equal(mls_rule_section(MLS_RULE_NONE), "");
	assert_string_equal(mls_rule_name(MLS_RULE_COUNT), "NONE");
	assert_string_equal(mls_rule_section(MLS_RULE_KEY_PACKAGE_SIGNATURE),
			    "10.1");
}

/* Of another group; no message for a group; and what does well clears it. */
static void test_last_rule(void **state)
{
	struct buf message = BUF_INIT;
	struct mls_group *other = NULL;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	assert_int_equal(mls_group_last_rule(BOB->group), MLS_RULE_NONE);
	assert_int_equal(
	    mls_group_create(&DAVE->me, SPAN_LIT("other"), SPAN_EMPTY, &other),
	    ERR_OK);
	assert_int_equal(mls_group_protect(other, &DAVE->me, SPAN_EMPTY,
					   SPAN_LIT("text"), &message),
			 ERR_OK);
	rules_refuse(BOB, buf_span(&message), ERR_PEER_INVALID,
		     MLS_RULE_GROUP_ID);
	buf_reset(&message);
	assert_int_equal(mls_group_info(other, &DAVE->me, true, &message),
			 ERR_OK);
	rules_refuse(BOB, buf_span(&message), ERR_PEER_INVALID,
		     MLS_RULE_WIRE_FORMAT);
	/* What does not decode breaks no rule. */
	rules_refuse(BOB, SPAN_LIT("no message"), ERR_PEER_UNSUPPORTED,
		     MLS_RULE_NONE);
	rules_refuse(BOB, span_of(message.p, message.n - 1), ERR_PEER_MALFORMED,
		     MLS_RULE_NONE);
	mls_group_free(other);
	buf_clear(&message);
	rules_end(rules);
}

static enum err join(struct member *m, struct span welcome,
		     enum mls_rule *broken)
{
	struct mls_identity me = m->me;
	struct mls_group *group = NULL;
	enum err e;

	me.broken = broken;
	e = mls_group_join(&me, welcome, SPAN_EMPTY, buf_span(&m->key_package),
			   &m->secrets, &group);
	mls_group_free(group);
	return e;
}

/* Where no group is there yet, and where nobody wants to know. */
static void test_without_a_group(void **state)
{
	enum mls_rule rule = MLS_RULE_COUNT;
	struct mls_commit commit;
	struct rules rules[1];
	struct span add;
	struct mls_change change = { .adds = &add,
				     .add_count = 1,
				     .tree_beside_welcome = true };
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	member_key_package(DAVE);
	add = buf_span(&DAVE->key_package);
	assert_int_equal(
	    mls_group_commit(ALICE->group, &ALICE->me, &change, &commit),
	    ERR_OK);
	mls_group_discard(ALICE->group);
	assert_int_equal(join(DAVE, buf_span(&commit.welcome), &rule),
			 ERR_PEER_INVALID);
	rules_said(rule, MLS_RULE_RATCHET_TREE_MISSING);
	assert_int_equal(join(DAVE, buf_span(&commit.welcome), NULL),
			 ERR_PEER_INVALID);
	member_key_package(DAVE);
	assert_int_equal(join(DAVE, buf_span(&commit.welcome), &rule),
			 ERR_PEER_INVALID);
	rules_said(rule, MLS_RULE_WELCOME_NOT_FOR_US);
	assert_int_equal(join(DAVE, SPAN_LIT("no message"), &rule),
			 ERR_PEER_UNSUPPORTED);
	rules_said(rule, MLS_RULE_NONE);
	mls_commit_clear(&commit);
	rules_end(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_last_rule),
		cmocka_unit_test(test_without_a_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
