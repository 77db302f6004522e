/* Groups, by scripts of members, some of them in every suite. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "tests/testlib/crowd.h"

static void each_suite(void (*run)(const struct suite *suite))
{
	size_t count;
	const struct suite *table = suite_table(&count);

	for (size_t i = 0; i < count; i++)
		if (suite_usable(&table[i]))
			run(&table[i]);
}

/* ---- scripts ---- */

static void run_pair(const struct suite *suite)
{
	struct member m[2];
	struct mls_commit commit;

	crowd_init(m, 2, suite);
	members_talk(m, 2);
	for (size_t i = 0; i < 4; i++) {
		member_commit(&m[i % 2], NULL, 0, NULL, 0, true, &commit);
		crowd_follow(m, 2, i % 2, &commit);
		member_reload(&m[0]);
		members_talk(m, 2);
	}
	assert_int_equal(mls_group_epoch(m[0].group), 5);
	crowd_clear(m, 2);
}

static void test_pair(void **state)
{
	(void)state;
	each_suite(run_pair);
}

static void group_info_of(struct member *m, struct buf *info)
{
	buf_reset(info);
	assert_int_equal(mls_group_info(m->group, &m->me, true, info), ERR_OK);
}

/* Add, update, remove, external join, add into the gap, resync; after each
 * step everybody is stored and loaded, and everybody talks. */
static void run_life(const struct suite *suite)
{
	struct member m[6];
	struct member *more[] = { &m[3], &m[4] }, *again[] = { &m[1] };
	struct mls_commit commit;
	struct buf info = BUF_INIT;
	uint32_t leaf = 1;

	crowd_init(m, 3, suite);
	for (size_t i = 3; i < 6; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "user%zu/1", i);
		member_init(&m[i], suite, name);
	}
	members_talk(m, 3);
	member_commit(&m[1], more, 2, NULL, 0, true, &commit);
	for (size_t i = 3; i < 5; i++)
		member_join(&m[i], &commit);
	member_follow(&m[0], buf_span(&commit.commit));
	member_follow(&m[2], buf_span(&commit.commit));
	mls_commit_clear(&commit);
	members_talk(m, 5);
	for (size_t i = 0; i < 5; i++) {
		member_commit(&m[i], NULL, 0, NULL, 0, true, &commit);
		crowd_follow(m, 5, i, &commit);
		member_reload(&m[i]);
	}
	members_talk(m, 5);
	member_commit(&m[3], NULL, 0, &leaf, 1, false, &commit);
	mls_group_free(m[1].group);
	m[1].group = NULL;
	crowd_follow(m, 5, 3, &commit);
	group_info_of(&m[4], &info);
	crowd_join_external(m, 5, &m[5], buf_span(&info), false);
	assert_int_equal(mls_group_own_leaf(m[5].group), 1);
	members_talk(m + 2, 4);
	member_commit(&m[5], again, 1, NULL, 0, false, &commit);
	member_join(&m[1], &commit);
	for (size_t i = 0; i < 5; i++)
		if (i != 1)
			member_follow(&m[i], buf_span(&commit.commit));
	mls_commit_clear(&commit);
	members_talk(m, 6);
	group_info_of(&m[0], &info);
	mls_group_free(m[2].group);
	m[2].group = NULL;
	crowd_join_external(m, 6, &m[2], buf_span(&info), true);
	members_talk(m, 6);
	buf_clear(&info);
	crowd_clear(m, 6);
}

static void test_life(void **state)
{
	(void)state;
	each_suite(run_life);
}

/* Everybody commits in turn, some are removed, the tree shrinks and grows. */
static void test_crowd(void **state)
{
	static const uint32_t gone[] = { 8, 7, 6, 5, 4, 1 };
	struct member m[CROWD];
	struct mls_commit commit;
	(void)state;

	crowd_init(m, CROWD, crowd_suite());
	members_talk(m, CROWD);
	for (size_t i = 0; i < CROWD; i++) {
		member_commit(&m[i], NULL, 0, NULL, 0, true, &commit);
		crowd_follow(m, CROWD, i, &commit);
	}
	members_talk(m, CROWD);
	for (size_t i = 0; i < sizeof(gone) / sizeof(*gone); i++) {
		size_t by = i % 2 == 0 ? 0 : 2;

		member_commit(&m[by], NULL, 0, &gone[i], 1, false, &commit);
		mls_group_free(m[gone[i]].group);
		m[gone[i]].group = NULL;
		crowd_follow(m, CROWD, by, &commit);
		members_talk(m + 2, 2);
	}
	for (size_t i = 0; i < sizeof(gone) / sizeof(*gone); i++) {
		struct member *back[] = { &m[gone[i]] };

		member_commit(&m[0], back, 1, NULL, 0, i % 2 == 0, &commit);
		for (size_t j = 1; j < CROWD; j++)
			if (m[j].group != NULL)
				member_follow(&m[j], buf_span(&commit.commit));
		member_join(&m[gone[i]], &commit);
		mls_commit_clear(&commit);
	}
	members_talk(m, CROWD);
	crowd_clear(m, CROWD);
}

