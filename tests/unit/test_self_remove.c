/* A member that takes itself away: SelfRemove of draft-ietf-mls-extensions-10,
 * section 6.3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "mls/group_internal.h"
#include "tests/testlib/rules.h"

static const struct wire_sender bob = { WIRE_SENDER_MEMBER, 1 };
static const struct wire_sender carol = { WIRE_SENDER_MEMBER, 2 };
static const struct mls_proposal leave = { .kind = MLS_PROPOSE_SELF_REMOVE };

/* dave, who is outside until he joins, is of a client of before. */
static void knows_but_dave(struct member *m)
{
	if (strcmp(m->name, "dave/1") != 0)
		rules_take_self_removes(m);
}

static void says(struct member *m, struct buf *message)
{
	buf_reset(message);
	assert_int_equal(
	    mls_group_propose(m->group, &m->me, &leave, false, message),
	    ERR_OK);
}

static void commits(struct member *m, const struct mls_change *change,
		    struct mls_commit *out)
{
	assert_int_equal(mls_group_commit(m->group, &m->me, change, out),
			 ERR_OK);
}

/* ---- what a commit with one shows ---- */

struct shown {
	size_t count, leaving;
	uint32_t leaf;
	bool path;
};

static enum err see(void *context, const struct mls_group *group,
		    const struct mls_staged *staged)
{
	struct shown *shown = context;
	(void)group;

	*shown = (struct shown){ .count = staged->proposal_count };
	shown->path = !span_equal(staged->committer.before.leaf_node,
				  staged->committer.after.leaf_node);
	for (size_t i = 0; i < staged->proposal_count; i++) {
		const struct mls_staged_proposal *p = &staged->proposals[i];

		if (p->proposal.kind != MLS_PROPOSE_SELF_REMOVE)
			continue;
		assert_true(p->by_reference);
		assert_int_equal(p->sender_type, MLS_SENDER_MEMBER);
		assert_int_equal(p->sender, p->leaf.before.leaf_index);
		assert_int_equal(p->leaf.after.leaf_node.n, 0);
		shown->leaf = p->sender;
		shown->leaving++;
	}
	return ERR_OK;
}

static void shows_carol_leaving(const struct member *m, size_t proposals)
{
	struct shown shown;

	assert_int_equal(mls_group_staged(m->group, see, &shown), ERR_OK);
	assert_int_equal(shown.count, proposals);
	assert_int_equal(shown.leaving, 1);
	assert_int_equal(shown.leaf, 2);
	assert_true(shown.path);
}

/* carol's copy of a commit that takes her away. */
static void takes_away(struct member *m, struct span commit)
{
	struct mls_event event;

	assert_int_equal(
	    mls_group_process(m->group, MEMBER_NOW, commit, &event), ERR_OK);
	assert_true(event.self_removed);
	shows_carol_leaving(m, event.external_join ? 2 : 1);
	mls_event_clear(&event);
	assert_int_equal(mls_group_merge(m->group), ERR_OK);
}

/* ---- what does well ---- */

/* Nothing but its type. */
static void test_wire(void **state)
{
	static const uint8_t bytes[] = { 0, 0x0A }, more[] = { 0, 0x0A, 0 };
	struct wire_proposal proposal;
	struct buf out = BUF_INIT;
	(void)state;

	assert_int_equal(wire_proposal_decode(SPAN_ARRAY(bytes), &proposal),
			 ERR_OK);
	assert_int_equal(proposal.type, WIRE_PROPOSAL_SELF_REMOVE);
	wire_proposal_put(&out, &proposal);
	assert_true(span_equal(buf_span(&out), SPAN_ARRAY(bytes)));
	assert_int_equal(wire_proposal_decode(SPAN_ARRAY(more), &proposal),
			 ERR_PEER_MALFORMED);
	buf_clear(&out);
}

