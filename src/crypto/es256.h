/* Keys for ES256 (RFC 7518 section 3.4), as JWT libraries want them: PEM. */
#ifndef HERMETIC_CRYPTO_ES256_H
#define HERMETIC_CRYPTO_ES256_H

#include "base/buf.h"

/* A new key: appends the private key (PKCS #8, PEM, ends with a NUL that is
 * not counted). */
MUST_CHECK enum err es256_generate(struct buf *private_pem);

/* Appends the public key (PEM) of a private one, and gives its coordinates. */
MUST_CHECK enum err es256_public(struct span private_pem,
				 struct buf *public_pem, uint8_t x[32],
				 uint8_t y[32]);

#endif
