/*
 * What the sender of an entry has seen of the log: a number and the head there
 * (docs/protocol.md, "Transcript"). It stands in clear, in the authenticated data
 * of what is sent, so its signature covers it, and a server can compare it.
 *
 *   of an application message   uint8 1 || uint64 seq || head[32] || nonce[16]
 *   of a commit                 nothing (from before), or
 *                               uint8 1 || uint64 seq || head[32]
 *                               || opaque links<V>
 *                               and in a group that has the root of its places
 *                               || opaque changes<V>, unless none change
 */
#ifndef HERMETIC_WIRE_LOG_VIEW_H
#define HERMETIC_WIRE_LOG_VIEW_H

#include "base/err.h"
#include "base/span.h"

#define LOG_VIEW_HEAD 32
#define LOG_VIEW_NONCE 16

struct log_view {
	bool given; /* false: none, of a commit from before */
	uint64_t seq;
	struct span head;    /* LOG_VIEW_HEAD bytes, borrowed */
	struct span nonce;   /* of an application message; borrowed */
	struct span links;   /* of a commit; borrowed, as the next */
	struct span changes; /* of places (wire/places.h) */
};

/* The authenticated data of an application message. ERR_PEER_MALFORMED when it
 * is no view; `view` is cleared then. */
MUST_CHECK enum err log_view_read(struct span data, struct log_view *view);

/* Of a commit; empty data is no view, and no error. */
MUST_CHECK enum err log_view_read_commit(struct span data,
					 struct log_view *view);

#endif