/* Whoever commits takes her away, whatever the commit was for. */
static void test_leaves(void **state)
{
	struct mls_change nothing = { .private_handshake = true };
	struct buf message = BUF_INIT, text = BUF_INIT;
	struct mls_commit commit;
	struct rules rules[1];
	(void)state;

	rules_init_with(rules, SPAN_EMPTY, rules_take_self_removes);
	says(CAROL, &message);
	rules_keep(ALICE, buf_span(&message));
	rules_keep(BOB, buf_span(&message));
	member_reload(ALICE);
	member_reload(CAROL);
	/* 12.4 of the RFC: nothing is said before that */
	assert_int_equal(mls_group_protect(ALICE->group, &ALICE->me, SPAN_EMPTY,
					   SPAN_LIT("text"), &text),
			 ERR_STATE_UNCOMMITTED);
	commits(ALICE, &nothing, &commit);
	shows_carol_leaving(ALICE, 1);
	assert_int_equal(mls_group_merge(ALICE->group), ERR_OK);
	member_follow(BOB, buf_span(&commit.commit));
	takes_away(CAROL, buf_span(&commit.commit));
	assert_int_equal(mls_group_member_count(ALICE->group), 2);
	members_talk(rules->all, 2);
	mls_commit_clear(&commit);
	buf_clear(&message);
	rules_clear(rules);
}

/* A Remove of the same leaf has nothing more to do: by reference or asked for. */
static void test_removes(void **state)
{
	static const uint32_t two = 2;
	const struct mls_proposal remove = { .kind = MLS_PROPOSE_REMOVE,
					     .removed = 2 };
	struct mls_change change = { .removes = &two, .remove_count = 1 };
	struct buf first = BUF_INIT, message = BUF_INIT;
	struct mls_commit commit;
	struct rules rules[1];
	(void)state;

	rules_init_with(rules, SPAN_EMPTY, rules_take_self_removes);
	assert_int_equal(
	    mls_group_propose(BOB->group, &BOB->me, &remove, false, &first),
	    ERR_OK);
	says(CAROL, &message);
	rules_keep(ALICE, buf_span(&first));
	rules_keep(ALICE, buf_span(&message));
	rules_keep(BOB, buf_span(&message));
	for (int pending = 0; pending < 2; pending++) {
		change.commit_pending_proposals = pending == 1;
		commits(ALICE, &change, &commit);
		shows_carol_leaving(ALICE, 1);
		rules_accept(BOB, buf_span(&commit.commit));
		mls_group_discard(ALICE->group);
		mls_commit_clear(&commit);
	}
	/* hers, which is no other's business, has it not */
	commits(CAROL, &(struct mls_change){ .force_path = true }, &commit);
	rules_accept(ALICE, buf_span(&commit.commit));
	mls_group_discard(CAROL->group);
	mls_commit_clear(&commit);
	buf_clear(&first);
	buf_clear(&message);
	rules_clear(rules);
}

/* dave joins from outside, and carol goes by his commit. */
static void join_outside(struct rules *rules, struct member *joiner,
			 bool resync, struct span message,
			 struct mls_commit *commit)
{
	struct mls_external how = { .resync = resync,
				    .self_removes = &message,
				    .self_remove_count = 1 };
	struct mls_group *joined = NULL;
	struct buf info = BUF_INIT;

	assert_int_equal(mls_group_info(ALICE->group, &ALICE->me, true, &info),
			 ERR_OK);
	assert_int_equal(mls_group_join_external(&joiner->me, buf_span(&info),
						 &how, &joined, commit),
			 ERR_OK);
	mls_group_free(joiner->group);
	joiner->group = joined;
	buf_clear(&info);
}

