/* Numbers that look random and are the same in every run of a seed. */
#ifndef HERMETIC_TESTS_SIM_CHANCE_H
#define HERMETIC_TESTS_SIM_CHANCE_H

#include "crypto/rng.h"

struct chance {
	uint64_t state;
};

/* Streams of one seed have nothing to do with each other. */
struct chance chance_of(uint64_t seed, uint64_t stream);

uint64_t chance_next(struct chance *chance);

/* Less than `n`; 0 when `n` is 0. */
uint32_t chance_below(struct chance *chance, uint32_t n);

/* True once in `n` times. */
bool chance_once_in(struct chance *chance, uint32_t n);

/* A port for the code under test. It borrows `chance`. */
struct rng chance_rng(struct chance *chance);

#endif
