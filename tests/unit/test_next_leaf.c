/* RFC 9420 sections 5.3.1, 7.2 and 7.3: a leaf with extensions, and one that a
 * commit or an Update makes anew, of another identity or of the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tests/testlib/rules.h"
#include "wire/extension.h"

#define TYPE 0xF123

static const uint16_t known[] = { TYPE };
static const uint8_t extension[] = { 0xF1, 0x23, 2, 'h', 'i' };
static const struct wire_sender carol = { WIRE_SENDER_MEMBER, 2 };

static void knows(struct member *m)
{
	m->me.extension_types = known;
	m->me.extension_type_count = 1;
}

static void has(struct member *m)
{
	knows(m);
	m->me.leaf_extensions = SPAN_ARRAY(extension);
}

/* A member's leaf as somebody sees it. */
static struct mls_member seen(const struct member *by, uint32_t leaf)
{
	struct mls_member member;
	uint32_t next = leaf;

	assert_true(mls_group_next_member(by->group, &next, &member));
	assert_int_equal(member.leaf_index, leaf);
	return member;
}

static bool shows(const struct member *by, uint32_t leaf)
{
	struct mls_member member = seen(by, leaf);
	struct span data;

	return wire_extensions_find(member.extensions, TYPE, &data) &&
	       span_equal(data, SPAN_LIT("hi")) &&
	       wire_u16_list_has(member.extension_types, TYPE);
}

/* Merged by the one that made it, and taken by all others. */
static void go_on(struct rules *rules, struct member *by,
		  struct mls_commit *commit)
{
	for (size_t i = 0; i <= RULES_MEMBERS; i++)
		if (&rules->all[i] == by)
			assert_int_equal(mls_group_merge(by->group), ERR_OK);
		else if (rules->all[i].group != NULL)
			member_follow(&rules->all[i],
				      buf_span(&commit->commit));
	mls_commit_clear(commit);
}

static void end(struct rules *rules, struct member *other)
{
	for (size_t i = 0; i <= RULES_MEMBERS; i++)
		member_clear(&rules->all[i]);
	if (other != NULL)
		member_clear(other);
}

/* `m` has become another, whom `next` was: its keys, and its name. */
static void become(struct member *m, struct member *next)
{
	struct member old = *m;

	m->me = next->me;
	m->signature_private = next->signature_private;
	m->signature_public = next->signature_public;
	memcpy(m->name, next->name, sizeof(m->name));
	m->me.signature_private = sec_span(&m->signature_private);
	m->me.credential_identity = span_str(m->name);
	next->signature_private = old.signature_private;
	next->signature_public = old.signature_public;
	next->me.signature_private = sec_span(&next->signature_private);
	next->me.signature_public = buf_span(&next->signature_public);
}

/* ---- extensions of leaves ---- */

static void test_extensions(void **state)
{
	struct mls_commit commit;
	struct buf info = BUF_INIT;
	struct rules rules[1];
	(void)state;

	/* made the group, and joined by KeyPackage: paths since have kept it */
	rules_init_with(rules, SPAN_EMPTY, has);
	for (size_t i = 0; i < RULES_MEMBERS; i++)
		for (uint32_t leaf = 0; leaf < RULES_MEMBERS; leaf++)
			assert_true(shows(&rules->all[i], leaf));
	assert_int_equal(mls_group_info(ALICE->group, &ALICE->me, true, &info),
			 ERR_OK);
	assert_int_equal(mls_group_join_external(&DAVE->me, buf_span(&info),
						 &(struct mls_external){ 0 },
						 &DAVE->group, &commit),
			 ERR_OK);
	go_on(rules, DAVE, &commit);
	assert_true(shows(ALICE, 3));
	assert_true(shows(DAVE, 3) && shows(DAVE, 1));
	members_talk(rules->all, 4);
	buf_clear(&info);
	end(rules, NULL);
}

