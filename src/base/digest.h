/* A digest of 32 bytes: the SHA-256 of a message, of a log so far (its head), of an
 * account's keys (its fingerprint), of a KeyPackage (its reference), of a token.
 * It is passed by value; none is secret. A key of 32 bytes is no digest. */
#ifndef HERMETIC_BASE_DIGEST_H
#define HERMETIC_BASE_DIGEST_H

#include <stdbool.h>

#include "base/buf.h"

struct digest {
	uint8_t bytes[32];
};

struct digest digest_of(const uint8_t bytes[32]);
bool digest_equal(struct digest a, struct digest b);

/* Appends 64 characters of hex, lower case. */
void digest_put(struct buf *out, struct digest digest);

#endif
