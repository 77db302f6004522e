/* The walk over real groups: random histories end where the members are, and commits in
 * another order or of another branch lead nowhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "check/walk.h"
#include "tests/testlib/rules.h"
#include "tests/testlib/walks.h"
#include "wire/message.h"

enum { PEOPLE = 24, STEPS = 120 };

static const char GROUP[] = "sixteen bytes id";

/* ---- a crowd whose history is random ---- */

struct crowd {
	struct member all[PEOPLE];
	struct check_walk *walk;
	uint64_t seed;
};

static uint32_t random_below(struct crowd *c, uint32_t n)
{
	c->seed ^= c->seed << 13;
	c->seed ^= c->seed >> 7;
	c->seed ^= c->seed << 17;
	return (uint32_t)(c->seed >> 11) % n;
}

static void init_crowd(struct crowd *c, uint64_t seed)
{
	struct buf info = BUF_INIT;
	char name[32];

	memset(c, 0, sizeof(*c));
	c->seed = seed;
	for (int i = 0; i < PEOPLE; i++) {
		(void)snprintf(name, sizeof(name), "user%d/1", i);
		member_init(&c->all[i], suite_by_id(3), name);
	}
	member_create(&c->all[0], GROUP);
	walks_put_info(&c->all[0], &info);
	assert_null(
	    check_walk_from_info(buf_span(&info), CHECK_UNSEEN, &c->walk)
		.wrong);
	buf_clear(&info);
}

static void clear_crowd(struct crowd *c)
{
	for (int i = 0; i < PEOPLE; i++)
		member_clear(&c->all[i]);
	check_walk_free(c->walk);
}

static struct member *someone(struct crowd *c, bool in)
{
	for (int tries = 0; tries < 1000; tries++) {
		struct member *m = &c->all[random_below(c, PEOPLE)];

		if ((m->group != NULL) == in)
			return m;
	}
	return NULL;
}

static void leave(struct member *m)
{
	mls_group_free(m->group);
	m->group = NULL;
}

/* The GroupInfo where the walk is, of a signature that nobody looks at. */
static void put_walk(struct crowd *c, struct buf *info)
{
	static const uint8_t none[] = { 0, 0 };

	assert_null(check_walk_put_info(c->walk, SPAN_ARRAY(none), info).wrong);
}

/* Who has followed the group makes the GroupInfo of its part, byte for byte, and
 * whoever was told that the commit is good comes to the same. */
static void complete(struct crowd *c, struct span before,
		     const struct mls_commit *commit)
{
	struct span info = buf_span(&commit->group_info);
	struct check_walk *again = NULL;
	struct wire_message message;
	struct buf part = BUF_INIT, whole = BUF_INIT;

	assert_int_equal(wire_message_decode(info, &message), ERR_OK);
	assert_int_equal(wire_group_info_part_of(&message.group_info, &part),
			 ERR_OK);
	assert_null(check_walk_check_part(c->walk, buf_span(&part)).wrong);
	part.p[part.n - 1] ^= 1;
	assert_non_null(check_walk_check_part(c->walk, buf_span(&part)).wrong);
	part.p[part.n - 1] ^= 1;

	assert_null(check_walk_from_info(before, CHECK_VERIFIED, &again).wrong);
	assert_null(check_walk_again(again, buf_span(&commit->commit)).wrong);
	assert_null(check_walk_put_info(again, buf_span(&part), &whole).wrong);
	assert_true(span_equal(buf_span(&whole), info));
	check_walk_free(again);
	buf_clear(&part);
	buf_clear(&whole);
}

/* All others follow; the walk does, and is where they are. */
static void follow(struct crowd *c, const struct member *by,
		   const struct mls_commit *commit)
{
	struct check_walk *anew = NULL;
	struct buf before = BUF_INIT;
	const char *wrong;

	put_walk(c, &before);
	wrong = check_walk_commit(c->walk, buf_span(&commit->commit)).wrong;
	if (wrong != NULL)
		fail_msg("%s", wrong);
	for (int i = 0; i < PEOPLE; i++) {
		struct mls_event event = { 0 };
		struct member *m = &c->all[i];

		if (m == by || m->group == NULL)
			continue;
		assert_int_equal(mls_group_process(m->group, MEMBER_NOW,
						   buf_span(&commit->commit),
						   &event),
				 ERR_OK);
		assert_int_equal(mls_group_merge(m->group), ERR_OK);
		if (event.self_removed)
			leave(m);
		mls_event_clear(&event);
	}
	assert_true(span_equal(check_walk_context(c->walk)->encoded,
			       mls_group_context(by->group)));
	wrong =
	    check_walk_matches(c->walk, buf_span(&commit->group_info)).wrong;
	if (wrong != NULL)
		fail_msg("%s", wrong);
	/* and one that begins here finds nothing wrong with it */
	wrong = check_walk_from_info(buf_span(&commit->group_info),
				     CHECK_UNSEEN, &anew)
		    .wrong;
	if (wrong != NULL)
		fail_msg("%s", wrong);
	check_walk_free(anew);
	complete(c, buf_span(&before), commit);
	buf_clear(&before);
}

static void join_external(struct crowd *c, struct member *m, bool resync)
{
	const struct mls_external how = { .resync = resync };
	struct mls_commit commit = { 0 };
	struct buf info = BUF_INIT;

	walks_put_info(someone(c, true), &info);
	leave(m);
	assert_int_equal(mls_group_join_external(&m->me, buf_span(&info), &how,
						 &m->group, &commit),
			 ERR_OK);
	assert_int_equal(mls_group_merge(m->group), ERR_OK);
	follow(c, m, &commit);
	mls_commit_clear(&commit);
	buf_clear(&info);
}

