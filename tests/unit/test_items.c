/* A group's state item by item (mls/items.h): what is stored is the group, little
 * is written, what is over is gone, and a store that fails or lies does no harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "tests/testlib/rules.h"
#include "tests/testlib/shelf.h"

static void save(const struct mls_group *group, struct buf *state)
{
	buf_reset(state);
	assert_int_equal(mls_group_save(group, state), ERR_OK);
}

/* What is on the shelf is the group as it is. */
static void is_stored(const struct mls_group *group, struct shelf *shelf)
{
	struct buf live = BUF_INIT, restored = BUF_INIT;
	struct mls_group *again = NULL;

	assert_int_equal(mls_group_restore(&shelf->port, &again), ERR_OK);
	save(group, &live);
	save(again, &restored);
	assert_true(span_equal(buf_span(&live), buf_span(&restored)));
	/* and nothing has to be written for it */
	shelf_count(shelf);
	assert_int_equal(mls_group_store(again, &shelf->port), ERR_OK);
	assert_int_equal(shelf->puts + shelf->drops, 0);
	mls_group_free(again);
	buf_clear(&live);
	buf_clear(&restored);
}

static void store(struct mls_group *group, struct shelf *shelf)
{
	shelf_count(shelf);
	assert_int_equal(mls_group_store(group, &shelf->port), ERR_OK);
}

static void all_store(struct rules *rules, struct shelf *shelves)
{
	for (size_t i = 0; i < RULES_MEMBERS; i++) {
		store(rules->all[i].group, &shelves[i]);
		is_stored(rules->all[i].group, &shelves[i]);
	}
}

/* Comes back from its shelf, as after a restart. */
static void restart(struct member *m, struct shelf *shelf)
{
	mls_group_free(m->group);
	m->group = NULL;
	assert_int_equal(mls_group_restore(&shelf->port, &m->group), ERR_OK);
}

static size_t with_prefix(const struct shelf *shelf, struct span prefix)
{
	size_t count = 0;

	for (size_t i = 0; i < shelf->count; i++)
		count +=
		    shelf->items[i].key_n >= prefix.n &&
		    span_equal(span_of(shelf->items[i].key, prefix.n), prefix);
	return count;
}

/* ---- a life ---- */

static void say(struct rules *rules, size_t by, size_t skip)
{
	struct member *m = &rules->all[by];
	struct buf message = BUF_INIT;

	assert_int_equal(mls_group_protect(m->group, &m->me, SPAN_EMPTY,
					   SPAN_LIT("text"), &message),
			 ERR_OK);
	for (size_t i = 0; i < RULES_MEMBERS; i++) {
		struct mls_event event;

		if (i == by || i == skip)
			continue;
		assert_int_equal(mls_group_process(rules->all[i].group,
						   MEMBER_NOW,
						   buf_span(&message), &event),
				 ERR_OK);
		mls_event_clear(&event);
	}
	buf_clear(&message);
}

static void propose(struct rules *rules, struct member *by)
{
	struct mls_proposal update = { .kind = MLS_PROPOSE_UPDATE };
	struct buf message = BUF_INIT;

	assert_int_equal(
	    mls_group_propose(by->group, &by->me, &update, true, &message),
	    ERR_OK);
	for (size_t i = 0; i < RULES_MEMBERS; i++)
		if (&rules->all[i] != by)
			rules_keep(&rules->all[i], buf_span(&message));
	buf_clear(&message);
}

/* Staged, stored, lost and staged again; then everybody goes on. */
static void commit(struct rules *rules, size_t by, struct shelf *shelves)
{
	struct member *m = &rules->all[by];
	struct mls_change change = { .force_path = true,
				     .commit_pending_proposals = true };
	struct mls_commit made;

	for (int i = 0; i < 2; i++) {
		assert_int_equal(
		    mls_group_commit(m->group, &m->me, &change, &made), ERR_OK);
		store(m->group, &shelves[by]);
		is_stored(m->group, &shelves[by]);
		if (i > 0)
			break;
		mls_group_discard(m->group);
		store(m->group, &shelves[by]);
		is_stored(m->group, &shelves[by]);
		mls_commit_clear(&made);
	}
	restart(m, &shelves[by]);
	for (size_t i = 0; i < RULES_MEMBERS; i++) {
		struct mls_event event;

		if (i == by)
			continue;
		assert_int_equal(
		    mls_group_process(rules->all[i].group, MEMBER_NOW,
				      buf_span(&made.commit), &event),
		    ERR_OK);
		mls_event_clear(&event);
		store(rules->all[i].group, &shelves[i]);
		is_stored(rules->all[i].group, &shelves[i]);
	}
	for (size_t i = 0; i < RULES_MEMBERS; i++)
		assert_int_equal(mls_group_merge(rules->all[i].group), ERR_OK);
	mls_commit_clear(&made);
}