/* ---- staging ---- */

/* Two commit at once; the loser discards, follows the winner, tries again. */
static void test_concurrent(void **state)
{
	struct mls_change change = { .force_path = true };
	struct mls_commit first, second, third;
	struct mls_event event;
	struct member m[3];
	(void)state;

	crowd_init(m, 3, crowd_suite());
	assert_int_equal(
	    mls_group_commit(m[0].group, &m[0].me, &change, &first), ERR_OK);
	assert_int_equal(
	    mls_group_commit(m[1].group, &m[1].me, &change, &second), ERR_OK);
	member_reload(&m[1]);
	crowd_refuses(&m[1], buf_span(&first.commit), ERR_STATE_PENDING);
	assert_int_equal(
	    mls_group_commit(m[1].group, &m[1].me, &change, &third),
	    ERR_STATE_PENDING);
	mls_commit_clear(&second);
	mls_group_discard(m[1].group);
	member_follow(&m[1], buf_span(&first.commit));
	member_follow(&m[2], buf_span(&first.commit));
	assert_int_equal(crowd_process(&m[0], buf_span(&first.commit), &event),
			 ERR_OK);
	assert_int_equal(event.kind, MLS_EVENT_OWN);
	mls_event_clear(&event);
	assert_int_equal(mls_group_merge(m[0].group), ERR_OK);
	members_talk(m, 3);
	crowd_refuses(&m[2], buf_span(&first.commit), ERR_STATE_EPOCH);
	mls_commit_clear(&first);
	member_commit(&m[1], NULL, 0, NULL, 0, true, &second);
	crowd_follow(m, 3, 1, &second);
	members_talk(m, 3);
	assert_int_equal(mls_group_merge(m[0].group), ERR_LOCAL_BUG);
	crowd_clear(m, 3);
}

/* A discarded commit of somebody else can be processed again, public or
 * private; so can one that was tampered with on the way. */
static void test_discard(void **state)
{
	struct mls_change change = { .force_path = true };
	struct mls_commit commit;
	struct mls_event event;
	struct member m[2];
	(void)state;

	crowd_init(m, 2, crowd_suite());
	for (int i = 0; i < 2; i++) {
		struct buf bad = BUF_INIT;

		change.private_handshake = i == 1;
		assert_int_equal(
		    mls_group_commit(m[0].group, &m[0].me, &change, &commit),
		    ERR_OK);
		assert_int_equal(mls_group_merge(m[0].group), ERR_OK);
		buf_put(&bad, buf_span(&commit.commit));
		bad.p[bad.n - 1] ^= 1;
		crowd_refuses(&m[1], buf_span(&bad), ERR_PEER_CRYPTO);
		buf_clear(&bad);
		assert_int_equal(
		    crowd_process(&m[1], buf_span(&commit.commit), &event),
		    ERR_OK);
		mls_event_clear(&event);
		mls_group_discard(m[1].group);
		member_follow(&m[1], buf_span(&commit.commit));
		members_talk(m, 2);
		mls_commit_clear(&commit);
	}
	crowd_clear(m, 2);
}

static void test_removed(void **state)
{
	struct member m[3];
	struct mls_commit commit;
	struct mls_event event;
	struct buf message = BUF_INIT;
	uint32_t leaf = 2;
	(void)state;

	crowd_init(m, 3, crowd_suite());
	member_commit(&m[0], NULL, 0, &leaf, 1, false, &commit);
	member_follow(&m[1], buf_span(&commit.commit));
	assert_int_equal(crowd_process(&m[2], buf_span(&commit.commit), &event),
			 ERR_OK);
	assert_true(event.self_removed);
	assert_int_equal(event.sender, 0);
	mls_event_clear(&event);
	member_reload(&m[2]);
	assert_int_equal(mls_group_merge(m[2].group), ERR_OK);
	member_reload(&m[2]);
	assert_int_equal(mls_group_protect(m[2].group, &m[2].me, SPAN_EMPTY,
					   SPAN_EMPTY, &message),
			 ERR_STATE_GONE);
	crowd_say(&m[0], "among us", &message);
	crowd_refuses(&m[2], buf_span(&message), ERR_STATE_GONE);
	crowd_hears(&m[1], &message, "among us");
	buf_clear(&message);
	mls_commit_clear(&commit);
	crowd_clear(m, 3);
}

