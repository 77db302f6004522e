/*
 *   compare URL [--from K] [--seeds N] [--requests N] [--steps N]
 *           [--wrong departures|views|welcomes] [--trace]
 *
 * Plays random histories to a node and to the model of the server: N seeds, or
 * seeds until N requests were compared. With --wrong the model has a fault. Ends
 * with 1 at the first difference; then it says the seed and the request.
 */
#include "tests/sim/compare/compare.h"
#include "tests/sim/steps.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

struct options {
	const char *url, *wrong;
	uint64_t first, seeds, requests;
	size_t steps;
	bool trace;
};

static int usage(void)
{
	(void)fprintf(stderr,
		      "usage: compare URL [--from K] [--seeds N] [--requests "
		      "N] [--steps N] [--wrong departures|views|welcomes] "
		      "[--trace]\n");
	return 2;
}

static bool take_value(struct options *options, const char *flag,
		       const char *value)
{
	if (strcmp(flag, "--seeds") == 0)
		options->seeds = strtoull(value, NULL, 10);
	else if (strcmp(flag, "--requests") == 0)
		options->requests = strtoull(value, NULL, 10);
	else if (strcmp(flag, "--from") == 0)
		options->first = strtoull(value, NULL, 10);
	else if (strcmp(flag, "--steps") == 0)
		options->steps = (size_t)strtoull(value, NULL, 10);
	else if (strcmp(flag, "--wrong") == 0)
		options->wrong = value;
	else
		return false;
	return true;
}

static bool plant(struct server *server, const char *wrong)
{
	if (wrong == NULL)
		return true;
	server->departures_ignored = strcmp(wrong, "departures") == 0;
	server->views_unchecked = strcmp(wrong, "views") == 0;
	server->welcomes_kept = strcmp(wrong, "welcomes") == 0;
	return server->departures_ignored || server->views_unchecked ||
	       server->welcomes_kept;
}

static void play(struct world *world, const struct step *step, size_t number)
{
	char words[400];

	if (step->left_out)
		return;
	world->step = number;
	world->now_ms = clock_now_ms();
	if (world->trace) {
		step_print(world, step, words, sizeof(words));
		world_trace(world, "%4zu %s", number, words);
	}
	step_take(world, step);
}

static bool play_seed(const struct options *options, uint64_t seed,
		      struct compare *compare, struct node *node)
{
	struct world *world = sim_alloc(sizeof(*world));
	struct step *steps = sim_alloc(options->steps * sizeof(*steps));
	struct world_beside beside;
	bool held;

	steps_draw(steps, options->steps, seed, false);
	compare_begin(compare, node, world, &beside);
	beside.now_ms = clock_now_ms();
	/* the node may have the ids of an earlier run */
	world_init_beside(world, seed ^ beside.now_ms << 16, &beside);
	world->trace = options->trace;
	(void)plant(&world->adversary.homes[0], options->wrong);
	for (size_t i = 0; i < options->steps && !world_is_broken(world); i++) {
		step_tame(&steps[i]);
		/* the node's clock is the machine's, and it keeps all */
		if (steps[i].kind == STEP_TIME || steps[i].kind == STEP_RETAIN)
			steps[i].left_out = true;
		play(world, &steps[i], i);
	}
	if (!world_is_broken(world))
		compare_all(compare);
	held = !world_is_broken(world);
	if (!held)
		printf("seed %" PRIu64 ", step %zu: %s: %s\n", seed,
		       world->violation.step, world->violation.invariant,
		       world->violation.detail);
	world_clear(world);
	free(world);
	free(steps);
	return held;
}

int main(int argc, char **argv)
{
	struct options options = { .first = 1, .seeds = 1, .steps = 100 };
	struct compare compare = { .node = NULL };
	struct server nobody = { .lax = false };
	struct node *node;
	uint64_t played = 0;
	bool held = true;

	if (argc < 2)
		return usage();
	options.url = argv[1];
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--trace") == 0) {
			options.trace = true;
			continue;
		}
		if (i + 1 == argc ||
		    !take_value(&options, argv[i], argv[i + 1]))
			return usage();
		i++;
	}
	if (!plant(&nobody, options.wrong))
		return usage();
	node = node_open(options.url);
	while (held &&
	       (options.requests > 0 ? compare.requests < options.requests
				     : played < options.seeds)) {
		held =
		    play_seed(&options, options.first + played, &compare, node);
		played++;
	}
	printf("%" PRIu64 " seeds, %" PRIu64 " requests (%" PRIu64
	       " refused), %" PRIu64 " entries of logs\n",
	       played, compare.requests, compare.refused, compare.entries);
	compare_clear(&compare);
	node_close(node);
	return held ? 0 : 1;
}
