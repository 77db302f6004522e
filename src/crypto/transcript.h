/* Transcript hashes and the confirmation tag, RFC 9420 sections 6.1 and 8.2: for members,
 * and for who follows a group without its keys. Hashes and tags are nh bytes; an empty span
 * is the empty hash of epoch 0. */
#ifndef HERMETIC_CRYPTO_TRANSCRIPT_H
#define HERMETIC_CRYPTO_TRANSCRIPT_H

#include "base/err.h"
#include "base/span.h"
#include "crypto/suite.h"

/* confirmed_transcript_hash of the epoch that a Commit opens: from the interim
 * hash of the epoch it was sent in, and the Commit's AuthenticatedContent:
 * wire format, encoded FramedContent, signature. */
MUST_CHECK enum err transcript_confirmed(const struct suite *suite,
					 struct span interim,
					 uint16_t wire_format,
					 struct span framed_content,
					 struct span signature, uint8_t *out);

/* interim_transcript_hash from the same epoch's confirmed hash and tag. */
MUST_CHECK enum err transcript_interim(const struct suite *suite,
				       struct span confirmed,
				       struct span confirmation_tag,
				       uint8_t *out);

/* confirmation_tag = MAC(confirmation_key, confirmed_transcript_hash). */
MUST_CHECK enum err transcript_tag(const struct suite *suite,
				   struct span confirmation_key,
				   struct span confirmed, uint8_t *out);

/* In constant time; ERR_PEER_CRYPTO when it differs. */
MUST_CHECK enum err transcript_check_tag(const struct suite *suite,
					 struct span confirmation_key,
					 struct span confirmed,
					 struct span confirmation_tag);

#endif
