/* Departures in a session's log, entries whose bytes are gone, and states that
 * were saved before there were either. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <string.h>

#include "base/text.h"
#include "crypto/hash.h"
#include "mls/label.h"
#include "tests/testlib/court.h"
#include "tests/testlib/session_value.h"
#include "wire/departure.h"

/* ---- what a good departure does ---- */

static void test_left(void **state)
{
	struct court *c = *state;
	struct device *carol = &c->all[CAROL], *bob = &c->all[BOB];
	struct session_event event = { 0 };
	struct buf departure = BUF_INIT, envelope = BUF_INIT;
	const struct mls_change rotate = { .force_path = true };
	uint32_t leaf = court_leaf(carol);

	assert_int_equal(session_depart(carol->session, &carol->me, leaf,
					SPAN_LIT("bob"), &departure),
			 ERR_OK);
	assert_null(check_walk_departure(c->walk, buf_span(&departure)).wrong);
	ledger_post(&c->ledger, CHAIN_DEPARTURE, buf_span(&departure));
	expect(bob, &c->ledger, SESSION_DEPARTED, &event);
	assert_int_equal(event.entry, CHAIN_DEPARTURE);
	assert_int_equal(event.sender, leaf);
	assert_true(span_equal(buf_span(&event.identity), SPAN_LIT("carol/1")));
	assert_true(span_equal(buf_span(&event.data), SPAN_LIT("bob")));
	session_event_clear(&event);
	device_restart(bob);
	assert_true(session_departed(bob->session, leaf));
	assert_false(session_departed(bob->session, court_leaf(bob)));
	assert_true(session_departures(bob->session).n > 0);
	/* it still stands after a commit that leaves the leaf */
	for (int i = ALICE; i <= ALICE2; i++)
		expect_kind(&c->all[i], &c->ledger, SESSION_DEPARTED);
	expect_kind(carol, &c->ledger, SESSION_DEPARTED);
	assert_false(session_member(carol->session));
	assert_int_equal(session_send(carol->session, &carol->me, NOW_MS,
				      SPAN_LIT("?"), &envelope, NULL),
			 ERR_STATE_GONE);
	assert_int_equal(session_depart(carol->session, &carol->me, leaf,
					SPAN_EMPTY, &envelope),
			 ERR_STATE_GONE);
	court_accept(c, ALICE, &rotate, -1);
	assert_true(session_departed(bob->session, leaf));
	{
		const struct mls_change change = { .removes = &leaf,
						   .remove_count = 1 };

		court_accept(c, BOB, &change, -1);
	}
	assert_false(session_departed(bob->session, leaf));
	assert_int_equal(session_departures(bob->session).n, 0);
	buf_clear(&departure);
}

/* ---- a departure is over with the removal ----
 *
 * A last-resort KeyPackage brings the same leaf node to the same place. */

static void find_departed(struct court *c, int who, bool departed)
{
	uint32_t leaf = court_leaf(&c->all[who]);

	for (int i = ALICE; i <= CAROL; i++)
		assert_int_equal(session_departed(c->all[i].session, leaf),
				 departed);
	assert_int_equal(check_walk_departures(c->walk).n > 0, departed);
}

/* Who came in late reads the log from its beginning. */
static void find_late(struct court *c, struct session *late, uint64_t after)
{
	assert_int_equal(session_set_departures(late, SPAN_EMPTY), ERR_OK);
	for (uint64_t seq = 1; seq <= c->ledger.chain.seq; seq++) {
		const struct entry *entry = ledger_entry(&c->ledger, seq);

		if (entry->kind == CHAIN_DEPARTURE)
			assert_int_equal(session_add_departure(
					     late, buf_span(&entry->bytes)),
					 ERR_OK);
		else if (seq > after)
			session_spend_departures(late, buf_span(&entry->bytes));
	}
}

static void test_in_again(void **state)
{
	struct court *c = *state;
	struct session *bob;

	court_depart(c, CAROL, CAROL, "");
	court_remove(c, BOB, CAROL);
	court_add(c, BOB, CAROL);
	bob = c->all[BOB].session;
	find_departed(c, CAROL, false);
	find_late(c, bob, 0);
	find_departed(c, CAROL, false);
	find_late(c, bob, c->ledger.chain.seq); /* the removal is kept back */
	assert_true(session_departed(bob, court_leaf(&c->all[CAROL])));
}

