/* Groups with places: leaves that are devices of accounts. Each commit is judged
 * by the members, by a walk, and as a server does; all have to agree. */
#include "tests/testlib/town.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "session/places.h"

/* ---- what is taken ---- */

static void test_links_come_with_the_commit(void **state)
{
	struct town *t = *state;

	town_add(t, ALICE, BOB);
	town_expect_place(t, BOB, 1, 1);
	town_second_device(t);
	town_rotate(t, ALICE); /* Bob, and the walk, did not know of it */
	town_expect_place(t, BOB, 0, 2);
	town_add(t, ALICE, ALICE2);
	town_rotate(t, BOB);
	town_rotate(t, ALICE2);
	town_expect_place(t, ALICE, 0, 2);
}

static void test_a_removed_device_goes_by_anybody(void **state)
{
	struct town *t = *state;
	struct mls_member member;
	uint32_t gone, leaf = 0;
	const struct mls_change change = { .removes = &gone,
					   .remove_count = 1,
					   .force_path = true };
	enum session_ended how;

	town_second_device(t);
	town_add(t, ALICE, ALICE2);
	town_add(t, ALICE, BOB);
	gone = mls_group_own_leaf(session_group(t->r[ALICE2].d.session));
	assert_false(
	    session_next_ended(t->r[BOB].d.session, &leaf, &member, &how));
	house_remove(t->houses[0], 0, 1);
	town_tell(t, BOB, t->houses[0]);
	town_know(t->server, t->houses[0]);
	leaf = 0;
	assert_true(
	    session_next_ended(t->r[BOB].d.session, &leaf, &member, &how));
	assert_int_equal(member.leaf_index, gone);
	assert_int_equal(how, SESSION_ENDED_UNTOLD);
	/* before the group says so it takes an admin */
	town_commit(t, BOB, &change, "to remove that member");
	town_rotate(t, BOB); /* raises Alice's place */
	town_expect_place(t, ALICE, 0, 3);
	leaf = 0;
	assert_true(
	    session_next_ended(t->r[BOB].d.session, &leaf, &member, &how));
	assert_int_equal(how, SESSION_ENDED_TOLD);
	town_commit(t, ALICE2, &(struct mls_change){ .force_path = true },
		    "has removed its device");
	town_commit(t, BOB, &change, NULL);
	leaf = 0;
	assert_false(
	    session_next_ended(t->r[BOB].d.session, &leaf, &member, &how));
}

static void test_who_leaves_takes_its_place_along(void **state)
{
	struct town *t = *state;
	uint32_t gone;
	const struct mls_change change = { .removes = &gone,
					   .remove_count = 1,
					   .force_path = true };

	town_add(t, ALICE, BOB);
	gone = mls_group_own_leaf(session_group(t->r[BOB].d.session));
	town_commit(t, ALICE, &change, NULL);
	town_expect_place(t, ALICE, 1, 0);
	town_expect_place(t, ALICE, 0, 1);
}

static void test_who_joins_brings_its_log(void **state)
{
	struct town *t = *state;

	town_add(t, ALICE, BOB);
	town_tell(t, CAROL, t->houses[0]);
	town_tell(t, CAROL, t->houses[1]);
	town_join(t, CAROL, false, NULL);
	town_expect_place(t, BOB, 2, 0);
	town_rotate(t, BOB); /* by Carol's own links */
	town_expect_place(t, CAROL, 2, 1);
	town_join(t, CAROL, true, NULL);
	town_rotate(t, CAROL);
}

/* More than a commit carries: the last links, and who knows the others takes it. */
static void test_a_long_log_is_not_all_carried(void **state)
{
	struct town *t = *state;
	struct house *carols = t->houses[2];
	struct check_accounts *know_it[] = { t->r[ALICE].accounts,
					     t->r[BOB].accounts,
					     t->r[CAROL].accounts, t->walked,
					     t->server };

	town_add(t, ALICE, BOB);
	town_tell(t, CAROL, t->houses[0]);
	town_tell(t, CAROL, t->houses[1]);
	for (int who = 1; carols->links.n <= PLACES_LINKS_MAX; who++) {
		house_add(carols, 0, who);
		house_remove(carols, 0, who);
	}
	for (size_t i = 0; i < sizeof(know_it) / sizeof(*know_it); i++)
		town_know(know_it[i], carols);
	town_join(t, CAROL, false, NULL);
	town_rotate(t, BOB);
	town_expect_place(t, CAROL, 2, house_place(carols).number);
	town_rotate(t, CAROL);
}

