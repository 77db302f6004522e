/*
 * The model of the server (tests/sim/server.h) held together with a node: each
 * request that the model was asked is asked of the node, too, and the answers
 * must be the same, but for what the table in compare.c names.
 */
#ifndef HERMETIC_TESTS_SIM_COMPARE_COMPARE_H
#define HERMETIC_TESTS_SIM_COMPARE_COMPARE_H

#include "tests/sim/compare/node.h"
#include "tests/sim/world.h"

/* Ids that both make by themselves. */
struct compare_pair {
	char ours[TEXT_UUID_SIZE], theirs[TEXT_UUID_SIZE];
};

struct compare {
	struct node *node;
	struct world *world;
	struct compare_pair *welcomes;
	size_t welcome_count;
	uint64_t requests, refused, entries;
};

/* Empties it for another world, whose `world` is not set up yet, and says how
 * to set it up. */
void compare_begin(struct compare *compare, struct node *node,
		   struct world *world, struct world_beside *beside);
void compare_clear(struct compare *compare);

/* Logs by pages of several sizes for each device, members, places: all that can
 * be read. The first difference breaks the world's invariant "difference". */
void compare_all(struct compare *compare);

#endif
