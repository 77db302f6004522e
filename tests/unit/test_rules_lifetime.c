/* RFC 9420 sections 7.2, 7.3 and 10.1: the lifetime of a KeyPackage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mls/group_internal.h"
#include "tests/testlib/rules.h"

static const struct wire_sender carol = { WIRE_SENDER_MEMBER, 2 };

/* Whose leaf lists other extensions than its KeyPackage has. */
static void no_extensions(struct wire_key_package *package)
{
	package->extensions = SPAN_EMPTY;
}

static void edit_package(struct rules *rules,
			 void (*edit)(struct wire_leaf_node *leaf))
{
	struct cheat_key_package how = { .leaf = edit,
					 .package = no_extensions };

	cheat_key_package(DAVE, &how);
}

static void lifetime(struct wire_leaf_node *leaf, int64_t from, int64_t to)
{
	leaf->not_before = (uint64_t)(MEMBER_NOW + from);
	leaf->not_after = (uint64_t)(MEMBER_NOW + to);
}

static void expired(struct wire_leaf_node *leaf)
{
	lifetime(leaf, -100, -1);
}

static void not_yet(struct wire_leaf_node *leaf)
{
	lifetime(leaf, 1, 100);
}

static void just_so(struct wire_leaf_node *leaf)
{
	lifetime(leaf, 0, 0);
}

static void for_ever(struct wire_leaf_node *leaf)
{
	leaf->not_before = 0;
	leaf->not_after = UINT64_MAX;
}

static void backwards(struct wire_leaf_node *leaf)
{
	lifetime(leaf, 1, -1);
}

/* The event says that a KeyPackage has expired. */
static bool hears_of_it(struct member *m, const struct cheat *how)
{
	struct mls_event event;
	struct cheated made;
	bool expired;

	cheat_commit(how, &made);
	assert_int_equal(mls_group_process(m->group, MEMBER_NOW,
					   buf_span(&made.message), &event),
			 ERR_OK);
	expired = event.expired;
	mls_event_clear(&event);
	mls_group_discard(m->group);
	cheated_clear(&made);
	return expired;
}

/* Who adds must look at the clock; who receives it may have it late, and who
 * refused what others accept would have left the group. */
static void refuse_lifetime(struct rules *rules,
			    void (*edit)(struct wire_leaf_node *leaf),
			    enum mls_rule rule)
{
	struct mls_proposal add = { .kind = MLS_PROPOSE_ADD };
	struct mls_change pending = { .commit_pending_proposals = true };
	struct cheat_item item;
	struct buf message = BUF_INIT;
	struct mls_commit commit;

	edit_package(rules, edit);
	assert_int_equal(rules_add(rules), ERR_PEER_INVALID);
	rules_said(mls_group_last_rule(ALICE->group), rule);
	add.key_package = buf_span(&DAVE->key_package);
	assert_int_equal(
	    mls_group_propose(ALICE->group, &ALICE->me, &add, false, &message),
	    ERR_PEER_INVALID);
	item = cheat_add(buf_span(&DAVE->key_package));
	struct cheat how = { .by = ALICE, .items = &item, .count = 1 };
	rules_accept_commit(BOB, &how);
	assert_true(hears_of_it(BOB, &how) == (edit != for_ever));
	/* Proposed by somebody: kept, but not committed. */
	cheat_propose(CAROL, CAROL->group, carol, 0, &item.proposal, &message,
		      NULL);
	rules_keep(ALICE, buf_span(&message));
	assert_int_equal(
	    mls_group_commit(ALICE->group, &ALICE->me, &pending, &commit),
	    ERR_OK);
	assert_int_equal(commit.welcome.n, 0);
	mls_commit_clear(&commit);
	mls_group_discard(ALICE->group);
	buf_clear(&message);
}

static void test_lifetime(void **state)
{
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	refuse_lifetime(rules, expired, MLS_RULE_KEY_PACKAGE_LIFETIME);
	refuse_lifetime(rules, not_yet, MLS_RULE_KEY_PACKAGE_LIFETIME);
	refuse_lifetime(rules, for_ever, MLS_RULE_KEY_PACKAGE_LIFETIME_LENGTH);
	refuse_lifetime(rules, backwards, MLS_RULE_KEY_PACKAGE_LIFETIME);
	edit_package(rules, just_so);
	rules_accept_add(rules);
	rules_end(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lifetime),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