/* Whatever makes a leaf of such an identity. */
static void refuse_identity(struct rules *rules, const struct mls_identity *bad)
{
	struct mls_key_package_secrets secrets = { 0 };
	struct mls_change change = { .next = bad };
	struct mls_proposal update = { .kind = MLS_PROPOSE_UPDATE,
				       .next = bad };
	struct mls_group *group = NULL;
	struct mls_commit commit;
	struct buf out = BUF_INIT, info = BUF_INIT;

	assert_int_equal(mls_key_package_create(bad, false, &secrets, &out),
			 ERR_LOCAL_BUG);
	assert_int_equal(
	    mls_group_create(bad, SPAN_LIT("other"), SPAN_EMPTY, &group),
	    ERR_LOCAL_BUG);
	assert_int_equal(
	    mls_group_commit(DAVE->group, &DAVE->me, &change, &commit),
	    ERR_LOCAL_BUG);
	assert_int_equal(
	    mls_group_propose(DAVE->group, &DAVE->me, &update, false, &out),
	    ERR_LOCAL_BUG);
	assert_int_equal(mls_group_info(ALICE->group, &ALICE->me, true, &info),
			 ERR_OK);
	assert_int_equal(
	    mls_group_join_external(bad, buf_span(&info),
				    &(struct mls_external){ .resync = true },
				    &group, &commit),
	    ERR_LOCAL_BUG);
	assert_null(group);
	assert_int_equal(out.n, 0);
	buf_clear(&info);
}

static void test_unfit_extensions(void **state)
{
	static const uint8_t twice[] = { 0xF1, 0x23, 0, 0xF1, 0x23, 0 };
	static const uint8_t plain[] = { 0, 1, 2, 'i', 'd' };
	struct mls_identity bad;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	member_create(DAVE, "dave's");
	bad = DAVE->me;
	bad.leaf_extensions = SPAN_ARRAY(extension); /* not listed */
	refuse_identity(rules, &bad);
	bad.extension_types = known;
	bad.extension_type_count = 1;
	bad.leaf_extensions.n--;
	refuse_identity(rules, &bad);
	bad.leaf_extensions = SPAN_ARRAY(twice);
	refuse_identity(rules, &bad);
	/* application_id is a type that everybody understands (7.2) */
	DAVE->me.leaf_extensions = SPAN_ARRAY(plain);
	member_key_package(DAVE);
	rules_accept_add(rules);
	rules_end(rules);
}

/* ---- the same identity, which has learnt something ---- */

/* No leaf changes but by `next`; when all list a type the group may use it. */
static void test_upgrade(void **state)
{
	struct span group_extensions = SPAN_ARRAY(extension);
	struct mls_change plain = { .force_path = true };
	struct mls_change use = { .extensions = &group_extensions };
	struct mls_commit commit;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	for (uint32_t i = 0; i < RULES_MEMBERS; i++) {
		struct member *m = &rules->all[i];
		struct mls_change list = { .next = &m->me };

		has(m);
		assert_int_equal(
		    mls_group_commit(m->group, &m->me, &plain, &commit),
		    ERR_OK);
		go_on(rules, m, &commit);
		assert_false(shows(ALICE, i));
		assert_int_equal(
		    mls_group_commit(m->group, &m->me, &use, &commit),
		    ERR_PEER_INVALID);
		assert_int_equal(
		    mls_group_commit(m->group, &m->me, &list, &commit), ERR_OK);
		go_on(rules, m, &commit);
		for (size_t j = 0; j < RULES_MEMBERS; j++)
			assert_true(shows(&rules->all[j], i));
	}
	assert_int_equal(mls_group_commit(BOB->group, &BOB->me, &use, &commit),
			 ERR_OK);
	go_on(rules, BOB, &commit);
	/* from now on nobody may forget it: 7.3 */
	CAROL->me.extension_type_count = 0;
	CAROL->me.leaf_extensions = SPAN_EMPTY;
	plain.next = &CAROL->me;
	assert_int_equal(
	    mls_group_commit(CAROL->group, &CAROL->me, &plain, &commit),
	    ERR_PEER_INVALID);
	rules_end(rules);
}

/* ---- another identity ---- */

