/* Hashes by the names that evp_digest() knows: internal to src/crypto. */
#ifndef HERMETIC_CRYPTO_DIGEST_H
#define HERMETIC_CRYPTO_DIGEST_H

#include "base/err.h"
#include "base/span.h"

/* The parts are hashed as if concatenated; `out` is as long as the hash. */
MUST_CHECK enum err digest_parts(const char *name, const struct span *parts,
				 size_t count, uint8_t *out);

/* SHAKE256 (FIPS 202), `n` bytes of it. */
MUST_CHECK enum err digest_shake256(const struct span *parts, size_t count,
				    uint8_t *out, size_t n);

#endif
