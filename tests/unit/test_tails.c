/* What a writer believes of the ends of logs. */
#include "store/tails.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct uuid S = { { 1 } }, T = { { 2 } }, ALICE = { { 3 } },
			 BOB = { { 4 } };
static const struct digest H1 = { { 5 } }, H2 = { { 6 } };

static int setup(void **state)
{
	return tails_new((struct tails **)state) == ERR_OK ? 0 : -1;
}

static int teardown(void **state)
{
	tails_free(*state);
	return 0;
}

static void test_nothing_is_known(void **state)
{
	assert_null(tails_expect(*state, S, 0, ALICE));
	tails_learn(*state, 1, S, 7, 1, H1, ALICE);
	assert_null(tails_expect(*state, T, 7, ALICE));
	assert_null(tails_expect(*state, S, 7, BOB)); /* perhaps no member */
	assert_null(tails_expect(*state, S, 8, ALICE));
}

static void test_what_was_learnt(void **state)
{
	const struct tail *t;

	tails_learn(*state, 1, S, 7, 1, H1, ALICE);
	tails_learn(*state, 1, S, 7, 2, H2, BOB);
	t = tails_expect(*state, S, 7, ALICE);
	assert_non_null(t);
	assert_ptr_equal(t, tails_expect(*state, S, 7, BOB));
	assert_int_equal(t->seq, 2);
	assert_true(digest_equal(t->head, H2));
	tails_forget(*state, S);
	assert_null(tails_expect(*state, S, 7, ALICE));
}

/* Who was a member before a commit may be none after it. */
static void test_an_epoch_forgets_devices(void **state)
{
	tails_learn(*state, 1, S, 7, 1, H1, ALICE);
	tails_learn(*state, 2, S, 8, 2, H2, BOB);
	assert_null(tails_expect(*state, S, 8, ALICE));
	assert_non_null(tails_expect(*state, S, 8, BOB));
}

static void learn_until_believed(struct tails *tails, uint64_t seq,
				 unsigned batches)
{
	for (unsigned i = 0; i < batches; i++) {
		assert_null(tails_expect(tails, S, 7, ALICE));
		tails_learn(tails, 100 + i, S, 7, seq + i, H1, ALICE);
	}
	assert_non_null(tails_expect(tails, S, 7, ALICE));
}

/* Another node writes there, too. */
static void test_others_make_it_doubt(void **state)
{
	tails_learn(*state, 1, S, 7, 1, H1, ALICE);
	tails_learn(*state, 2, S, 7, 3, H1, ALICE); /* 2 is not ours */
	tails_learn(*state, 2, S, 7, 4, H1, ALICE); /* of the same batch */
	learn_until_believed(*state, 5, 16);
	tails_doubt(*state, S);
	learn_until_believed(*state, 21, 16);
	tails_doubt(*state, T); /* of which nothing is known */
}

static void test_a_few_devices_are_remembered(void **state)
{
	struct uuid device = { { 0 } };

	for (unsigned i = 0; i <= TAIL_DEVICES; i++) {
		device.bytes[1] = (uint8_t)i;
		tails_learn(*state, 1, S, 7, 1 + i, H1, device);
		assert_non_null(tails_expect(*state, S, 7, device));
	}
	device.bytes[1] = 0;
	assert_null(tails_expect(*state, S, 7, device));
	device.bytes[1] = 1;
	assert_non_null(tails_expect(*state, S, 7, device));
}

/* Sessions of one set make room for each other, one after the other. */
static void test_room_is_made(void **state)
{
	struct uuid session = { { 0 } };

	for (unsigned i = 0; i < 9; i++) {
		session.bytes[0] = (uint8_t)i;
		tails_learn(*state, 1, session, 7, 1, H1, ALICE);
	}
	for (unsigned i = 0; i < 9; i++) {
		session.bytes[0] = (uint8_t)i;
		assert_int_equal(
		    tails_expect(*state, session, 7, ALICE) != NULL, i > 0);
	}
}

static void test_heads(void **state)
{
	struct digest head = { { 0 } };

	assert_false(tails_has_head(*state, S, 1, H1));
	tails_note_head(*state, S, 1, H1); /* of a log that is not known */
	assert_false(tails_has_head(*state, S, 1, H1));
	for (uint8_t seq = 1; seq <= TAIL_HEADS + 1; seq++) {
		head.bytes[0] = seq;
		tails_learn(*state, seq, S, 7, seq, head, ALICE);
	}
	assert_true(tails_has_head(*state, S, TAIL_HEADS + 1, head));
	assert_false(tails_has_head(*state, S, TAIL_HEADS, head));
	head.bytes[0] = 2;
	assert_true(tails_has_head(*state, S, 2, head));
	assert_false(tails_has_head(*state, T, 2, head));
	head.bytes[0] = 1; /* its place has been taken */
	assert_false(tails_has_head(*state, S, 1, head));
	tails_note_head(*state, S, TAIL_HEADS + 2, H2);
	assert_true(tails_has_head(*state, S, TAIL_HEADS + 2, H2));
	head = (struct digest){ { 0 } };
	assert_false(tails_has_head(*state, S, 0, head));
	/* older ones that somebody has seen, the first included */
	tails_note_view(*state, S, 0, head);
	assert_true(tails_has_head(*state, S, 0, head));
	for (uint64_t seq = 100; seq < 100 + TAIL_VIEWS; seq++)
		tails_note_view(*state, S, seq, H1);
	assert_false(tails_has_head(*state, S, 0, head));
	assert_true(tails_has_head(*state, S, 100, H1));
	tails_doubt(*state, S);
	assert_false(tails_has_head(*state, S, 100, H1));
	assert_false(tails_has_head(*state, S, TAIL_HEADS + 2, H2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing_is_known, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_what_was_learnt, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_an_epoch_forgets_devices,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_others_make_it_doubt,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_a_few_devices_are_remembered, setup, teardown),
		cmocka_unit_test_setup_teardown(test_room_is_made, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_heads, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
