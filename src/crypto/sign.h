/*
 * Signatures with a suite's scheme. Key and signature bytes are those of
 * RFC 9420 section 5.1.1: raw keys for EdDSA; for ECDSA an uncompressed point,
 * a left-padded big-endian scalar, and a DER signature. A scalar that comes
 * without its leading zeros is read as well.
 */
#ifndef HERMETIC_CRYPTO_SIGN_H
#define HERMETIC_CRYPTO_SIGN_H

#include "base/buf.h"
#include "base/sec.h"
#include "crypto/rng.h"
#include "crypto/suite.h"

/* A parsed key, so that nobody parses it twice: a private one signs, a public
 * one verifies. Immutable; may be used by several threads. */
struct sign_key;

MUST_CHECK enum err sign_generate(const struct suite *suite,
				  const struct rng *rng,
				  struct sec *private_key,
				  struct buf *public_key);

/* Appends the public key of a private one. */
MUST_CHECK enum err sign_public(const struct suite *suite,
				struct span private_key,
				struct buf *public_key);

/* ERR_PEER_INVALID for bytes that are no key. The caller frees. */
MUST_CHECK enum err sign_private_parse(const struct suite *suite,
				       struct span bytes,
				       struct sign_key **out);
MUST_CHECK enum err sign_public_parse(const struct suite *suite,
				      struct span bytes, struct sign_key **out);
/* The same in the place of *key, which may be NULL and which nobody shares: for
 * going through many keys, quicker where the curve allows it. */
MUST_CHECK enum err sign_public_next(const struct suite *suite,
				     struct span bytes, struct sign_key **key);

/* A private key that stays elsewhere: in a token, in another process. */
struct sign_by {
	/*
	 * Appends the signature of `message`, which comes as it is, not hashed
	 * (ECDSA signs its hash by the suite's), in the form that is said above.
	 * Gets `context`. What it fails with, ERR_LOCAL_IO say, is what the call
	 * fails with that asked for the signature.
	 */
	enum err (*sign)(void *context, struct span message,
			 struct buf *signature);
	void *context;
};

/* A key that signs by `by`, whose public half is `public_key`: it verifies what
 * comes back, and what does not verify is ERR_LOCAL_CRYPTO. ERR_PEER_INVALID for
 * a public key that is none. */
MUST_CHECK enum err sign_key_by(const struct suite *suite,
				const struct sign_by *by,
				struct span public_key, struct sign_key **out);

struct sign_key *sign_key_share(
    const struct sign_key *key); /* one more owner */
void sign_key_free(struct sign_key *key);

/* Appends the signature of `message`. */
MUST_CHECK enum err sign_sign(const struct sign_key *private_key,
			      struct span message, struct buf *signature);

/* ERR_PEER_CRYPTO when it does not verify. */
MUST_CHECK enum err sign_verify(const struct sign_key *public_key,
				struct span message, struct span signature);

#endif