static void test_life(void **state)
{
	struct shelf shelves[RULES_MEMBERS];
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	for (size_t i = 0; i < RULES_MEMBERS; i++)
		shelf_init(&shelves[i]);
	for (size_t turn = 0; turn < 2 * RULES_MEMBERS + 2; turn++) {
		size_t by = turn % RULES_MEMBERS;

		all_store(rules, shelves);
		say(rules, by, (by + 1) % RULES_MEMBERS);
		say(rules, by, RULES_MEMBERS);
		all_store(rules, shelves);
		if (turn % 2 == 0)
			propose(rules, &rules->all[(by + 1) % RULES_MEMBERS]);
		all_store(rules, shelves);
		commit(rules, by, shelves);
		all_store(rules, shelves);
		restart(&rules->all[by], &shelves[by]);
	}
	assert_int_equal(mls_group_keep_past(ALICE->group, 1), ERR_OK);
	assert_int_equal(
	    mls_group_add_psk(BOB->group, SPAN_LIT("id"), SPAN_LIT("secret")),
	    ERR_OK);
	mls_group_forget_past(CAROL->group);
	all_store(rules, shelves);
	/* epoch, proposals, and a part of a secret tree at the least */
	assert_true(with_prefix(&shelves[2], SPAN_LIT("e")) >= 3);
	for (size_t i = 0; i < RULES_MEMBERS; i++)
		shelf_clear(&shelves[i]);
	rules_end(rules);
}

/* Who was removed keeps no keys, on the shelf either. */
static void test_removed(void **state)
{
	const uint32_t two = 2;
	struct mls_change change = { .removes = &two, .remove_count = 1 };
	struct mls_commit made;
	struct rules rules[1];
	struct shelf shelf;
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	shelf_init(&shelf);
	store(CAROL->group, &shelf);
	assert_int_equal(
	    mls_group_commit(ALICE->group, &ALICE->me, &change, &made), ERR_OK);
	member_follow(BOB, buf_span(&made.commit));
	member_follow(CAROL, buf_span(&made.commit));
	store(CAROL->group, &shelf);
	is_stored(CAROL->group, &shelf);
	/* head, one epoch, its proposals: no message keys */
	assert_int_equal(shelf.count - with_prefix(&shelf, SPAN_LIT("n")), 3);
	shelf_clear(&shelf);
	mls_commit_clear(&made);
	for (size_t i = 0; i <= RULES_MEMBERS; i++)
		member_clear(&rules->all[i]);
}

/* Before an external join is merged, there are no secrets. */
static void test_external(void **state)
{
	struct mls_external how = { .resync = false };
	struct buf info = BUF_INIT;
	struct mls_commit made;
	struct rules rules[1];
	struct shelf shelf;
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	shelf_init(&shelf);
	assert_int_equal(mls_group_info(ALICE->group, &ALICE->me, true, &info),
			 ERR_OK);
	assert_int_equal(mls_group_join_external(&DAVE->me, buf_span(&info),
						 &how, &DAVE->group, &made),
			 ERR_OK);
	store(DAVE->group, &shelf);
	is_stored(DAVE->group, &shelf);
	restart(DAVE, &shelf);
	assert_int_equal(mls_group_merge(DAVE->group), ERR_OK);
	store(DAVE->group, &shelf);
	is_stored(DAVE->group, &shelf);
	shelf_clear(&shelf);
	mls_commit_clear(&made);
	buf_clear(&info);
	rules_end(rules);
}

/* ---- how much ---- */

#define MANY 64

