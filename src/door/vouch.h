/*
 * Vouchers for the keys that verify access tokens. The API opens the wrapped row
 * of a signing key, so it believes a public key that is of that row. Who must not
 * have the key-encryption key believes one that the API has vouched for: a JWT
 * (HS256) over the key's name and the key, under a secret that both have. A public
 * key that somebody wrote into the database has no voucher.
 */
#ifndef HERMETIC_DOOR_VOUCH_H
#define HERMETIC_DOOR_VOUCH_H

#include "base/buf.h"

/* A secret is at least so long, in bytes. */
enum { VOUCH_SECRET_MIN = 24, VOUCH_MAX = 2048 };

/* Appends the voucher for the public key (PEM, without a NUL) called `kid`. The same
 * arguments make the same voucher. ERR_LOCAL_CRYPTO, ERR_LOCAL_MEMORY; nothing is
 * appended then. */
MUST_CHECK enum err vouch_write(struct span secret, const char *kid,
				const char *public_pem, struct buf *voucher);

/* Appends the public key that the voucher is for. ERR_PEER_DENIED, and nothing is
 * appended, when it is not under that secret or is for another key than `kid`. */
MUST_CHECK enum err vouch_read(struct span secret, struct span kid,
			       struct span voucher, struct buf *public_pem);

#endif
