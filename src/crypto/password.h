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

/* What a hash costs that is made now. A build with AddressSanitizer serves tests only,
 * which make thousands of them: each costs an eighth there, and such a client and such
 * a server know the passphrases of each other's accounts only. */
#ifdef __SANITIZE_ADDRESS__
#define PASSWORD_COST ((struct password_cost){ 1u << 14, 8, 1 })
#else
#define PASSWORD_COST ((struct password_cost){ 1u << 17, 8, 1 })
#endif

MUST_CHECK enum err password_derive(struct span password, struct span salt,
				    struct password_cost cost, size_t length,
				    struct sec *out);

#endif
