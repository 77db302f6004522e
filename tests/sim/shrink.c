#include "tests/sim/shrink.h"

#include <stdio.h>
#include <stdlib.h>

enum { TRIALS = 400 };

static bool still_breaks(const struct step *steps, size_t count, uint64_t seed,
			 bool honest, const char *invariant)
{
	struct world *world = sim_alloc(sizeof(*world));
	bool broken;

	world_init(world, seed, honest);
	steps_play(world, steps, count);
	broken = world_is_broken(world) &&
		 strcmp(world->violation.invariant, invariant) == 0;
	world_clear(world);
	free(world);
	return broken;
}

/* Leaves out the kept steps number `from` to `from` + `some`. */
static size_t leave_out(struct step *steps, size_t count, size_t from,
			size_t some, bool *changed)
{
	size_t kept = 0, out = 0;

	for (size_t i = 0; i < count; i++) {
		changed[i] = false;
		if (steps[i].left_out)
			continue;
		if (kept >= from && kept < from + some) {
			steps[i].left_out = changed[i] = true;
			out++;
		}
		kept++;
	}
	return out;
}

static void take_back(struct step *steps, size_t count, const bool *changed)
{
	for (size_t i = 0; i < count; i++)
		if (changed[i])
			steps[i].left_out = false;
}

static size_t kept_steps(const struct step *steps, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		kept += !steps[i].left_out;
	return kept;
}

static void drop_mishaps(struct step *steps, size_t count, uint64_t seed,
			 bool honest, const char *invariant)
{
	for (size_t i = 0; i < count; i++) {
		struct mishap mishap = steps[i].mishap;

		if (steps[i].left_out || mishap.kind == MISHAP_NONE)
			continue;
		steps[i].mishap.kind = MISHAP_NONE;
		if (!still_breaks(steps, count, seed, honest, invariant))
			steps[i].mishap = mishap;
	}
}

void shrink(struct step *steps, size_t count, uint64_t seed, bool honest,
	    const char *invariant)
{
	bool *changed = sim_alloc(count * sizeof(*changed));
	size_t some = kept_steps(steps, count) / 2, trials = 0;

	while (some > 0 && trials < TRIALS) {
		size_t from = 0;
		bool smaller = false;

		while (from < kept_steps(steps, count) && trials < TRIALS) {
			trials++;
			if (leave_out(steps, count, from, some, changed) > 0 &&
			    still_breaks(steps, count, seed, honest,
					 invariant)) {
				smaller = true;
				continue;
			}
			take_back(steps, count, changed);
			from += some;
		}
		if (!smaller || some > 1)
			some /= 2;
	}
	drop_mishaps(steps, count, seed, honest, invariant);
	free(changed);
}

void shrink_print(const struct step *steps, size_t count, uint64_t seed,
		  bool honest)
{
	struct world *world = sim_alloc(sizeof(*world));

	printf("%zu steps are enough:\n", kept_steps(steps, count));
	world_init(world, seed, honest);
	world->trace = true;
	steps_play(world, steps, count);
	world_clear(world);
	free(world);
}