/* carol goes on as `next`, with dave new in the same commit. */
static void run_commit(bool secret)
{
	struct span add;
	struct member next;
	struct mls_change change = { .adds = &add,
				     .add_count = 1,
				     .private_handshake = secret };
	struct buf info = BUF_INIT, sealed = BUF_INIT;
	struct mls_group *joined;
	struct mls_commit commit;
	struct rules rules[1];

	rules_init(rules, SPAN_EMPTY);
	member_init(&next, rules_suite(), "carol/2");
	member_key_package(DAVE);
	add = buf_span(&DAVE->key_package);
	change.next = &next.me;
	assert_int_equal(
	    mls_group_commit(CAROL->group, &CAROL->me, &change, &commit),
	    ERR_OK);
	member_reload(CAROL);
	/* until the merge it is the old one that speaks, in the epoch to come
	 * the new one */
	assert_int_equal(
	    mls_group_info_staged(CAROL->group, &CAROL->me, true, &info),
	    ERR_LOCAL_BUG);
	assert_int_equal(
	    mls_group_info_staged(CAROL->group, &next.me, true, &info), ERR_OK);
	assert_int_equal(mls_group_protect(CAROL->group, &next.me, SPAN_EMPTY,
					   SPAN_LIT("x"), &sealed),
			 ERR_LOCAL_BUG);
	assert_true(span_equal(seen(CAROL, 2).identity, SPAN_LIT("carol/1")));
	member_join(DAVE, &commit); /* by what the new key signed */
	joined = DAVE->group;
	DAVE->group = NULL;
	go_on(rules, CAROL, &commit);
	DAVE->group = joined;
	member_reload(CAROL);
	assert_int_equal(mls_group_protect(CAROL->group, &CAROL->me, SPAN_EMPTY,
					   SPAN_LIT("x"), &sealed),
			 ERR_LOCAL_BUG);
	become(CAROL, &next);
	for (size_t i = 0; i <= RULES_MEMBERS; i++) {
		assert_true(span_equal(seen(&rules->all[i], 2).identity,
				       SPAN_LIT("carol/2")));
		assert_true(span_equal(seen(&rules->all[i], 2).signature_key,
				       CAROL->me.signature_public));
	}
	members_talk(rules->all, 4);
	member_commit(CAROL, NULL, 0, NULL, 0, true, &commit);
	for (size_t i = 0; i <= RULES_MEMBERS; i++)
		if (&rules->all[i] != CAROL)
			member_follow(&rules->all[i], buf_span(&commit.commit));
	members_talk(rules->all, 4);
	mls_commit_clear(&commit);
	buf_clear(&info);
	end(rules, &next);
}

static void test_commit(void **state)
{
	(void)state;
	run_commit(false);
	run_commit(true);
}

/* Proposed by carol, committed by bob. */
static void test_update(void **state)
{
	struct mls_proposal update = { .kind = MLS_PROPOSE_UPDATE };
	struct buf message = BUF_INIT;
	struct member next;
	struct mls_commit commit;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	member_init(&next, rules_suite(), "carol/2");
	has(&next);
	update.next = &next.me;
	assert_int_equal(mls_group_propose(CAROL->group, &CAROL->me, &update,
					   false, &message),
			 ERR_OK);
	member_reload(CAROL);
	rules_keep(ALICE, buf_span(&message));
	rules_keep(BOB, buf_span(&message));
	member_commit(BOB, NULL, 0, NULL, 0, false, &commit);
	member_follow(ALICE, buf_span(&commit.commit));
	member_follow(CAROL, buf_span(&commit.commit));
	become(CAROL, &next);
	assert_true(span_equal(seen(ALICE, 2).identity, SPAN_LIT("carol/2")));
	assert_true(shows(BOB, 2));
	members_talk(rules->all, RULES_MEMBERS);
	mls_commit_clear(&commit);
	buf_clear(&message);
	rules_end(rules);
	member_clear(&next);
}

/* ---- what the committer sees to itself ---- */

