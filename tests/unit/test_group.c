/* Groups, by scripts of members in every suite. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "crypto/sign.h"
#include "tests/testlib/members.h"

static void each_suite(void (*run)(const struct suite *suite))
{
	size_t count;
	const struct suite *table = suite_table(&count);

	for (size_t i = 0; i < count; i++)
		if (suite_usable(&table[i]))
			run(&table[i]);
}

static const struct suite *fast(void)
{
	return suite_by_id(SUITE_X25519_AES128GCM_SHA256_ED25519);
}

/* ---- worlds ---- */

#define CROWD 9

/* m[0] makes a group and adds the others; all are in epoch 1. */
static void crowd_init(struct member *m, size_t count,
		       const struct suite *suite)
{
	struct member *others[CROWD];
	struct mls_commit commit;
	char name[32];

	for (size_t i = 0; i < count; i++) {
		(void)snprintf(name, sizeof(name), "user%zu/1", i);
		member_init(&m[i], suite, name);
		others[i] = &m[i];
	}
	member_create(&m[0], "group");
	member_commit(&m[0], others + 1, count - 1, NULL, 0, false, &commit);
	for (size_t i = 1; i < count; i++)
		member_join(&m[i], &commit);
	mls_commit_clear(&commit);
}

static void crowd_clear(struct member *m, size_t count)
{
	for (size_t i = 0; i < count; i++)
		member_clear(&m[i]);
}

/* All but `by` follow a commit, which is cleared. */
static void all_follow(struct member *m, size_t count, size_t by,
		       struct mls_commit *commit)
{
	for (size_t i = 0; i < count; i++)
		if (i != by && m[i].group != NULL)
			member_follow(&m[i], buf_span(&commit->commit));
	mls_commit_clear(commit);
}

/* What a failed call must leave as it was. */
static void state_of(const struct member *m, struct buf *state)
{
	buf_reset(state);
	assert_int_equal(mls_group_save(m->group, state), ERR_OK);
}

static enum err process(struct member *m, struct span message,
			struct mls_event *event)
{
	return mls_group_process(m->group, MEMBER_NOW, message, event);
}

/* Refused with this error, and nothing has changed. */
static void refused(struct member *m, struct span message, enum err why)
{
	struct buf before = BUF_INIT, after = BUF_INIT;
	struct mls_event event;

	state_of(m, &before);
	assert_int_equal(process(m, message, &event), why);
	state_of(m, &after);
	assert_true(span_equal(buf_span(&before), buf_span(&after)));
	buf_clear(&before);
	buf_clear(&after);
}

static void say(struct member *m, const char *text, struct buf *message)
{
	assert_int_equal(mls_group_protect(m->group, &m->me, SPAN_EMPTY,
					   span_str(text), message),
			 ERR_OK);
}

