/* Sessions whose GroupContext has the root of the places: what a commit changes is what
 * the root says, and who comes in takes no other places. */
#include "tests/testlib/session_value.h"
#include "tests/testlib/town.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "check/group_places.h"
#include "session/state.h"
#include "wire/log_view.h"
#include "wire/message.h"

/* ---- commits ---- */

static void put_root(const struct town *t, int at, uint8_t root[PLACES_ROOT])
{
	MUST(place_map_root(&t->r[at].d.session->places, root));
}

static void test_the_root_is_of_the_changes(void **state)
{
	struct town *t = *state;
	uint8_t now[PLACES_ROOT], other[PLACES_ROOT];
	struct buf changes = BUF_INIT, same = BUF_INIT;

	town_add(t, ALICE, BOB);
	put_root(t, BOB, now);
	memcpy(other, now, sizeof(other));
	other[0] ^= 1;
	/* another root without a change, and a change without another root */
	town_cheat_root(t, BOB, SPAN_ARRAY(other), SPAN_EMPTY,
			"its root is not that");
	town_put_row(&changes, t->houses[2], 1);
	town_cheat_root(t, BOB, SPAN_EMPTY, buf_span(&changes),
			"its root is not that");
	town_cheat_root(t, BOB, SPAN_ARRAY(now), buf_span(&changes),
			"its root is not that");
	/* what is so already */
	buf_put(&same, span_of(town_rows_of(t, BOB).p, PLACES_ROW));
	town_cheat_root(t, BOB, SPAN_ARRAY(now), buf_span(&same),
			"that are so already");
	/* what is no place */
	town_cheat_root(t, BOB, SPAN_ARRAY(now), span_of(same.p, 5),
			"do not decode");
	town_cheat_root(t, BOB, span_of(now, 31), SPAN_EMPTY, "do not decode");
	town_rotate(t, BOB);
	buf_clear(&changes);
	buf_clear(&same);
}

static void test_a_list_says_itself_what_changes(void **state)
{
	struct town *t = *state;
	struct buf changes = BUF_INIT;

	town_add(t, ALICE, BOB);
	town_put_row(&changes, t->houses[2], 1);
	town_cheat_root(t, BOB, SPAN_EMPTY, buf_span(&changes),
			"says what changes in a list");
	buf_clear(&changes);
}

/* A commit that changes one place of many says that one. */
static void test_a_commit_says_what_changes_alone(void **state)
{
	struct town *t = *state;
	struct log_view said;
	struct mls_commit made = { 0 };
	struct wire_message message;

	town_add(t, ALICE, BOB);
	town_second_device(t);
	MUST(device_stage(&t->r[ALICE].d,
			  &(struct mls_change){ .force_path = true }, &made));
	MUST(wire_message_decode(buf_span(&made.commit), &message));
	MUST(log_view_read_commit(
	    message.public_message.content.authenticated_data, &said));
	assert_int_equal(said.changes.n, PLACES_ROW);
	town_post(t, ALICE, &made, NULL);
	town_expect_place(t, BOB, 0, 2);
	mls_commit_clear(&made);
}

/* ---- who comes in ---- */

static enum err join(struct town *t, const struct mls_commit *made,
		     struct session_beside beside, enum session_tree *wants)
{
	struct resident *r = &t->r[BOB];
	uint64_t seq = t->ledger.chain.seq;

	return session_join_welcome(
	    &r->d.me, world_id, buf_span(&made->welcome), beside,
	    buf_span(&r->d.key_package), &r->d.secrets, seq,
	    ledger_entry(&t->ledger, seq)->head, wants, &r->d.session);
}