static void change(struct crowd *c)
{
	struct member *by = someone(c, true), *added[2] = { NULL, NULL };
	struct mls_commit commit = { 0 };
	uint32_t removed[2];
	size_t adds = 0, removes = 0, wanted = random_below(c, 3);

	while (adds < wanted && (added[adds] = someone(c, false)) != NULL &&
	       (adds == 0 || added[0] != added[1]))
		member_key_package(added[adds++]);
	for (wanted = random_below(c, 3); removes < wanted;) {
		const struct member *m = someone(c, true);

		if (m == by)
			break;
		removed[removes] = mls_group_own_leaf(m->group);
		if (removes == 1 && removed[0] == removed[1])
			break;
		removes++;
	}
	member_commit(by, added, adds, removed, removes,
		      random_below(c, 2) == 0, &commit);
	follow(c, by, &commit);
	for (size_t i = 0; i < adds; i++)
		member_join(added[i], &commit);
	mls_commit_clear(&commit);
}

static void test_random_histories(void **state)
{
	static struct crowd c;
	(void)state;

	for (uint64_t seed = 1; seed <= 3; seed++) {
		init_crowd(&c, seed * 88172645463325252u);
		for (int i = 0; i < STEPS; i++) {
			uint32_t what = random_below(&c, 10);
			struct member *out = someone(&c, false);

			if (what == 0 && out != NULL)
				join_external(&c, out, false);
			else if (what == 1 && i > 10)
				join_external(&c, someone(&c, true), true);
			else
				change(&c);
		}
		clear_crowd(&c);
	}
}

/* ---- what leads nowhere ---- */

/* One left out, and two the other way round. */
static void test_order(void **state)
{
	struct rules rules[1];
	struct mls_commit one = { 0 }, two = { 0 };
	struct buf info = BUF_INIT;
	struct check_walk *walk;
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	walk = walks_of(ALICE);
	member_commit(ALICE, NULL, 0, NULL, 0, true, &one);
	member_follow(BOB, buf_span(&one.commit));
	member_follow(CAROL, buf_span(&one.commit));
	member_commit(BOB, NULL, 0, NULL, 0, true, &two);
	walks_expect(check_walk_commit(walk, buf_span(&two.commit)).wrong,
		     "another group or epoch");
	walks_expect(check_walk_matches(walk, buf_span(&two.group_info)).wrong,
		     "next epoch");
	assert_null(check_walk_commit(walk, buf_span(&one.commit)).wrong);
	walks_expect(check_walk_commit(walk, buf_span(&one.commit)).wrong,
		     "another group or epoch");
	walks_expect(check_walk_matches(walk, buf_span(&two.group_info)).wrong,
		     "next epoch");
	assert_null(check_walk_matches(walk, buf_span(&one.group_info)).wrong);
	assert_null(check_walk_commit(walk, buf_span(&two.commit)).wrong);
	assert_null(check_walk_matches(walk, buf_span(&two.group_info)).wrong);
	/* any member's will do */
	walks_put_info(BOB, &info);
	assert_null(check_walk_matches(walk, buf_span(&info)).wrong);
	member_follow(ALICE, buf_span(&two.commit));
	member_follow(CAROL, buf_span(&two.commit));
	check_walk_free(walk);
	mls_commit_clear(&one);
	mls_commit_clear(&two);
	buf_clear(&info);
	rules_end(rules);
}

/* Two commits of one epoch: who walked over one is not where the other is. */
static void test_fork(void **state)
{
	struct rules rules[1];
	struct mls_commit ours = { 0 }, theirs = { 0 };
	const struct mls_change rotate = { .force_path = true };
	struct check_walk *walk;
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	walk = walks_of(ALICE);
	assert_int_equal(
	    mls_group_commit(ALICE->group, &ALICE->me, &rotate, &ours), ERR_OK);
	assert_int_equal(
	    mls_group_commit(BOB->group, &BOB->me, &rotate, &theirs), ERR_OK);
	assert_null(check_walk_commit(walk, buf_span(&ours.commit)).wrong);
	walks_expect(
	    check_walk_matches(walk, buf_span(&theirs.group_info)).wrong,
	    "confirmed_transcript_hash");
	assert_null(check_walk_matches(walk, buf_span(&ours.group_info)).wrong);
	mls_group_discard(ALICE->group);
	mls_group_discard(BOB->group);
	check_walk_free(walk);
	mls_commit_clear(&ours);
	mls_commit_clear(&theirs);
	rules_end(rules);
}

static void test_members(void **state)
{
	struct rules rules[1];
	struct check_walk *walk;
	struct check_member member;
	uint32_t leaf = 0, count = 0;
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	walk = walks_of(ALICE);
	while (check_walk_next_member(walk, &leaf, &member)) {
		assert_true(span_equal(
		    member.identity, rules->all[count].me.credential_identity));
		assert_true(span_equal(member.signature_key,
				       rules->all[count].me.signature_public));
		assert_int_equal(member.leaf_index, count++);
	}
	assert_int_equal(count, RULES_MEMBERS);
	check_walk_free(walk);
	rules_end(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_histories),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_fork),
		cmocka_unit_test(test_members),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
