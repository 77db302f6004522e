/* What is next of a file on its way, whatever a server answers. */
#include "reach/transfer_plan.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <string.h>

#define PIECE 262144u
#define NONE UINT64_MAX

static const char SESSION[] = "00000000-0000-4000-8000-000000000001";

static struct transfer_step asked(struct transfer_plan *plan,
				  const char *method, uint64_t from,
				  uint64_t count)
{
	struct transfer_step step;

	assert_int_equal(transfer_plan_turn(plan, &step), TRANSFER_ASK);
	assert_string_equal(step.method, method);
	assert_int_equal(step.from, from);
	assert_int_equal(step.count, count);
	return step;
}

static void answered(struct transfer_plan *plan, uint64_t offset,
		     uint64_t fetched)
{
	transfer_plan_take(plan, ERR_OK, &(const struct why){ 0 }, offset,
			   fetched);
}

static void failed(struct transfer_plan *plan, enum err e, const char *slug,
		   uint64_t fetched)
{
	struct why why = { .unreachable = e == ERR_LOCAL_IO };

	(void)why_set(&why, e, slug, "It failed.");
	transfer_plan_take(plan, e, &why, NONE, fetched);
}

static uint32_t waits(struct transfer_plan *plan)
{
	struct transfer_step step;

	assert_int_equal(transfer_plan_turn(plan, &step), TRANSFER_WAIT);
	return step.wait_ms;
}

static void ends(struct transfer_plan *plan, enum err e, const char *slug)
{
	struct transfer_step step;

	assert_int_equal(transfer_plan_turn(plan, &step), TRANSFER_DONE);
	assert_int_equal(plan->result, e);
	assert_string_equal(plan->why.slug, slug);
}

static void goes_up_in_whole_pieces(void **state)
{
	const uint64_t size = 2 * PIECE + 10;
	struct transfer_plan plan;
	struct transfer_step step;

	(void)state;
	transfer_plan_begin(&plan, true, SESSION, (struct uuid){ { 0 } }, size,
			    0, PIECE);
	step = asked(&plan, "POST", 0, 0);
	assert_string_equal(step.path,
			    "/session/00000000-0000-4000-8000-000000000001/"
			    "files/00000000-0000-0000-0000-000000000000");
	assert_string_equal(step.headers[1], "Upload-Length: 524298");
	answered(&plan, 100, 0);
	step = asked(&plan, "PATCH", 100, PIECE - 100);
	assert_string_equal(step.headers[1], "Upload-Offset: 100");
	answered(&plan, PIECE, 0);
	(void)asked(&plan, "PATCH", PIECE, PIECE);
	/* what came of it is not known: the server is asked */
	failed(&plan, ERR_LOCAL_IO, "unreachable", 0);
	assert_int_equal(waits(&plan), 500);
	(void)asked(&plan, "POST", PIECE, 0);
	answered(&plan, 2 * PIECE, 0);
	(void)asked(&plan, "PATCH", 2 * PIECE, 10);
	answered(&plan, size, 0);
	ends(&plan, ERR_OK, "");
}

static void what_is_there_is_not_sent(void **state)
{
	struct transfer_plan plan;

	(void)state;
	transfer_plan_begin(&plan, true, SESSION, (struct uuid){ { 0 } }, 20, 0,
			    0);
	(void)asked(&plan, "POST", 0, 0);
	answered(&plan, 20, 0);
	ends(&plan, ERR_OK, "");
	transfer_plan_begin(&plan, false, SESSION, (struct uuid){ { 0 } }, 20,
			    20, 0);
	ends(&plan, ERR_OK, "");
}

static void an_offset_that_cannot_be_ends_it(void **state)
{
	static const struct {
		bool placed;
		uint64_t offset;
	} cases[] = {
		{ false, NONE }, { false, 21 }, { true, NONE },
		{ true, 19 },	 { true, 0 },
	};
	struct transfer_plan plan;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		transfer_plan_begin(&plan, true, SESSION,
				    (struct uuid){ { 0 } }, 20, 0, 0);
		if (cases[i].placed)
			answered(&plan, 0, 0);
		answered(&plan, cases[i].offset, 0);
		ends(&plan, ERR_PEER_MALFORMED, "bad-answer");
	}
}

static void comes_down_from_where_it_was_cut(void **state)
{
	struct transfer_plan plan;

	(void)state;
	transfer_plan_begin(&plan, false, SESSION, (struct uuid){ { 0 } }, 100,
			    0, 0);
	assert_string_equal(asked(&plan, "GET", 0, 100).headers[0],
			    "Range: bytes=0-");
	failed(&plan, ERR_LOCAL_IO, "unreachable", 40);
	assert_int_equal(waits(&plan), 500);
	assert_string_equal(asked(&plan, "GET", 40, 60).headers[0],
			    "Range: bytes=40-");
	answered(&plan, NONE, 60);
	ends(&plan, ERR_OK, "");
	/* more than there is, and less */
	for (uint64_t n = 99; n <= 101; n += 2) {
		transfer_plan_begin(&plan, false, SESSION,
				    (struct uuid){ { 0 } }, 100, 0, 0);
		answered(&plan, NONE, n);
		ends(&plan, ERR_PEER_MALFORMED, "bad-answer");
	}
}

static void tries_again_for_so_long(void **state)
{
	struct transfer_plan plan;

	(void)state;
	transfer_plan_begin(&plan, true, SESSION, (struct uuid){ { 0 } }, 20, 0,
			    0);
	for (unsigned i = 1; i < 5; i++) {
		failed(&plan, ERR_LOCAL_BUSY, "unavailable", 0);
		assert_int_equal(waits(&plan), 500u << i);
	}
	failed(&plan, ERR_LOCAL_BUSY, "unavailable", 0);
	ends(&plan, ERR_LOCAL_BUSY, "unavailable");
	/* for what no try mends not once */
	transfer_plan_begin(&plan, true, SESSION, (struct uuid){ { 0 } }, 20, 0,
			    0);
	failed(&plan, ERR_LOCAL_BUSY, "files-full", 0);
	ends(&plan, ERR_LOCAL_BUSY, "files-full");
	transfer_plan_begin(&plan, true, SESSION, (struct uuid){ { 0 } }, 20, 0,
			    0);
	failed(&plan, ERR_PEER_DENIED, "not-a-member", 0);
	ends(&plan, ERR_PEER_DENIED, "not-a-member");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_up_in_whole_pieces),
		cmocka_unit_test(what_is_there_is_not_sent),
		cmocka_unit_test(an_offset_that_cannot_be_ends_it),
		cmocka_unit_test(comes_down_from_where_it_was_cut),
		cmocka_unit_test(tries_again_for_so_long),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