/* ---- application messages ---- */

static void test_order(void **state)
{
	struct buf messages[4] = { BUF_INIT, BUF_INIT, BUF_INIT, BUF_INIT };
	static const char *const texts[] = { "zero", "one", "two", "three" };
	static const size_t order[] = { 2, 0, 3, 1 };
	struct member m[2];
	(void)state;

	crowd_init(m, 2, crowd_suite());
	for (size_t i = 0; i < 4; i++)
		crowd_say(&m[0], texts[i], &messages[i]);
	for (size_t i = 0; i < 4; i++) {
		crowd_hears(&m[1], &messages[order[i]], texts[order[i]]);
		member_reload(&m[1]);
		crowd_refuses(&m[1], buf_span(&messages[order[i]]),
			      ERR_STATE_GONE);
	}
	for (size_t i = 0; i < 4; i++)
		buf_clear(&messages[i]);
	crowd_clear(m, 2);
}

/* Messages of the last five epochs can still be read, once; older cannot. */
static void test_late(void **state)
{
	struct buf messages[7];
	struct member m[2];
	struct mls_commit commit;
	(void)state;

	crowd_init(m, 2, crowd_suite());
	for (size_t i = 0; i < 7; i++) {
		messages[i] = BUF_INIT;
		crowd_say(&m[0], "late", &messages[i]);
		member_commit(&m[0], NULL, 0, NULL, 0, true, &commit);
		crowd_follow(m, 2, 0, &commit);
		member_reload(&m[1]);
	}
	for (size_t i = 0; i < 7; i++) {
		if (i >= 2)
			crowd_hears(&m[1], &messages[i], "late");
		crowd_refuses(&m[1], buf_span(&messages[i]), ERR_STATE_GONE);
		buf_clear(&messages[i]);
	}
	crowd_clear(m, 2);
}

/* Who wants no GroupInfo pays for none, and has it when it asks: also after a
 * reload, and it is the one that others join with. */
static void test_group_info_on_request(void **state)
{
	const struct mls_change change = { .force_path = true,
					   .without_group_info = true };
	struct mls_commit commit;
	struct buf info = BUF_INIT;
	struct member m[3];
	(void)state;

	crowd_init(m, 2, crowd_suite());
	member_init(&m[2], crowd_suite(), "late/1");
	assert_int_equal(
	    mls_group_info_staged(m[0].group, &m[0].me, true, &info),
	    ERR_LOCAL_BUG);
	assert_int_equal(
	    mls_group_commit(m[0].group, &m[0].me, &change, &commit), ERR_OK);
	assert_int_equal(commit.group_info.n, 0);
	assert_int_equal(commit.welcome.n, 0);
	member_reload(&m[0]);
	assert_int_equal(
	    mls_group_info_staged(m[0].group, &m[0].me, true, &info), ERR_OK);
	member_follow(&m[1], buf_span(&commit.commit));
	assert_int_equal(mls_group_merge(m[0].group), ERR_OK);
	crowd_join_external(m, 3, &m[2], buf_span(&info), false);
	members_talk(m, 3);
	mls_commit_clear(&commit);
	buf_clear(&info);
	crowd_clear(m, 3);
}

static void test_export(void **state)
{
	struct sec mine = { 0 }, theirs = { 0 }, past = { 0 };
	struct member m[2];
	struct mls_commit commit;
	(void)state;

	crowd_init(m, 2, crowd_suite());
	assert_int_equal(mls_group_export(m[0].group, "label",
					  SPAN_LIT("context"), 32, &mine),
			 ERR_OK);
	member_commit(&m[0], NULL, 0, NULL, 0, true, &commit);
	crowd_follow(m, 2, 0, &commit);
	assert_int_equal(mls_group_export_past(m[1].group, 1, "label",
					       SPAN_LIT("context"), 32, &past),
			 ERR_OK);
	assert_true(span_equal(sec_span(&mine), sec_span(&past)));
	assert_int_equal(mls_group_export(m[1].group, "label",
					  SPAN_LIT("context"), 32, &theirs),
			 ERR_OK);
	assert_false(span_equal(sec_span(&mine), sec_span(&theirs)));
	assert_int_equal(mls_group_export_past(m[1].group, 0, "label",
					       SPAN_EMPTY, 32, &past),
			 ERR_STATE_GONE);
	crowd_clear(m, 2);
}

/* ---- tampering ---- */

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pair),
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_crowd),
		cmocka_unit_test(test_concurrent),
		cmocka_unit_test(test_discard),
		cmocka_unit_test(test_removed),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_group_info_on_request),
		cmocka_unit_test(test_export),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
