/* A key that signs access tokens (ES256), as it is kept: its private half
 * wrapped (RFC 5649) under the key-encryption key. */
#ifndef HERMETIC_CRYPTO_SIGNING_KEY_H
#define HERMETIC_CRYPTO_SIGNING_KEY_H

#include "base/buf.h"

#define SIGNING_KEY_KID 48 /* characters, with the NUL */
#define SIGNING_KEY_KEK_ID 8

struct signing_key {
	char kid[SIGNING_KEY_KID];
	struct buf jwk;	    /* the public half, RFC 7517 */
	struct buf wrapped; /* the private one */
	uint8_t kek_id[SIGNING_KEY_KEK_ID];
};

/* A new one. kek: 32 bytes. */
MUST_CHECK enum err signing_key_make(struct span kek, struct signing_key *key);
void signing_key_clear(struct signing_key *key);

/* Appends the JWK (RFC 7517) of the public key with these coordinates. */
void signing_key_put_jwk(struct buf *jwk, const char *kid, const uint8_t x[32],
			 const uint8_t y[32]);

/* Names a key-encryption key without telling it: the start of a SHA-256. */
MUST_CHECK enum err signing_key_kek_id(struct span kek,
				       uint8_t id[SIGNING_KEY_KEK_ID]);

/* Appends the private half (PEM), wrapped under `kek` or else `previous`,
 * which may be empty. ERR_PEER_CRYPTO when under neither. */
MUST_CHECK enum err signing_key_open(struct span kek, struct span previous,
				     struct span wrapped, struct buf *pem);

#endif
