/* One account whose device is added, removed and recovered again and again. */
#ifndef HERMETIC_TESTS_SIM_CYCLES_H
#define HERMETIC_TESTS_SIM_CYCLES_H

#include <stdbool.h>
#include <stddef.h>

/* Plays so many cycles, and says what they cost. False: something did not hold, which
 * was said. */
bool cycles_play(size_t count, bool trace);

#endif
