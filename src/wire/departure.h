/*
 * A departure: an entry of a session's log (kind 4) by which a device leaves,
 * or by which a device removes another one of its user (docs/protocol.md,
 * "Departures"). It is signed by the leaf of the device that says so.
 *
 *   struct {
 *     uint8   version = 1;
 *     opaque  session_id[16];
 *     uint32  generation;
 *     uint32  leaf_index;      the leaf that departs
 *     opaque  leaf_hash[32];   SHA-256 of its encoded LeafNode
 *     uint32  signer;          the leaf that signs
 *     opaque  heir<V>;         the user who becomes owner, or empty
 *     opaque  signature<V>;    SignWithLabel, DEPARTURE_LABEL, of all before
 *   } Departure;
 */
#ifndef HERMETIC_WIRE_DEPARTURE_H
#define HERMETIC_WIRE_DEPARTURE_H

#include "base/buf.h"

#define DEPARTURE_LABEL "hermetic departure"
#define DEPARTURE_SESSION_ID 16
#define DEPARTURE_HASH 32
#define DEPARTURE_HEIR_MAX 255	    /* bytes */
#define DEPARTURE_SIGNATURE_MAX 255 /* bytes */

struct departure {
	struct span encoded;	   /* decoded ones only */
	struct span unsigned_part; /* decoded ones only: what is signed */
	struct span session_id;
	uint32_t generation;
	uint32_t leaf_index;
	struct span leaf_hash;
	uint32_t signer;
	struct span heir;
	struct span signature;
};

/* Appends what is signed: all fields before the signature. */
void departure_put_tbs(struct buf *b, const struct departure *departure);

/* Appends the whole, with departure->signature. */
void departure_put(struct buf *b, const struct departure *departure);

/* The departure borrows from `bytes`. ERR_PEER_UNSUPPORTED for another version,
 * ERR_PEER_TOO_LARGE for an heir or a signature above the limits,
 * ERR_PEER_MALFORMED otherwise. */
MUST_CHECK enum err departure_decode(struct span bytes,
				     struct departure *departure);

#endif
