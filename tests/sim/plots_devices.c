/* Plots where devices come and go (plots.h). */
#include "tests/sim/plots.h"

/* It looks alice's account up (accounts.c). */
#define LOOKS_UP_ALICE(who)                                                    \
	{                                                                      \
		.kind = STEP_ORDER, .what = ORDER_STOCK, .client = (who),      \
		.a = 4, .b = 1, .turns = ALL                                   \
	}

enum { IS_ALICE = 0, VERIFIED_ONLY = 0, DEPARTS_NOT = 1 };

/* Who was compared comes by the recovery key. */
static const struct step compared_and_recovered[] = {
	DOES(BOB, ORDER_REFRESH, ALL), DEVICE(BOB, ACT_COMPARES, IS_ALICE),
	DEVICE(ALICE, ACT_WRITES, 1),  DEVICE(ALICE, ACT_RECOVERS, 0),
	DEVICE(ALICE, ACT_LINKS, 0),   DOES(ALICE, ORDER_ROTATE, ALL),
	DOES(BOB, ORDER_REFRESH, ALL),
};

/* bob has compared numbers with nobody, and writes to verified people only. */
static const struct step to_verified_only[] = {
	DEVICE(BOB, ACT_CHOOSES, VERIFIED_ONLY),
	DOES(BOB, ORDER_SEND, ALL),
	DOES(BOB, ORDER_SEND, ALL),
};

/* Another device of alice's is approved, brought in, and removed. */
static const struct step came_and_went[] = {
	DEVICE(ALICE, ACT_COMES, 0),
	DEVICE(ALICE, ACT_APPROVES, 0),
	DEVICE(6, ACT_JOINS, 0),
	DOES(6, ORDER_SEND, ALL),
	DEVICE(6, ACT_REMOVES, DEPARTS_NOT),
	DOES(6, ORDER_SEND, ALL),
	DOES(BOB, ORDER_REFRESH, ALL),
	DOES(BOB, ORDER_SEND, ALL),
};

/* What another device asks is another one's when it comes to be approved. */
static const struct step ghost_asks[] = {
	DEVICE(ALICE, ACT_COMES, 0),
	{ .kind = STEP_DEVICE,
	  .what = ACT_APPROVES,
	  .client = ALICE,
	  .turns = ALL,
	  .mishap = { .kind = MISHAP_FORGED, .at = 9 } },
	DEVICE(ALICE, ACT_APPROVES, 0),
};

/* A thief has alice's other device, lets in one of its own, and removes hers. She comes
 * back by the recovery key, and removes both. Another member lets her in again. */
enum { THIEFS = 6, RECOVERED = 7 };

static const struct step stolen[] = {
	DEVICE(ALICE, ACT_WRITES, 1),
	DEVICE(ALICES_OTHER, ACT_COMES, 0),
	DEVICE(ALICES_OTHER, ACT_APPROVES, 0),
	DEVICE(THIEFS, ACT_JOINS, 0),
	DEVICE(ALICES_OTHER, ACT_REMOVES, DEPARTS_NOT),
	DOES(THIEFS, ORDER_SEND, ALL),
	DOES(ALICE, ORDER_REFRESH, ALL),
	DEVICE(ALICE, ACT_RECOVERS, 0),
	DEVICE(RECOVERED, ACT_REMOVES, DEPARTS_NOT),
	DEVICE(RECOVERED, ACT_REMOVES, DEPARTS_NOT),
	DOES(THIEFS, ORDER_SEND, ALL),
	{ .kind = STEP_ORDER,
	  .what = ORDER_INVITE,
	  .client = BOB,
	  .a = 1,
	  .b = 0,
	  .turns = ALL },
	DOES(RECOVERED, ORDER_JOIN, ALL),
	DOES(BOB, ORDER_SEND, ALL),
};

/* carol closes her account, and others go on. */
static const struct step closed[] = {
	DOES(CAROL, ORDER_REFRESH, ALL),
	DEVICE(CAROL, ACT_CLOSES, 0),
	DOES(BOB, ORDER_SEND, ALL),
	DOES(ALICE, ORDER_SEND, ALL),
};

/* Two devices of alice's sign at once: the link of one is not posted before the other
 * one has its number. */
