/* A failure leaves the group as it was: every allocation fails once while a
 * message is processed, whatever it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "tests/testlib/starve_world.h"

static enum err process(struct scene *s)
{
	return mls_group_process(s->m->group, MEMBER_NOW, s->in, &s->event);
}

static void starve_message(const char *name, struct member *m,
			   const struct buf *message)
{
	struct scene s = { .m = m, .in = buf_span(message) };

	starve_each(name, process, &s);
}

static enum err process_untagged(struct scene *s)
{
	return mls_group_process_untagged(s->m->group, MEMBER_NOW, s->in,
					  &s->event);
}

static void takes(struct member *m, struct span message)
{
	struct mls_event event;

	assert_int_equal(
	    mls_group_process(m->group, MEMBER_NOW, message, &event), ERR_OK);
	mls_event_clear(&event);
}

/* ---- application messages ---- */

static void say(struct member *m, struct buf *message)
{
	buf_reset(message);
	assert_int_equal(mls_group_protect(m->group, &m->me, SPAN_LIT("seen"),
					   SPAN_LIT("said"), message),
			 ERR_OK);
}

static void test_application(void **state)
{
	struct world *w = *state;
	struct buf first = BUF_INIT, later = BUF_INIT;
	struct mls_commit made;

	say(CAROL, &first);
	starve_message("a message", BOB, &first);
	for (size_t i = 0; i < 3; i++)
		say(CAROL, &later);
	starve_message("a message ahead of others", BOB, &later);
	takes(BOB, buf_span(&later));
	starve_message("a message that was skipped", BOB, &first);
	member_commit(ALICE, NULL, 0, NULL, 0, true, &made);
	member_follow(BOB, buf_span(&made.commit));
	starve_message("a message of the epoch before", BOB, &first);
	mls_commit_clear(&made);
	buf_clear(&first);
	buf_clear(&later);
}

/* ---- proposals ---- */

static void test_proposals(void **state)
{
	struct mls_proposal list[PROPOSALS];
	struct world *w = *state;
	struct member next;
	char name[64];

	renewed(ALICE, &next);
	all_proposals(w, &next, list);
	for (size_t i = 0; i < PROPOSALS; i++) {
		struct buf message = BUF_INIT;

		assert_int_equal(mls_group_propose(ALICE->group, &ALICE->me,
						   &list[i], i % 2 == 0,
						   &message),
				 ERR_OK);
		(void)snprintf(name, sizeof(name), "proposal %zu", i);
		starve_message(name, BOB, &message);
		buf_clear(&message);
	}
	member_clear(&next);
}

static void test_outsiders(void **state)
{
	static const uint32_t zero = 0;
	struct world *w = *state;
	struct mls_proposal add = {
		.kind = MLS_PROPOSE_ADD,
		.key_package = buf_span(&DAVE->key_package),
	};
	struct mls_proposal remove = { .kind = MLS_PROPOSE_REMOVE };
	uint64_t epoch = mls_group_epoch(BOB->group);
	struct buf message = BUF_INIT;

	assert_int_equal(mls_propose_from_outside(&DAVE->me, SPAN_LIT("group"),
						  epoch, NULL, &add, &message),
			 ERR_OK);
	starve_message("a proposal of a client to come", BOB, &message);
	buf_reset(&message);
	assert_int_equal(mls_propose_from_outside(&ERIN->me, SPAN_LIT("group"),
						  epoch, &zero, &remove,
						  &message),
			 ERR_OK);
	starve_message("a proposal of an external sender", BOB, &message);
	buf_clear(&message);
}

/* ---- commits ---- */

static void starve_commit(const char *name, struct world *w,
			  const struct mls_change *change)
{
	struct mls_commit made;

	struct scene untagged = { .m = BOB };

	commit_of(ALICE, change, &made);
	starve_message(name, BOB, &made.commit);
	untagged.in = buf_span(&made.commit);
	starve_each(name, process_untagged, &untagged);
	mls_group_discard(ALICE->group);
	mls_commit_clear(&made);
}

static void test_commits(void **state)
{
	static const uint32_t carol = 2, bob = 1;
	static const uint64_t past = 3;
	struct world *w = *state;
	struct span add = buf_span(&DAVE->key_package);
	struct span extensions = buf_span(&w->extensions);
	struct member next;
	struct mls_change all = {
		.adds = &add,
		.add_count = 1,
		.removes = &carol,
		.remove_count = 1,
		.psks = &PSK_ID,
		.psk_count = 1,
		.resumptions = &past,
		.resumption_count = 1,
		.extensions = &extensions,
		.app_data = &APP_DATA,
		.app_data_count = 1,
		.authenticated_data = SPAN_LIT("why"),
		.private_handshake = true,
	};
	struct mls_change alone = { .adds = &add, .add_count = 1 };
	struct mls_change ours = { .removes = &bob, .remove_count = 1 };
	struct mls_change reinit = { .reinit = &REINIT };
	struct mls_change renew = { 0 };

	renewed(ALICE, &next);
	renew.next = &next.me;
	starve_commit("a commit of everything, private", w, &all);
	all.private_handshake = false;
	starve_commit("a commit of everything, public", w, &all);
	starve_commit("a commit without a path", w, &alone);
	starve_commit("a commit that removes us", w, &ours);
	starve_commit("a commit of a reinit", w, &reinit);
	starve_commit("a commit with another identity", w, &renew);
	member_clear(&next);
}

/* By reference, ours among them; and our own commit that comes back. */
static void test_references(void **state)
{
	struct mls_change change = { .commit_pending_proposals = true };
	struct world *w = *state;
	struct mls_commit made;

	gather(w, true);
	starve_commit("a commit of references", w, &change);
	commit_of(BOB, &change, &made);
	starve_message("our own commit", BOB, &made.commit);
	mls_commit_clear(&made);
}

/* Of who leaves, by a member's commit. */
static void test_leaving(void **state)
{
	struct mls_change change = { .authenticated_data = SPAN_LIT("why") };
	struct world *w = *state;
	struct buf message = BUF_INIT;

	carol_leaves(w, &message);
	starve_commit("a commit of who leaves", w, &change);
	buf_clear(&message);
}

static void test_external_commits(void **state)
{
	struct world *w = *state;
	struct mls_external how = { .authenticated_data = SPAN_LIT("why") };
	struct member *joiners[] = { DAVE, CAROL };
	struct buf info = BUF_INIT;

	assert_int_equal(mls_group_info(ALICE->group, &ALICE->me, true, &info),
			 ERR_OK);
	for (size_t i = 0; i < 2; i++) {
		struct mls_group *joined;
		struct mls_commit made;

		how.resync = i == 1;
		assert_int_equal(mls_group_join_external(&joiners[i]->me,
							 buf_span(&info), &how,
							 &joined, &made),
				 ERR_OK);
		starve_message(i == 0 ? "a join" : "a join again", BOB,
			       &made.commit);
		mls_group_free(joined);
		mls_commit_clear(&made);
	}
	buf_clear(&info);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STARVED(test_application),  STARVED(test_proposals),
		STARVED(test_outsiders),    STARVED(test_commits),
		STARVED(test_references),   STARVED(test_external_commits),
		STARVED(test_leaving),	    STARVED_NIST(test_application),
		STARVED_NIST(test_commits),
	};

	if (!starve_start())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
