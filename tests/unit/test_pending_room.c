/* Proposals that wait have room by sender: who sends many takes nobody else's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "mls/group_internal.h"
#include "mls/pending.h"
#include "tests/testlib/rules.h"

static int setup(void **state)
{
	struct rules *rules = calloc(1, sizeof(*rules));

	*state = rules;
	if (rules == NULL)
		return -1;
	rules_init(rules, SPAN_EMPTY);
	return 0;
}

static int teardown(void **state)
{
	rules_clear(*state);
	free(*state);
	return 0;
}

static void propose(struct rules *rules, struct member *by,
		    const struct mls_proposal *proposal)
{
	struct buf message = BUF_INIT;

	assert_int_equal(
	    mls_group_propose(by->group, &by->me, proposal, false, &message),
	    ERR_OK);
	rules_keep(ALICE, buf_span(&message));
	buf_clear(&message);
}

/* Bob would let Dave in again and again: of two that do so one fits at the most. */
static void flood(struct rules *rules, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct mls_key_package_secrets secrets = { 0 };
		struct mls_proposal add = { .kind = MLS_PROPOSE_ADD };
		struct buf package = BUF_INIT;

		assert_int_equal(mls_key_package_create(&DAVE->me, false,
							&secrets, &package),
				 ERR_OK);
		add.key_package = buf_span(&package);
		propose(rules, BOB, &add);
		mls_key_package_secrets_clear(&secrets);
		buf_clear(&package);
	}
}

static enum err count_of(void *context, const struct mls_group *group,
			 const struct mls_staged *staged)
{
	size_t *counts = context;

	(void)group;
	for (size_t i = 0; i < staged->proposal_count; i++)
		counts[staged->proposals[i].sender]++;
	return ERR_OK;
}

/* Of Alice's next commit: how many proposals of each. */
static void commit(struct rules *rules, size_t counts[RULES_MEMBERS])
{
	struct mls_change change = { .commit_pending_proposals = true };
	struct mls_commit made;

	assert_int_equal(
	    mls_group_commit(ALICE->group, &ALICE->me, &change, &made), ERR_OK);
	assert_int_equal(mls_group_staged(ALICE->group, count_of, counts),
			 ERR_OK);
	mls_commit_clear(&made);
}

static void test_many_of_one(void **state)
{
	struct rules *rules = *state;
	struct mls_proposal update = { .kind = MLS_PROPOSE_UPDATE };
	size_t counts[RULES_MEMBERS] = { 0 };

	flood(rules, PENDING_TRIED_MAX + 10);
	propose(rules, CAROL, &update);
	commit(rules, counts);
	assert_int_equal(counts[1], 1);
	assert_int_equal(counts[2], 1);
}

/* What the others do not need is for who sends many. */
static void test_the_rest(void **state)
{
	struct rules *rules = *state;
	struct mls_proposal update = { .kind = MLS_PROPOSE_UPDATE };
	size_t counts[RULES_MEMBERS] = { 0 };

	flood(rules, PENDING_TRIED_MAX - 2);
	propose(rules, BOB, &update);
	propose(rules, CAROL, &update);
	commit(rules, counts);
	assert_int_equal(counts[1], 2);
	assert_int_equal(counts[2], 1);
}

/* ---- what is kept ---- */

static enum err keep(struct rules *rules, struct wire_sender sender, uint32_t n)
{
	uint8_t ref[8] = { sender.type, (uint8_t)(sender.index >> 8),
			   (uint8_t)sender.index };

	ref[3] = (uint8_t)(n >> 8);
	ref[4] = (uint8_t)n;
	return epoch_keep_proposal(ALICE->group->now, SPAN_ARRAY(ref),
				   SPAN_LIT("a proposal"), sender, NULL);
}

static void fill(struct rules *rules, struct wire_sender sender)
{
	for (uint32_t i = 0; i < MLS_PENDING_SENDER_MAX; i++)
		assert_int_equal(keep(rules, sender, i), ERR_OK);
	assert_int_equal(keep(rules, sender, MLS_PENDING_SENDER_MAX),
			 ERR_PEER_TOO_LARGE);
	/* one that is kept already is no further one */
	assert_int_equal(keep(rules, sender, 0), ERR_OK);
}

static void test_kept(void **state)
{
	struct rules *rules = *state;
	struct wire_sender member = { WIRE_SENDER_MEMBER, 1 },
			   other = { WIRE_SENDER_MEMBER, 2 },
			   external = { WIRE_SENDER_EXTERNAL, 1 },
			   outside = { WIRE_SENDER_NEW_MEMBER_PROPOSAL, 0 };

	fill(rules, member);
	fill(rules, external);
	fill(rules, outside);
	/* nobody can tell those apart */
	outside.index = 7;
	assert_int_equal(keep(rules, outside, 1), ERR_PEER_TOO_LARGE);
	for (uint32_t i = 0; i < MLS_PENDING_MAX - 3 * MLS_PENDING_SENDER_MAX;
	     i++)
		assert_int_equal(keep(rules, other, i), ERR_OK);
	other.index = 0;
	assert_int_equal(keep(rules, other, 0), ERR_PEER_TOO_LARGE);
	assert_int_equal(ALICE->group->now->proposal_count, MLS_PENDING_MAX);
	epoch_forget_proposals(ALICE->group->now, 0);
	assert_int_equal(keep(rules, other, 0), ERR_OK);
	epoch_forget_proposals(ALICE->group->now, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_many_of_one, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_the_rest, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kept, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
