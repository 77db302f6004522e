/*
 * The bounded reader: the only way that bytes from outside are parsed.
 *
 * A read past the end fails the reader for good: it and every later read
 * return zeros and empty spans, nothing is left, and rd_end() reports it once.
 * Decoders stay free of checks, and a loop over rd_left() always ends.
 */
#ifndef HERMETIC_BASE_RD_H
#define HERMETIC_BASE_RD_H

#include "base/err.h"
#include "base/span.h"

struct rd {
	const uint8_t *p;
	size_t n;      /* bytes left */
	enum err fail; /* first failure, sticky */
};

struct rd rd_init(struct span bytes);

static inline size_t rd_left(const struct rd *r)
{
	return r->n;
}

static inline bool rd_ok(const struct rd *r)
{
	return r->fail == ERR_OK;
}

/* ERR_OK when all was read; ERR_PEER_MALFORMED when bytes are left over, or
 * the first failure. */
MUST_CHECK enum err rd_end(struct rd *r);

/* Fails the reader from outside, for a value out of its range. */
void rd_fail(struct rd *r, enum err e);

uint8_t rd_u8(struct rd *r);
uint16_t rd_u16(struct rd *r); /* big-endian, as are all */
uint32_t rd_u32(struct rd *r);
uint64_t rd_u64(struct rd *r);

/* The next n bytes, borrowed from the input. */
struct span rd_take(struct rd *r, size_t n);

/* Copies exactly n bytes out; zeros on failure. */
void rd_copy(struct rd *r, void *out, size_t n);

/* RFC 9420 section 2.1.2: a length; not minimal or the reserved prefix fail. */
size_t rd_varint(struct rd *r);

/* opaque bytes<V>, borrowed from the input. */
struct span rd_vec(struct rd *r);

/* T elements<V>: a reader over the content. Finish it with rd_close(), which
 * carries a failure, or content left over, back to `r`. */
struct rd rd_open_vec(struct rd *r);
void rd_close(struct rd *r, struct rd *inner);

#endif
