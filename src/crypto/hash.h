/* Hash, HMAC (RFC 2104) and HKDF (RFC 5869) with a suite's hash. */
#ifndef HERMETIC_CRYPTO_HASH_H
#define HERMETIC_CRYPTO_HASH_H

#include "base/sec.h"
#include "crypto/suite.h"

/* out: suite->nh bytes. The parts are hashed as if concatenated. */
MUST_CHECK enum err hash_digest(const struct suite *suite,
				const struct span *parts, size_t count,
				uint8_t *out);

/* SHA-256 whatever the suite, out: 32 bytes. */
MUST_CHECK enum err hash_sha256(const struct span *parts, size_t count,
				uint8_t out[32]);

/* The same of one span. */
MUST_CHECK enum err hash_one(struct span bytes, uint8_t out[32]);

/* The same of what comes in pieces. */
struct hash_stream;
MUST_CHECK enum err hash_stream_begin(struct hash_stream **out);
MUST_CHECK enum err hash_stream_add(struct hash_stream *stream,
				    struct span bytes);
MUST_CHECK enum err hash_stream_end(struct hash_stream *stream,
				    uint8_t out[32]);
void hash_stream_free(struct hash_stream *stream); /* NULL is allowed */

/* SHA-1, for the handshake of RFC 6455 section 4.2.2, where it protects
 * nothing. */
MUST_CHECK enum err hash_sha1(struct span bytes, uint8_t out[20]);

/* out: suite->nh bytes. */
MUST_CHECK enum err hash_mac(const struct suite *suite, struct span key,
			     const struct span *parts, size_t count,
			     uint8_t *out);

/* KDF.Extract: salt may be empty. */
MUST_CHECK enum err hash_extract(const struct suite *suite, struct span salt,
				 struct span ikm, struct sec *prk);

/* KDF.Expand; length at most SEC_MAX. */
MUST_CHECK enum err hash_expand(const struct suite *suite, struct span prk,
				struct span info, size_t length,
				struct sec *out);

/* KDF.Expand into a longer output: length bytes, at most 255 * nh. */
MUST_CHECK enum err hash_expand_bytes(const struct suite *suite,
				      struct span prk, struct span info,
				      uint8_t *out, size_t length);

#endif
