/* How plots are written down (plots.c, plots_devices.c). */
#ifndef HERMETIC_TESTS_SIM_PLOTS_H
#define HERMETIC_TESTS_SIM_PLOTS_H

#include "tests/sim/devices.h"
#include "tests/sim/steps.h"

enum {
	ALL = TURNS_AN_ORDER,
	ALICE = 0,
	ALICES_OTHER = 1,
	BOB = 2,
	CAROL = 4,
	DAVE = 5,
	COPY = 6
};

#define DOES(who, order, n)                                                    \
	{                                                                      \
		.kind = STEP_ORDER, .what = (order), .client = (who), .b = 1,  \
		.turns = (n)                                                   \
	}
#define MOVES_ON(who, move, pick)                                              \
	{                                                                      \
		.kind = STEP_MOVE, .what = (move), .client = (who),            \
		.a = (pick)                                                    \
	}

#define LIES(lie) MOVES_ON(ALICE, MOVE_MEMBER, lie)
#define INVITES_MALLORY                                                        \
	{                                                                      \
		.kind = STEP_ORDER, .what = ORDER_INVITE, .client = ALICE,     \
		.a = 1, .b = 32, .turns = ALL                                  \
	}

/* What one says is heard by the other. */
#define HEARS(who, whom)                                                       \
	{                                                                      \
		.kind = STEP_HEARD, .client = (who), .b = (whom)               \
	}

/* And the one has come in, with what was done so far. */
#define COMES_IN_AND_HEARS(who, whom)                                          \
	{                                                                      \
		.kind = STEP_HEARD, .client = (who), .a = 1, .b = (whom)       \
	}

#define A_MINUTE                                                               \
	{                                                                      \
		.kind = STEP_TIME, .a = 1                                      \
	}

#define DEVICE(who, act, pick)                                                 \
	{                                                                      \
		.kind = STEP_DEVICE, .what = (act), .client = (who),           \
		.a = (pick), .turns = ALL                                      \
	}

struct plot {
	const struct step *steps;
	size_t count;
};

#define PLOT(name)                                                             \
	{                                                                      \
		name, sizeof(name) / sizeof(*name)                             \
	}

/* Without what an honest server does not do. */
static inline void plot_copy(struct step *steps, const struct plot *plot,
			     bool honest)
{
	memcpy(steps, plot->steps, plot->count * sizeof(*steps));
	for (size_t i = 0; honest && i < plot->count; i++) {
		if (steps[i].mishap.kind == MISHAP_FORGED)
			steps[i].mishap.kind = MISHAP_NONE;
		if (steps[i].kind == STEP_MOVE)
			steps[i] = (struct step){ .kind = STEP_SHOWN };
	}
}

#endif
