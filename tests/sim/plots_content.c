/* Plots where people say more than texts (plots.h, content.c). */
#include "tests/sim/plots.h"

/* What content_plan() makes of a step: one of its acts, about one of the texts. */
#define SAYS(who, act, which)                                                  \
	{                                                                      \
		.kind = STEP_ORDER, .what = ORDER_SEND, .client = (who),       \
		.b = ((act) + ACTS_SAID * (which)) << 8 | 1, .turns = ALL      \
	}

enum { ACTS_SAID = 7, WITH_TIME = 2, EDITS = 4, DELETES = 5, REACTS = 6 };

/* A step of an edit that is about anybody's text, and of a deletion of one's own. */
enum { ANYBODYS = 3, ONES_OWN = 1 };

#define READS_AND_TELLS(who)                                                   \
	{                                                                      \
		.kind = STEP_ORDER, .what = ORDER_REFRESH, .client = (who),    \
		.b = 2, .turns = ALL                                           \
	}

static const struct step changed_and_deleted[] = {
	DOES(ALICE, ORDER_SEND, ALL),
	DOES(BOB, ORDER_REFRESH, ALL),
	SAYS(BOB, REACTS, 0),
	SAYS(BOB, EDITS, ANYBODYS),
	DOES(ALICE, ORDER_REFRESH, ALL),
	SAYS(ALICE, EDITS, 0),
	DOES(CAROL, ORDER_REFRESH, ALL),
	SAYS(ALICE, DELETES, ONES_OWN),
	DOES(BOB, ORDER_REFRESH, ALL),
	DOES(CAROL, ORDER_REFRESH, ALL),
};

static const struct step said_for_a_time[] = {
	SAYS(ALICE, WITH_TIME, 0),	 DOES(BOB, ORDER_REFRESH, ALL),
	SAYS(BOB, EDITS, ANYBODYS),	 A_MINUTE,
	DOES(BOB, ORDER_SEND, ALL),	 DOES(CAROL, ORDER_REFRESH, ALL),
	DOES(ALICE, ORDER_REFRESH, ALL),
};

/* bob has it, and his person has not looked; then she has. */
static const struct step got_and_read[] = {
	{ .kind = STEP_SHOWN, .client = ALICE },
	{ .kind = STEP_SHOWN, .client = BOB },
	{ .kind = STEP_SHOWN, .client = CAROL },
	DOES(ALICE, ORDER_SEND, ALL),
	A_MINUTE,
	READS_AND_TELLS(BOB),
	READS_AND_TELLS(CAROL),
	DOES(ALICE, ORDER_REFRESH, ALL),
	{ .kind = STEP_SHOWN, .client = BOB },
	A_MINUTE,
	READS_AND_TELLS(BOB),
	DOES(ALICE, ORDER_REFRESH, ALL),
};

/* bob has read what the server forgets. alice takes the history that there is then, where
 * something else stands at those numbers. */
static const struct step read_and_forgotten[] = {
	{ .kind = STEP_SHOWN, .client = ALICE },
	{ .kind = STEP_SHOWN, .client = BOB },
	MOVES_ON(ALICE, MOVE_SNAPSHOT, 0),
	DOES(ALICE, ORDER_SEND, ALL),
	DOES(ALICE, ORDER_SEND, ALL),
	DOES(ALICE, ORDER_SEND, ALL),
	DOES(BOB, ORDER_REFRESH, ALL),
	{ .kind = STEP_SHOWN, .client = BOB },
	A_MINUTE,
	READS_AND_TELLS(BOB),
	DOES(ALICE, ORDER_REFRESH, ALL),
	MOVES_ON(ALICE, MOVE_FORGET, 0),
	DOES(ALICE, ORDER_REFRESH, ALL),
	DOES(ALICE, ORDER_RESOLVE, ALL),
	{ .kind = STEP_SHOWN, .client = ALICE },
	DOES(ALICE, ORDER_SEND, ALL),
};

static const struct plot content_plots[] = { PLOT(changed_and_deleted),
					     PLOT(said_for_a_time),
					     PLOT(got_and_read),
					     PLOT(read_and_forgotten) };

void steps_draw_content_plot(struct step *steps, size_t count, uint64_t seed,
			     bool honest)
{
	size_t plot_count = sizeof(content_plots) / sizeof(*content_plots);
	const struct plot *plot = &content_plots[seed / 4 % plot_count];

	if (seed % 4 == 0 && count >= plot->count)
		plot_copy(steps, plot, honest);
}
