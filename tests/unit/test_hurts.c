/* What hurts users of other implementations, and must not happen here: groups
 * that can never commit again, messages that nobody can read any more, checks
 * that grow too fast. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mls/group_internal.h"
#include "tests/testlib/rules.h"

static void commit_with_pending(struct member *m, struct mls_commit *commit)
{
	struct mls_change change = { .force_path = true,
				     .commit_pending_proposals = true };

	assert_int_equal(mls_group_commit(m->group, &m->me, &change, commit),
			 ERR_OK);
}

/* ---- a group that can never commit again ---- */

/* A crash before the commit left: the stored state still has it, and whoever
 * loads it may drop it and commit anew. */
static void test_crash_before_sending(void **state)
{
	struct mls_commit lost;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	commit_with_pending(ALICE, &lost);
	mls_commit_clear(&lost);
	member_reload(ALICE);
	assert_true(mls_group_has_pending(ALICE->group));
	mls_group_discard(ALICE->group);
	rules_end(rules);
}

/* A crash after it left: it comes back from the delivery service as ours. */
static void test_crash_after_sending(void **state)
{
	struct mls_commit commit;
	struct mls_event event;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	commit_with_pending(ALICE, &commit);
	member_reload(ALICE);
	member_follow(BOB, buf_span(&commit.commit));
	member_follow(CAROL, buf_span(&commit.commit));
	assert_int_equal(mls_group_process(ALICE->group, MEMBER_NOW,
					   buf_span(&commit.commit), &event),
			 ERR_OK);
	assert_int_equal(event.kind, MLS_EVENT_OWN);
	mls_event_clear(&event);
	assert_int_equal(mls_group_merge(ALICE->group), ERR_OK);
	mls_commit_clear(&commit);
	rules_end(rules);
}

/* Somebody else was first: ours is refused, theirs is followed. */
static void test_refused_commit(void **state)
{
	struct mls_commit ours, theirs;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	commit_with_pending(ALICE, &ours);
	commit_with_pending(BOB, &theirs);
	rules_refuse(ALICE, buf_span(&theirs.commit), ERR_STATE_PENDING,
		     MLS_RULE_NONE);
	member_reload(ALICE);
	mls_group_discard(ALICE->group);
	member_follow(ALICE, buf_span(&theirs.commit));
	member_follow(CAROL, buf_span(&theirs.commit));
	assert_int_equal(mls_group_merge(BOB->group), ERR_OK);
	mls_commit_clear(&ours);
	mls_commit_clear(&theirs);
	rules_end(rules);
}

static const struct wire_sender carol = { WIRE_SENDER_MEMBER, 2 };

static void propose_to_all(struct rules *rules, const struct cheat_item *item)
{
	struct buf message = BUF_INIT;

	cheat_propose(CAROL, CAROL->group, carol, 0, &item->proposal, &message,
		      NULL);
	for (size_t i = 0; i < RULES_MEMBERS; i++)
		rules_keep(&rules->all[i], buf_span(&message));
	buf_clear(&message);
}

/* Proposals that are valid one by one and not together, or that no commit may
 * cover: what goes is committed, the rest is left. */
static void test_proposals_that_exclude(void **state)
{
	static const uint8_t nonce[32] = { 1 };
	struct wire_reinit reinit = { SPAN_LIT("next"), 1, 1, SPAN_EMPTY };
	static const uint8_t unsupported[] = { 0xF0, 1, 0 };
	struct buf first = BUF_INIT, bytes = BUF_INIT;
	struct cheat_item item;
	struct mls_commit commit;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	member_key_package(DAVE);
	buf_put(&first, buf_span(&DAVE->key_package));
	item = cheat_add(buf_span(&first));
	propose_to_all(rules, &item);
	/* the same client again */
	member_key_package(DAVE);
	item = cheat_add(buf_span(&DAVE->key_package));
	propose_to_all(rules, &item);
	/* a member that is one already */
	member_key_package(BOB);
	item = cheat_add(buf_span(&BOB->key_package));
	propose_to_all(rules, &item);
	/* extensions that nobody supports, a PSK that nobody has, an end */
	item = cheat_extensions(SPAN_ARRAY(unsupported));
	propose_to_all(rules, &item);
	item = cheat_psk(SPAN_LIT("?"), SPAN_EMPTY, SPAN_ARRAY(nonce));
	propose_to_all(rules, &item);
	item = cheat_reinit(&reinit, &bytes);
	propose_to_all(rules, &item);
	commit_with_pending(ALICE, &commit);
	assert_true(commit.welcome.n > 0);
	assert_int_equal(mls_group_merge(ALICE->group), ERR_OK);
	member_follow(BOB, buf_span(&commit.commit));
	member_follow(CAROL, buf_span(&commit.commit));
	mls_commit_clear(&commit);
	buf_clear(&first);
	buf_clear(&bytes);
	rules_end(rules);
}

