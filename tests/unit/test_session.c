/* Sessions over real groups: devices and a ledger, which a test may falsify. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "crypto/xwing.h"
#include "session/envelope_tag.h"
#include "tests/testlib/session_value.h"
#include "tests/testlib/session_world.h"

static int setup(void **state)
{
	static struct world world;

	world_make(&world, SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519);
	*state = &world;
	return 0;
}

static int teardown(void **state)
{
	world_free(*state);
	return 0;
}

/* ---- tests ---- */

static void talk(uint16_t suite)
{
	static struct world world;
	struct world *w = &world;

	world_make(w, suite);
	device_say(&w->alice, &w->ledger, "hello Bob");
	device_say(&w->bob, &w->ledger, "hello Alice");
	expect_text(&w->alice, &w->ledger, SESSION_OWN, "alice/1", "hello Bob");
	expect_text(&w->alice, &w->ledger, SESSION_MESSAGE, "bob/1",
		    "hello Alice");
	expect_text(&w->bob, &w->ledger, SESSION_MESSAGE, "alice/1",
		    "hello Bob");
	expect_text(&w->bob, &w->ledger, SESSION_OWN, "bob/1", "hello Alice");
	world_join(&w->carol, &w->bob, false, &w->ledger);
	expect_kind(&w->alice, &w->ledger, SESSION_COMMIT);
	expect_kind(&w->bob, &w->ledger, SESSION_COMMIT);
	assert_same_group(&w->alice, &w->carol);
	assert_same_group(&w->bob, &w->carol);
	device_say(&w->carol, &w->ledger, "and me");
	expect_text(&w->alice, &w->ledger, SESSION_MESSAGE, "carol/1",
		    "and me");
	expect_text(&w->bob, &w->ledger, SESSION_MESSAGE, "carol/1", "and me");
	world_free(w);
}

static void test_talk_with_every_algorithm(void **state)
{
	size_t count;
	const struct suite *suites = suite_table(&count);
	size_t talked = 0;
	(void)state;

	for (size_t i = 0; i < count; i++) {
		if (suites[i].algorithm == NULL || !suite_usable(&suites[i]))
			continue;
		talk(suites[i].id);
		talked++;
	}
	assert_int_equal(talked, xwing_there() ? 6 : 3);
}

static void test_rotation_keeps_the_safety_number(void **state)
{
	const struct mls_change rotate = { .force_path = true };
	struct world *w = *state;
	struct mls_commit commit = { 0 };
	struct session_event event = { 0 };
	struct sec secret = { 0 };
	char before[SAFETY_SIZE], after[SAFETY_SIZE];
	uint64_t epoch = session_epoch(w->bob.session);

	assert_int_equal(session_safety_number(w->alice.session, before),
			 ERR_OK);
	assert_int_equal(device_stage(&w->bob, &rotate, &commit), ERR_OK);
	assert_int_equal(commit.welcome.n, 0);
	ledger_post(&w->ledger, CHAIN_COMMIT, buf_span(&commit.commit));
	expect(&w->bob, &w->ledger, SESSION_COMMIT, &event);
	assert_true(event.own_commit);
	session_event_clear(&event);
	expect(&w->alice, &w->ledger, SESSION_COMMIT, &event);
	assert_false(event.own_commit || event.external_join);
	assert_true(event.epoch == epoch + 1);
	assert_true(span_equal(buf_span(&event.identity), SPAN_LIT("bob/1")));
	session_event_clear(&event);
	assert_same_group(&w->alice, &w->bob);
	assert_int_equal(session_safety_number(w->alice.session, after),
			 ERR_OK);
	assert_string_equal(before, after);
	/* The old epoch's keys are gone at once: nothing of it is to come. */
	assert_int_equal(mls_group_export_past(session_group(w->bob.session),
					       epoch, "label", SPAN_EMPTY, 32,
					       &secret),
			 ERR_STATE_GONE);
	mls_commit_clear(&commit);
}

