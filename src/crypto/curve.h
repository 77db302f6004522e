/* Keys of the curves as EVP objects: internal to src/crypto. Groups are named
 * as in struct suite: "X25519", "X448", "ED25519", "ED448", "P-256", ... */
#ifndef HERMETIC_CRYPTO_CURVE_H
#define HERMETIC_CRYPTO_CURVE_H

#include <openssl/evp.h>

#include "base/buf.h"
#include "base/sec.h"

#define CURVE_PUBLIC_MAX 133 /* bytes: an uncompressed point of P-521 */

/* A NIST curve, whose keys need points and scalars. */
bool curve_is_nist(const char *group);

/* Bytes of a private key. */
size_t curve_private_size(const char *group);

/* ERR_PEER_INVALID when the bytes are no key of that group. */
MUST_CHECK enum err curve_public(const char *group, struct span bytes,
				 EVP_PKEY **out);
/* The same for many keys of a curve that is no NIST curve, in half the time:
 * `*maker`, NULL at first, is kept from one to the next and freed by the
 * caller. */
MUST_CHECK enum err curve_make_public(const char *group, EVP_PKEY_CTX **maker,
				      struct span bytes, EVP_PKEY **out);
/* Another public key in an object of a NIST curve that has one: most of what
 * curve_public() does is the same for all. */
MUST_CHECK enum err curve_replace_public(const char *group, struct span bytes,
					 EVP_PKEY *key);
MUST_CHECK enum err curve_private(const char *group, struct span bytes,
				  EVP_PKEY **out);

/* Whether the bytes are a public key of that group for a key agreement:
 * ERR_PEER_INVALID. */
MUST_CHECK enum err curve_check_public(const char *group, struct span bytes);

/* Diffie-Hellman: the private key `secret`, whose public key is `public_key`,
 * with that of a peer. ERR_PEER_INVALID for a peer's key that is none, also
 * where the result is all zeros. */
MUST_CHECK enum err curve_agree(const char *group, struct span secret,
				struct span public_key, struct span peer,
				struct sec *shared);

/* Appends the public key that belongs to a private one. */
MUST_CHECK enum err curve_derive_public(const char *group, struct span secret,
					struct buf *public_key);

/* True for a point of X25519 or X448 that gives zero with every private key
 * (RFC 7748 section 6): who took one could encrypt nothing to it. */
bool curve_small_order(const char *group, struct span public_key);

/* True for 0 < scalar < order, big-endian. */
bool curve_scalar_in_range(const char *group, struct span scalar);

#endif
