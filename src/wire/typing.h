/*
 * A typing notice (docs/protocol.md, "Typing"): that a member types, or does not any more.
 * It stands in no log, and no server stores it.
 *
 *   uint8  version = 1
 *   opaque session_id[16]
 *   uint64 epoch           the session's
 *   opaque nonce[12]       random
 *   opaque sealed[]        to the end: the suite's AEAD over
 *
 *       uint32 leaf_index
 *       uint8  state       0 does not type any more, 1 types
 *       uint64 sent_ms     Unix, by the sender's clock
 *       opaque signature[] to the end: by the leaf's key, over what stands before it here
 *                          and the version, session and epoch
 *
 * What a server reads are the fields before the nonce.
 */
#ifndef HERMETIC_WIRE_TYPING_H
#define HERMETIC_WIRE_TYPING_H

#include "base/buf.h"
#include "base/rd.h"

#define TYPING_VERSION 1
#define TYPING_SESSION_ID 16
#define TYPING_NONCE 12
#define TYPING_MAX 256 /* bytes of one notice */

/* The spans are borrowed from what was decoded. */
struct typing {
	struct span session_id; /* TYPING_SESSION_ID bytes */
	uint64_t epoch;
	struct span nonce; /* TYPING_NONCE bytes */
	struct span sealed;
	struct span clear; /* all before the nonce; set by decoding */
};

/* What is sealed. */
struct typing_said {
	uint32_t leaf_index;
	bool types;
	uint64_t sent_ms;
	struct span signature;
	struct span unsigned_part; /* before the signature; set by decoding */
};

/* ERR_PEER_TOO_LARGE above TYPING_MAX, ERR_PEER_UNSUPPORTED for another version,
 * ERR_PEER_MALFORMED otherwise; `typing` is cleared on failure. */
MUST_CHECK enum err typing_decode(struct span bytes, struct typing *typing);

/* ERR_PEER_MALFORMED, also for a state that there is not; `said` is cleared then. */
MUST_CHECK enum err typing_said_decode(struct span bytes,
				       struct typing_said *said);

/* Append: what stands before the nonce, and before the signature. */
void typing_put_clear(struct buf *b, struct span session_id, uint64_t epoch);
void typing_put_unsigned(struct buf *b, const struct typing_said *said);

#endif
