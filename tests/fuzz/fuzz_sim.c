/*
 * The fuzzer is the adversary: it chooses what the devices do, in which order,
 * and what becomes of each answer. The input is a list of steps (tests/sim),
 * eight bytes each:
 *
 *   kind, what, client, turns, mishap, forgery, uint16 pick
 *
 * Whatever comes, what must hold while the adversary acts holds; that everybody
 * recovers is asked by the simulator itself, which plays longer.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "tests/sim/steps.h"

/*
 * The corpus was cut short and changed as replay.c does it, and merged:
 *
 *   run_sim -set_cover_merge=1 -use_counters=0 NEW OLD
 *
 * covers with few inputs what thousands did.
 */
const bool fuzz_corpus_is_whole = true;

enum { STEP_BYTES = 8, OPENING = 11, STEPS_MAX = 40 };

static void read_step(const uint8_t *p, struct step *step)
{
	uint32_t pick = (uint32_t)p[6] << 8 | p[7];

	step->kind = p[0] % STEP_DRAWN;
	if (step->kind == STEP_MOVE)
		step->what = p[1] % MOVES;
	else
		step->what = p[1] % (ORDER_STOCK + 1);
	step->client = p[2] & 15;
	step->slot = p[2] >> 7;
	step->turns = p[3] < 128 ? TURNS_AN_ORDER : 1 + p[3] % 8;
	step->a = pick;
	step->b = pick * 40503u;
	step->mishap.at = p[4] & 7;
	step->mishap.kind = (p[4] >> 4) % 5;
	step->mishap.forgery = (enum forgery)(p[5] % FORGERIES);
	step->mishap.pick = pick * 2654435761u;
}

static bool is_lasting(const struct world *world)
{
	static const char *const names[] = { "secrecy", "shown", "lock",
					     "description", "crash" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(world->violation.invariant, names[i]) == 0)
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct step steps[OPENING + STEPS_MAX];
	struct world *world = sim_alloc(sizeof(*world));
	size_t count = OPENING;

	steps_draw(steps, OPENING, 1, false);
	for (size_t i = 0; i < OPENING; i++) /* three devices are enough */
		steps[i].left_out =
		    i != 2 && i != 4 && i != 6 && i != 8 && i != 10;
	while (count < OPENING + STEPS_MAX && size >= STEP_BYTES) {
		memset(&steps[count], 0, sizeof(*steps));
		read_step(data, &steps[count++]);
		data += STEP_BYTES;
		size -= STEP_BYTES;
	}
	world_init(world, 1, false);
	for (size_t i = 0; i < count && !world_is_broken(world); i++)
		if (!steps[i].left_out)
			step_take(world, &steps[i]);
	if (world_is_broken(world) && is_lasting(world))
		abort();
	world_clear(world);
	free(world);
	return 0;
}