/* Both stage a commit; the server takes Alice's. */
static void test_concurrent_commits(void **state)
{
	const struct mls_change rotate = { .force_path = true };
	struct world *w = *state;
	struct mls_commit a = { 0 }, b = { 0 };
	struct session_event event = { 0 };

	assert_int_equal(device_stage(&w->alice, &rotate, &a), ERR_OK);
	assert_int_equal(device_stage(&w->bob, &rotate, &b), ERR_OK);
	mls_commit_clear(&b);
	assert_int_equal(device_stage(&w->bob, &rotate, &b), ERR_STATE_PENDING);
	ledger_post(&w->ledger, CHAIN_COMMIT, buf_span(&a.commit));
	expect(&w->bob, &w->ledger, SESSION_COMMIT, &event);
	assert_true(event.dropped_staged);
	session_event_clear(&event);
	expect_kind(&w->alice, &w->ledger, SESSION_COMMIT);
	assert_int_equal(session_staged(w->bob.session).n, 0);
	/* And Bob can try again. */
	assert_int_equal(device_stage(&w->bob, &rotate, &b), ERR_OK);
	ledger_post(&w->ledger, CHAIN_COMMIT, buf_span(&b.commit));
	expect_kind(&w->alice, &w->ledger, SESSION_COMMIT);
	expect_kind(&w->bob, &w->ledger, SESSION_COMMIT);
	assert_same_group(&w->alice, &w->bob);
	mls_commit_clear(&a);
	mls_commit_clear(&b);
}

/* The answer to the post never came: the log tells. */
static void test_crash_after_posting(void **state)
{
	const struct mls_change rotate = { .force_path = true };
	struct world *w = *state;
	struct mls_commit commit = { 0 };
	struct session_sent sent;

	device_say(&w->bob, &w->ledger, "said before");
	assert_int_equal(device_stage(&w->bob, &rotate, &commit), ERR_OK);
	device_restart(&w->bob);
	assert_true(session_pending(w->bob.session));
	assert_true(span_equal(session_staged(w->bob.session),
			       buf_span(&commit.commit)));
	ledger_post(&w->ledger, CHAIN_COMMIT, session_staged(w->bob.session));
	/* An entry lies between: accepted() leaves it all to the log. */
	assert_int_equal(session_accepted(w->bob.session, NOW, 3,
					  ledger_entry(&w->ledger, 3)->head),
			 ERR_OK);
	assert_true(session_pending(w->bob.session));
	assert_true(session_outbox(w->bob.session, 0, &sent));
	assert_true(span_equal(sent.data, SPAN_LIT("said before")));
	expect_text(&w->bob, &w->ledger, SESSION_OWN, "bob/1", "said before");
	assert_false(session_outbox(w->bob.session, 0, &sent));
	expect_kind(&w->bob, &w->ledger, SESSION_COMMIT);
	assert_false(session_pending(w->bob.session));
	expect_text(&w->alice, &w->ledger, SESSION_MESSAGE, "bob/1",
		    "said before");
	expect_kind(&w->alice, &w->ledger, SESSION_COMMIT);
	assert_same_group(&w->alice, &w->bob);
	mls_commit_clear(&commit);
}

/* The server refused the commit: nothing has happened. */
static void test_discard(void **state)
{
	const struct mls_change rotate = { .force_path = true };
	struct world *w = *state;
	struct mls_commit commit = { 0 };

	assert_int_equal(device_stage(&w->alice, &rotate, &commit), ERR_OK);
	session_discard(w->alice.session);
	assert_false(session_pending(w->alice.session));
	assert_same_group(&w->alice, &w->bob);
	device_say(&w->alice, &w->ledger, "still here");
	expect_text(&w->bob, &w->ledger, SESSION_MESSAGE, "alice/1",
		    "still here");
	mls_commit_clear(&commit);
}

/* What was sealed in one group is sealed again in another one, though the epochs
 * have the same number. */
static void test_outbox_moves(void **state)
{
	struct world *w = *state;
	struct buf envelope = BUF_INIT;
	struct session_sent sent;

	assert_int_equal(session_send(w->alice.session, &w->alice.me, NOW_MS,
				      SPAN_LIT("there"), &envelope, NULL),
			 ERR_OK);
	assert_true(session_epoch(w->alice.session) ==
		    session_epoch(w->bob.session));
	session_move_outbox(w->alice.session, w->bob.session);
	assert_false(session_outbox(w->alice.session, 0, &sent));
	assert_true(session_outbox(w->bob.session, 0, &sent));
	assert_true(span_equal(sent.envelope, buf_span(&envelope)));
	assert_true(sent.epoch != session_epoch(w->bob.session));
	buf_clear(&envelope);
}

