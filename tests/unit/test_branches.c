/* A group at a place of a branch of an account's log that does not count, and an
 * account whose log nothing decides (docs/protocol.md, "Two branches"). */
#include "tests/testlib/town.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <string.h>

#include "session/places.h"

/* Alice, her second device, which is a thief's, and Bob are in. The thief's device has
 * made a recovery key of its own and removed Alice's first one; the group has seen it.
 * Alice's own recovery key removes the thief's: that counts. */
struct theft {
	struct town *t;
	struct house counts;
	uint32_t thief; /* leaf */
};

static uint32_t leaf_of(const struct town *t, int who)
{
	return mls_group_own_leaf(session_group(t->r[who].d.session));
}

static struct theft steal(struct town *t)
{
	struct theft theft = { .t = t };
	struct house *alice = t->houses[0];

	town_second_device(t);
	town_add(t, ALICE, ALICE2);
	town_add(t, ALICE, BOB);
	house_make_recovery(alice, 1);
	theft.thief = leaf_of(t, ALICE2);
	theft.counts = house_branch(alice);
	house_recover(alice, 1, 1);
	house_remove(alice, 1, 0);
	town_tell(t, BOB, alice);
	town_know(t->server, alice);
	town_rotate(t, BOB);
	town_expect_place(t, ALICE, 0, 4);
	house_remove(&theft.counts, HOUSE_RECOVERY, 1);
	return theft;
}

/* Who has learnt of the branch that counts. */
static void learn(struct theft *theft, int who)
{
	town_tell(theft->t, who, &theft->counts);
	town_know(theft->t->server, &theft->counts);
}

static enum session_ended ended(const struct town *t, int at, uint32_t whose)
{
	enum session_ended how;
	struct mls_member member;
	uint32_t leaf = 0;

	while (session_next_ended(t->r[at].d.session, &leaf, &member, &how))
		if (member.leaf_index == whose)
			return how;
	return SESSION_STANDS;
}

static void remove_it(struct town *t, int by, uint32_t leaf, const char *wrong)
{
	const struct mls_change change = { .removes = &leaf,
					   .remove_count = 1,
					   .force_path = true };

	town_commit(t, by, &change, wrong);
}

static void test_the_branch_that_counts_takes_over(void **state)
{
	struct theft theft = steal(*state);
	struct town *t = theft.t;

	/* Alice's first device has ended for the group, and commits nothing */
	town_commit(t, ALICE, &(struct mls_change){ .force_path = true },
		    "has removed its device");
	remove_it(t, BOB, theft.thief, "to remove that member");
	learn(&theft, BOB);
	assert_int_equal(ended(t, BOB, theft.thief), SESSION_ENDED_PARTED);
	assert_int_equal(ended(t, BOB, leaf_of(t, ALICE)), SESSION_STANDS);
	/* whatever else Bob commits leaves the place, with the thief's leaf */
	town_rotate(t, BOB);
	town_expect_place(t, BOB, 0, 4);
	remove_it(t, BOB, theft.thief, NULL);
	town_expect_place(t, ALICE, 0, 3);
	assert_int_equal(ended(t, BOB, leaf_of(t, ALICE)), SESSION_STANDS);
	town_rotate(t, ALICE);
	house_end_branch(&theft.counts);
}

/* Her first device does it itself. */
static void test_a_device_of_the_branch_goes_over(void **state)
{
	struct theft theft = steal(*state);
	struct town *t = theft.t;

	learn(&theft, ALICE);
	assert_int_equal(ended(t, ALICE, theft.thief), SESSION_ENDED_PARTED);
	remove_it(t, ALICE, theft.thief, NULL);
	town_expect_place(t, BOB, 0, 3);
	town_rotate(t, BOB);
	house_end_branch(&theft.counts);
}

/* One whose leaf the thief has removed comes in again, while the thief is there. */
static void test_who_was_removed_by_a_thief_comes_in_again(void **state)
{
	struct theft theft = steal(*state);
	struct town *t = theft.t;

	remove_it(t, ALICE2, leaf_of(t, ALICE), NULL);
	assert_false(session_member(t->r[ALICE].d.session));
	town_join(t, ALICE, false, "another device of that user");
	learn(&theft, ALICE);
	town_join(t, ALICE, false, NULL);
	/* the group does not name the branch yet; nothing is sealed before it does */
	town_expect_place(t, BOB, 0, 4);
	assert_int_equal(ended(t, BOB, theft.thief), SESSION_ENDED_PARTED);
	remove_it(t, ALICE, theft.thief, NULL);
	town_expect_place(t, BOB, 0, 3);
	town_rotate(t, BOB);
	house_end_branch(&theft.counts);
}

