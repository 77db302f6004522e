/* The envelope's HMAC (docs/protocol.md): under a key from the MLS exporter of
 * the message's epoch, over everything before it. It is checked before anything
 * is decrypted, and binds a message to one key, which GCM and Poly1305 do not. */
#ifndef HERMETIC_SESSION_ENVELOPE_TAG_H
#define HERMETIC_SESSION_ENVELOPE_TAG_H

#include "base/sec.h"
#include "mls/group.h"
#include "wire/envelope.h"

/* MLS-Exporter("hermetic envelope", session_id, Nh) of the current epoch. */
MUST_CHECK enum err envelope_tag_key(const struct mls_group *group,
				     struct span session_id, struct sec *key);

/* Appends the tag over all that is in `envelope`. */
MUST_CHECK enum err envelope_tag_put(const struct suite *suite,
				     const struct sec *key,
				     struct buf *envelope);

/* In constant time; ERR_PEER_CRYPTO. */
MUST_CHECK enum err envelope_tag_check(const struct suite *suite,
				       const struct sec *key,
				       const struct envelope *envelope);

#endif