/* A PSK and a ReInit that were proposed are committed by reference. */
static void test_proposals_that_go(void **state)
{
	static const uint8_t nonce[32] = { 1 };
	struct wire_reinit asked = { SPAN_LIT("next"), 1, 1, SPAN_EMPTY };
	struct mls_reinit reinit;
	struct buf bytes = BUF_INIT;
	struct cheat_item item;
	struct mls_commit commit;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	for (size_t i = 0; i < RULES_MEMBERS; i++)
		assert_int_equal(mls_group_add_psk(rules->all[i].group,
						   SPAN_LIT("id"),
						   SPAN_LIT("key")),
				 ERR_OK);
	item = cheat_psk(SPAN_LIT("id"), SPAN_EMPTY, SPAN_ARRAY(nonce));
	propose_to_all(rules, &item);
	struct mls_change pending = { .commit_pending_proposals = true };
	for (int i = 0; i < 2; i++) {
		assert_int_equal(mls_group_commit(ALICE->group, &ALICE->me,
						  &pending, &commit),
				 ERR_OK);
		assert_int_equal(mls_group_merge(ALICE->group), ERR_OK);
		member_follow(BOB, buf_span(&commit.commit));
		member_follow(CAROL, buf_span(&commit.commit));
		mls_commit_clear(&commit);
		if (i == 1)
			break;
		members_talk(rules->all, RULES_MEMBERS);
		item = cheat_reinit(&asked, &bytes);
		propose_to_all(rules, &item);
	}
	for (size_t i = 0; i < RULES_MEMBERS; i++)
		assert_true(mls_group_ended_by(rules->all[i].group, &reinit));
	buf_clear(&bytes);
	for (size_t i = 0; i <= RULES_MEMBERS; i++)
		member_clear(&rules->all[i]);
}

/* A commit that somebody refused for a rule leaves nothing staged. */
static void test_broken_commit(void **state)
{
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	struct cheat how = { .by = CAROL, .bad_leaf_signature = true };
	rules_refuse_commit(BOB, &how, ERR_PEER_CRYPTO,
			    MLS_RULE_LEAF_SIGNATURE);
	assert_false(mls_group_has_pending(BOB->group));
	rules_end(rules);
}

/* ---- messages of past epochs ---- */

/* The last five epochs can be read, and no more; mls_group_forget_past() gives
 * up that, too, and with it what somebody who takes over could have read. */
static void test_past_epochs(void **state)
{
	struct buf messages[8];
	struct mls_commit commit;
	struct mls_event event;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	for (size_t i = 0; i < 8; i++) {
		messages[i] = BUF_INIT;
		assert_int_equal(mls_group_protect(ALICE->group, &ALICE->me,
						   SPAN_EMPTY, SPAN_LIT("late"),
						   &messages[i]),
				 ERR_OK);
		if (i == 7)
			break;
		member_commit(ALICE, NULL, 0, NULL, 0, true, &commit);
		member_follow(BOB, buf_span(&commit.commit));
		member_follow(CAROL, buf_span(&commit.commit));
		mls_commit_clear(&commit);
	}
	mls_group_forget_past(CAROL->group);
	member_reload(BOB);
	for (size_t i = 0; i < 8; i++) {
		if (i < 7)
			rules_refuse(CAROL, buf_span(&messages[i]),
				     ERR_STATE_GONE, MLS_RULE_NONE);
		if (i < 7 - GROUP_PAST_EPOCHS) {
			rules_refuse(BOB, buf_span(&messages[i]),
				     ERR_STATE_GONE, MLS_RULE_NONE);
		} else {
			assert_int_equal(
			    mls_group_process(BOB->group, MEMBER_NOW,
					      buf_span(&messages[i]), &event),
			    ERR_OK);
			mls_event_clear(&event);
		}
		buf_clear(&messages[i]);
	}
	rules_end(rules);
}

