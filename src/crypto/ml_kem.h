/*
 * ML-KEM-768 (FIPS 203), half of X-Wing (xwing.h). A private key is the seed of 64
 * bytes, d and then z, expanded at each use. OpenSSL has ML-KEM from 3.5 on: with an
 * older one ml_kem_there() is false, and all but ml_kem_check_public() fail with
 * ERR_LOCAL_CRYPTO. OpenSSL's errors stay in its queue: the caller is quiet (evp.h).
 */
#ifndef HERMETIC_CRYPTO_ML_KEM_H
#define HERMETIC_CRYPTO_ML_KEM_H

#include "base/buf.h"
#include "base/sec.h"

#define ML_KEM_SEED 64	       /* bytes of a private key */
#define ML_KEM_COINS 32	       /* of m, what an encapsulation is made of */
#define ML_KEM_PUBLIC 1184     /* of an encapsulation key */
#define ML_KEM_CIPHERTEXT 1088 /* of a ciphertext */
#define ML_KEM_SECRET 32       /* of a shared secret */

/* Whether this process's OpenSSL has it; the same for its life. */
bool ml_kem_there(void);

/* ERR_PEER_INVALID when the bytes are no encapsulation key: another length, or a
 * coefficient that is not below the modulus (FIPS 203, 7.2). */
MUST_CHECK enum err ml_kem_check_public(struct span public_key);

/* KeyGen_internal (6.1): appends the encapsulation key of a seed. ERR_PEER_INVALID: not
 * ML_KEM_SEED bytes. */
MUST_CHECK enum err ml_kem_derive_public(struct span seed,
					 struct buf *public_key);

/* Encaps_internal (6.2) with ML_KEM_COINS `coins`, which are secret: appends the
 * ciphertext. ERR_PEER_INVALID as ml_kem_check_public(), or for coins of another length.
 * On failure `secret` is empty. */
MUST_CHECK enum err ml_kem_encapsulate(struct span public_key,
				       struct span coins, struct sec *secret,
				       struct buf *ciphertext);

/* Decaps_internal (6.3). ERR_PEER_INVALID: a seed or a ciphertext of another length. A
 * ciphertext of its length that is somebody else's gives another secret, and no error. On
 * failure `secret` is empty. */
MUST_CHECK enum err ml_kem_decapsulate(struct span ciphertext, struct span seed,
				       struct sec *secret);

#endif
