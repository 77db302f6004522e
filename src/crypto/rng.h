/* Randomness is handed in, so that a protocol step can be replayed in a test. */
#ifndef HERMETIC_CRYPTO_RNG_H
#define HERMETIC_CRYPTO_RNG_H

#include "base/err.h"
#include "base/span.h"

struct rng {
	/* Fills n bytes or fails with ERR_LOCAL_CRYPTO. */
	enum err (*fill)(void *context, uint8_t *out, size_t n);
	void *context;
};

/* The system's: EVP's private generator. Thread-safe. */
const struct rng *rng_system(void);

MUST_CHECK enum err rng_fill(const struct rng *rng, uint8_t *out, size_t n);

#endif