static void test_in_again_at_once(void **state)
{
	struct court *c = *state;
	uint32_t leaf = court_leaf(&c->all[CAROL]);
	struct span key_package = buf_span(&c->all[CAROL].key_package);
	const struct mls_change change = { .removes = &leaf,
					   .remove_count = 1,
					   .adds = &key_package,
					   .add_count = 1,
					   .force_path = true };

	court_depart(c, CAROL, CAROL, "");
	court_accept(c, BOB, &change, CAROL);
	assert_int_equal(court_leaf(&c->all[CAROL]), leaf);
	find_departed(c, CAROL, false);
	find_late(c, c->all[BOB].session, 0);
	find_departed(c, CAROL, false);
}

/* ---- and what is none ---- */

static void refuse(struct court *c, const struct departure *departure,
		   const struct device *signer)
{
	struct buf tbs = BUF_INIT, signature = BUF_INIT, whole = BUF_INIT;
	struct departure made = *departure;
	struct sign_key *key = NULL;

	departure_put_tbs(&tbs, &made);
	assert_int_equal(sign_private_parse(signer->me.suite,
					    signer->me.signature_private, &key),
			 ERR_OK);
	assert_int_equal(
	    label_sign(key, DEPARTURE_LABEL, buf_span(&tbs), &signature),
	    ERR_OK);
	made.signature = buf_span(&signature);
	departure_put(&whole, &made);
	assert_non_null(check_walk_departure(c->walk, buf_span(&whole)).wrong);
	ledger_post(&c->ledger, CHAIN_DEPARTURE, buf_span(&whole));
	for (int i = ALICE; i <= CAROL; i++)
		if (session_member(c->all[i].session))
			expect_refused(&c->all[i], &c->ledger,
				       ERR_PEER_INVALID);
	sign_key_free(key);
	buf_clear(&tbs);
	buf_clear(&signature);
	buf_clear(&whole);
}

static void test_bad(void **state)
{
	static const uint8_t other_id[SESSION_ID] = { 1 };
	struct court *c = *state;
	struct device *carol = &c->all[CAROL], *bob = &c->all[BOB];
	struct mls_member member;
	uint8_t hash[DEPARTURE_HASH];
	struct departure good = {
		.session_id = SPAN_ARRAY(world_id),
		.leaf_index = court_leaf(carol),
		.leaf_hash = SPAN_ARRAY(hash),
		.signer = court_leaf(carol),
	};
	struct departure bad;
	struct buf text = BUF_INIT;

	assert_true(session_find(carol->session, SPAN_LIT("carol/1"), &member));
	assert_int_equal(hash_one(member.leaf_node, hash), ERR_OK);
	bad = good;
	bad.session_id = SPAN_ARRAY(other_id);
	refuse(c, &bad, carol);
	bad = good;
	bad.generation = 1;
	refuse(c, &bad, carol);
	bad = good;
	bad.leaf_index = court_leaf(bob);
	refuse(c, &bad, carol);
	bad = good;
	bad.leaf_index = 77;
	refuse(c, &bad, carol);
	bad = good;
	bad.signer = 77;
	refuse(c, &bad, carol);
	bad = good;
	bad.heir = SPAN_LIT("carol");
	refuse(c, &bad, carol);
	bad = good;
	hash[0] ^= 1;
	refuse(c, &bad, carol);
	hash[0] ^= 1;
	/* signed by another user, as itself and as Carol */
	refuse(c, &good, bob);
	bad.signer = court_leaf(bob);
	refuse(c, &bad, bob);
	ledger_post(&c->ledger, CHAIN_DEPARTURE, SPAN_LIT("not one at all"));
	for (int i = ALICE; i <= CAROL; i++)
		expect_refused(&c->all[i], &c->ledger, ERR_PEER_INVALID);
	/* none of them stands */
	assert_int_equal(session_departures(bob->session).n, 0);
	assert_int_equal(session_depart(bob->session, &bob->me,
					court_leaf(carol), SPAN_EMPTY, &text),
			 ERR_PEER_DENIED);
	court_depart(c, CAROL, CAROL, "");
}