static void test_outside(void **state)
{
	struct buf message = BUF_INIT;
	struct mls_commit commit;
	struct rules rules[1];
	(void)state;

	rules_init_with(rules, SPAN_EMPTY, knows_but_dave);
	says(CAROL, &message);
	rules_keep(ALICE, buf_span(&message));
	rules_keep(BOB, buf_span(&message));
	/* who is outside cannot know the membership tag */
	message.p[message.n - 1] ^= 1;
	join_outside(rules, DAVE, false, buf_span(&message), &commit);
	shows_carol_leaving(DAVE, 2);
	member_reload(DAVE);
	shows_carol_leaving(DAVE, 2);
	assert_int_equal(mls_group_merge(DAVE->group), ERR_OK);
	member_follow(ALICE, buf_span(&commit.commit));
	member_follow(BOB, buf_span(&commit.commit));
	takes_away(CAROL, buf_span(&commit.commit));
	assert_int_equal(mls_group_own_leaf(DAVE->group), 2);
	mls_commit_clear(&commit);
	member_commit(DAVE, NULL, 0, NULL, 0, true, &commit);
	member_follow(ALICE, buf_span(&commit.commit));
	member_follow(BOB, buf_span(&commit.commit));
	assert_int_equal(mls_group_member_count(BOB->group), 3);
	mls_commit_clear(&commit);
	buf_clear(&message);
	rules_clear(rules);
}

/* carol has said that she leaves, and comes again: her old leaf goes by its own
 * word, and not by a Remove besides. */
static void test_comes_again(void **state)
{
	struct buf message = BUF_INIT;
	struct mls_commit commit;
	struct rules rules[1];
	(void)state;

	rules_init_with(rules, SPAN_EMPTY, rules_take_self_removes);
	says(CAROL, &message);
	rules_keep(ALICE, buf_span(&message));
	rules_keep(BOB, buf_span(&message));
	join_outside(rules, CAROL, true, buf_span(&message), &commit);
	shows_carol_leaving(CAROL, 2);
	assert_int_equal(mls_group_merge(CAROL->group), ERR_OK);
	member_follow(ALICE, buf_span(&commit.commit));
	member_follow(BOB, buf_span(&commit.commit));
	mls_commit_clear(&commit);
	buf_clear(&message);
	rules_end(rules);
}

/* ---- what a commit may not do with one ---- */

struct kept {
	struct rules rules[1];
	struct buf message, ref, scratch;
	struct cheat_item leaving; /* carol's SelfRemove by reference */
};

static void kept_init(struct kept *k)
{
	struct rules *rules = k->rules;

	*k = (struct kept){ .message = BUF_INIT };
	rules_init_with(rules, SPAN_EMPTY, rules_take_self_removes);
	k->leaving.proposal.type = WIRE_PROPOSAL_SELF_REMOVE;
	k->leaving.sender = carol;
	cheat_propose(CAROL, CAROL->group, carol, 0, &k->leaving.proposal,
		      &k->message, &k->ref);
	k->leaving.ref = buf_span(&k->ref);
	rules_keep(ALICE, buf_span(&k->message));
}

static void kept_end(struct kept *k)
{
	rules_clear(k->rules);
	buf_clear(&k->message);
	buf_clear(&k->ref);
	buf_clear(&k->scratch);
}

static void test_commits(void **state)
{
	struct cheat_item items[2] = { { .psk = SPAN_EMPTY } };
	struct cheat how = { .items = items, .count = 1 };
	struct kept k[1];
	struct rules *rules = k->rules;
	(void)state;

	kept_init(k);
	how.by = BOB;
	items[0] = k->leaving;
	rules_accept_commit(ALICE, &how);
	/* "requires an UpdatePath" */
	how.no_path = true;
	rules_refuse_commit(ALICE, &how, ERR_PEER_INVALID,
			    MLS_RULE_PATH_MISSING);
	how.no_path = false;
	/* "only allowed in a Commit by reference" */
	items[0].ref = SPAN_EMPTY;
	items[0].sender = bob;
	rules_refuse_commit(ALICE, &how, ERR_PEER_INVALID,
			    MLS_RULE_SELF_REMOVE_BY_VALUE);
	/* of the committer, whose leaf the cheat leaves where it is */
	items[0] = k->leaving;
	items[0].sender.index = UINT32_MAX;
	how.by = CAROL;
	rules_refuse_commit(ALICE, &how, ERR_PEER_INVALID,
			    MLS_RULE_REMOVE_OF_COMMITTER);
	items[0] = k->leaving;
	/* "the Remove proposal is invalid" */
	how.by = BOB;
	how.count = 2;
	items[1] = cheat_remove(2);
	rules_refuse_commit(ALICE, &how, ERR_PEER_INVALID,
			    MLS_RULE_SAME_LEAF_TWICE);
	kept_end(k);
}

