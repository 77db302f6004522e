/*
 * A file that stands beside a session's log, as a message names it: external content of
 * draft-ietf-mimi-content-08 (content/mimi.h), and how its bytes are sealed. Bytes in,
 * bytes out; no I/O. ADR 52.
 *
 * The ciphertext is one AEAD over the whole file under a key of its own: as many bytes as
 * the file has, then the tag. What comes out while it is opened is to be shown to nobody
 * before attachment_open_end().
 */
#ifndef HERMETIC_CONTENT_ATTACHMENT_H
#define HERMETIC_CONTENT_ATTACHMENT_H

#include "base/sec.h"
#include "base/uuid.h"
#include "content/mimi.h"
#include "crypto/aead.h"
#include "crypto/rng.h"

#define ATTACHMENT_MAX AEAD_STREAM_MAX /* bytes of a file */
#define ATTACHMENT_NAME_MAX 255	       /* bytes of a name, and of a type */
#define ATTACHMENT_HASH 32

struct attachment {
	struct uuid id; /* of the file, in its session */
	uint64_t size;	/* bytes of the file itself */
	uint16_t aead;	/* IANA's number; 0xF7F1: Twofish-256-GCM */
	struct sec key;
	uint8_t nonce[SUITE_NONCE];
	uint8_t hash[ATTACHMENT_HASH]; /* SHA-256 of the ciphertext */
	struct buf name, type;	       /* UTF-8 without U+0000 */
};

void attachment_clear(struct attachment *a);

/* A new id, key and nonce; size, hash, name and type are the caller's to set. */
MUST_CHECK enum err attachment_make(const struct suite *suite,
				    const struct rng *rng,
				    struct attachment *a);

/* A suite with that AEAD; NULL: none is known. */
const struct suite *attachment_suite(uint16_t aead);

/* Bytes of the ciphertext. */
uint64_t attachment_sealed_size(uint64_t size);

/* Bytes that were sealed once more under the key and nonce of `a` are those of its file: so
 * many, with that hash. */
bool attachment_is(const struct attachment *a, uint64_t size,
		   const uint8_t hash[ATTACHMENT_HASH]);

/* As a part, which borrows from `a` and from `url`. */
void attachment_to_part(const struct attachment *a, struct buf *url,
			struct mimi_part *part);

/* ERR_PEER_UNSUPPORTED: external content of another kind, or none. The caller clears
 * `a`, also after a failure. */
MUST_CHECK enum err attachment_of_part(const struct mimi_part *part,
				       struct attachment *a);

/* ---- its bytes ---- */

struct attachment_stream;

MUST_CHECK enum err attachment_begin(const struct attachment *a, bool seal,
				     struct attachment_stream **out);
/* out: in.n bytes. */
MUST_CHECK enum err attachment_pass(struct attachment_stream *stream,
				    struct span in, uint8_t *out);
/* The tag, and the hash of all. */
MUST_CHECK enum err attachment_seal_end(struct attachment_stream *stream,
					uint8_t tag[SUITE_AEAD_TAG],
					uint8_t hash[ATTACHMENT_HASH]);
/* ERR_PEER_CRYPTO: these are not the bytes that the message names. */
MUST_CHECK enum err attachment_open_end(struct attachment_stream *stream,
					const uint8_t tag[SUITE_AEAD_TAG]);
void attachment_free(struct attachment_stream *stream); /* NULL is allowed */

#endif
