/* The application sees the whole of what is to happen before it does:
 * mls_authentication.check_staged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tests/testlib/rules.h"

#define SEEN_MAX 4

static const uint8_t extension[] = { 0xF1, 0x23, 0 };

/* What it was shown last; spans are kept as text. */
struct seen_leaf {
	uint32_t leaf;
	char name[32];
	bool stands;
};

struct seen_proposal {
	struct mls_staged_proposal is; /* but for what it borrows */
	struct seen_leaf before, after;
	size_t extensions; /* bytes */
};

struct watch {
	enum err answer;
	size_t asked, groups; /* groups: to join */
	struct mls_staged staged;
	uint64_t group_epoch;
	size_t group_members;
	char data[32];
	size_t extensions;
	struct seen_leaf before, after;
	bool same_key; /* of the committer, before and after */
	struct seen_proposal proposals[SEEN_MAX];
	struct mls_authentication authentication;
};

static void put_text(char *out, size_t size, struct span text)
{
	assert_true(text.n < size);
	if (text.n > 0)
		memcpy(out, text.p, text.n);
	out[text.n] = '\0';
}

static struct seen_leaf leaf_of(const struct mls_member *member)
{
	struct seen_leaf seen = { .leaf = member->leaf_index,
				  .stands = member->leaf_node.n > 0 };

	put_text(seen.name, sizeof(seen.name), member->identity);
	assert_int_equal(seen.stands, member->signature_key.n > 0);
	return seen;
}

static enum err look(void *context, const struct mls_group *group,
		     const struct mls_staged *staged)
{
	struct watch *watch = context;
	struct mls_member member;

	watch->asked++;
	watch->groups += staged->kind == MLS_STAGED_GROUP;
	watch->staged = *staged;
	watch->group_epoch = mls_group_epoch(group);
	watch->group_members = 0;
	for (uint32_t leaf = 0; mls_group_next_member(group, &leaf, &member);)
		watch->group_members++;
	put_text(watch->data, sizeof(watch->data), staged->authenticated_data);
	watch->extensions = staged->extensions.n;
	watch->before = leaf_of(&staged->committer.before);
	watch->after = leaf_of(&staged->committer.after);
	watch->same_key = span_equal(staged->committer.before.signature_key,
				     staged->committer.after.signature_key);
	assert_true(staged->proposal_count <= SEEN_MAX);
	for (size_t i = 0; i < staged->proposal_count; i++)
		watch->proposals[i] = (struct seen_proposal){
			.is = staged->proposals[i],
			.before = leaf_of(&staged->proposals[i].leaf.before),
			.after = leaf_of(&staged->proposals[i].leaf.after),
			.extensions =
			    staged->proposals[i].proposal.extensions.n,
		};
	return watch->answer;
}

static void watch_init(struct watch *watch)
{
	memset(watch, 0, sizeof(*watch));
	watch->authentication = (struct mls_authentication){
		.check_staged = look,
		.context = watch,
	};
}

/* From now on it sees what comes to this member. */
static void watches(struct watch *watch, struct member *m)
{
	watch_init(watch);
	mls_group_authenticate(m->group, &watch->authentication);
}

static void is_leaf(const struct seen_leaf *seen, uint32_t leaf,
		    const char *name)
{
	assert_true(seen->stands);
	assert_int_equal(seen->leaf, leaf);
	assert_string_equal(seen->name, name);
}

static void is_asked(struct watch *watch, enum mls_staged_kind kind,
		     uint64_t epoch, size_t proposals)
{
	assert_int_equal(watch->asked, 1);
	assert_int_equal(watch->staged.kind, kind);
	assert_int_equal(watch->staged.epoch, epoch);
	assert_int_equal(watch->staged.proposal_count, proposals);
	watch->asked = 0;
}

static const struct seen_proposal *is_proposal(const struct watch *watch,
					       size_t i,
					       enum mls_proposal_kind kind,
					       enum mls_sender sender_type,
					       uint32_t sender)
{
	const struct seen_proposal *p = &watch->proposals[i];

	assert_int_equal(p->is.proposal.kind, kind);
	assert_int_equal(p->is.sender_type, sender_type);
	assert_int_equal(p->is.sender, sender);
	return p;
}

/* Refused with what the application says, and without a trace; then it may
 * come again, and passes. */
static void refused_and_taken(struct watch *watch, struct member *m,
			      const struct buf *message)
{
	watch->answer = ERR_STATE_CONFLICT;
	rules_refuse(m, buf_span(message), ERR_STATE_CONFLICT, MLS_RULE_NONE);
	watch->answer = ERR_OK;
	watch->asked = 0;
	rules_accept(m, buf_span(message));
}