/* A message that lost against a commit is sealed again. */
static void test_reseal(void **state)
{
	const struct mls_change rotate = { .force_path = true };
	struct world *w = *state;
	struct mls_commit commit = { 0 };
	struct buf envelope = BUF_INIT;
	uint8_t first[SESSION_NONCE], second[SESSION_NONCE];
	struct session_sent sent;

	assert_int_equal(session_send(w->alice.session, &w->alice.me, NOW_MS,
				      SPAN_LIT("late"), &envelope, first),
			 ERR_OK);
	assert_int_equal(device_stage(&w->bob, &rotate, &commit), ERR_OK);
	ledger_post(&w->ledger, CHAIN_COMMIT, buf_span(&commit.commit));
	expect_kind(&w->alice, &w->ledger, SESSION_COMMIT);
	expect_kind(&w->bob, &w->ledger, SESSION_COMMIT);
	/* A server that takes the old one all the same: members do not. */
	ledger_post(&w->ledger, CHAIN_APPLICATION, buf_span(&envelope));
	expect_refused(&w->bob, &w->ledger, ERR_STATE_EPOCH);
	expect_refused(&w->alice, &w->ledger, ERR_STATE_EPOCH);

	assert_true(session_outbox(w->alice.session, 0, &sent));
	assert_true(sent.epoch != session_epoch(w->alice.session));
	buf_reset(&envelope);
	assert_int_equal(session_reseal(w->alice.session, &w->alice.me, NOW_MS,
					0, &envelope, second),
			 ERR_OK);
	assert_memory_not_equal(first, second, SESSION_NONCE);
	ledger_post(&w->ledger, CHAIN_APPLICATION, buf_span(&envelope));
	expect_text(&w->bob, &w->ledger, SESSION_MESSAGE, "alice/1", "late");
	expect_text(&w->alice, &w->ledger, SESSION_OWN, "alice/1", "late");
	assert_int_equal(session_send(w->alice.session, &w->alice.me, NOW_MS,
				      SPAN_LIT("no"), &envelope, NULL),
			 ERR_OK);
	session_unsend(w->alice.session, 0);
	assert_false(session_outbox(w->alice.session, 0, &sent));
	mls_commit_clear(&commit);
	buf_clear(&envelope);
}

/* What is in the log is not always what a member made. */
static void test_false_entries(void **state)
{
	struct world *w = *state;
	struct buf copy = BUF_INIT;
	uint64_t seq = device_say(&w->alice, &w->ledger, "once");
	const struct buf *bytes = &ledger_entry(&w->ledger, seq)->bytes;

	/* Each byte group: version, id, epoch, nonce, message, tag. */
	static const size_t places[] = { 0, 3, 24, 30, 60 };
	static const enum err why[] = { ERR_PEER_UNSUPPORTED, ERR_PEER_INVALID,
					ERR_STATE_EPOCH, ERR_PEER_CRYPTO,
					ERR_PEER_CRYPTO };

	for (size_t i = 0; i < 5; i++) {
		buf_reset(&copy);
		buf_put(&copy, buf_span(bytes));
		copy.p[places[i]] ^= 1;
		ledger_post(&w->ledger, CHAIN_APPLICATION, buf_span(&copy));
	}
	buf_reset(&copy);
	buf_put(&copy, buf_span(bytes));
	copy.p[copy.n - 1] ^= 1;
	ledger_post(&w->ledger, CHAIN_APPLICATION, buf_span(&copy));
	ledger_post(&w->ledger, CHAIN_APPLICATION,
		    span_of(bytes->p, bytes->n - 1));
	ledger_post(&w->ledger, CHAIN_APPLICATION,
		    buf_span(bytes)); /* a replay */
	ledger_post(&w->ledger, CHAIN_COMMIT, buf_span(bytes));
	ledger_post(&w->ledger, CHAIN_COMMIT, SPAN_EMPTY);
	device_say(&w->alice, &w->ledger, "twice");

	expect_text(&w->bob, &w->ledger, SESSION_MESSAGE, "alice/1", "once");
	for (size_t i = 0; i < 5; i++)
		expect_refused(&w->bob, &w->ledger, why[i]);
	expect_refused(&w->bob, &w->ledger, ERR_PEER_CRYPTO);
	expect_refused(&w->bob, &w->ledger, ERR_PEER_MALFORMED);
	expect_refused(&w->bob, &w->ledger, ERR_STATE_GONE);
	expect_kind(&w->bob, &w->ledger, SESSION_REFUSED);
	expect_kind(&w->bob, &w->ledger, SESSION_REFUSED);
	expect_text(&w->bob, &w->ledger, SESSION_MESSAGE, "alice/1", "twice");
	/* The maker of the message refuses the replay of its own too. */
	expect_text(&w->alice, &w->ledger, SESSION_OWN, "alice/1", "once");
	for (size_t i = 0; i < 7; i++)
		expect_kind(&w->alice, &w->ledger, SESSION_REFUSED);
	expect_kind(&w->alice, &w->ledger, SESSION_REFUSED);
	buf_clear(&copy);
}

