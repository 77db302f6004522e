/* Proposals that wait: nothing is said before they are committed or dropped
 * (RFC 9420, 12.4), and a ReInit to where not everybody can go is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tests/testlib/rules.h"

static int setup(void **state)
{
	struct rules *rules = calloc(1, sizeof(*rules));

	*state = rules;
	if (rules == NULL)
		return -1;
	rules_init(rules, SPAN_EMPTY);
	return 0;
}

static int teardown(void **state)
{
	rules_end(*state);
	free(*state);
	return 0;
}

static enum err say(struct member *m)
{
	struct buf message = BUF_INIT;
	enum err e = mls_group_protect(m->group, &m->me, SPAN_EMPTY,
				       SPAN_LIT("text"), &message);

	assert_true((message.n > 0) == (e == ERR_OK));
	buf_clear(&message);
	return e;
}

static void propose(struct member *m, const struct mls_proposal *proposal,
		    struct buf *message)
{
	buf_reset(message);
	assert_int_equal(
	    mls_group_propose(m->group, &m->me, proposal, false, message),
	    ERR_OK);
}

/* ---- listing ---- */

struct seen {
	size_t count, stop;
	enum mls_proposal_kind kinds[4];
	uint32_t senders[4];
	uint32_t removed;
	struct buf refs[4];
};

static bool see(void *context, struct span ref,
		const struct mls_staged_proposal *proposal)
{
	struct seen *seen = context;
	size_t i = seen->count++;

	assert_true(i < 4);
	assert_true(proposal->by_reference);
	assert_int_equal(proposal->sender_type, MLS_SENDER_MEMBER);
	seen->kinds[i] = proposal->proposal.kind;
	seen->senders[i] = proposal->sender;
	if (proposal->proposal.kind == MLS_PROPOSE_REMOVE)
		seen->removed = proposal->leaf.before.leaf_index;
	if (proposal->proposal.kind == MLS_PROPOSE_UPDATE)
		assert_false(span_equal(proposal->leaf.before.leaf_node,
					proposal->leaf.after.leaf_node));
	buf_put(&seen->refs[i], ref);
	return seen->count != seen->stop;
}

static void look(const struct member *m, struct seen *seen)
{
	for (size_t i = 0; i < 4; i++)
		buf_clear(&seen->refs[i]);
	*seen = (struct seen){ .stop = seen->stop };
	assert_int_equal(mls_group_each_pending(m->group, see, seen), ERR_OK);
}

static void test_list_and_drop(void **state)
{
	struct rules *rules = *state;
	struct mls_proposal update = { .kind = MLS_PROPOSE_UPDATE };
	struct mls_proposal remove = { .kind = MLS_PROPOSE_REMOVE,
				       .removed = 2 };
	struct buf message = BUF_INIT;
	struct mls_event event;
	struct seen seen = { .count = 0 };

	propose(BOB, &update, &message);
	rules_keep(ALICE, buf_span(&message));
	propose(BOB, &remove, &message);
	assert_int_equal(mls_group_process(ALICE->group, MEMBER_NOW,
					   buf_span(&message), &event),
			 ERR_OK);
	look(ALICE, &seen);
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.kinds[0], MLS_PROPOSE_UPDATE);
	assert_int_equal(seen.kinds[1], MLS_PROPOSE_REMOVE);
	assert_int_equal(seen.senders[0], 1);
	assert_int_equal(seen.removed, 2);
	/* the event says which */
	assert_true(span_equal(buf_span(&event.data), buf_span(&seen.refs[1])));
	mls_event_clear(&event);
	/* asked to stop */
	seen.stop = 1;
	look(ALICE, &seen);
	assert_int_equal(seen.count, 1);
	seen.stop = 0;
	/* the first goes, the second stays */
	look(ALICE, &seen);
	assert_int_equal(
	    mls_group_drop_pending(ALICE->group, buf_span(&seen.refs[0])),
	    ERR_OK);
	assert_int_equal(
	    mls_group_drop_pending(ALICE->group, buf_span(&seen.refs[0])),
	    ERR_STATE_GONE);
	member_reload(ALICE);
	look(ALICE, &seen);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.kinds[0], MLS_PROPOSE_REMOVE);
	assert_int_equal(
	    mls_group_drop_pending(ALICE->group, buf_span(&seen.refs[0])),
	    ERR_OK);
	look(ALICE, &seen);
	assert_int_equal(seen.count, 0);
	buf_clear(&message);
}

/* ---- 12.4: nothing is said before a commit ---- */