static void knows(struct member *m)
{
	static const uint16_t known[] = { 0xF123 };

	m->me.extension_types = known;
	m->me.extension_type_count = 1;
}

/* ---- commits of members ---- */

static void check_members_commit(struct watch *watch, uint64_t epoch)
{
	const struct seen_proposal *p;

	is_asked(watch, MLS_STAGED_COMMIT, epoch + 1, 3);
	assert_int_equal(watch->group_epoch, epoch);
	assert_int_equal(watch->group_members, 3);
	assert_false(watch->staged.self_removed);
	assert_string_equal(watch->data, "why");
	assert_int_equal(watch->extensions, sizeof(extension));
	is_leaf(&watch->before, 1, "bob/1");
	is_leaf(&watch->after, 1, "bob/2");
	assert_false(watch->same_key);
	p = is_proposal(watch, 0, MLS_PROPOSE_EXTENSIONS, MLS_SENDER_MEMBER, 1);
	assert_int_equal(p->extensions, sizeof(extension));
	assert_false(p->is.by_reference || p->before.stands || p->after.stands);
	p = is_proposal(watch, 1, MLS_PROPOSE_REMOVE, MLS_SENDER_MEMBER, 1);
	assert_int_equal(p->is.proposal.removed, 2);
	is_leaf(&p->before, 2, "carol/1");
	assert_false(p->after.stands);
	p = is_proposal(watch, 2, MLS_PROPOSE_ADD, MLS_SENDER_MEMBER, 1);
	assert_true(p->is.proposal.key_package.n > 0);
	is_leaf(&p->after, 2, "dave/1");
	assert_false(p->before.stands);
}

/* The same at the committer, at a member, and at the one that it removes. */
static void run_commit(bool secret)
{
	const uint32_t removed = 2;
	struct span add, extensions = SPAN_ARRAY(extension);
	struct mls_change change = { .adds = &add,
				     .add_count = 1,
				     .removes = &removed,
				     .remove_count = 1,
				     .extensions = &extensions,
				     .authenticated_data = SPAN_LIT("why"),
				     .private_handshake = secret };
	struct watch alice, bob, carol;
	struct buf before = BUF_INIT, after = BUF_INIT;
	struct mls_commit commit;
	struct member next;
	struct rules rules[1];
	uint64_t epoch;

	rules_init_with(rules, SPAN_EMPTY, knows);
	epoch = mls_group_epoch(ALICE->group);
	member_init(&next, rules_suite(), "bob/2");
	knows(&next);
	change.next = &next.me;
	member_key_package(DAVE);
	add = buf_span(&DAVE->key_package);
	watches(&alice, ALICE);
	watches(&bob, BOB);
	watches(&carol, CAROL);
	bob.answer = ERR_PEER_DENIED;
	assert_int_equal(mls_group_save(BOB->group, &before), ERR_OK);
	assert_int_equal(
	    mls_group_commit(BOB->group, &BOB->me, &change, &commit),
	    ERR_PEER_DENIED);
	assert_int_equal(mls_group_save(BOB->group, &after), ERR_OK);
	assert_true(span_equal(buf_span(&before), buf_span(&after)));
	check_members_commit(&bob, epoch);
	assert_true(bob.staged.own);
	bob.answer = ERR_OK;
	assert_int_equal(
	    mls_group_commit(BOB->group, &BOB->me, &change, &commit), ERR_OK);
	refused_and_taken(&alice, ALICE, &commit.commit);
	check_members_commit(&alice, epoch);
	assert_false(alice.staged.own);
	refused_and_taken(&carol, CAROL, &commit.commit);
	assert_true(carol.staged.self_removed);
	carol.staged.self_removed = false;
	is_leaf(&carol.proposals[1].before, 2, "carol/1");
	mls_group_discard(BOB->group);
	mls_commit_clear(&commit);
	buf_clear(&before);
	buf_clear(&after);
	rules_end(rules);
	member_clear(&next);
}

static void test_commit(void **state)
{
	(void)state;
	run_commit(false);
	run_commit(true);
}

/* Without a path the leaf stays; and what comes back, or was staged before a
 * restart, is not asked about again. */
