/*
 * The floor: the public-key, hash and AEAD operations by themselves, straight
 * from the library, keys parsed and contexts made beforehand. What RFC 9420
 * makes necessary for an operation is counted in counts.c; this runs a count.
 */
#ifndef HERMETIC_BENCH_FLOOR_H
#define HERMETIC_BENCH_FLOOR_H

#include <stdbool.h>
#include <stddef.h>

#include "crypto/suite.h"

/* How often what is done, and on how many bytes in all. */
struct floor_work {
	size_t times;
	size_t bytes;
};

struct floor_count {
	size_t publics;		 /* a KEM private key's public key */
	size_t agreements;	 /* DH */
	size_t ml_kem_keys;	 /* X-Wing: ML-KEM keys from a seed */
	size_t ml_kem_seals;	 /* X-Wing: encapsulations of ML-KEM */
	size_t ml_kem_opens;	 /* X-Wing: decapsulations of ML-KEM */
	struct floor_work signs; /* and the bytes signed */
	struct floor_work verifies;
	struct floor_work hashes;
	struct floor_work macs;	 /* HMAC: KDF.Extract, a block of KDF.Expand */
	struct floor_work aeads; /* each under a new key */
};

void floor_add(struct floor_work *work, size_t times, size_t bytes_each);

struct floor;

/* NULL on failure. */
struct floor *floor_new(const struct suite *suite);
void floor_free(struct floor *floor);

/* What is there before the operations are: signatures to verify. False on
 * failure. */
bool floor_prepare(struct floor *floor, const struct floor_count *count);

/* Does that much, after floor_prepare() for the same. False on failure. */
bool floor_run(struct floor *floor, const struct floor_count *count);

#endif
