/* Random bytes for tests: include it after cmocka.h. */
#ifndef HERMETIC_TESTS_RANDOM_H
#define HERMETIC_TESTS_RANDOM_H

#include "crypto/rng.h"

static inline void random_fill(void *p, size_t n)
{
	assert_int_equal(rng_fill(rng_system(), p, n), ERR_OK);
}

#endif
