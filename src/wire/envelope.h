/*
 * The envelope: what is posted, stored, ordered and delivered for an
 * application message (docs/protocol.md). All that a server sees of it.
 *
 *   uint8  version = 1
 *   opaque session_id[16]
 *   uint64 epoch
 *   opaque nonce[16]     6 bytes Unix milliseconds big-endian, 10 random
 *   opaque message<V>    MLSMessage with a PrivateMessage
 *   opaque tag[Nh]       HMAC over everything before it
 */
#ifndef HERMETIC_WIRE_ENVELOPE_H
#define HERMETIC_WIRE_ENVELOPE_H

#include "base/buf.h"
#include "base/rd.h"
#include "wire/log_view.h"

#define ENVELOPE_VERSION 1
#define ENVELOPE_SESSION_ID 16
#define ENVELOPE_NONCE LOG_VIEW_NONCE
#define ENVELOPE_NONCE_TIME 6 /* bytes of it that are a time */
#define ENVELOPE_TIME_MAX (((uint64_t)1 << 48) - 1)
#define ENVELOPE_MAX (256 * 1024) /* bytes of one envelope */

/* Spans are borrowed from what was decoded. */
struct envelope {
	struct span session_id; /* ENVELOPE_SESSION_ID bytes */
	uint64_t epoch;
	struct span nonce;   /* ENVELOPE_NONCE bytes */
	struct span message; /* encoded MLSMessage */
	struct span tag;
	struct span tagged; /* all before the tag; set by decoding */
};

/*
 * Exactly one envelope with a tag of tag_length bytes (suite->nh).
 * ERR_PEER_TOO_LARGE above ENVELOPE_MAX, ERR_PEER_UNSUPPORTED for another
 * version, ERR_PEER_MALFORMED otherwise; `envelope` is cleared on failure.
 */
MUST_CHECK enum err envelope_decode(struct span bytes, size_t tag_length,
				    struct envelope *envelope);

/*
 * What a server can check without a key, after decoding: the message is an
 * MLSMessage with a PrivateMessage of application data, whose group and epoch
 * are those of the envelope's session and epoch (generation.h). ERR_PEER_MALFORMED or ERR_PEER_INVALID.
 */
MUST_CHECK enum err envelope_check(const struct envelope *envelope);

/* The same, and what its sender has seen of the log. ERR_PEER_MALFORMED, too,
 * when its authenticated data is no view. */
MUST_CHECK enum err envelope_view(const struct envelope *envelope,
				  struct log_view *view);

/* Appends all that the tag is over; then the tag itself is appended. */
void envelope_put_tagged(struct buf *b, const struct envelope *envelope);

/* The time in a nonce, Unix milliseconds. */
uint64_t envelope_time(struct span nonce);

/* Writes the time into a nonce whose random bytes the caller fills in.
 * ERR_LOCAL_BUG above ENVELOPE_TIME_MAX. */
MUST_CHECK enum err envelope_set_time(uint8_t nonce[ENVELOPE_NONCE],
				      uint64_t now_ms);

#endif
