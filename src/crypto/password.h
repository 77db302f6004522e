/* Slow hashes of passwords and passphrases: scrypt (RFC 7914) by EVP_KDF.
 * Takes 128 * N * r bytes of memory and tenths of a second: never call it on
 * an event loop. */
#ifndef HERMETIC_CRYPTO_PASSWORD_H
#define HERMETIC_CRYPTO_PASSWORD_H

#include "base/sec.h"

struct password_cost {
	uint64_t n; /* a power of two */
	uint32_t r, p;
};

#define PASSWORD_COST ((struct password_cost){ 1u << 17, 8, 1 })

MUST_CHECK enum err password_derive(struct span password, struct span salt,
				    struct password_cost cost, size_t length,
				    struct sec *out);

#endif
