/* A session of the rules before that goes over to accounts (over.c). */
#ifndef HERMETIC_TESTS_SIM_OVER_H
#define HERMETIC_TESTS_SIM_OVER_H

#include <stdbool.h>
#include <stdint.h>

/* One seed; what does not hold is printed, and false. */
bool over_play(uint64_t seed, bool trace);

#endif