/* Alice's second device was revoked by the first: it cannot do that back. */
static void test_revoked(void **state)
{
	struct court *c = *state;
	struct device *thief = &c->all[ALICE2], *alice = &c->all[ALICE];
	struct mls_member member;
	uint8_t hash[DEPARTURE_HASH];
	struct departure again = {
		.session_id = SPAN_ARRAY(world_id),
		.leaf_index = court_leaf(alice),
		.leaf_hash = SPAN_ARRAY(hash),
		.signer = court_leaf(thief),
	};

	assert_true(session_find(alice->session, SPAN_LIT("alice/1"), &member));
	assert_int_equal(hash_one(member.leaf_node, hash), ERR_OK);
	court_depart(c, ALICE, ALICE2, "");
	refuse(c, &again, thief);
	/* and twice is once */
	assert_true(session_find(alice->session, SPAN_LIT("alice/2"), &member));
	assert_int_equal(hash_one(member.leaf_node, hash), ERR_OK);
	again.leaf_index = court_leaf(thief);
	again.signer = court_leaf(alice);
	refuse(c, &again, alice);
	/* removed and back: the old one is of another leaf node */
	{
		uint32_t leaf = court_leaf(thief);
		const struct mls_change change = { .removes = &leaf,
						   .remove_count = 1 };

		court_accept(c, BOB, &change, -1);
	}
	buf_reset(&thief->key_package);
	assert_int_equal(mls_key_package_create(&thief->me, false,
						&thief->secrets,
						&thief->key_package),
			 ERR_OK);
	court_add(c, ALICE, ALICE2);
	assert_int_equal(court_leaf(thief), again.leaf_index);
	refuse(c, &again, alice);
}

/* ---- who is behind, and walks ---- */

/* Carol was removed: her own last epoch and the commit lead to where the others
 * are. */
static void test_walk_after_removal(void **state)
{
	struct court *c = *state;
	struct device *carol = &c->all[CAROL], *bob = &c->all[BOB];
	struct check_walk *walk = NULL;
	struct buf info = BUF_INIT;

	court_remove(c, BOB, CAROL);
	assert_false(session_member(carol->session));
	assert_int_equal(session_walk(carol->session, &walk), ERR_OK);
	assert_int_equal(
	    mls_group_info(session_group(bob->session), &bob->me, true, &info),
	    ERR_OK);
	assert_non_null(check_walk_matches(walk, buf_span(&info)).wrong);
	assert_null(
	    check_walk_commit(
		walk,
		buf_span(&ledger_entry(&c->ledger, c->ledger.chain.seq)->bytes))
		.wrong);
	assert_null(check_walk_matches(walk, buf_span(&info)).wrong);
	check_walk_free(walk);
	buf_clear(&info);
}

/* One commit ends a departure and the membership of who looks: from the group of
 * before, in which it stood, it still leads on. */
static void test_walk_after_removal_with_departed(void **state)
{
	struct court *c = *state;
	uint32_t leaves[] = { court_leaf(&c->all[CAROL]),
			      court_leaf(&c->all[ALICE2]) };
	const struct mls_change change = { .removes = leaves,
					   .remove_count = 2 };
	struct check_walk *walk = NULL;

	court_give_role(c, ALICE, "bob", ROLE_OWNER);
	court_give_role(c, BOB, "alice", ROLE_MEMBER);
	court_depart(c, CAROL, CAROL, "");
	court_accept(c, ALICE, &change, -1);
	assert_false(session_member(c->all[ALICE2].session));
	assert_int_equal(session_walk(c->all[ALICE2].session, &walk), ERR_OK);
	assert_null(
	    check_walk_commit(
		walk,
		buf_span(&ledger_entry(&c->ledger, c->ledger.chain.seq)->bytes))
		.wrong);
	check_walk_free(walk);
}

/* ---- what is not kept any more ---- */