static void put_links(struct buf *links, const struct town *t,
		      const struct house *from, uint64_t first)
{
	struct span all = buf_span(&from->links);
	struct rd r = rd_init(all);

	for (uint64_t n = 1; n < first; n++)
		(void)rd_vec(&r);
	places_put_carried(
	    links, &(struct carried){
		       account_log_fingerprint(t->houses[0]->log),
		       span_of(all.p + (all.n - rd_left(&r)), rd_left(&r)) });
	MUST(buf_end(links));
}

/* Alice's place is the end of that house's log, Bob's is as it was. */
static void put_rows(struct buf *rows, struct town *t, struct house *alices)
{
	struct house *own = t->houses[0];

	t->houses[0] = alices;
	town_put_two(rows, t, 0, house_place(alices).number, 1, 1);
	t->houses[0] = own;
	MUST(buf_end(rows));
}

static void test_the_thief_cannot_keep_its_leaf(void **state)
{
	struct theft theft = steal(*state);
	struct town *t = theft.t;
	uint32_t first = leaf_of(t, ALICE);
	const struct mls_change nothing = { 0 };
	const struct mls_change remove = { .removes = &first,
					   .remove_count = 1 };
	const struct mls_change remove_thief = { .removes = &theft.thief,
						 .remove_count = 1 };
	struct buf rows = BUF_INIT, links = BUF_INIT;

	put_links(&links, t, &theft.counts, 3);
	put_rows(&rows, t, &theft.counts);
	town_cheat(t, BOB, &nothing, buf_span(&rows), buf_span(&links),
		   "a leaf stays that the branch");
	town_cheat(t, ALICE2, &remove, buf_span(&rows), buf_span(&links),
		   "does not stand in the branch");
	/* the place is where the branch ends, and no other one */
	town_cheat(t, BOB, &remove_thief, town_rows_of(t, BOB),
		   buf_span(&links), "not where the branch ends");
	/* without the links it is a place that was lowered */
	town_cheat(t, BOB, &remove_thief, buf_span(&rows), SPAN_EMPTY,
		   "to remove that member");
	town_cheat(t, BOB, &nothing, buf_span(&rows), SPAN_EMPTY, "is lowered");
	buf_clear(&rows);
	buf_clear(&links);
	house_end_branch(&theft.counts);
}

/* Back to the thief's branch there is no way. */
static void test_what_does_not_count_takes_nothing_over(void **state)
{
	struct theft theft = steal(*state);
	struct town *t = theft.t;
	struct buf rows = BUF_INIT, links = BUF_INIT;
	uint32_t first = leaf_of(t, ALICE);
	const struct mls_change remove = { .removes = &first,
					   .remove_count = 1 };

	learn(&theft, BOB);
	remove_it(t, BOB, theft.thief, NULL);
	put_links(&links, t, t->houses[0], 3);
	put_rows(&rows, t, t->houses[0]);
	town_cheat(t, BOB, &remove, buf_span(&rows), buf_span(&links),
		   "a branch of an account's log that does not count");
	/* nor are links of the log itself a branch of it */
	buf_reset(&links);
	put_links(&links, t, &theft.counts, 3);
	town_cheat(t, BOB, &remove, town_rows_of(t, BOB), buf_span(&links),
		   "do not part");
	buf_clear(&rows);
	buf_clear(&links);
	house_end_branch(&theft.counts);
}

/* ---- who comes in from outside by a branch that does not count ---- */

/* Carol's second device, which is a thief's, has added a third, which comes in. Her first
 * one has removed the second: that counts, and Bob knows of it. Whoever commits next gives
 * the account a place where the leaf's key stands; then the leaf goes like any other. */
static void test_who_joins_by_a_branch_stops_nobody(void **state)
{
	struct town *t = *state;
	struct house *carols = t->houses[2], thief;
	uint32_t leaf;

	town_add(t, ALICE, BOB);
	house_add(carols, 0, 1);
	house_make(carols, 2);
	thief = house_branch(carols);
	house_add(&thief, 1, 2);
	house_remove(carols, 0, 1);
	town_tell(t, BOB, carols);
	town_know(t->server, carols);
	device_free(&t->r[CAROL].d);
	town_name_it(&t->r[CAROL], account_log_fingerprint(thief.log),
		     thief.number[2], town_key(&thief, 2));
	for (int i = 0; i < 2; i++)
		town_tell(t, CAROL, t->houses[i]);
	town_tell(t, CAROL, &thief);
	town_join(t, CAROL, false, NULL);
	leaf = leaf_of(t, CAROL);
	assert_int_equal(ended(t, BOB, leaf), SESSION_ENDED_UNTOLD);
	/* who looks at the whole group meanwhile takes it */
	assert_null(check_walk_check_leaves(t->walk, false).wrong);
	town_rotate(t, BOB);
	town_expect_place(t, ALICE, 2, 3);
	assert_int_equal(ended(t, BOB, leaf), SESSION_ENDED_PARTED);
	remove_it(t, BOB, leaf, NULL);
	town_expect_place(t, ALICE, 2, 0);
	town_rotate(t, ALICE);
	house_end_branch(&thief);
}