static void hears(struct member *m, const struct buf *message, const char *text)
{
	struct mls_event event;

	assert_int_equal(process(m, buf_span(message), &event), ERR_OK);
	assert_int_equal(event.kind, MLS_EVENT_APPLICATION);
	assert_true(span_equal(buf_span(&event.data), span_str(text)));
	mls_event_clear(&event);
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
		all_follow(m, 2, i % 2, &commit);
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

/* Joins by external commit; the others follow. */
static void join_external(struct member *m, size_t count, struct member *joiner,
			  struct span group_info, bool resync)
{
	struct mls_commit commit;
	struct mls_event event;

	assert_int_equal(
	    mls_group_join_external(&joiner->me, group_info,
				    &(struct mls_external){ .resync = resync },
				    &joiner->group, &commit),
	    ERR_OK);
	assert_true(mls_group_has_pending(joiner->group));
	for (size_t i = 0; i < count; i++) {
		if (&m[i] == joiner || m[i].group == NULL)
			continue;
		assert_int_equal(
		    process(&m[i], buf_span(&commit.commit), &event), ERR_OK);
		assert_int_equal(event.kind, MLS_EVENT_COMMIT);
		assert_true(event.external_join);
		assert_int_equal(mls_group_merge(m[i].group), ERR_OK);
		mls_event_clear(&event);
	}
	member_reload(joiner);
	assert_int_equal(process(joiner, buf_span(&commit.commit), &event),
			 ERR_OK);
	assert_int_equal(event.kind, MLS_EVENT_OWN);
	mls_event_clear(&event);
	assert_int_equal(mls_group_merge(joiner->group), ERR_OK);
	mls_commit_clear(&commit);
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
		all_follow(m, 5, i, &commit);
		member_reload(&m[i]);
	}
	members_talk(m, 5);
	member_commit(&m[3], NULL, 0, &leaf, 1, false, &commit);
	mls_group_free(m[1].group);
	m[1].group = NULL;
	all_follow(m, 5, 3, &commit);
	group_info_of(&m[4], &info);
	join_external(m, 5, &m[5], buf_span(&info), false);
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
	join_external(m, 6, &m[2], buf_span(&info), true);
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

	crowd_init(m, CROWD, fast());
	members_talk(m, CROWD);
	for (size_t i = 0; i < CROWD; i++) {
		member_commit(&m[i], NULL, 0, NULL, 0, true, &commit);
		all_follow(m, CROWD, i, &commit);
	}
	members_talk(m, CROWD);
	for (size_t i = 0; i < sizeof(gone) / sizeof(*gone); i++) {
		size_t by = i % 2 == 0 ? 0 : 2;

		member_commit(&m[by], NULL, 0, &gone[i], 1, false, &commit);
		mls_group_free(m[gone[i]].group);
		m[gone[i]].group = NULL;
		all_follow(m, CROWD, by, &commit);
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

	crowd_init(m, 3, fast());
	assert_int_equal(
	    mls_group_commit(m[0].group, &m[0].me, &change, &first), ERR_OK);
	assert_int_equal(
	    mls_group_commit(m[1].group, &m[1].me, &change, &second), ERR_OK);
	member_reload(&m[1]);
	refused(&m[1], buf_span(&first.commit), ERR_STATE_PENDING);
	assert_int_equal(
	    mls_group_commit(m[1].group, &m[1].me, &change, &third),
	    ERR_STATE_PENDING);
	mls_commit_clear(&second);
	mls_group_discard(m[1].group);
	member_follow(&m[1], buf_span(&first.commit));
	member_follow(&m[2], buf_span(&first.commit));
	assert_int_equal(process(&m[0], buf_span(&first.commit), &event),
			 ERR_OK);
	assert_int_equal(event.kind, MLS_EVENT_OWN);
	mls_event_clear(&event);
	assert_int_equal(mls_group_merge(m[0].group), ERR_OK);
	members_talk(m, 3);
	refused(&m[2], buf_span(&first.commit), ERR_STATE_EPOCH);
	mls_commit_clear(&first);
	member_commit(&m[1], NULL, 0, NULL, 0, true, &second);
	all_follow(m, 3, 1, &second);
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

	crowd_init(m, 2, fast());
	for (int i = 0; i < 2; i++) {
		struct buf bad = BUF_INIT;

		change.private_handshake = i == 1;
		assert_int_equal(
		    mls_group_commit(m[0].group, &m[0].me, &change, &commit),
		    ERR_OK);
		assert_int_equal(mls_group_merge(m[0].group), ERR_OK);
		buf_put(&bad, buf_span(&commit.commit));
		bad.p[bad.n - 1] ^= 1;
		refused(&m[1], buf_span(&bad), ERR_PEER_CRYPTO);
		buf_clear(&bad);
		assert_int_equal(
		    process(&m[1], buf_span(&commit.commit), &event), ERR_OK);
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

	crowd_init(m, 3, fast());
	member_commit(&m[0], NULL, 0, &leaf, 1, false, &commit);
	member_follow(&m[1], buf_span(&commit.commit));
	assert_int_equal(process(&m[2], buf_span(&commit.commit), &event),
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
	say(&m[0], "among us", &message);
	refused(&m[2], buf_span(&message), ERR_STATE_GONE);
	hears(&m[1], &message, "among us");
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

	crowd_init(m, 2, fast());
	for (size_t i = 0; i < 4; i++)
		say(&m[0], texts[i], &messages[i]);
	for (size_t i = 0; i < 4; i++) {
		hears(&m[1], &messages[order[i]], texts[order[i]]);
		member_reload(&m[1]);
		refused(&m[1], buf_span(&messages[order[i]]), ERR_STATE_GONE);
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

	crowd_init(m, 2, fast());
	for (size_t i = 0; i < 7; i++) {
		messages[i] = BUF_INIT;
		say(&m[0], "late", &messages[i]);
		member_commit(&m[0], NULL, 0, NULL, 0, true, &commit);
		all_follow(m, 2, 0, &commit);
		member_reload(&m[1]);
	}
	for (size_t i = 0; i < 7; i++) {
		if (i >= 2)
			hears(&m[1], &messages[i], "late");
		refused(&m[1], buf_span(&messages[i]), ERR_STATE_GONE);
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

	crowd_init(m, 2, fast());
	member_init(&m[2], fast(), "late/1");
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
	join_external(m, 3, &m[2], buf_span(&info), false);
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

	crowd_init(m, 2, fast());
	assert_int_equal(mls_group_export(m[0].group, "label",
					  SPAN_LIT("context"), 32, &mine),
			 ERR_OK);
	member_commit(&m[0], NULL, 0, NULL, 0, true, &commit);
	all_follow(m, 2, 0, &commit);
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

/* Every byte flipped, every truncation, one byte more: never accepted, never
 * a crash, never a change. */
static void torture(struct member *m, struct span message)
{
	struct buf bad = BUF_INIT;

	for (size_t i = 0; i < message.n; i++) {
		struct buf before = BUF_INIT, after = BUF_INIT;
		struct mls_event event;

		buf_reset(&bad);
		buf_put(&bad, message);
		bad.p[i] ^= (uint8_t)(1u << i % 8);
		state_of(m, &before);
		assert_int_not_equal(process(m, buf_span(&bad), &event),
				     ERR_OK);
		assert_int_not_equal(process(m, span_of(message.p, i), &event),
				     ERR_OK);
		state_of(m, &after);
		assert_true(span_equal(buf_span(&before), buf_span(&after)));
		buf_clear(&before);
		buf_clear(&after);
	}
	buf_reset(&bad);
	buf_put(&bad, message);
	buf_put_u8(&bad, 0);
	refused(m, buf_span(&bad), ERR_PEER_MALFORMED);
	buf_clear(&bad);
}

static void test_tamper_messages(void **state)
{
	struct mls_change change = { .force_path = true };
	struct mls_commit commit;
	struct buf message = BUF_INIT;
	struct member m[2];
	(void)state;

	crowd_init(m, 2, fast());
	/* The first message makes the reader derive the sender's ratchets. */
	say(&m[0], "hello", &message);
	hears(&m[1], &message, "hello");
	buf_reset(&message);
	say(&m[0], "again", &message);
	torture(&m[1], buf_span(&message));
	hears(&m[1], &message, "again");
	for (int i = 0; i < 2; i++) {
		change.private_handshake = i == 1;
		assert_int_equal(
		    mls_group_commit(m[0].group, &m[0].me, &change, &commit),
		    ERR_OK);
		assert_int_equal(mls_group_merge(m[0].group), ERR_OK);
		torture(&m[1], buf_span(&commit.commit));
		member_follow(&m[1], buf_span(&commit.commit));
		mls_commit_clear(&commit);
	}
	members_talk(m, 2);
	buf_clear(&message);
	crowd_clear(m, 2);
}

static void test_tamper_welcome(void **state)
{
	struct mls_group *group = NULL;
	struct member m[3];
	struct member *bob[] = { &m[1] };
	struct mls_commit commit, join;
	(void)state;

	member_init(&m[0], fast(), "alice/1");
	member_init(&m[1], fast(), "bob/1");
	member_init(&m[2], fast(), "carol/1");
	member_create(&m[0], "group");
	member_commit(&m[0], bob, 1, NULL, 0, true, &commit);
	for (size_t i = 0; i < commit.welcome.n; i++) {
		commit.welcome.p[i] ^= 0x10;
		assert_int_not_equal(
		    mls_group_join(&m[1].me, buf_span(&commit.welcome),
				   SPAN_EMPTY, buf_span(&m[1].key_package),
				   &m[1].secrets, &group),
		    ERR_OK);
		commit.welcome.p[i] ^= 0x10;
	}
	for (size_t i = 0; i < commit.group_info.n; i++) {
		commit.group_info.p[i] ^= 0x10;
		assert_int_not_equal(mls_group_join_external(
					 &m[2].me, buf_span(&commit.group_info),
					 &(struct mls_external){ 0 }, &group,
					 &join),
				     ERR_OK);
		commit.group_info.p[i] ^= 0x10;
	}
	assert_null(group);
	member_join(&m[1], &commit);
	members_talk(m, 2);
	mls_commit_clear(&commit);
	crowd_clear(m, 3);
}

/* Stored state is sealed by its owner, yet damage must not crash. */
static void test_tamper_state(void **state)
{
	struct buf saved = BUF_INIT;
	struct mls_group *group;
	struct member m[2];
	(void)state;

	crowd_init(m, 2, fast());
	members_talk(m, 2);
	state_of(&m[1], &saved);
	for (size_t i = 0; i < saved.n; i++) {
		group = NULL;
		assert_int_not_equal(
		    mls_group_load(span_of(saved.p, i), &group), ERR_OK);
		assert_null(group);
		saved.p[i] ^= 0x40;
		if (mls_group_load(buf_span(&saved), &group) == ERR_OK)
			mls_group_free(group);
		saved.p[i] ^= 0x40;
	}
	buf_clear(&saved);
	crowd_clear(m, 2);
}

/* ---- who may be added ---- */

static enum err try_add(struct member *m, struct span key_package)
{
	struct mls_change change = { .adds = &key_package, .add_count = 1 };
	struct mls_commit commit;
	enum err e = mls_group_commit(m->group, &m->me, &change, &commit);

	if (e == ERR_OK) {
		mls_commit_clear(&commit);
		mls_group_discard(m->group);
	}
	return e;
}

static void test_add_refused(void **state)
{
	struct member m[3], other;
	uint16_t only = SUITE_P256_AES128GCM_SHA256_P256;
	(void)state;

	crowd_init(m, 2, fast());
	member_init(&m[2], fast(), "carol/1");
	member_key_package(&m[2]);
	assert_int_equal(try_add(&m[0], buf_span(&m[2].key_package)), ERR_OK);
	for (size_t i = 0; i < m[2].key_package.n; i++) {
		m[2].key_package.p[i] ^= 1;
		assert_int_not_equal(
		    try_add(&m[0], buf_span(&m[2].key_package)), ERR_OK);
		m[2].key_package.p[i] ^= 1;
	}
	/* expired */
	m[0].me.now += m[2].me.lifetime + 1;
	assert_int_equal(try_add(&m[0], buf_span(&m[2].key_package)),
			 ERR_PEER_INVALID);
	m[0].me.now = MEMBER_NOW;
	/* good for longer than anything may be */
	m[2].me.lifetime = (uint64_t)10 * 365 * 24 * 3600;
	member_key_package(&m[2]);
	assert_int_equal(try_add(&m[0], buf_span(&m[2].key_package)),
			 ERR_PEER_INVALID);
	m[2].me.lifetime = 3600;
	/* does not support the group's suite */
	m[2].me.cipher_suites = &only;
	m[2].me.cipher_suite_count = 1;
	member_key_package(&m[2]);
	assert_int_equal(try_add(&m[0], buf_span(&m[2].key_package)),
			 ERR_PEER_INVALID);
	/* is of another suite */
	member_init(&other, suite_by_id(only), "dave/1");
	member_key_package(&other);
	assert_int_equal(try_add(&m[0], buf_span(&other.key_package)),
			 ERR_PEER_INVALID);
	member_clear(&other);
	/* is a member already */
	member_key_package(&m[1]);
	assert_int_equal(try_add(&m[0], buf_span(&m[1].key_package)),
			 ERR_PEER_INVALID);
	crowd_clear(m, 3);
}

/* GroupContext extensions: who does not know them cannot be added. */
static void test_extensions(void **state)
{
	static const uint16_t known = 0xF000;
	struct buf extensions = BUF_INIT;
	struct member m[2];
	struct member *bob[] = { &m[1] };
	struct mls_commit commit;
	(void)state;

	member_init(&m[0], fast(), "alice/1");
	member_init(&m[1], fast(), "bob/1");
	m[0].me.extension_types = &known;
	m[0].me.extension_type_count = 1;
	buf_put_u16(&extensions, known);
	buf_put_vec(&extensions, SPAN_LIT("parameters"));
	assert_int_equal(mls_group_create(&m[0].me, SPAN_LIT("group"),
					  buf_span(&extensions), &m[0].group),
			 ERR_OK);
	assert_true(span_equal(mls_group_extensions(m[0].group),
			       buf_span(&extensions)));
	member_key_package(&m[1]);
	assert_int_equal(try_add(&m[0], buf_span(&m[1].key_package)),
			 ERR_PEER_INVALID);
	m[1].me.extension_types = &known;
	m[1].me.extension_type_count = 1;
	member_commit(&m[0], bob, 1, NULL, 0, false, &commit);
	member_join(&m[1], &commit);
	members_talk(m, 2);
	mls_commit_clear(&commit);
	buf_clear(&extensions);
	crowd_clear(m, 2);
}

/* The tree on another way than the Welcome. */
static void test_tree_beside(void **state)
{
	struct mls_change change = { .add_count = 1,
				     .force_path = true,
				     .tree_beside_welcome = true };
	struct mls_commit commit;
	struct buf tree = BUF_INIT, old = BUF_INIT;
	struct span package;
	struct member m[2];
	(void)state;

	member_init(&m[0], fast(), "alice/1");
	member_init(&m[1], fast(), "bob/1");
	member_create(&m[0], "group");
	member_key_package(&m[1]);
	package = buf_span(&m[1].key_package);
	change.adds = &package;
	assert_int_equal(mls_group_tree(m[0].group, &old), ERR_OK);
	assert_int_equal(
	    mls_group_commit(m[0].group, &m[0].me, &change, &commit), ERR_OK);
	assert_int_equal(mls_group_merge(m[0].group), ERR_OK);
	assert_int_equal(mls_group_tree(m[0].group, &tree), ERR_OK);
	assert_int_equal(mls_group_join(&m[1].me, buf_span(&commit.welcome),
					SPAN_EMPTY, package, &m[1].secrets,
					&m[1].group),
			 ERR_PEER_INVALID);
	assert_int_equal(mls_group_join(&m[1].me, buf_span(&commit.welcome),
					buf_span(&old), package, &m[1].secrets,
					&m[1].group),
			 ERR_PEER_INVALID);
	assert_int_equal(mls_group_join(&m[1].me, buf_span(&commit.welcome),
					buf_span(&tree), package, &m[1].secrets,
					&m[1].group),
			 ERR_OK);
	members_talk(m, 2);
	mls_commit_clear(&commit);
	buf_clear(&tree);
	buf_clear(&old);
	crowd_clear(m, 2);
}

static void test_bad_changes(void **state)
{
	static const uint32_t self = 0, nobody = 7, twice[] = { 1, 1 };
	struct mls_change change = { .removes = &self, .remove_count = 1 };
	struct mls_commit commit;
	struct member m[2];
	(void)state;

	crowd_init(m, 2, fast());
	assert_int_equal(
	    mls_group_commit(m[0].group, &m[0].me, &change, &commit),
	    ERR_PEER_INVALID);
	change.removes = &nobody;
	assert_int_equal(
	    mls_group_commit(m[0].group, &m[0].me, &change, &commit),
	    ERR_PEER_INVALID);
	change.removes = twice;
	change.remove_count = 2;
	assert_int_equal(
	    mls_group_commit(m[0].group, &m[0].me, &change, &commit),
	    ERR_PEER_INVALID);
	assert_false(mls_group_has_pending(m[0].group));
	assert_int_equal(
	    mls_group_commit(m[0].group, &m[1].me, &change, &commit),
	    ERR_LOCAL_BUG);
	crowd_clear(m, 2);
}

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
		cmocka_unit_test(test_tamper_messages),
		cmocka_unit_test(test_tamper_welcome),
		cmocka_unit_test(test_tamper_state),
		cmocka_unit_test(test_add_refused),
		cmocka_unit_test(test_extensions),
		cmocka_unit_test(test_tree_beside),
		cmocka_unit_test(test_bad_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