/* A member can make the tag; it must not so change another's time. */
static void test_nonce_is_signed(void **state)
{
	struct world *w = *state;
	struct buf copy = BUF_INIT;
	struct sec key = { 0 };

	assert_int_equal(session_send(w->alice.session, &w->alice.me, NOW_MS,
				      SPAN_LIT("at noon"), &copy, NULL),
			 ERR_OK);
	assert_int_equal(envelope_tag_key(session_group(w->bob.session),
					  SPAN_ARRAY(world_id), &key),
			 ERR_OK);
	copy.n -= w->bob.me.suite->nh;
	copy.p[25 + 2] ^= 1; /* the nonce stands after 25 bytes */
	assert_int_equal(envelope_tag_put(w->bob.me.suite, &key, &copy),
			 ERR_OK);
	ledger_post(&w->ledger, CHAIN_APPLICATION, buf_span(&copy));
	expect_refused(&w->bob, &w->ledger, ERR_PEER_INVALID);
	sec_clear(&key);
	buf_clear(&copy);
}

static void test_log_order(void **state)
{
	struct world *w = *state;
	struct session_event event = { 0 };
	uint8_t head[CHAIN_HEAD];
	uint64_t seq = device_say(&w->alice, &w->ledger, "one");
	const struct entry *entry = ledger_entry(&w->ledger, seq);

	device_say(&w->alice, &w->ledger, "two");
	assert_int_equal(device_receive(&w->bob, &w->ledger, seq + 1, &event),
			 ERR_STATE_CONFLICT);
	assert_int_equal(device_receive(&w->bob, &w->ledger, seq - 1, &event),
			 ERR_STATE_REPLAY);
	memcpy(head, entry->head, CHAIN_HEAD);
	head[0] ^= 1;
	assert_int_equal(session_receive(w->bob.session, NOW, seq, entry->kind,
					 buf_span(&entry->bytes), head, &event),
			 ERR_PEER_FORK);
	assert_int_equal(session_receive(w->bob.session, NOW, seq, CHAIN_COMMIT,
					 buf_span(&entry->bytes), entry->head,
					 &event),
			 ERR_PEER_FORK);
	assert_false(session_forked(w->bob.session));
	expect_kind(&w->bob, &w->ledger, SESSION_MESSAGE);
	expect_kind(&w->bob, &w->ledger, SESSION_MESSAGE);
}