static void test_once(void **state)
{
	struct mls_change change = { 0 };
	struct span add;
	struct watch bob;
	struct mls_event event;
	struct mls_commit commit;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	member_key_package(DAVE);
	add = buf_span(&DAVE->key_package);
	change.adds = &add;
	change.add_count = 1;
	watches(&bob, BOB);
	assert_int_equal(
	    mls_group_commit(BOB->group, &BOB->me, &change, &commit), ERR_OK);
	assert_int_equal(bob.asked, 1);
	is_leaf(&bob.before, 1, "bob/1");
	is_leaf(&bob.after, 1, "bob/1");
	assert_true(bob.same_key);
	member_reload(BOB);
	mls_group_authenticate(BOB->group, &bob.authentication);
	assert_int_equal(mls_group_process(BOB->group, MEMBER_NOW,
					   buf_span(&commit.commit), &event),
			 ERR_OK);
	assert_int_equal(event.kind, MLS_EVENT_OWN);
	mls_event_clear(&event);
	assert_int_equal(mls_group_merge(BOB->group), ERR_OK);
	assert_int_equal(bob.asked, 1);
	member_follow(ALICE, buf_span(&commit.commit));
	member_follow(CAROL, buf_span(&commit.commit));
	mls_commit_clear(&commit);
	rules_end(rules);
}

/* What breaks a rule of the RFC is not shown. */
static void test_only_what_is_valid(void **state)
{
	struct cheat_item twice[2];
	struct cheat how = { .items = twice, .count = 2 };
	struct watch bob;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	watches(&bob, BOB);
	twice[0] = twice[1] = cheat_remove(0);
	how.by = CAROL;
	rules_refuse_commit(BOB, &how, ERR_PEER_INVALID,
			    MLS_RULE_SAME_LEAF_TWICE);
	how = (struct cheat){ .by = CAROL, .bad_signature = true };
	rules_refuse_commit(BOB, &how, ERR_PEER_CRYPTO,
			    MLS_RULE_CONTENT_SIGNATURE);
	assert_int_equal(bob.asked, 0);
	rules_end(rules);
}

/* ---- by reference ---- */

static void propose(struct rules *rules, struct watch *watch,
		    const struct mls_proposal *p, struct buf *message)
{
	buf_reset(message);
	assert_int_equal(
	    mls_group_propose(CAROL->group, &CAROL->me, p, false, message),
	    ERR_OK);
	watch->answer = ERR_PEER_DENIED;
	rules_refuse(BOB, buf_span(message), ERR_PEER_DENIED, MLS_RULE_NONE);
	watch->answer = ERR_OK;
	watch->asked = 0;
	rules_keep(BOB, buf_span(message));
}

static void test_by_reference(void **state)
{
	struct mls_change change = { .commit_pending_proposals = true };
	struct mls_proposal update = { .kind = MLS_PROPOSE_UPDATE };
	struct mls_proposal remove = { .kind = MLS_PROPOSE_REMOVE };
	const struct seen_proposal *p;
	struct buf message = BUF_INIT;
	struct watch bob;
	struct mls_commit commit;
	struct member next;
	struct rules rules[1];
	uint64_t epoch;
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	epoch = mls_group_epoch(BOB->group);
	member_init(&next, rules_suite(), "carol/2");
	update.next = &next.me;
	watches(&bob, BOB);
	propose(rules, &bob, &update, &message);
	is_asked(&bob, MLS_STAGED_PROPOSAL, epoch, 1);
	is_leaf(&bob.before, 2, "carol/1");
	is_leaf(&bob.after, 2, "carol/1");
	propose(rules, &bob, &remove, &message);
	is_asked(&bob, MLS_STAGED_PROPOSAL, epoch, 1);
	is_leaf(&bob.proposals[0].before, 0, "alice/1");
	assert_int_equal(
	    mls_group_commit(BOB->group, &BOB->me, &change, &commit), ERR_OK);
	is_asked(&bob, MLS_STAGED_COMMIT, epoch + 1, 2);
	p = is_proposal(&bob, 0, MLS_PROPOSE_REMOVE, MLS_SENDER_MEMBER, 2);
	assert_true(p->is.by_reference);
	is_leaf(&p->before, 0, "alice/1");
	p = is_proposal(&bob, 1, MLS_PROPOSE_UPDATE, MLS_SENDER_MEMBER, 2);
	assert_true(p->is.by_reference);
	assert_null(p->is.proposal.next);
	is_leaf(&p->before, 2, "carol/1");
	is_leaf(&p->after, 2, "carol/2");
	/* one of ours is shown, too */
	mls_group_discard(BOB->group);
	bob.answer = ERR_PEER_DENIED;
	remove.removed = 2;
	assert_int_equal(
	    mls_group_propose(BOB->group, &BOB->me, &remove, false, &message),
	    ERR_PEER_DENIED);
	is_asked(&bob, MLS_STAGED_PROPOSAL, epoch, 1);
	assert_true(bob.staged.own);
	bob.answer = ERR_OK;
	mls_commit_clear(&commit);
	buf_clear(&message);
	rules_end(rules);
	member_clear(&next);
}