static void test_unfit_next(void **state)
{
	static const uint16_t other_suite[] = { 3 };
	static const uint8_t certificate[] = { 1, 'c' };
	struct mls_identity next;
	struct mls_change change = { .next = &next };
	struct mls_proposal update = { .kind = MLS_PROPOSE_UPDATE };
	struct buf before = BUF_INIT, after = BUF_INIT, message = BUF_INIT;
	struct mls_commit commit;
	struct rules rules[1];
	struct {
		struct mls_identity is;
		enum err why;
	} unfit[4];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	for (size_t i = 0; i < 4; i++)
		unfit[i].is = CAROL->me;
	/* another's key (7.3), other suites, a credential that the others do
	 * not understand */
	unfit[0].is = BOB->me;
	unfit[0].why = ERR_STATE_CONFLICT;
	unfit[1].is.suite = suite_by_id(2);
	unfit[1].why = ERR_LOCAL_BUG;
	unfit[2].is.cipher_suites = other_suite;
	unfit[2].is.cipher_suite_count = 1;
	unfit[2].why = ERR_PEER_INVALID;
	unfit[3].is.certificates = SPAN_ARRAY(certificate);
	unfit[3].why = ERR_PEER_INVALID;
	assert_int_equal(mls_group_save(CAROL->group, &before), ERR_OK);
	for (size_t i = 0; i < 4; i++) {
		next = unfit[i].is;
		assert_int_equal(mls_group_commit(CAROL->group, &CAROL->me,
						  &change, &commit),
				 unfit[i].why);
		update.next = &next;
		if (i < 3)
			assert_int_equal(mls_group_propose(CAROL->group,
							   &CAROL->me, &update,
							   false, &message),
					 unfit[i].why);
	}
	assert_int_equal(mls_group_save(CAROL->group, &after), ERR_OK);
	assert_true(span_equal(buf_span(&before), buf_span(&after)));
	buf_clear(&before);
	buf_clear(&after);
	rules_end(rules);
}

/* The key of who goes in the same commit is free, that of who comes is not. */
static void test_key_in_motion(void **state)
{
	const uint32_t bob = 1;
	struct span add;
	struct mls_change remove = { .removes = &bob,
				     .remove_count = 1,
				     .next = NULL };
	struct mls_change join = { .adds = &add, .add_count = 1 };
	struct mls_commit commit;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	member_key_package(DAVE);
	add = buf_span(&DAVE->key_package);
	join.next = &DAVE->me;
	assert_int_equal(
	    mls_group_commit(CAROL->group, &CAROL->me, &join, &commit),
	    ERR_STATE_CONFLICT);
	remove.next = &BOB->me;
	assert_int_equal(
	    mls_group_commit(CAROL->group, &CAROL->me, &remove, &commit),
	    ERR_OK);
	rules_accept(ALICE, buf_span(&commit.commit));
	mls_group_discard(CAROL->group);
	mls_commit_clear(&commit);
	rules_end(rules);
}

/* ---- what the others see to ---- */

static struct span other_key;

static void rekeyed(struct wire_leaf_node *leaf)
{
	leaf->signature_key = other_key;
}

/* The new leaf is signed by its own key, the commit by the old one: 7.2, 6.1. */
static void test_who_signs(void **state)
{
	struct cheat how = { .leaf = rekeyed };
	struct member next, both;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	member_init(&next, rules_suite(), "carol/1");
	other_key = next.me.signature_public;
	how.by = CAROL;
	how.leaf_by = &next;
	rules_accept_commit(BOB, &how);
	how.leaf_by = NULL; /* the leaf by the old key */
	rules_refuse_commit(BOB, &how, ERR_PEER_CRYPTO,
			    MLS_RULE_LEAF_SIGNATURE);
	both = *CAROL; /* the commit by the new key */
	both.signature_private = next.signature_private;
	how.by = &both;
	rules_refuse_commit(BOB, &how, ERR_PEER_CRYPTO,
			    MLS_RULE_CONTENT_SIGNATURE);
	rules_end(rules);
	member_clear(&next);
}

