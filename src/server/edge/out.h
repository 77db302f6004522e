/*
 * What a connection has still to send, in order: bytes of its own, and bytes
 * that it shares with other connections, which are never copied.
 */
#ifndef HERMETIC_SERVER_EDGE_OUT_H
#define HERMETIC_SERVER_EDGE_OUT_H

#include <sys/uio.h>

#include "base/buf.h"
#include "server/edge/shared.h"

struct out {
	struct buf own;
	size_t own_sent, own_cut; /* of `own`; up to the last shared piece */
	struct piece *pieces;	  /* a ring, up to the last shared one */
	size_t room, first, count;
	size_t shared_queued; /* bytes */
};

#define OUT_INIT ((struct out){ .own = BUF_INIT })

/* Where to append bytes; good until the next call with this queue. */
struct buf *out_own(struct out *out);

/* Becomes a holder. */
void out_put_shared(struct out *out, struct shared *s);

/* Bytes that have not been sent. */
size_t out_queued(const struct out *out);

/* Some of the bytes were lost for want of memory: what is queued is no use. */
bool out_is_broken(const struct out *out);

/* The next bytes to send, in at most `max` parts; returns how many. */
size_t out_gather(const struct out *out, struct iovec *parts, size_t max);

/* So many of them were sent. Memory above a small buffer goes with the last. */
void out_took(struct out *out, size_t n);

void out_clear(struct out *out);

#endif