/* ---- what is refused ---- */

/* Links that are too many to be carried come from elsewhere. */
static void test_what_is_lacking_is_waited_for(void **state)
{
	struct town *t = *state;
	struct session *session;
	struct session_event event = { 0 };
	struct mls_commit made = { 0 };
	struct buf rows = BUF_INIT;
	const struct entry *entry;

	town_add(t, ALICE, BOB);
	town_second_device(t);
	town_put_two(&rows, t, 0, 2, 1, 1);
	town_make_cheat(t, ALICE, &(struct mls_change){ .force_path = true },
			buf_span(&rows), SPAN_EMPTY, &made);
	entry = ledger_entry(&t->ledger, ledger_post(&t->ledger, CHAIN_COMMIT,
						     buf_span(&made.commit)));
	session = t->r[BOB].d.session;
	for (int i = 0; i < 2; i++) /* nothing has changed */
		assert_int_equal(device_receive(&t->r[BOB].d, &t->ledger,
						t->ledger.chain.seq, &event),
				 ERR_STATE_ACCOUNTS);
	assert_true(session_seq(session) == t->ledger.chain.seq - 1);
	assert_non_null(
	    check_walk_commit(t->walk, buf_span(&entry->bytes)).wrong);
	town_tell(t, BOB, t->houses[0]);
	town_know(t->walked, t->houses[0]);
	expect(&t->r[BOB].d, &t->ledger, SESSION_COMMIT, &event);
	assert_null(check_walk_commit(t->walk, buf_span(&entry->bytes)).wrong);
	town_expect_place(t, BOB, 0, 2);
	session_event_clear(&event);
	mls_commit_clear(&made);
	buf_clear(&rows);
}

/* Who looks at a whole group knows an older log of an account than the one by which a
 * leaf came in that has no place yet: it asks for the rest. */
static void test_a_newer_key_is_asked_for(void **state)
{
	struct town *t = *state;
	struct house *carols = t->houses[2];
	struct check_accounts *early;
	struct span fingerprint;
	size_t position = 0;

	MUST(check_accounts_new(NULL, &early));
	for (int i = 0; i < HOUSES; i++)
		town_know(early, t->houses[i]);
	town_add(t, ALICE, BOB);
	house_add(carols, 0, 1);
	town_know(t->server, carols);
	device_free(&t->r[CAROL].d);
	town_name_it(&t->r[CAROL], account_log_fingerprint(carols->log),
		     carols->number[1], town_key(carols, 1));
	for (int i = 0; i < HOUSES; i++)
		town_tell(t, CAROL, t->houses[i]);
	town_join(t, CAROL, false, NULL);
	check_walk_set_accounts(t->walk, early);
	assert_non_null(check_walk_check_leaves(t->walk, false).wrong);
	assert_true(check_accounts_lacks(early, &position, &fingerprint));
	assert_true(
	    span_equal(fingerprint, account_log_fingerprint(carols->log)));
	town_know(early, carols);
	assert_null(check_walk_check_leaves(t->walk, false).wrong);
	check_walk_set_accounts(t->walk, t->walked);
	check_accounts_free(early);
}