/* Two of one sender, which nobody honest sends: each may be kept, neither can be
 * dropped, and a commit has one of them, ours the first and another's any. An Update
 * beside it is one too many, too. */
static void test_twice(void **state)
{
	struct buf second = BUF_INIT, leaf = BUF_INIT;
	struct buf update = BUF_INIT, update_ref = BUF_INIT;
	struct cheat_item items[2] = { { .psk = SPAN_EMPTY } };
	struct cheat how = { .items = items, .count = 2 };
	struct mls_change nothing = { .commit_pending_proposals = true };
	struct mls_commit commit;
	const struct mls_epoch *now;
	struct kept k[1];
	struct rules *rules = k->rules;
	(void)state;

	kept_init(k);
	how.by = BOB;
	cheat_update_leaf(CAROL, NULL, NULL, false, &leaf);
	items[0] = k->leaving;
	items[1] = cheat_update(buf_span(&leaf));
	items[1].sender = carol;
	cheat_propose(CAROL, CAROL->group, carol, 0, &items[1].proposal,
		      &update, &update_ref);
	items[1].ref = buf_span(&update_ref);
	rules_keep(ALICE, buf_span(&update));
	rules_refuse_commit(ALICE, &how, ERR_PEER_INVALID,
			    MLS_RULE_SAME_LEAF_TWICE);
	cheat_self_remove(CAROL, WIRE_PUBLIC_MESSAGE, SPAN_LIT("again"),
			  &second);
	rules_keep(ALICE, buf_span(&second));
	commits(ALICE, &nothing, &commit);
	shows_carol_leaving(ALICE, 1);
	mls_group_discard(ALICE->group);
	mls_commit_clear(&commit);
	/* carol's Update is between the two */
	now = ALICE->group->now;
	assert_int_equal(now->proposal_count, 3);
	for (size_t i = 0; i < 3; i += 2)
		assert_int_equal(
		    mls_group_drop_pending(ALICE->group,
					   buf_span(&now->proposals[i].ref)),
		    ERR_LOCAL_BUG);
	/* bob got the second one alone */
	rules_keep(BOB, buf_span(&second));
	commits(BOB, &nothing, &commit);
	rules_accept(ALICE, buf_span(&commit.commit));
	mls_group_discard(BOB->group);
	mls_commit_clear(&commit);
	buf_clear(&second);
	buf_clear(&leaf);
	buf_clear(&update);
	buf_clear(&update_ref);
	kept_end(k);
}

/* Of who joins: by reference nothing else, by value no SelfRemove, none twice. */
static void test_external_commits(void **state)
{
	struct cheat_item items[3] = { { .psk = SPAN_EMPTY } };
	struct cheat how = { .items = items, .count = 2 };
	struct buf message = BUF_INIT, ref = BUF_INIT;
	struct kept k[1];
	struct rules *rules = k->rules;
	(void)state;

	kept_init(k);
	how.by = DAVE;
	how.from = ALICE;
	items[0] = cheat_external_init(ALICE, &k->scratch, &how.init_secret);
	items[1] = k->leaving;
	rules_accept_commit(ALICE, &how);
	items[1].ref = SPAN_EMPTY;
	rules_refuse_commit(ALICE, &how, ERR_PEER_INVALID,
			    MLS_RULE_SELF_REMOVE_BY_VALUE);
	items[1] = k->leaving;
	items[2] = cheat_remove(2);
	how.count = 3;
	rules_refuse_commit(ALICE, &how, ERR_PEER_INVALID,
			    MLS_RULE_SAME_LEAF_TWICE);
	how.count = 2;
	items[1] = cheat_remove(1);
	items[1].sender = carol;
	cheat_propose(CAROL, CAROL->group, carol, 0, &items[1].proposal,
		      &message, &ref);
	items[1].ref = buf_span(&ref);
	rules_keep(ALICE, buf_span(&message));
	rules_refuse_commit(ALICE, &how, ERR_PEER_INVALID,
			    MLS_RULE_EXTERNAL_REFERENCES);
	buf_clear(&message);
	buf_clear(&ref);
	kept_end(k);
}

