/* The NIST curves, P-256 and its like: what of curve.h takes their points and scalars.
 * Internal to src/crypto. The functions are as those of curve.h that end alike; a WebAssembly
 * module for a device goes without them (src/wasm/no_nist.c). */
#ifndef HERMETIC_CRYPTO_CURVE_NIST_H
#define HERMETIC_CRYPTO_CURVE_NIST_H

#include <openssl/ec.h>
#include <openssl/evp.h>

#include "base/sec.h"
#include "base/span.h"

struct curve {
	const char *name;
	int nid; /* NIST curves only */
	uint8_t secret_size;
	uint8_t public_size;
	/* Of a NIST curve, made once and never changed: to make either takes
	 * longer than to use it. */
	EC_GROUP *group;
	EVP_PKEY *parameters; /* a key's, without the key */
	uint8_t order[66];    /* secret_size bytes, big-endian */
};

/* Makes what a NIST curve has besides its name; what cannot be made stays NULL. */
void curve_nist_start(struct curve *c);

/* Writes public_size bytes: the public key of a scalar. ERR_PEER_INVALID for a scalar that is
 * out of range. */
MUST_CHECK enum err curve_nist_public(const struct curve *c, struct span secret,
				      uint8_t *out);
MUST_CHECK enum err curve_nist_check_point(const struct curve *c,
					   struct span bytes);
MUST_CHECK enum err curve_nist_agree(const struct curve *c, struct span secret,
				     struct span peer, struct sec *shared);
MUST_CHECK enum err curve_nist_set_public(const struct curve *c,
					  struct span point, EVP_PKEY *key);
MUST_CHECK enum err curve_nist_import_public(const struct curve *c,
					     struct span point, EVP_PKEY **out);
MUST_CHECK enum err curve_nist_import_pair(const struct curve *c,
					   struct span point,
					   struct span secret, EVP_PKEY **out);

#endif
