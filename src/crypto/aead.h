/* Authenticated encryption with a suite's AEAD, RFC 5116 shape: the output is
 * ciphertext followed by a tag of SUITE_AEAD_TAG bytes. */
#ifndef HERMETIC_CRYPTO_AEAD_H
#define HERMETIC_CRYPTO_AEAD_H

#include "base/buf.h"
#include "crypto/suite.h"

/* key: suite->nk bytes; nonce: SUITE_NONCE bytes. Appends to `out`. */
MUST_CHECK enum err aead_seal(const struct suite *suite, struct span key,
			      struct span nonce, struct span aad,
			      struct span plaintext, struct buf *out);

/* Appends the plaintext; ERR_PEER_CRYPTO and nothing appended when the tag
 * does not verify or the input is shorter than a tag. */
MUST_CHECK enum err aead_open(const struct suite *suite, struct span key,
			      struct span nonce, struct span aad,
			      struct span ciphertext, struct buf *out);

#endif