/* The server tells Alice and Bob two stories. */
static void test_fork(void **state)
{
	static struct ledger other;
	struct world *w = *state;
	struct buf envelope = BUF_INIT;

	ledger_make(&other);
	ledger_post(&other, w->ledger.entries[0].kind,
		    buf_span(&w->ledger.entries[0].bytes));
	device_say(&w->alice, &w->ledger, "what Bob never sees");
	expect_kind(&w->alice, &w->ledger, SESSION_OWN);
	device_say(&w->bob, &other, "what Alice never sees");
	expect_kind(&w->bob, &other, SESSION_OWN);
	/* Now Alice speaks, and Bob is shown it after his own story. */
	assert_int_equal(session_send(w->alice.session, &w->alice.me, NOW_MS,
				      SPAN_LIT("hm"), &envelope, NULL),
			 ERR_OK);
	ledger_post(&other, CHAIN_APPLICATION, buf_span(&envelope));
	expect_refused(&w->bob, &other, ERR_PEER_FORK);
	assert_true(session_forked(w->bob.session));
	device_restart(&w->bob);
	assert_true(session_forked(w->bob.session));
	assert_int_equal(session_send(w->bob.session, &w->bob.me, NOW_MS,
				      SPAN_LIT("no"), &envelope, NULL),
			 ERR_PEER_FORK);
	ledger_free(&other);
	buf_clear(&envelope);
}

static void test_removal(void **state)
{
	struct world *w = *state;
	uint32_t bobs_leaf = mls_group_own_leaf(session_group(w->bob.session));
	const struct mls_change change = { .removes = &bobs_leaf,
					   .remove_count = 1 };
	struct mls_commit commit = { 0 };
	struct session_event event = { 0 };
	struct buf envelope = BUF_INIT;

	assert_int_equal(device_stage(&w->alice, &change, &commit), ERR_OK);
	ledger_post(&w->ledger, CHAIN_COMMIT, buf_span(&commit.commit));
	expect_kind(&w->alice, &w->ledger, SESSION_COMMIT);
	expect_kind(&w->bob, &w->ledger, SESSION_REMOVED);
	assert_false(session_member(w->bob.session));
	device_say(&w->alice, &w->ledger, "without Bob");
	assert_int_equal(device_receive(&w->bob, &w->ledger, 3, &event),
			 ERR_STATE_GONE);
	assert_int_equal(session_send(w->bob.session, &w->bob.me, NOW_MS,
				      SPAN_LIT("?"), &envelope, NULL),
			 ERR_STATE_GONE);
	assert_int_equal(
	    mls_group_epoch_authenticator(session_group(w->bob.session)).n, 0);
	device_restart(&w->bob);
	assert_false(session_member(w->bob.session));
	mls_commit_clear(&commit);
	buf_clear(&envelope);
}

struct looker {
	enum err answer;
	size_t asked;
	uint32_t removed;
	uint64_t epoch;
	bool external;
};

static enum err look(void *context, const struct session *session,
		     const struct mls_staged *staged)
{
	struct looker *looker = context;

	looker->asked++;
	looker->epoch = session_epoch(session);
	looker->external = staged->kind == MLS_STAGED_EXTERNAL_COMMIT;
	if (staged->proposal_count == 1)
		looker->removed = staged->proposals[0].proposal.removed;
	return looker->answer;
}

/* Each commit is seen before it takes effect; who cannot look has not taken
 * it. */
static void test_look(void **state)
{
	struct world *w = *state;
	uint32_t bobs_leaf = mls_group_own_leaf(session_group(w->bob.session));
	const struct mls_change change = { .removes = &bobs_leaf,
					   .remove_count = 1 };
	uint64_t epoch = session_epoch(w->alice.session), seq;
	struct looker alice = { .answer = ERR_LOCAL_MEMORY }, bob = alice;
	struct buf before = BUF_INIT, after = BUF_INIT;
	struct session_event event = { 0 };
	struct mls_commit commit = { 0 };

	assert_int_equal(device_stage(&w->alice, &change, &commit), ERR_OK);
	seq = ledger_post(&w->ledger, CHAIN_COMMIT, buf_span(&commit.commit));
	session_set_look(w->alice.session, look, &alice);
	session_set_look(w->bob.session, look, &bob);
	assert_int_equal(session_value(w->bob.session, &before), ERR_OK);
	assert_int_equal(device_receive(&w->alice, &w->ledger, seq, &event),
			 ERR_LOCAL_MEMORY);
	assert_true(session_pending(w->alice.session));
	assert_int_equal(device_receive(&w->bob, &w->ledger, seq, &event),
			 ERR_LOCAL_MEMORY);
	assert_int_equal(session_value(w->bob.session, &after), ERR_OK);
	assert_true(span_equal(buf_span(&before), buf_span(&after)));
	alice.answer = bob.answer = ERR_OK;
	expect_kind(&w->alice, &w->ledger, SESSION_COMMIT);
	expect_kind(&w->bob, &w->ledger, SESSION_REMOVED);
	assert_true(alice.asked == 2 && bob.asked == 2);
	assert_true(alice.epoch == epoch && bob.epoch == epoch);
	assert_true(alice.removed == bobs_leaf && bob.removed == bobs_leaf);
	assert_false(alice.external);
	world_join(&w->carol, &w->alice, false, &w->ledger);
	expect_kind(&w->alice, &w->ledger, SESSION_COMMIT);
	assert_true(alice.asked == 3 && alice.external);
	session_set_look(w->alice.session, NULL, NULL);
	mls_commit_clear(&commit);
	buf_clear(&before);
	buf_clear(&after);
}