static void test_expired(void **state)
{
	struct court *c = *state;
	struct device *alice = &c->all[ALICE], *bob = &c->all[BOB];
	struct session_event event = { 0 };
	uint64_t seq = device_say(alice, &c->ledger, "long ago");
	const struct entry *entry = ledger_entry(&c->ledger, seq);
	const struct span bytes = buf_span(&entry->bytes);
	uint8_t hash[CHAIN_HEAD];

	device_say(alice, &c->ledger, "today");
	assert_int_equal(hash_one(bytes, hash), ERR_OK);
	hash[0] ^= 1;
	assert_int_equal(session_receive_expired(bob->session, seq, hash,
						 entry->head, &event),
			 ERR_PEER_FORK);
	hash[0] ^= 1;
	assert_int_equal(session_receive_expired(bob->session, seq + 1, hash,
						 entry->head, &event),
			 ERR_STATE_CONFLICT);
	assert_int_equal(session_receive_expired(bob->session, seq, hash,
						 entry->head, &event),
			 ERR_OK);
	assert_int_equal(event.kind, SESSION_REFUSED);
	assert_int_equal(event.refused, ERR_STATE_EXPIRED);
	session_event_clear(&event);
	assert_int_equal(session_receive_expired(bob->session, seq, hash,
						 entry->head, &event),
			 ERR_STATE_REPLAY);
	expect_text(bob, &c->ledger, SESSION_MESSAGE, "alice/1", "today");
	/* whose own it is knows what it was */
	assert_int_equal(session_receive_expired(alice->session, seq, hash,
						 entry->head, &event),
			 ERR_OK);
	assert_int_equal(event.kind, SESSION_OWN);
	assert_true(span_equal(buf_span(&event.data), SPAN_LIT("long ago")));
	session_event_clear(&event);
	expect_text(alice, &c->ledger, SESSION_OWN, "alice/1", "today");
}

/* ---- a state of before ---- */

static void get(const json_t *object, const char *name, struct buf *out)
{
	const char *hex = json_string_value(json_object_get(object, name));

	buf_reset(out);
	assert_non_null(hex);
	assert_int_equal(text_hex(out, span_str(hex)), ERR_OK);
}

static enum session_event_kind take(struct session *session,
				    const json_t *entry)
{
	struct session_event event = { 0 };
	struct buf bytes = BUF_INIT, head = BUF_INIT;
	enum session_event_kind kind;

	get(entry, "bytes", &bytes);
	get(entry, "head", &head);
	assert_int_equal(session_receive(session, NOW,
					 (uint64_t)json_integer_value(
					     json_object_get(entry, "seq")),
					 (enum chain_kind)json_integer_value(
					     json_object_get(entry, "kind")),
					 buf_span(&bytes), head.p, &event),
			 ERR_OK);
	kind = event.kind;
	session_event_clear(&event);
	buf_clear(&bytes);
	buf_clear(&head);
	return kind;
}

/* tests/vectors/states: Alice's, of version 2, and what came after it. */
static void test_state_of_version_2(void **state)
{
	static const enum session_event_kind kinds[] = {
		SESSION_MESSAGE, SESSION_OWN, SESSION_COMMIT, SESSION_MESSAGE
	};
	json_t *file =
	    json_load_file("tests/vectors/states/session-2.json", 0, NULL);
	struct buf saved = BUF_INIT, again = BUF_INIT;
	struct session *session = NULL;
	const json_t *entry;
	size_t i;
	(void)state;

	assert_non_null(file);
	get(file, "state", &saved);
	assert_int_equal(saved.p[0], 2);
	assert_int_equal(session_load(buf_span(&saved), &session), ERR_OK);
	assert_int_equal(session_departures(session).n, 0);
	assert_int_equal(session_value(session, &again), ERR_OK);
	assert_int_equal(again.p[0], 3);
	session_free(session);
	assert_int_equal(session_load(buf_span(&again), &session), ERR_OK);
	json_array_foreach(json_object_get(file, "entries"), i, entry)
	    assert_int_equal(take(session, entry), kinds[i]);
	assert_int_equal(i, 4);
	saved.p[0] = 1;
	session_free(session);
	assert_int_equal(session_load(buf_span(&saved), &session),
			 ERR_PEER_UNSUPPORTED);
	buf_clear(&saved);
	buf_clear(&again);
	json_decref(file);
}

int main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, court_setup, court_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_left),
		TEST(test_bad),
		TEST(test_revoked),
		TEST(test_walk_after_removal),
		TEST(test_walk_after_removal_with_departed),
		TEST(test_in_again),
		TEST(test_in_again_at_once),
		TEST(test_expired),
		cmocka_unit_test(test_state_of_version_2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
