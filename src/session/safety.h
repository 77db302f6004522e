/*
 * The safety number: 60 digits that people compare over another channel. It
 * covers the session and every member's identity and signature key; rotation
 * of encryption keys leaves it as it is, a changed or added key does not.
 *
 *   SHA-512("hermetic safety number 1" || session_id || for each member, in
 *           the order of these encodings: identity<V> || signature_key<V>)
 *
 * each group of five digits: the next 5 bytes, big-endian, modulo 100,000.
 */
#ifndef HERMETIC_SESSION_SAFETY_H
#define HERMETIC_SESSION_SAFETY_H

#include "base/err.h"
#include "base/span.h"

#define SAFETY_GROUPS 12
#define SAFETY_SIZE (SAFETY_GROUPS * 6) /* with spaces between, and a NUL */

struct safety_member {
	struct span identity;
	struct span signature_key;
};

MUST_CHECK enum err safety_number(struct span session_id,
				  const struct safety_member *members,
				  size_t count, char out[SAFETY_SIZE]);

/* The same form for an account's fingerprint (check/account.h):
 * SHA-512("hermetic fingerprint 1" || fingerprint). */
MUST_CHECK enum err safety_fingerprint(struct span fingerprint,
				       char out[SAFETY_SIZE]);

#endif