/* Of somebody that is no member: a client that wants to come in. */
static void test_from_outside(void **state)
{
	struct mls_proposal add = { .kind = MLS_PROPOSE_ADD };
	struct buf message = BUF_INIT;
	struct watch bob;
	struct rules rules[1];
	uint64_t epoch;
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	epoch = mls_group_epoch(BOB->group);
	watches(&bob, BOB);
	member_key_package(DAVE);
	add.key_package = buf_span(&DAVE->key_package);
	assert_int_equal(mls_propose_from_outside(&DAVE->me,
						  mls_group_id(BOB->group),
						  epoch, NULL, &add, &message),
			 ERR_OK);
	rules_keep(BOB, buf_span(&message));
	is_asked(&bob, MLS_STAGED_PROPOSAL, epoch, 1);
	is_proposal(&bob, 0, MLS_PROPOSE_ADD, MLS_SENDER_NEW_MEMBER_PROPOSAL,
		    0);
	assert_string_equal(bob.proposals[0].after.name, "dave/1");
	assert_false(bob.before.stands || bob.after.stands);
	buf_clear(&message);
	rules_end(rules);
}

/* ---- PSKs and ReInit ---- */

static void test_other_kinds(void **state)
{
	const struct span id = SPAN_LIT("id"), psk = SPAN_LIT("psk");
	const struct mls_reinit next = { .group_id = SPAN_LIT("next"),
					 .cipher_suite = 1 };
	struct watch bob;
	struct mls_commit commit;
	struct rules rules[1];
	uint64_t epoch;
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	epoch = mls_group_epoch(BOB->group);
	watches(&bob, BOB);
	assert_int_equal(mls_group_add_psk(BOB->group, id, psk), ERR_OK);
	struct mls_change psks = { .psks = &id,
				   .psk_count = 1,
				   .resumptions = &epoch,
				   .resumption_count = 1 };
	struct mls_change reinit = { .reinit = &next };
	assert_int_equal(mls_group_commit(BOB->group, &BOB->me, &psks, &commit),
			 ERR_OK);
	is_asked(&bob, MLS_STAGED_COMMIT, epoch + 1, 2);
	is_proposal(&bob, 0, MLS_PROPOSE_PSK, MLS_SENDER_MEMBER, 1);
	is_proposal(&bob, 1, MLS_PROPOSE_RESUMPTION, MLS_SENDER_MEMBER, 1);
	assert_int_equal(bob.proposals[1].is.proposal.resumption_epoch, epoch);
	mls_group_discard(BOB->group);
	mls_commit_clear(&commit);
	assert_int_equal(
	    mls_group_commit(BOB->group, &BOB->me, &reinit, &commit), ERR_OK);
	is_asked(&bob, MLS_STAGED_COMMIT, epoch + 1, 1);
	is_proposal(&bob, 0, MLS_PROPOSE_REINIT, MLS_SENDER_MEMBER, 1);
	assert_int_equal(bob.proposals[0].is.proposal.reinit.cipher_suite, 1);
	mls_group_discard(BOB->group);
	mls_commit_clear(&commit);
	rules_end(rules);
}

/* ---- who comes in ---- */

static void test_welcome(void **state)
{
	static const struct cheat_info nothing;
	struct cheat how = { 0 };
	struct watch dave;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	how.by = BOB;
	watch_init(&dave);
	DAVE->me.authentication = &dave.authentication;
	dave.answer = ERR_PEER_DENIED;
	assert_int_equal(rules_join(DAVE, &how, &nothing, MLS_RULE_NONE),
			 ERR_PEER_DENIED);
	dave.answer = ERR_OK;
	dave.asked = 0;
	assert_int_equal(rules_join(DAVE, &how, &nothing, MLS_RULE_NONE),
			 ERR_OK);
	is_asked(&dave, MLS_STAGED_GROUP, mls_group_epoch(BOB->group) + 1, 0);
	assert_int_equal(dave.group_epoch, dave.staged.epoch);
	assert_int_equal(dave.group_members, 4);
	is_leaf(&dave.before, 1, "bob/1");
	is_leaf(&dave.after, 1, "bob/1");
	rules_end(rules);
}

