/* Which accounts a look leaves out (session/unsettled.h): whoever looks at the others
 * alone plans the same commits, and finds the same leaves that have ended, as whoever
 * looks at all. So it is in groups that change at random, with logs that grow and part,
 * and with a session that is stored and loaded. */
#include "tests/testlib/session_value.h"
#include "tests/testlib/town.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "session/places.h"
#include "session/state.h"

enum { RUNS = 5, STEPS = 40, LEAVES = 16 };

/* Numbers that look random, the same in each run. */
static uint32_t next_number(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* ---- what a look finds ---- */

/* How often there was something to find. */
static struct {
	size_t ended, changes, settled, forks;
} seen;

struct found {
	uint32_t leaves[LEAVES];
	enum session_ended how[LEAVES];
	size_t count;
	struct places_plan plan;
	enum err planned;
};

static void find(const struct session *session, const struct mls_change *change,
		 struct found *found)
{
	struct mls_member member;
	uint32_t leaf = 0;

	memset(found, 0, sizeof(*found));
	while (session_next_ended(session, &leaf, &member,
				  &found->how[found->count])) {
		assert_in_range(found->count, 0, LEAVES - 2);
		found->leaves[found->count++] = member.leaf_index;
	}
	found->planned = places_plan_commit(session, change, &found->plan);
}

static void assert_same(const struct buf *a, const struct buf *b)
{
	assert_true(span_equal(buf_span(a), buf_span(b)));
}

static void compare_change(struct session *session,
			   const struct mls_change *change)
{
	struct unsettled kept = session->unsettled;
	struct found few, all;

	assert_true(kept.known);
	find(session, change, &few);
	session->unsettled = (struct unsettled){ .known = false };
	find(session, change, &all);
	session->unsettled = kept;
	assert_int_equal(few.count, all.count);
	for (size_t i = 0; i < few.count; i++) {
		assert_int_equal(few.leaves[i], all.leaves[i]);
		assert_int_equal(few.how[i], all.how[i]);
	}
	seen.ended += all.count;
	seen.changes += all.plan.changes.n > 0;
	seen.settled += kept.count == 0;
	assert_int_equal(few.planned, all.planned);
	assert_true(few.plan.changed == all.plan.changed);
	assert_same(&few.plan.extensions, &all.plan.extensions);
	assert_same(&few.plan.links, &all.plan.links);
	assert_same(&few.plan.changes, &all.plan.changes);
	places_plan_clear(&few.plan);
	places_plan_clear(&all.plan);
}

/* A commit of nothing, and one for each leaf that it could remove. */
static void compare(struct session *session)
{
	struct mls_change change = { .force_path = true };
	struct mls_member member;
	uint32_t leaf = 0;

	MUST(session_settle(session));
	compare_change(session, &change);
	change.remove_count = 1;
	change.removes = &member.leaf_index;
	while (mls_group_next_member(session_group(session), &leaf, &member))
		compare_change(session, &change);
}

/* As it is, and as it comes back from a store. */
static void compare_stored(struct resident *r)
{
	struct session *loaded = NULL;
	struct buf state = BUF_INIT;

	if (r->d.session == NULL || !session_member(r->d.session))
		return;
	compare(r->d.session);
	MUST(session_value(r->d.session, &state));
	MUST(session_load(buf_span(&state), &loaded));
	session_set_accounts(loaded, r->accounts);
	assert_true(loaded->unsettled.known);
	assert_int_equal(loaded->unsettled.count,
			 r->d.session->unsettled.count);
	compare(loaded);
	session_free(loaded);
	buf_clear(&state);
}

static void compare_all(struct town *t)
{
	for (int i = 0; i < RESIDENTS; i++)
		compare_stored(&t->r[i]);
}

/* ---- what happens ---- */

static bool is_in(const struct town *t, int who)
{
	return t->r[who].d.session != NULL &&
	       session_member(t->r[who].d.session);
}

/* A device comes to an account, or goes; some are told. */
static void grow(struct town *t, uint32_t *state, int *next)
{
	struct house *house = t->houses[next_number(state) % HOUSES];

	if (next_number(state) % 2 == 0 || *next < 3)
		house_add(house, 0, (*next)++);
	else
		for (int who = *next - 1; who > 0; who--)
			if (house->number[who] != 0) {
				house_remove(house, 0, who);
				house->number[who] = 0;
				break;
			}
	town_know(t->server, house);
	town_know(t->walked, house);
	for (int i = 0; i < RESIDENTS; i++)
		if (t->r[i].house == house || next_number(state) % 2 == 0)
			town_tell(t, i, house);
}

/* Two logs of Carol's that nothing decides: some see both. */
static void fork_it(struct town *t, uint32_t *state, int *next)
{
	struct house *house = t->houses[2], other;

	house_make(house, *next);
	house_make(house, *next + 1);
	other = house_branch(house);
	house_add(&other, 0, *next + 1);
	house_add(house, 0, *next);
	*next += 2;
	town_know(t->server, house);
	for (int i = 0; i < RESIDENTS; i++)
		if (next_number(state) % 2 == 0) {
			town_tell(t, i, house);
			town_tell(t, i, &other);
		}
	house_end_branch(&other);
}

static void remove_one(struct town *t, int by, int whom)
{
	uint32_t leaf = mls_group_own_leaf(session_group(t->r[whom].d.session));
	const struct mls_change change = { .removes = &leaf,
					   .remove_count = 1,
					   .force_path = true };

	town_commit(t, by, &change, NULL);
}

static void step(struct town *t, uint32_t *state, int *next, bool *forked)
{
	switch (next_number(state) % 6) {
	case 0:
		grow(t, state, next);
		break;
	case 1:
		if (is_in(t, BOB))
			town_rotate(t, BOB);
		break;
	case 2:
		if (is_in(t, BOB))
			remove_one(t, ALICE, BOB);
		break;
	case 3:
		if (!*forked && next_number(state) % 4 == 0) {
			fork_it(t, state, next);
			*forked = true;
			seen.forks++;
		}
		break;
	case 4:
		if (!is_in(t, CAROL) && !*forked) {
			town_join(t, CAROL, false, NULL);
			compare_all(t);
		}
		break;
	default:
		town_rotate(t, ALICE);
		break;
	}
}

static void test_groups_at_random(void **state)
{
	(void)state;
	for (uint32_t run = 1; run <= RUNS; run++) {
		uint32_t random = run * 7919;
		int next = 2;
		bool forked = false;
		struct town *t;

		assert_int_equal(town_setup((void **)&t), 0);
		town_second_device(t);
		town_add(t, ALICE, ALICE2);
		town_add(t, ALICE, BOB);
		for (int i = 0; i < HOUSES; i++) {
			town_tell(t, CAROL, t->houses[i]);
			town_tell(t, BOB, t->houses[i]);
		}
		for (int i = 0; i < STEPS; i++) {
			compare_all(t);
			step(t, &random, &next, &forked);
		}
		compare_all(t);
		assert_int_equal(town_teardown((void **)&t), 0);
	}
	assert_true(seen.ended > 0 && seen.changes > 0 && seen.settled > 0 &&
		    seen.forks > 0);
}

/* ---- the set ---- */

static struct span print_of(uint32_t number, uint8_t out[ACCOUNT_HASH])
{
	memset(out, 7, ACCOUNT_HASH);
	memcpy(out, &number, sizeof(number));
	return span_of(out, ACCOUNT_HASH);
}

/* In order, each once; beyond the bound all are looked at. */
static void test_the_set_has_a_bound(void **state)
{
	struct unsettled set = { .known = true };
	uint8_t print[ACCOUNT_HASH];
	(void)state;

	for (uint32_t i = 0; i < 2 * UNSETTLED_MAX; i++)
		unsettled_put(&set, print_of(i * 7 % UNSETTLED_MAX, print));
	assert_true(set.known);
	assert_int_equal(set.count, UNSETTLED_MAX);
	for (size_t i = 1; i < set.count; i++)
		assert_true(span_compare(SPAN_ARRAY(set.list[i - 1]),
					 SPAN_ARRAY(set.list[i])) < 0);
	unsettled_put(&set, print_of(UNSETTLED_MAX, print));
	assert_false(set.known);
	assert_int_equal(set.count, 0);
	unsettled_put(&set, print_of(0, print));
	assert_int_equal(set.count, 0);
	unsettled_clear(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_groups_at_random),
		cmocka_unit_test(test_the_set_has_a_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
