/* Plots about what people do about each other (plots.h, acts.c). */
#include "tests/sim/plots.h"

enum { IS_ALICE, IS_BOB, IS_CAROL, IS_DAVE };

/* Adds that person's devices to the first session. */
#define ADDS(who, person)                                                      \
	{                                                                      \
		.kind = STEP_ORDER, .what = ORDER_INVITE, .client = (who),     \
		.a = 1, .b = 8 * (person), .turns = ALL                        \
	}

/* dave is added by alice, whom he has blocked; then he takes that back. */
static const struct step blocked[] = {
	DEVICE(DAVE, ACT_BLOCKS, IS_ALICE), ADDS(ALICE, IS_DAVE),
	DOES(DAVE, ORDER_JOIN, ALL),	    DOES(DAVE, ORDER_SEND, ALL),
	DEVICE(DAVE, ACT_BLOCKS, IS_ALICE), DOES(DAVE, ORDER_JOIN, ALL),
	DOES(DAVE, ORDER_SEND, ALL),
};

/* carol is banned, and does not come in until that is taken back. */
static const struct step banned[] = {
	DEVICE(ALICE, ACT_BANS, IS_CAROL),
	DOES(CAROL, ORDER_REFRESH, ALL),
	DOES(CAROL, ORDER_JOIN, ALL),
	DOES(BOB, ORDER_REFRESH, ALL),
	ADDS(BOB, IS_CAROL),
	DOES(CAROL, ORDER_JOIN, ALL),
	DEVICE(ALICE, ACT_UNBANS, IS_CAROL),
	ADDS(BOB, IS_CAROL),
	DOES(CAROL, ORDER_JOIN, ALL),
	DOES(CAROL, ORDER_SEND, ALL),
};

/* In the second session, which is not open. */
#define DOES_THERE(who, order)                                                 \
	{                                                                      \
		.kind = STEP_ORDER, .what = (order), .client = (who), .a = 1,  \
		.b = 1, .turns = ALL                                           \
	}
#define DEVICE_THERE(who, act, person)                                         \
	{                                                                      \
		.kind = STEP_DEVICE, .what = (act), .client = (who),           \
		.a = (person), .b = 1, .turns = ALL                            \
	}

/* dave is asked to come in, and the invitation is taken back before he does. */
static const struct step uninvited[] = {
	DEVICE(ALICE, ACT_BEGINS, IS_BOB),
	DEVICE_THERE(ALICE, ACT_ASKS, IS_DAVE),
	DEVICE_THERE(ALICE, ACT_UNINVITES, IS_DAVE),
	DOES_THERE(DAVE, ORDER_JOIN),
	DOES_THERE(BOB, ORDER_JOIN),
	DEVICE_THERE(BOB, ACT_ASKS, IS_DAVE),
	DOES_THERE(DAVE, ORDER_JOIN),
	DOES_THERE(DAVE, ORDER_SEND),
	DOES_THERE(ALICE, ORDER_REFRESH),
};

/* A session is for verified people, and bob is compared after something was said. */
static const struct step for_verified[] = {
	DEVICE(ALICE, ACT_BEGINS, IS_BOB), DOES_THERE(BOB, ORDER_JOIN),
	DOES_THERE(ALICE, ORDER_SEND),	   DEVICE(ALICE, ACT_COMPARES, IS_BOB),
	DOES_THERE(ALICE, ORDER_SEND),	   DOES_THERE(BOB, ORDER_SEND),
};

/* The link that closes an account is not posted at first. */
static const struct step closed_late[] = {
	{ .kind = STEP_DEVICE,
	  .what = ACT_CLOSES,
	  .client = CAROL,
	  .turns = ALL,
	  .mishap = { .kind = MISHAP_LOST, .at = 1 } },
	DOES(BOB, ORDER_SEND, ALL),
	DEVICE(CAROL, ACT_CLOSES, 0),
	DOES(BOB, ORDER_SEND, ALL),
};

static const struct plot people_plots[] = { PLOT(blocked), PLOT(banned),
					    PLOT(uninvited), PLOT(for_verified),
					    PLOT(closed_late) };

void steps_draw_people_plot(struct step *steps, size_t count, uint64_t seed)
{
	size_t plot_count = sizeof(people_plots) / sizeof(*people_plots);
	const struct plot *plot = &people_plots[seed / 4 % plot_count];

	if (seed % 4 == 1 && count >= plot->count)
		memcpy(steps, plot->steps, plot->count * sizeof(*steps));
}