/* carol joins again: her former leaf goes, and others see just that. */
static void test_external(void **state)
{
	const struct mls_external how = { .resync = true,
					  .authenticated_data =
					      SPAN_LIT("again") };
	const struct seen_proposal *p;
	struct mls_group *group = NULL;
	struct mls_commit commit;
	struct buf info = BUF_INIT;
	struct watch alice, carol;
	struct rules rules[1];
	uint64_t epoch;
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	epoch = mls_group_epoch(ALICE->group);
	watches(&alice, ALICE);
	watch_init(&carol);
	CAROL->me.authentication = &carol.authentication;
	assert_int_equal(mls_group_info(ALICE->group, &ALICE->me, true, &info),
			 ERR_OK);
	carol.answer = ERR_PEER_DENIED;
	assert_int_equal(mls_group_join_external(&CAROL->me, buf_span(&info),
						 &how, &group, &commit),
			 ERR_PEER_DENIED);
	assert_null(group);
	is_asked(&carol, MLS_STAGED_GROUP, epoch, 0);
	assert_int_equal(carol.group_members, 3);
	is_leaf(&carol.after, 0, "alice/1");
	carol.answer = ERR_OK;
	assert_int_equal(mls_group_join_external(&CAROL->me, buf_span(&info),
						 &how, &group, &commit),
			 ERR_OK);
	assert_int_equal(carol.asked, 2); /* the group, and the commit */
	assert_int_equal(carol.groups, 2);
	assert_int_equal(carol.staged.kind, MLS_STAGED_EXTERNAL_COMMIT);
	assert_true(carol.staged.own);
	is_leaf(&carol.after, 2, "carol/1");
	refused_and_taken(&alice, ALICE, &commit.commit);
	is_asked(&alice, MLS_STAGED_EXTERNAL_COMMIT, epoch + 1, 2);
	assert_string_equal(alice.data, "again");
	assert_false(alice.before.stands || alice.staged.own);
	is_leaf(&alice.after, 2, "carol/1");
	is_proposal(&alice, 0, MLS_PROPOSE_EXTERNAL_INIT,
		    MLS_SENDER_NEW_MEMBER_COMMIT, 0);
	p = is_proposal(&alice, 1, MLS_PROPOSE_REMOVE,
			MLS_SENDER_NEW_MEMBER_COMMIT, 0);
	is_leaf(&p->before, 2, "carol/1");
	mls_group_free(group);
	mls_commit_clear(&commit);
	buf_clear(&info);
	CAROL->me.authentication = NULL;
	rules_end(rules);
}

/* The first commit of a successor, and joining one. */
static void test_successor(void **state)
{
	struct mls_group *branch = NULL, *joined = NULL;
	struct watch alice, bob;
	struct span add;
	struct mls_commit commit;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	watch_init(&alice);
	watch_init(&bob);
	ALICE->me.authentication = &alice.authentication;
	BOB->me.authentication = &bob.authentication;
	member_key_package(BOB);
	add = buf_span(&BOB->key_package);
	alice.answer = ERR_PEER_DENIED;
	assert_int_equal(mls_group_branch(ALICE->group, &ALICE->me,
					  SPAN_LIT("branch"), SPAN_EMPTY, &add,
					  1, &branch, &commit),
			 ERR_PEER_DENIED);
	assert_null(branch);
	is_asked(&alice, MLS_STAGED_COMMIT, 1, 2);
	alice.answer = ERR_OK;
	assert_int_equal(mls_group_branch(ALICE->group, &ALICE->me,
					  SPAN_LIT("branch"), SPAN_EMPTY, &add,
					  1, &branch, &commit),
			 ERR_OK);
	assert_int_equal(mls_group_join_successor(
			     BOB->group, &BOB->me, buf_span(&commit.welcome),
			     SPAN_EMPTY, add, &BOB->secrets, &joined),
			 ERR_OK);
	is_asked(&bob, MLS_STAGED_GROUP, 1, 0);
	mls_group_free(branch);
	mls_group_free(joined);
	mls_commit_clear(&commit);
	ALICE->me.authentication = BOB->me.authentication = NULL;
	rules_end(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commit),
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_only_what_is_valid),
		cmocka_unit_test(test_by_reference),
		cmocka_unit_test(test_from_outside),
		cmocka_unit_test(test_other_kinds),
		cmocka_unit_test(test_welcome),
		cmocka_unit_test(test_external),
		cmocka_unit_test(test_successor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
