/* What is written when a group's state is stored item by item (mls/items.h), beside
 * the whole (mls_group_save()). */
#ifndef HERMETIC_BENCH_STORAGE_H
#define HERMETIC_BENCH_STORAGE_H

#include "bench/mls/world.h"

/* Prints a line. The first member sends and commits, for nobody. */
void storage_measure(struct world *w);

#endif