/* A server that gives other places than the signed root's. */
static void test_no_other_places_beside_a_welcome(void **state)
{
	struct town *t = *state;
	struct span add_it = buf_span(&t->r[BOB].d.key_package);
	const struct mls_change change = { .adds = &add_it,
					   .add_count = 1,
					   .tree_beside_welcome = true };
	struct session_beside beside = SESSION_WITHIN;
	struct buf tree = BUF_INIT, rows = BUF_INIT;
	struct mls_commit made = { 0 };
	enum session_tree wants;

	MUST(device_stage(&t->r[ALICE].d, &change, &made));
	town_post(t, ALICE, &made, NULL);
	MUST(mls_group_tree(session_group(t->r[ALICE].d.session), &tree));
	buf_put(&rows, town_rows_of(t, ALICE));
	assert_int_not_equal(join(t, &made, beside, &wants), ERR_OK);
	assert_int_equal(wants, SESSION_TREE_MISSING);
	beside.tree = buf_span(&tree);
	assert_int_equal(join(t, &made, beside, &wants), ERR_PEER_INVALID);
	assert_int_equal(wants, SESSION_PLACES_WRONG);
	beside.places = span_of(rows.p, PLACES_ROW);
	assert_int_equal(join(t, &made, beside, &wants), ERR_PEER_INVALID);
	assert_int_equal(wants, SESSION_PLACES_WRONG);
	rows.p[PLACES_ROW - 1] ^= 1;
	beside.places = buf_span(&rows);
	assert_int_equal(join(t, &made, beside, &wants), ERR_PEER_INVALID);
	assert_int_equal(wants, SESSION_PLACES_WRONG);
	rows.p[PLACES_ROW - 1] ^= 1;
	MUST(join(t, &made, beside, &wants));
	session_set_accounts(t->r[BOB].d.session, t->r[BOB].accounts);
	town_tell(t, BOB, t->houses[0]);
	town_rotate(t, BOB);
	town_rotate(t, ALICE);
	mls_commit_clear(&made);
	buf_clear(&tree);
	buf_clear(&rows);
}

/* Nor by a GroupInfo. */
static void test_no_other_places_beside_a_group_info(void **state)
{
	struct town *t = *state;
	struct session_beside beside = SESSION_WITHIN;
	struct buf info = BUF_INIT, kept = BUF_INIT, rows = BUF_INIT;
	struct resident *carol = &t->r[CAROL];
	struct session *session = NULL;
	struct mls_commit made = { 0 };

	town_add(t, ALICE, BOB);
	MUST(mls_group_info(session_group(t->r[BOB].d.session), &t->r[BOB].d.me,
			    true, &info));
	buf_put(&rows, town_rows_of(t, BOB));
	beside.places = span_of(rows.p, PLACES_ROW);
	assert_int_equal(session_info_keep(buf_span(&info), beside, &kept),
			 ERR_PEER_INVALID);
	assert_int_not_equal(
	    session_join_external(&carol->d.me, world_id, buf_span(&info),
				  false, &t->ledger.chain, carol->accounts,
				  &session, &made),
	    ERR_OK);
	buf_reset(&kept);
	beside.places = buf_span(&rows);
	MUST(session_info_keep(buf_span(&info), beside, &kept));
	MUST(session_join_external(&carol->d.me, world_id, buf_span(&kept),
				   false, &t->ledger.chain, carol->accounts,
				   &session, &made));
	session_free(session);
	mls_commit_clear(&made);
	buf_clear(&info);
	buf_clear(&kept);
	buf_clear(&rows);
}

/* ---- storage ---- */

static void test_the_places_are_stored(void **state)
{
	struct town *t = *state;
	struct resident *bob = &t->r[BOB];
	struct session *again = NULL;
	struct buf saved = BUF_INIT;

	town_add(t, ALICE, BOB);
	MUST(session_value(bob->d.session, &saved));
	MUST(session_load(buf_span(&saved), &again));
	session_free(bob->d.session);
	bob->d.session = again;
	session_set_accounts(again, bob->accounts);
	town_second_device(t);
	town_rotate(t, ALICE);
	town_expect_place(t, BOB, 0, 2);
	town_rotate(t, BOB);
	buf_clear(&saved);
}

int main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, town_setup, town_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_the_root_is_of_the_changes),
		cmocka_unit_test_setup_teardown(
		    test_a_list_says_itself_what_changes, town_setup_list,
		    town_teardown),
		TEST(test_a_commit_says_what_changes_alone),
		TEST(test_no_other_places_beside_a_welcome),
		TEST(test_no_other_places_beside_a_group_info),
		TEST(test_the_places_are_stored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