static void test_commit_before_text(void **state)
{
	struct rules *rules = *state;
	struct mls_proposal remove = { .kind = MLS_PROPOSE_REMOVE,
				       .removed = 1 };
	struct mls_change change = { .force_path = true };
	struct buf message = BUF_INIT;
	struct mls_commit commit;
	struct seen seen = { .count = 0 };

	/* one that is refused does not count */
	remove.removed = 9;
	assert_int_equal(mls_group_propose(CAROL->group, &CAROL->me, &remove,
					   false, &message),
			 ERR_PEER_INVALID);
	assert_int_equal(say(CAROL), ERR_OK);
	remove.removed = 1;
	propose(CAROL, &remove, &message);
	rules_keep(ALICE, buf_span(&message));
	rules_keep(BOB, buf_span(&message));
	assert_int_equal(say(ALICE), ERR_STATE_UNCOMMITTED);
	assert_int_equal(say(BOB), ERR_STATE_UNCOMMITTED);
	assert_int_equal(say(CAROL), ERR_STATE_UNCOMMITTED);
	member_reload(ALICE);
	assert_int_equal(say(ALICE), ERR_STATE_UNCOMMITTED);
	/* dropped: the application decided against it */
	look(BOB, &seen);
	assert_int_equal(
	    mls_group_drop_pending(BOB->group, buf_span(&seen.refs[0])),
	    ERR_OK);
	assert_int_equal(say(BOB), ERR_OK);
	/* committed, by a commit that leaves it out */
	assert_int_equal(
	    mls_group_commit(ALICE->group, &ALICE->me, &change, &commit),
	    ERR_OK);
	assert_int_equal(say(ALICE), ERR_STATE_UNCOMMITTED);
	assert_int_equal(mls_group_merge(ALICE->group), ERR_OK);
	assert_int_equal(say(ALICE), ERR_OK);
	member_follow(BOB, buf_span(&commit.commit));
	member_follow(CAROL, buf_span(&commit.commit));
	assert_int_equal(say(CAROL), ERR_OK);
	for (size_t i = 0; i < 4; i++)
		buf_clear(&seen.refs[i]);
	mls_commit_clear(&commit);
	buf_clear(&message);
}

/* ---- a ReInit to where not everybody can go ---- */

static void refuse_reinit(struct rules *rules, struct wire_reinit reinit,
			  enum mls_rule rule)
{
	struct mls_reinit asked = { reinit.group_id, reinit.cipher_suite,
				    reinit.extensions, false };
	struct mls_change change = { .reinit = &asked };
	struct mls_proposal proposal = { .kind = MLS_PROPOSE_REINIT };
	struct buf bytes = BUF_INIT, message = BUF_INIT;
	struct cheat_item item = cheat_reinit(&reinit, &bytes);
	struct cheat how = { .by = ALICE, .items = &item, .count = 1 };
	struct mls_commit commit;

	proposal.reinit = asked;
	rules_refuse_commit(BOB, &how, ERR_PEER_UNSUPPORTED, rule);
	cheat_propose(ALICE, ALICE->group,
		      (struct wire_sender){ WIRE_SENDER_MEMBER, 0 }, 0,
		      &item.proposal, &message, NULL);
	rules_refuse(BOB, buf_span(&message), ERR_PEER_UNSUPPORTED, rule);
	buf_reset(&message);
	if (reinit.version == WIRE_VERSION_MLS10) {
		assert_int_equal(mls_group_commit(ALICE->group, &ALICE->me,
						  &change, &commit),
				 ERR_PEER_UNSUPPORTED);
		assert_int_equal(mls_group_propose(ALICE->group, &ALICE->me,
						   &proposal, false, &message),
				 ERR_PEER_UNSUPPORTED);
	}
	assert_int_equal(say(ALICE), ERR_OK);
	buf_clear(&bytes);
	buf_clear(&message);
}

static void test_reinit_unknown(void **state)
{
	struct rules *rules = *state;
	struct wire_reinit reinit = { SPAN_LIT("group 2"), 1, 0x0ABC,
				      SPAN_EMPTY };

	refuse_reinit(rules, reinit, MLS_RULE_REINIT_UNKNOWN);
	reinit.cipher_suite = 0x0A0A; /* GREASE */
	refuse_reinit(rules, reinit, MLS_RULE_REINIT_UNKNOWN);
	reinit.cipher_suite = 1;
	reinit.version = 2;
	refuse_reinit(rules, reinit, MLS_RULE_REINIT_UNKNOWN);
}

/* Carol's leaf lists one suite less than the others'. */
static void without_four(struct member *m)
{
	static const uint16_t fewer[] = { 1, 2, 3 };

	if (strcmp(m->name, "carol/1") != 0)
		return;
	m->me.cipher_suites = fewer;
	m->me.cipher_suite_count = 3;
}

static void test_reinit_not_all(void **state)
{
	struct mls_reinit asked = { SPAN_LIT("group 2"), 4, SPAN_EMPTY, false };
	struct mls_change change = { .reinit = &asked };
	struct mls_proposal proposal = { .kind = MLS_PROPOSE_REINIT,
					 .reinit = asked };
	struct rules own, *rules = &own;
	struct buf message = BUF_INIT;
	struct mls_commit commit;
	struct mls_event event;
	(void)state;

	memset(&own, 0, sizeof(own));
	rules_init_with(rules, SPAN_EMPTY, without_four);
	assert_int_equal(
	    mls_group_commit(ALICE->group, &ALICE->me, &change, &commit),
	    ERR_PEER_UNSUPPORTED);
	assert_int_equal(mls_group_last_rule(ALICE->group),
			 MLS_RULE_REINIT_NOT_ALL);
	assert_int_equal(mls_group_propose(ALICE->group, &ALICE->me, &proposal,
					   false, &message),
			 ERR_PEER_UNSUPPORTED);
	asked.unlisted = true;
	assert_int_equal(
	    mls_group_commit(ALICE->group, &ALICE->me, &change, &commit),
	    ERR_OK);
	assert_int_equal(mls_group_process(BOB->group, MEMBER_NOW,
					   buf_span(&commit.commit), &event),
			 ERR_OK);
	mls_event_clear(&event);
	mls_commit_clear(&commit);
	buf_clear(&message);
	mls_group_discard(ALICE->group);
	mls_group_discard(BOB->group);
	rules_end(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_list_and_drop, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_commit_before_text, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_reinit_unknown, setup,
						teardown),
		cmocka_unit_test(test_reinit_not_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
