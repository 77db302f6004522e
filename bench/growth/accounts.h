/*
 * What a commit costs in a session with places, where accounts are as many as members:
 * with the list of places in the GroupContext, and with their root (wire/places.h). Of
 * who makes it, of a node that walks and checks its part, and of a member. A node has the
 * logs of the accounts that the commit names, and members those of all.
 */
#ifndef HERMETIC_BENCH_ACCOUNTS_H
#define HERMETIC_BENCH_ACCOUNTS_H

#include <stdint.h>

void accounts_print_head(void);
void accounts_measure(uint32_t members);

#endif
