/*
 *   sim --cycles N     an account's device is added, removed and recovered N times
 *   sim --over N       in N seeds a session of before goes over to accounts
 *   sim [--from K] [--seeds N] [--seconds S] [--seed K] [--honest] [--steps N]
 *       [--accounts] [--devices] [--people] [--content] [--fault NAME]
 *       [--trace] [--quiet: a line a seed, and on]
 *
 * With --accounts the devices stand in the logs of accounts, and sessions have
 * places; with --devices they come and go as well; with --people persons do something
 * about each other, too; with --content people say more than texts.
 *
 * Plays seeds until N are played or S seconds are over; seed K alone, with
 * --seed. Ends with 1 when an invariant does not hold; then it says the seed,
 * the step, the invariant, and the shortest history that it finds.
 */
#include "tests/sim/shrink.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/sim/cycles.h"
#include "tests/sim/faults.h"
#include "tests/sim/over.h"

struct options {
	uint64_t first, seeds;
	double seconds;
	bool honest, trace, quiet, expects_fault;
	size_t steps, cycles, over;
};

static double now_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int usage(void)
{
	(void)fprintf(stderr,
		      "usage: sim [--seeds N] [--seconds S] [--seed K] "
		      "[--honest] [--steps N] [--accounts] [--devices] "
		      "[--content] [--fault NAME] [--trace] [--quiet]\n");
	return 2;
}

static bool take_flag(struct options *options, const char *flag)
{
	if (strcmp(flag, "--honest") == 0)
		options->honest = true;
	else if (strcmp(flag, "--trace") == 0)
		options->trace = true;
	else if (strcmp(flag, "--quiet") == 0)
		options->quiet = true;
	else if (strcmp(flag, "--accounts") == 0)
		world_with_accounts(true);
	else if (strcmp(flag, "--devices") == 0)
		world_with_devices(true);
	else if (strcmp(flag, "--people") == 0)
		world_with_people(true);
	else if (strcmp(flag, "--content") == 0)
		world_with_content(true);
	else
		return false;
	return true;
}

static bool take_value(struct options *options, const char *flag,
		       const char *value)
{
	if (strcmp(flag, "--seeds") == 0)
		options->seeds = strtoull(value, NULL, 10);
	else if (strcmp(flag, "--from") == 0)
		options->first = strtoull(value, NULL, 10);
	else if (strcmp(flag, "--seconds") == 0)
		options->seconds = strtod(value, NULL);
	else if (strcmp(flag, "--steps") == 0)
		options->steps = (size_t)strtoull(value, NULL, 10);
	else if (strcmp(flag, "--over") == 0)
		options->over = (size_t)strtoull(value, NULL, 10);
	else if (strcmp(flag, "--cycles") == 0)
		options->cycles = (size_t)strtoull(value, NULL, 10);
	else if (strcmp(flag, "--fault") == 0)
		return faults_set(value);
	else if (strcmp(flag, "--seed") == 0) {
		options->first = strtoull(value, NULL, 10);
		options->seeds = 1;
	} else {
		return false;
	}
	return true;
}

static void report(const struct options *options, uint64_t seed,
		   struct step *steps, const struct violation *violation)
{
	printf("seed %" PRIu64 "%s, step %zu: %s: %s\n", seed,
	       options->honest ? " (honest)" : "", violation->step,
	       violation->invariant, violation->detail);
	(void)fflush(stdout);
	if (options->quiet || options->trace)
		return;
	shrink(steps, options->steps, seed, options->honest,
	       violation->invariant);
	shrink_print(steps, options->steps, seed, options->honest);
	(void)fflush(stdout);
}

static bool play(const struct options *options, uint64_t seed,
		 struct step *steps, uint64_t *operations)
{
	struct world *world = sim_alloc(sizeof(*world));
	bool held;

	steps_draw(steps, options->steps, seed, options->honest);
	world_init(world, seed, options->honest);
	world->trace = options->trace;
	steps_play(world, steps, options->steps);
	*operations += world->operations;
	held = !world_is_broken(world);
	if (!held) {
		struct violation violation = world->violation;

		world_clear(world);
		report(options, seed, steps, &violation);
	} else {
		world_clear(world);
	}
	free(world);
	return held;
}

int main(int argc, char **argv)
{
	struct options options = { .first = 1, .seeds = 100, .steps = 120 };
	struct step *steps;
	uint64_t operations = 0, played = 0;
	double begun = now_s(), took;
	bool held = true;

	for (int i = 1; i < argc; i++) {
		if (take_flag(&options, argv[i]))
			continue;
		if (i + 1 == argc ||
		    !take_value(&options, argv[i], argv[i + 1]))
			return usage();
		if (strcmp(argv[i], "--seconds") == 0)
			options.seeds = UINT64_MAX;
		i++;
	}
	for (size_t i = 0; i < options.over; i++)
		held = over_play(options.first + i, options.trace) && held;
	if (options.over > 0)
		return held ? 0 : 1;
	if (options.cycles > 0)
		return cycles_play(options.cycles, options.trace) ? 0 : 1;
	steps = sim_alloc(options.steps * sizeof(*steps));
	while ((held || options.quiet) && played < options.seeds &&
	       (options.seconds <= 0 || now_s() - begun < options.seconds)) {
		held = play(&options, options.first + played, steps,
			    &operations) &&
		       held;
		played++;
	}
	took = now_s() - begun;
	printf("%" PRIu64 " seeds, %" PRIu64 " operations in %.1f s: %.0f a "
	       "second\n",
	       played, operations, took, (double)operations / took);
	free(steps);
	return held ? 0 : 1;
}