/* Fewer, when the application says so, also after it was stored. */
static void test_fewer_past_epochs(void **state)
{
	struct buf messages[4];
	struct mls_commit commit;
	struct mls_event event;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	assert_int_equal(mls_group_keep_past(BOB->group, MLS_PAST_EPOCHS + 1),
			 ERR_LOCAL_BUG);
	assert_int_equal(mls_group_keep_past(BOB->group, 2), ERR_OK);
	assert_int_equal(mls_group_keep_past(CAROL->group, 0), ERR_OK);
	for (size_t i = 0; i < 4; i++) {
		messages[i] = BUF_INIT;
		assert_int_equal(mls_group_protect(ALICE->group, &ALICE->me,
						   SPAN_EMPTY, SPAN_LIT("late"),
						   &messages[i]),
				 ERR_OK);
		member_commit(ALICE, NULL, 0, NULL, 0, true, &commit);
		member_follow(BOB, buf_span(&commit.commit));
		member_follow(CAROL, buf_span(&commit.commit));
		mls_commit_clear(&commit);
		member_reload(BOB);
		member_reload(CAROL);
	}
	for (size_t i = 0; i < 4; i++) {
		rules_refuse(CAROL, buf_span(&messages[i]), ERR_STATE_GONE,
			     MLS_RULE_NONE);
		if (i < 2)
			rules_refuse(BOB, buf_span(&messages[i]),
				     ERR_STATE_GONE, MLS_RULE_NONE);
		else
			assert_int_equal(
			    mls_group_process(BOB->group, MEMBER_NOW,
					      buf_span(&messages[i]), &event),
			    ERR_OK);
		if (i >= 2)
			mls_event_clear(&event);
		buf_clear(&messages[i]);
	}
	rules_end(rules);
}

/* ---- trees in Welcomes ---- */

/* How long the Welcome for one more is, in a group of this many. */
static size_t welcome_size(size_t members, bool tree_beside)
{
	struct member m[9], *others[9];
	struct mls_change change = { .add_count = 1,
				     .force_path = true,
				     .tree_beside_welcome = tree_beside };
	struct mls_commit commit;
	struct span add;
	size_t size;

	for (size_t i = 0; i < members; i++) {
		member_init(&m[i], rules_suite(), "member");
		others[i] = &m[i];
	}
	member_create(&m[0], "group");
	if (members > 2) {
		member_commit(&m[0], others + 1, members - 2, NULL, 0, true,
			      &commit);
		mls_commit_clear(&commit);
	}
	member_key_package(&m[members - 1]);
	add = buf_span(&m[members - 1].key_package);
	change.adds = &add;
	assert_int_equal(
	    mls_group_commit(m[0].group, &m[0].me, &change, &commit), ERR_OK);
	size = commit.welcome.n;
	mls_commit_clear(&commit);
	for (size_t i = 0; i < members; i++)
		member_clear(&m[i]);
	return size;
}

/* With the tree beside it, it is as long in any group. */
static void test_welcome_without_tree(void **state)
{
	(void)state;

	assert_int_equal(welcome_size(3, true), welcome_size(9, true));
	assert_true(welcome_size(9, false) > welcome_size(3, false) + 1000);
}

/* ---- checks that grow with the square of the members ---- */

static enum err count_check(void *context,
			    const struct mls_credential *credential,
			    const struct mls_credential *replaced)
{
	(void)credential;
	(void)replaced;
	++*(size_t *)context;
	return ERR_OK;
}

/* How often a newcomer to a group of this many asks about a credential, and a
 * member when one more is added. */
static void count_checks(size_t members, size_t *at_join, size_t *at_add)
{
	struct member m[18], *others[18];
	struct mls_commit commit;

	for (size_t i = 0; i < members + 1; i++) {
		member_init(&m[i], rules_suite(), "member");
		others[i] = &m[i];
	}
	const struct mls_authentication ask = { .check = count_check,
						.context = at_join };
	const struct mls_authentication ask_again = { .check = count_check,
						      .context = at_add };

	*at_join = *at_add = 0;
	m[1].me.authentication = &ask;
	member_create(&m[0], "group");
	member_commit(&m[0], others + 1, members - 1, NULL, 0, true, &commit);
	member_join(&m[1], &commit);
	mls_commit_clear(&commit);
	mls_group_authenticate(m[1].group, &ask_again);
	member_commit(&m[0], others + members, 1, NULL, 0, true, &commit);
	member_follow(&m[1], buf_span(&commit.commit));
	mls_commit_clear(&commit);
	for (size_t i = 0; i < members + 1; i++)
		member_clear(&m[i]);
}

/* One question a member at a join, one for whom a commit adds: what members
 * can do is otherwise known of each subtree (mls/tree.h). */
static void test_checks_grow_with_members(void **state)
{
	size_t at_join, at_add;

	(void)state;
	for (size_t members = 4; members < 18; members += 4) {
		count_checks(members, &at_join, &at_add);
		assert_int_equal(at_join, members);
		assert_int_equal(at_add, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crash_before_sending),
		cmocka_unit_test(test_crash_after_sending),
		cmocka_unit_test(test_refused_commit),
		cmocka_unit_test(test_proposals_that_exclude),
		cmocka_unit_test(test_proposals_that_go),
		cmocka_unit_test(test_broken_commit),
		cmocka_unit_test(test_past_epochs),
		cmocka_unit_test(test_fewer_past_epochs),
		cmocka_unit_test(test_welcome_without_tree),
		cmocka_unit_test(test_checks_grow_with_members),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