static const struct step signed_at_once[] = {
	DEVICE(ALICE, ACT_COMES, 0),
	{ .kind = STEP_DEVICE,
	  .what = ACT_APPROVES,
	  .client = ALICE,
	  .turns = ALL,
	  .mishap = { .kind = MISHAP_LOST, .at = 1 } },
	DEVICE(ALICES_OTHER, ACT_WRITES, 1),
	DEVICE(ALICE, ACT_APPROVES, 0),
	DEVICE(THIEFS, ACT_JOINS, 0),
	DOES(THIEFS, ORDER_SEND, ALL),
	DOES(BOB, ORDER_SEND, ALL),
};

/* A thief's device removes alice's at one server, and the group is at that place. At
 * another one she comes by the recovery key, and shows her branch to the first. */
enum { AT_ANOTHER = 1u << 7 | 1u << 8 };

static const struct step recovered_elsewhere[] = {
	DEVICE(ALICE, ACT_WRITES, 1),
	DOES(BOB, ORDER_REFRESH, ALL),
	MOVES_ON(ALICE, MOVE_SPLIT, AT_ANOTHER),
	DEVICE(ALICES_OTHER, ACT_REMOVES, 2),
	DOES(ALICES_OTHER, ORDER_ROTATE, ALL),
	DOES(BOB, ORDER_SEND, ALL),
	DEVICE(ALICE, ACT_RECOVERS, 0),
	MOVES_ON(ALICE, MOVE_HEAL, 0),
	DEVICE(THIEFS, ACT_WRITES, 1),
	LOOKS_UP_ALICE(BOB),
	DOES(BOB, ORDER_SEND, ALL),
	DEVICE(THIEFS, ACT_REMOVES, DEPARTS_NOT),
	DEVICE(THIEFS, ACT_REMOVES, DEPARTS_NOT),
	LOOKS_UP_ALICE(BOB),
	DOES(BOB, ORDER_SEND, ALL),
};

/* A thief's device lets in another one at a server of its own, where alice has removed
 * it at the first one: her branch counts. */
static const struct step removed_elsewhere[] = {
	DOES(BOB, ORDER_REFRESH, ALL),
	MOVES_ON(ALICES_OTHER, MOVE_SPLIT, AT_ANOTHER),
	DEVICE(ALICES_OTHER, ACT_COMES, 0),
	DEVICE(ALICES_OTHER, ACT_APPROVES, 0),
	DOES(ALICES_OTHER, ORDER_ROTATE, ALL),
	DEVICE(ALICE, ACT_REMOVES, DEPARTS_NOT),
	DOES(BOB, ORDER_SEND, ALL),
	MOVES_ON(ALICE, MOVE_HEAL, 0),
	LOOKS_UP_ALICE(BOB),
	DOES(THIEFS, ORDER_SEND, ALL),
	DOES(ALICES_OTHER, ORDER_SEND, ALL),
	DOES(BOB, ORDER_SEND, ALL),
};

/* Two devices of alice's sign at two servers, and nothing decides. bob has seen the one
 * link, and the group is at the other. */
static const struct step forked[] = {
	DOES(BOB, ORDER_REFRESH, ALL),
	MOVES_ON(ALICES_OTHER, MOVE_SPLIT, AT_ANOTHER | 1u << BOB),
	DEVICE(ALICES_OTHER, ACT_COMES, 0),
	DEVICE(ALICES_OTHER, ACT_APPROVES, 1),
	LOOKS_UP_ALICE(BOB),
	DEVICE(ALICE, ACT_WRITES, 1),
	DOES(ALICE, ORDER_ROTATE, ALL),
	MOVES_ON(ALICE, MOVE_HEAL, 0),
	DOES(BOB, ORDER_SEND, ALL),
	DOES(CAROL, ORDER_SEND, ALL),
};

static const struct plot device_plots[] = { PLOT(compared_and_recovered),
					    PLOT(to_verified_only),
					    PLOT(came_and_went),
					    PLOT(ghost_asks),
					    PLOT(stolen),
					    PLOT(closed),
					    PLOT(signed_at_once),
					    PLOT(recovered_elsewhere),
					    PLOT(removed_elsewhere),
					    PLOT(forked) };

void steps_draw_device_plot(struct step *steps, size_t count, uint64_t seed,
			    bool honest)
{
	size_t plot_count = sizeof(device_plots) / sizeof(*device_plots);
	const struct plot *plot = &device_plots[seed / 4 % plot_count];

	if (seed % 4 == 2 && count >= plot->count)
		plot_copy(steps, plot, honest);
}