static void test_places_are_those_of_the_members(void **state)
{
	struct town *t = *state;
	const struct mls_change nothing = { 0 };
	struct buf rows = BUF_INIT, links = BUF_INIT;

	town_add(t, ALICE, BOB);
	town_put_row(&rows, t->houses[0], 1);
	town_cheat(t, BOB, &nothing, buf_span(&rows), SPAN_EMPTY,
		   "not those of the accounts");
	buf_reset(&rows);
	town_put_two(&rows, t, 0, 1, 2, 1);
	town_cheat(t, BOB, &nothing, buf_span(&rows), SPAN_EMPTY,
		   "not those of the accounts");
	/* another hash, and so another link, in the same place */
	buf_reset(&rows);
	buf_put(&rows, town_rows_of(t, BOB));
	rows.p[PLACES_ROW - 1] ^= 1;
	town_cheat(t, BOB, &nothing, buf_span(&rows), SPAN_EMPTY, "is lowered");
	/* one that is no place at all */
	town_cheat(t, BOB, &nothing, span_of(rows.p, PLACES_ROW - 1),
		   SPAN_EMPTY, "do not decode");
	/* links of who has no place, and of whose place stays */
	places_put_carried(
	    &links,
	    &(struct carried){ account_log_fingerprint(t->houses[2]->log),
			       buf_span(&t->houses[2]->links) });
	town_cheat(t, BOB, &nothing, town_rows_of(t, BOB), buf_span(&links),
		   "has no place");
	buf_reset(&links);
	places_put_carried(
	    &links,
	    &(struct carried){ account_log_fingerprint(t->houses[0]->log),
			       buf_span(&t->houses[0]->links) });
	town_cheat(t, BOB, &nothing, town_rows_of(t, BOB), buf_span(&links),
		   "whose place stays");
	buf_clear(&rows);
	buf_clear(&links);
}

static void test_no_place_is_lowered(void **state)
{
	struct town *t = *state;
	const struct mls_change nothing = { 0 };
	struct buf rows = BUF_INIT;
	struct span low;

	town_add(t, ALICE, BOB);
	buf_put(&rows, town_rows_of(t, BOB));
	town_second_device(t);
	town_rotate(t, ALICE);
	low = buf_span(&rows);
	town_cheat(t, BOB, &nothing, low, SPAN_EMPTY, "is lowered");
	buf_clear(&rows);
}

static struct span house_link_of(const struct buf *list)
{
	struct rd r = rd_init(buf_span(list));

	return rd_vec(&r);
}

/* Alice's place is her second link, which has that hash; Bob's is as it was. */
static void put_two_at(struct buf *rows, const struct town *t,
		       const uint8_t hash[ACCOUNT_HASH])
{
	struct span print = account_log_fingerprint(t->houses[0]->log);

	town_put_two(rows, t, 0, 2, 1, 1);
	for (size_t at = 0; at < rows->n; at += PLACES_ROW)
		if (memcmp(rows->p + at, print.p, ACCOUNT_HASH) == 0)
			memcpy(rows->p + at + PLACES_ROW - ACCOUNT_HASH, hash,
			       ACCOUNT_HASH);
}

static void test_carried_links_are_the_right_ones(void **state)
{
	struct town *t = *state;
	const struct mls_change nothing = { 0 };
	struct buf rows = BUF_INIT, links = BUF_INIT, one = BUF_INIT;
	uint8_t hash[ACCOUNT_HASH];
	struct span print = account_log_fingerprint(t->houses[0]->log);

	town_add(t, ALICE, BOB);
	town_second_device(t);
	town_put_two(&rows, t, 0, 2, 1, 1);
	/* from the first one on, where they have to go on from the place */
	places_put_carried(
	    &links, &(struct carried){ print, buf_span(&t->houses[0]->links) });
	town_cheat(t, BOB, &nothing, buf_span(&rows), buf_span(&links),
		   "do not go on");
	/* a link whose signature is another's */
	buf_put_vec(&one, house_link(t->houses[0], 2));
	one.p[one.n - 1] ^= 1;
	buf_reset(&links);
	places_put_carried(&links, &(struct carried){ print, buf_span(&one) });
	town_cheat(t, BOB, &nothing, buf_span(&rows), buf_span(&links),
		   "do not lead to");
	/* the same in a place of its own: no device of Alice's signed it */
	buf_reset(&rows);
	MUST(account_link_hash(house_link_of(&one), hash));
	put_two_at(&rows, t, hash);
	town_cheat(t, BOB, &nothing, buf_span(&rows), buf_span(&links),
		   "signature");
	/* something that is no list */
	town_cheat(t, BOB, &nothing, buf_span(&rows), SPAN_LIT("no links"),
		   "do not decode");
	buf_clear(&rows);
	buf_clear(&links);
	buf_clear(&one);
}