/* ---- where not all take one ---- */

/* "only applies if all the members of a group support this proposal": dave, who does
 * not, is in. */
static void test_not_listed(void **state)
{
	struct wire_proposal proposal = { .type = WIRE_PROPOSAL_SELF_REMOVE };
	struct member *add;
	struct buf message = BUF_INIT;
	struct mls_commit commit;
	struct rules rules[1];
	(void)state;

	rules_init_with(rules, SPAN_EMPTY, knows_but_dave);
	add = DAVE;
	member_commit(ALICE, &add, 1, NULL, 0, false, &commit);
	member_follow(BOB, buf_span(&commit.commit));
	member_follow(CAROL, buf_span(&commit.commit));
	mls_commit_clear(&commit);
	assert_int_equal(mls_group_propose(CAROL->group, &CAROL->me, &leave,
					   false, &message),
			 ERR_PEER_UNSUPPORTED);
	rules_said(mls_group_last_rule(CAROL->group), MLS_RULE_PROPOSAL_LISTED);
	cheat_propose(CAROL, CAROL->group, carol, 0, &proposal, &message, NULL);
	rules_refuse(ALICE, buf_span(&message), ERR_PEER_UNSUPPORTED,
		     MLS_RULE_PROPOSAL_LISTED);
	buf_clear(&message);
	rules_clear(rules);
}

/* ---- what a caller may not do ---- */

static bool first_ref(void *context, struct span ref,
		      const struct mls_staged_proposal *proposal)
{
	struct buf *out = context;
	(void)proposal;

	buf_put(out, ref);
	return false;
}

static void test_misuse(void **state)
{
	static const uint32_t zero = 0;
	const struct mls_reinit next = {
		.group_id = SPAN_LIT("next"),
		.cipher_suite = SUITE_X25519_AES128GCM_SHA256_ED25519,
		.unlisted = true,
	};
	const struct mls_change reinit = { .reinit = &next };
	struct buf message = BUF_INIT, out = BUF_INIT, ref = BUF_INIT;
	struct mls_commit commit;
	struct rules rules[1];
	(void)state;

	rules_init_with(rules, SPAN_EMPTY, rules_take_self_removes);
	assert_int_equal(
	    mls_group_propose(CAROL->group, &CAROL->me, &leave, true, &out),
	    ERR_LOCAL_BUG);
	assert_int_equal(mls_propose_from_outside(&DAVE->me, SPAN_LIT("group"),
						  1, &zero, &leave, &out),
			 ERR_LOCAL_BUG);
	says(CAROL, &message);
	/* "MUST NOT issue more than one SelfRemove proposal per epoch" */
	member_reload(CAROL);
	assert_int_equal(
	    mls_group_propose(CAROL->group, &CAROL->me, &leave, false, &out),
	    ERR_STATE_UNCOMMITTED);
	rules_keep(ALICE, buf_span(&message));
	assert_int_equal(mls_group_each_pending(ALICE->group, first_ref, &ref),
			 ERR_OK);
	assert_int_equal(mls_group_drop_pending(ALICE->group, buf_span(&ref)),
			 ERR_LOCAL_BUG);
	assert_int_equal(
	    mls_group_commit(ALICE->group, &ALICE->me, &reinit, &commit),
	    ERR_STATE_UNCOMMITTED);
	assert_int_equal(out.n, 0);
	buf_clear(&message);
	buf_clear(&ref);
	rules_clear(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wire),
		cmocka_unit_test(test_leaves),
		cmocka_unit_test(test_removes),
		cmocka_unit_test(test_outside),
		cmocka_unit_test(test_comes_again),
		cmocka_unit_test(test_commits),
		cmocka_unit_test(test_twice),
		cmocka_unit_test(test_external_commits),
		cmocka_unit_test(test_not_listed),
		cmocka_unit_test(test_misuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