static void test_size(void **state)
{
	struct member *m = calloc(MANY, sizeof(*m));
	struct member **others = calloc(MANY, sizeof(struct member *));
	struct mls_change change = { .force_path = true };
	struct buf message = BUF_INIT, whole = BUF_INIT;
	struct mls_commit made;
	struct shelf shelf;
	char name[16];
	(void)state;

	assert_true(m != NULL && others != NULL);
	for (size_t i = 0; i < MANY; i++) {
		(void)snprintf(name, sizeof(name), "m%zu/1", i);
		member_init(&m[i], rules_suite(), name);
		others[i] = &m[i];
	}
	member_create(&m[0], "group");
	member_commit(&m[0], others + 1, MANY - 1, NULL, 0, true, &made);
	mls_commit_clear(&made);
	shelf_init(&shelf);
	store(m[0].group, &shelf);
	for (int i = 0; i < 3; i++) {
		buf_reset(&message);
		assert_int_equal(mls_group_protect(m[0].group, &m[0].me,
						   SPAN_EMPTY, SPAN_LIT("text"),
						   &message),
				 ERR_OK);
		store(m[0].group, &shelf);
		/* the first one opens the way down the secret tree */
		assert_true(shelf.bytes < (i == 0 ? 1000 : 150));
		assert_true(i == 0 || shelf.puts == 1);
	}
	assert_int_equal(mls_group_commit(m[0].group, &m[0].me, &change, &made),
			 ERR_OK);
	store(m[0].group, &shelf);
	save(m[0].group, &whole);
	print_message("commit: %zu bytes of %zu\n", shelf.bytes, whole.n);
	assert_true(shelf.bytes < 2500 && whole.n > 15000);
	assert_int_equal(mls_group_merge(m[0].group), ERR_OK);
	store(m[0].group, &shelf);
	/* what is not wanted of the old epoch any more, and the head */
	assert_true(shelf.bytes < 2000);
	is_stored(m[0].group, &shelf);
	shelf_clear(&shelf);
	mls_commit_clear(&made);
	buf_clear(&message);
	buf_clear(&whole);
	for (size_t i = 0; i < MANY; i++)
		member_clear(&m[i]);
	free(others);
	free(m);
}

/* ---- a store that fails, and one that lies ---- */

static void test_failures(void **state)
{
	struct rules rules[1];
	struct shelf shelf;
	struct buf before = BUF_INIT, after = BUF_INIT;
	size_t calls;
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	shelf_init(&shelf);
	store(ALICE->group, &shelf);
	calls = shelf.calls;
	save(ALICE->group, &before);
	for (size_t i = 1; i <= calls; i++) {
		mls_group_store_again(ALICE->group);
		shelf_count(&shelf);
		shelf.fail_at = i;
		assert_int_equal(mls_group_store(ALICE->group, &shelf.port),
				 ERR_LOCAL_IO);
		shelf.fail_at = 0;
		store(ALICE->group, &shelf);
		assert_int_equal(shelf.calls, calls);
		is_stored(ALICE->group, &shelf);
	}
	save(ALICE->group, &after);
	assert_true(span_equal(buf_span(&before), buf_span(&after)));
	for (size_t i = 1; i <= shelf.count; i++) {
		struct mls_group *none = NULL;

		shelf_count(&shelf);
		shelf.fail_at = i;
		assert_int_equal(mls_group_restore(&shelf.port, &none),
				 ERR_LOCAL_IO);
		assert_null(none);
	}
	shelf_clear(&shelf);
	buf_clear(&before);
	buf_clear(&after);
	rules_end(rules);
}

/* It may be another group then, or none; nothing else happens. */
static void try_restore(struct shelf *shelf, bool must_fail)
{
	struct mls_group *group = NULL;
	enum err e = mls_group_restore(&shelf->port, &group);

	assert_int_equal(e == ERR_OK, group != NULL);
	assert_true(!must_fail || e != ERR_OK);
	assert_true(e == ERR_OK || err_class(e) == ERR_CLASS_PEER);
	mls_group_free(group);
}

static void test_lies(void **state)
{
	struct rules rules[1];
	struct shelf shelf;
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	shelf_init(&shelf);
	say(rules, 1, RULES_MEMBERS);
	store(ALICE->group, &shelf);
	for (size_t i = 0; i < shelf.count; i++) {
		struct shelf_item *item = &shelf.items[i];
		bool of_tree = item->key[0] != 'e' || item->key_n < 14;

		for (size_t at = 0; at < item->n; at += 1 + item->n / 50) {
			item->value[at] ^= 1;
			try_restore(&shelf, false);
			item->value[at] ^= 0x81;
			try_restore(&shelf, false);
			item->value[at] ^= 0x80;
		}
		item->n--;
		try_restore(&shelf, true);
		item->n++;
		item->key[0] ^= 0x80; /* it is not there */
		try_restore(&shelf, of_tree);
		item->key[0] ^= 0x80;
	}
	is_stored(ALICE->group, &shelf);
	shelf_clear(&shelf);
	rules_end(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),	 cmocka_unit_test(test_removed),
		cmocka_unit_test(test_external), cmocka_unit_test(test_size),
		cmocka_unit_test(test_failures), cmocka_unit_test(test_lies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
