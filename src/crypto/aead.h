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

/*
 * The same for what does not fit into memory, in pieces of any size: the ciphertext of one
 * aead_seal(), piece by piece. While it is opened nothing that came out counts before
 * aead_stream_open_end() has said so: the caller keeps it from everybody till then.
 */
struct aead_stream;

MUST_CHECK enum err aead_stream_begin(const struct suite *suite,
				      struct span key, struct span nonce,
				      struct span aad, bool seal,
				      struct aead_stream **out);

/* out: in.n bytes, which may be those of `in`. ERR_LOCAL_BUG after
 * AEAD_STREAM_MAX bytes. */
#define AEAD_STREAM_MAX (((uint64_t)1 << 36) - 32) /* bytes of plaintext */
MUST_CHECK enum err aead_stream_pass(struct aead_stream *stream, struct span in,
				     uint8_t *out);

MUST_CHECK enum err aead_stream_seal_end(struct aead_stream *stream,
					 uint8_t tag[SUITE_AEAD_TAG]);
/* ERR_PEER_CRYPTO: something of it is not what was sealed. */
MUST_CHECK enum err aead_stream_open_end(struct aead_stream *stream,
					 const uint8_t tag[SUITE_AEAD_TAG]);
void aead_stream_free(struct aead_stream *stream); /* NULL is allowed */

/* Appends the plaintext; ERR_PEER_CRYPTO and nothing appended when the tag
 * does not verify or the input is shorter than a tag. */
MUST_CHECK enum err aead_open(const struct suite *suite, struct span key,
			      struct span nonce, struct span aad,
			      struct span ciphertext, struct buf *out);

#endif
