/* The shortest history that still breaks the same invariant, by leaving steps
 * out (delta debugging). */
#ifndef HERMETIC_TESTS_SIM_SHRINK_H
#define HERMETIC_TESTS_SIM_SHRINK_H

#include "tests/sim/steps.h"

/* Marks steps as left out. */
void shrink(struct step *steps, size_t count, uint64_t seed, bool honest,
	    const char *invariant);

/* Plays what is left, and prints it with all that happens. */
void shrink_print(const struct step *steps, size_t count, uint64_t seed,
		  bool honest);

#endif
