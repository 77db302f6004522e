/* Groups and what was tampered with on its way: messages, Welcomes, stored states. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/testlib/crowd.h"

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
		crowd_state(m, &before);
		assert_int_not_equal(crowd_process(m, buf_span(&bad), &event),
				     ERR_OK);
		assert_int_not_equal(
		    crowd_process(m, span_of(message.p, i), &event), ERR_OK);
		crowd_state(m, &after);
		assert_true(span_equal(buf_span(&before), buf_span(&after)));
		buf_clear(&before);
		buf_clear(&after);
	}
	buf_reset(&bad);
	buf_put(&bad, message);
	buf_put_u8(&bad, 0);
	crowd_refuses(m, buf_span(&bad), ERR_PEER_MALFORMED);
	buf_clear(&bad);
}

static void test_tamper_messages(void **state)
{
	struct mls_change change = { .force_path = true };
	struct mls_commit commit;
	struct buf message = BUF_INIT;
	struct member m[2];
	(void)state;

	crowd_init(m, 2, crowd_suite());
	/* The first message makes the reader derive the sender's ratchets. */
	crowd_say(&m[0], "hello", &message);
	crowd_hears(&m[1], &message, "hello");
	buf_reset(&message);
	crowd_say(&m[0], "again", &message);
	torture(&m[1], buf_span(&message));
	crowd_hears(&m[1], &message, "again");
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

	member_init(&m[0], crowd_suite(), "alice/1");
	member_init(&m[1], crowd_suite(), "bob/1");
	member_init(&m[2], crowd_suite(), "carol/1");
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

	crowd_init(m, 2, crowd_suite());
	members_talk(m, 2);
	crowd_state(&m[1], &saved);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tamper_messages),
		cmocka_unit_test(test_tamper_welcome),
		cmocka_unit_test(test_tamper_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
