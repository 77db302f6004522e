/*
 * X-Wing: ML-KEM-768 (FIPS 203) with X25519, draft-connolly-cfrg-xwing-kem-10, for
 * HPKE (hpke.h) as KEM 0x647A. A private key is the seed of 32 bytes from which
 * both halves are expanded; a public key is ML-KEM's and X25519's, a ciphertext
 * likewise. OpenSSL has ML-KEM from 3.5 on: with an older one xwing_there() is
 * false, and all but the two checks fail with ERR_LOCAL_CRYPTO.
 */
#ifndef HERMETIC_CRYPTO_XWING_H
#define HERMETIC_CRYPTO_XWING_H

#include "base/buf.h"
#include "base/sec.h"
#include "crypto/rng.h"

#define XWING_SEED 32	      /* bytes of a private key */
#define XWING_PUBLIC 1216     /* bytes of a public key */
#define XWING_CIPHERTEXT 1120 /* bytes of a ciphertext */

/* Whether this process's OpenSSL has ML-KEM-768; the same for its life. */
bool xwing_there(void);

/* ERR_PEER_INVALID when the bytes are no public key: another length, a
 * coefficient that is not below ML-KEM's modulus (FIPS 203, 7.2), or a point of
 * X25519 that gives zero with every private key. */
MUST_CHECK enum err xwing_check_public(struct span public_key);

/* ERR_PEER_INVALID when no decapsulation takes the bytes: another length, or such
 * a point of X25519. ML-KEM refuses no ciphertext of its length. */
MUST_CHECK enum err xwing_check_ciphertext(struct span ciphertext);

/* Appends the public key of a seed. ERR_PEER_INVALID: not XWING_SEED bytes. */
MUST_CHECK enum err xwing_derive_public(struct span seed,
					struct buf *public_key);

/* HPKE's DeriveKeyPair for this KEM: draft-ietf-hpke-pq-04, "Hybrid KEMs".
 * Appends to `public_key`. */
MUST_CHECK enum err xwing_derive_key_pair(struct span ikm,
					  struct sec *private_key,
					  struct buf *public_key);

/* Appends the ciphertext. Takes 64 bytes of `rng` in one call, the `eseed` of the
 * draft. ERR_PEER_INVALID as xwing_check_public(). On failure `shared` is empty. */
MUST_CHECK enum err xwing_encapsulate(const struct rng *rng,
				      struct span public_key,
				      struct sec *shared,
				      struct buf *ciphertext);

/* ERR_PEER_INVALID as xwing_check_ciphertext(), or for a seed of another length.
 * A ciphertext of somebody else gives another secret, and no error. On failure
 * `shared` is empty. */
MUST_CHECK enum err xwing_decapsulate(struct span ciphertext, struct span seed,
				      struct sec *shared);

#endif
