/* What a join is made of (mls/group_info.c), and what a client that held no tree would
 * get in its place: draft-ietf-mls-partial. */
#ifndef HERMETIC_BENCH_JOINING_H
#define HERMETIC_BENCH_JOINING_H

#include "bench/mls/world.h"

/* Prints a line. */
void joining_measure(struct world *w);

#endif