/* 7.3: "the signature_key ... unique among the members" */
static void test_key_of_another(void **state)
{
	struct cheat how = { .leaf = rekeyed };
	struct buf leaf = BUF_INIT, message = BUF_INIT;
	struct buf ref = BUF_INIT;
	struct cheat_item update;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	other_key = ALICE->me.signature_public;
	how.by = CAROL;
	how.leaf_by = ALICE;
	rules_refuse_commit(BOB, &how, ERR_PEER_INVALID,
			    MLS_RULE_SIGNATURE_KEYS_UNIQUE);
	/* by an Update: kept, as alone it may be right, and never committed */
	cheat_update_leaf(CAROL, ALICE, rekeyed, false, &leaf);
	update = cheat_update(buf_span(&leaf));
	cheat_propose(CAROL, CAROL->group, carol, 0, &update.proposal, &message,
		      &ref);
	rules_keep(BOB, buf_span(&message));
	update.ref = buf_span(&ref);
	update.sender = carol;
	how = (struct cheat){ .by = ALICE, .items = &update, .count = 1 };
	rules_refuse_commit(BOB, &how, ERR_PEER_INVALID,
			    MLS_RULE_SIGNATURE_KEYS_UNIQUE);
	buf_clear(&leaf);
	buf_clear(&message);
	buf_clear(&ref);
	rules_end(rules);
}

/* ---- what the application says of it (5.3.1) ---- */

struct service {
	size_t asked;
	bool refuses;
	struct span old_key, new_key; /* that it wants to see */
};

static enum err judge(void *context, const struct mls_credential *credential,
		      const struct mls_credential *replaced)
{
	struct service *service = context;

	service->asked++;
	assert_non_null(replaced);
	assert_true(span_equal(replaced->identity, SPAN_LIT("carol/1")));
	assert_true(span_equal(replaced->signature_key, service->old_key));
	assert_true(span_equal(credential->identity, SPAN_LIT("carol/2")));
	assert_true(span_equal(credential->signature_key, service->new_key));
	return service->refuses ? ERR_PEER_DENIED : ERR_OK;
}

static void test_authentication(void **state)
{
	struct service service = { 0 };
	const struct mls_authentication ask = { .check = judge,
						.context = &service };
	struct mls_change change = { 0 };
	struct mls_commit commit;
	struct member next;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	member_init(&next, rules_suite(), "carol/2");
	service.old_key = CAROL->me.signature_public;
	service.new_key = next.me.signature_public;
	change.next = &next.me;
	for (size_t i = 0; i < RULES_MEMBERS; i++)
		mls_group_authenticate(rules->all[i].group, &ask);
	service.refuses = true;
	assert_int_equal(
	    mls_group_commit(CAROL->group, &CAROL->me, &change, &commit),
	    ERR_PEER_DENIED);
	assert_false(mls_group_has_pending(CAROL->group));
	service.refuses = false;
	assert_int_equal(
	    mls_group_commit(CAROL->group, &CAROL->me, &change, &commit),
	    ERR_OK);
	assert_int_equal(service.asked, 2);
	service.refuses = true;
	rules_refuse(BOB, buf_span(&commit.commit), ERR_PEER_DENIED,
		     MLS_RULE_NONE);
	service.refuses = false;
	rules_accept(BOB, buf_span(&commit.commit));
	assert_int_equal(service.asked, 4);
	mls_group_discard(CAROL->group);
	mls_commit_clear(&commit);
	/* the same credential and key are not new */
	change.next = &CAROL->me;
	assert_int_equal(
	    mls_group_commit(CAROL->group, &CAROL->me, &change, &commit),
	    ERR_OK);
	rules_accept(BOB, buf_span(&commit.commit));
	assert_int_equal(service.asked, 4);
	mls_group_discard(CAROL->group);
	mls_commit_clear(&commit);
	rules_end(rules);
	member_clear(&next);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_extensions),
		cmocka_unit_test(test_unfit_extensions),
		cmocka_unit_test(test_upgrade),
		cmocka_unit_test(test_commit),
		cmocka_unit_test(test_update),
		cmocka_unit_test(test_unfit_next),
		cmocka_unit_test(test_key_in_motion),
		cmocka_unit_test(test_who_signs),
		cmocka_unit_test(test_key_of_another),
		cmocka_unit_test(test_authentication),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