/* ---- a fork ---- */

static void test_a_fork_goes_with_all_its_leaves(void **state)
{
	struct town *t = *state;
	struct house *alice = t->houses[0], other;
	uint32_t gone[2];
	struct mls_change change = { .removes = gone,
				     .remove_count = 1,
				     .force_path = true };
	struct buf rows = BUF_INIT, links = BUF_INIT;

	town_second_device(t);
	town_add(t, ALICE, ALICE2);
	town_add(t, ALICE, BOB);
	other = house_branch(alice);
	house_remove(alice, 0, 1);
	house_remove(&other, 1, 0);
	town_tell(t, BOB, alice);
	town_know(t->server, alice);
	town_rotate(t, BOB);
	town_expect_place(t, BOB, 0, 3);
	gone[0] = leaf_of(t, ALICE);
	gone[1] = leaf_of(t, ALICE2);
	town_commit(t, BOB, &change, "to remove that member");
	town_tell(t, BOB, &other);
	assert_int_equal(ended(t, BOB, gone[0]), SESSION_ENDED_FORKED);
	/* one leaf alone does not go */
	put_links(&links, t, &other, 3);
	put_rows(&rows, t, alice);
	town_cheat(t, BOB, &change, buf_span(&rows), buf_span(&links),
		   "whose account's log forks");
	change.remove_count = 2;
	town_commit(t, BOB, &change, NULL);
	town_expect_place(t, BOB, 0, 0);
	assert_false(session_member(t->r[ALICE].d.session));
	house_end_branch(&other);
	buf_clear(&rows);
	buf_clear(&links);
}

/* Carol's second device, which is not in the group, has signed two links of one number.
 * What nothing decides is no reason to move the place. */
static void test_a_place_stays_before_a_fork(void **state)
{
	struct town *t = *state;
	struct house *carols = t->houses[2], other;
	uint8_t lost[ACCOUNT_HASH];

	town_add(t, ALICE, BOB);
	house_add(carols, 0, 1);
	town_tell(t, ALICE, carols);
	town_know(t->server, carols);
	town_add(t, ALICE, CAROL);
	other = house_branch(carols);
	house_add(carols, 0, 2);
	house_add(&other, 1, 3);
	town_tell(t, BOB, carols);
	town_tell(t, BOB, &other);
	town_rotate(t, BOB);
	town_expect_place(t, ALICE, 2, 2);
	assert_int_equal(ended(t, BOB, leaf_of(t, CAROL)), SESSION_STANDS);
	/* what does is one, and so is a leaf that has to go */
	house_hash(&other, 3, lost);
	house_withdraw(carols, 1, SPAN_ARRAY(lost));
	town_tell(t, BOB, carols);
	town_rotate(t, BOB);
	town_expect_place(t, ALICE, 2, 4);
	account_keys_clear(&other.keys[3]);
	house_end_branch(&other);
}

static void test_a_leaf_goes_though_its_log_forks(void **state)
{
	struct town *t = *state;
	struct house *carols = t->houses[2], other;

	town_add(t, ALICE, BOB);
	house_add(carols, 0, 1);
	town_tell(t, ALICE, carols);
	town_know(t->server, carols);
	town_add(t, ALICE, CAROL);
	other = house_branch(carols);
	house_remove(carols, 1, 0);
	house_add(&other, 1, 3);
	town_tell(t, BOB, carols);
	town_tell(t, BOB, &other);
	assert_int_equal(ended(t, BOB, leaf_of(t, CAROL)),
			 SESSION_ENDED_UNTOLD);
	town_rotate(t, BOB);
	town_expect_place(t, ALICE, 2, 3);
	account_keys_clear(&other.keys[3]);
	house_end_branch(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) TOWN_TESTS(name)
		TEST(test_the_branch_that_counts_takes_over),
		TEST(test_a_device_of_the_branch_goes_over),
		TEST(test_who_was_removed_by_a_thief_comes_in_again),
		TEST(test_the_thief_cannot_keep_its_leaf),
		TEST(test_what_does_not_count_takes_nothing_over),
		TEST(test_who_joins_by_a_branch_stops_nobody),
		TEST(test_a_fork_goes_with_all_its_leaves),
		TEST(test_a_place_stays_before_a_fork),
		TEST(test_a_leaf_goes_though_its_log_forks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
