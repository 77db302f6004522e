/* Key wrapping with padding: AES-256, RFC 5649. */
#ifndef HERMETIC_CRYPTO_WRAP_H
#define HERMETIC_CRYPTO_WRAP_H

#include "base/buf.h"

/* kek: 32 bytes. Appends the wrapped key. */
MUST_CHECK enum err wrap_seal(struct span kek, struct span key,
			      struct buf *wrapped);

/* Appends the key; ERR_PEER_CRYPTO under another kek or after tampering. */
MUST_CHECK enum err wrap_open(struct span kek, struct span wrapped,
			      struct buf *key);

#endif