/* Whoever can write the server's database makes a device under Alice's name. */
static void test_a_ghost_stays_outside(void **state)
{
	struct town *t = *state;
	struct resident ghost = { .house = t->houses[2] };
	const struct account_pair *pair = town_key(t->houses[2], 0);
	struct span print = account_log_fingerprint(t->houses[0]->log), add_it;
	const struct mls_change change = { .adds = &add_it, .add_count = 1 };
	struct mls_commit made = { 0 };

	town_add(t, ALICE, BOB);
	town_second_device(t);
	/* with a key of another account */
	town_name_it(&ghost, print, 2, pair);
	add_it = buf_span(&ghost.d.key_package);
	MUST(device_stage(&t->r[ALICE].d, &change, &made));
	town_post(t, ALICE, &made, "a leaf's key is in no link");
	mls_commit_clear(&made);
	device_free(&ghost.d);
	/* with the number of another device */
	town_name_it(&ghost, print, 1, town_key(t->houses[0], 1));
	add_it = buf_span(&ghost.d.key_package);
	town_rotate(t, ALICE);
	device_free(&ghost.d);
	town_name_it(&ghost, print, 7, town_key(t->houses[0], 1));
	add_it = buf_span(&ghost.d.key_package);
	town_commit(t, ALICE, &change, "another device's");
	device_free(&ghost.d);
	/* by the name of before */
	device_make(&ghost.d, "alice/2", SUITE);
	add_it = buf_span(&ghost.d.key_package);
	town_cheat(t, ALICE, &change, town_rows_of(t, ALICE), SPAN_EMPTY,
		   "no device of an account");
	device_free(&ghost.d);
	buf_clear(&ghost.identity);
}

static void test_a_removed_device_does_not_come_in(void **state)
{
	struct town *t = *state;
	struct span add_it;
	const struct mls_change change = { .adds = &add_it, .add_count = 1 };

	town_second_device(t);
	town_add(t, ALICE, BOB);
	house_remove(t->houses[0], 0, 1);
	town_tell(t, ALICE, t->houses[0]);
	town_know(t->server, t->houses[0]);
	add_it = buf_span(&t->r[ALICE2].d.key_package);
	town_commit(t, ALICE, &change, "its account has removed");
}

static void test_a_removed_device_does_not_join_again(void **state)
{
	struct town *t = *state;

	town_second_device(t);
	town_add(t, ALICE, ALICE2);
	town_add(t, ALICE, BOB);
	house_remove(t->houses[0], 0, 1);
	town_tell(t, BOB, t->houses[0]);
	town_know(t->server, t->houses[0]);
	town_rotate(t, BOB);
	town_join(t, ALICE2, true, "its account has removed");
}

static void test_without_logs_nothing_is_followed(void **state)
{
	struct town *t = *state;
	const struct mls_change change = { .force_path = true };
	struct session_event event = { 0 };
	struct mls_commit made = { 0 };
	uint64_t seq;

	town_add(t, ALICE, BOB);
	session_set_accounts(t->r[BOB].d.session, NULL);
	assert_int_equal(device_stage(&t->r[BOB].d, &change, &made),
			 ERR_STATE_ACCOUNTS);
	MUST(device_stage(&t->r[ALICE].d, &change, &made));
	seq = ledger_post(&t->ledger, CHAIN_COMMIT, buf_span(&made.commit));
	MUST(device_receive(&t->r[BOB].d, &t->ledger, seq, &event));
	assert_int_equal(event.kind, SESSION_REFUSED);
	session_event_clear(&event);
	mls_commit_clear(&made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) TOWN_TESTS(name)
		TEST(test_links_come_with_the_commit),
		TEST(test_a_removed_device_goes_by_anybody),
		TEST(test_who_leaves_takes_its_place_along),
		TEST(test_who_joins_brings_its_log),
		TEST(test_a_long_log_is_not_all_carried),
		TEST(test_what_is_lacking_is_waited_for),
		TEST(test_a_newer_key_is_asked_for),
		TEST(test_places_are_those_of_the_members),
		TEST(test_no_place_is_lowered),
		TEST(test_carried_links_are_the_right_ones),
		TEST(test_a_ghost_stays_outside),
		TEST(test_a_removed_device_does_not_come_in),
		TEST(test_a_removed_device_does_not_join_again),
		TEST(test_without_logs_nothing_is_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