/* Bob lost his state and comes back: his old leaf goes with the same commit. */
static void test_resync(void **state)
{
	struct world *w = *state;
	struct session_event event = { 0 };
	struct mls_member member;
	uint32_t leaf = 0;
	size_t members = 0;

	world_join(&w->bob, &w->alice, true, &w->ledger);
	expect(&w->alice, &w->ledger, SESSION_COMMIT, &event);
	assert_true(event.external_join);
	assert_true(span_equal(buf_span(&event.identity), SPAN_LIT("bob/1")));
	session_event_clear(&event);
	while (mls_group_next_member(session_group(w->alice.session), &leaf,
				     &member))
		members++;
	assert_int_equal(members, 2);
	assert_same_group(&w->alice, &w->bob);
	device_say(&w->bob, &w->ledger, "back again");
	expect_text(&w->alice, &w->ledger, SESSION_MESSAGE, "bob/1",
		    "back again");
}

/* A group without a negotiation, and one whose entry for us is not ours. */
static void test_join_refuses_downgrade(void **state)
{
	struct world *w = *state;
	struct span key_package = buf_span(&w->carol.key_package);
	const struct mls_change change = { .adds = &key_package,
					   .add_count = 1 };
	static const uint8_t head[CHAIN_HEAD] = { 0 };
	struct mls_commit commit = { 0 };
	struct mls_group *group = NULL;
	struct session *session = NULL;
	uint16_t order[3] = { w->bob.suites[1], w->bob.suites[0],
			      w->bob.suites[2] };

	assert_int_equal(mls_group_create(&w->alice.me, SPAN_ARRAY(world_id),
					  SPAN_EMPTY, &group),
			 ERR_OK);
	assert_int_equal(
	    mls_group_commit(group, &w->alice.me, &change, &commit), ERR_OK);
	assert_int_equal(session_join_welcome(
			     &w->carol.me, world_id, buf_span(&commit.welcome),
			     SESSION_WITHIN, key_package, &w->carol.secrets, 1,
			     head, &(enum session_tree){ 0 }, &session),
			 ERR_PEER_DOWNGRADE);
	assert_null(session);
	mls_group_free(group);
	mls_commit_clear(&commit);

	/* Bob's client of today prefers another: the entry is not his. */
	w->bob.me.cipher_suites = order;
	{
		struct buf info = BUF_INIT;

		assert_int_equal(mls_group_info(session_group(w->alice.session),
						&w->alice.me, true, &info),
				 ERR_OK);
		assert_int_equal(
		    session_join_external(&w->bob.me, world_id, buf_span(&info),
					  true, NULL, NULL, &session, &commit),
		    ERR_PEER_DOWNGRADE);
		buf_clear(&info);
	}
	assert_null(session);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_talk_with_every_algorithm),
		TEST(test_outbox_moves),
		TEST(test_rotation_keeps_the_safety_number),
		TEST(test_concurrent_commits),
		TEST(test_crash_after_posting),
		TEST(test_discard),
		TEST(test_reseal),
		TEST(test_false_entries),
		TEST(test_nonce_is_signed),
		TEST(test_log_order),
		TEST(test_fork),
		TEST(test_removal),
		TEST(test_look),
		TEST(test_resync),
		TEST(test_join_refuses_downgrade),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
