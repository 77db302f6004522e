/*
 * Owned bytes that grow: the one writer. It wipes what it frees, also when it
 * grows, so it may hold secrets.
 *
 * Writing never fails at the call: the first failure sticks, later writes do
 * nothing, and buf_end() reports it once. Encoders stay free of checks.
 */
#ifndef HERMETIC_BASE_BUF_H
#define HERMETIC_BASE_BUF_H

#include "base/err.h"
#include "base/span.h"

struct buf {
	uint8_t *p;
	size_t n;      /* bytes written */
	size_t cap;    /* bytes allocated */
	enum err fail; /* first failure, sticky */
};

#define BUF_INIT (HERMETIC_VALUE(buf){ NULL, 0, 0, ERR_OK })

/* Wipes and frees; the buffer is BUF_INIT afterwards. */
void buf_clear(struct buf *b);

/* Empties (wipes) but keeps the allocation and forgets a failure. */
void buf_reset(struct buf *b);

/* Removes the first n bytes (all of them when n is larger). */
void buf_consume(struct buf *b, size_t n);

/* ERR_OK or the first failure: ERR_LOCAL_MEMORY, or ERR_PEER_TOO_LARGE for a
 * vector too long for its length field. On failure the content is wiped. */
MUST_CHECK enum err buf_end(struct buf *b);

static inline struct span buf_span(const struct buf *b)
{
	return span_of(b->p, b->n);
}

/* Room for n more bytes, not yet counted; NULL after a failure. */
uint8_t *buf_reserve(struct buf *b, size_t n);

/* n bytes appended, for the caller to fill; NULL after a failure. */
uint8_t *buf_append(struct buf *b, size_t n);

void buf_put(struct buf *b, struct span bytes);
void buf_put_str(struct buf *b, const char *text);
void buf_putf(struct buf *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void buf_put_u8(struct buf *b, uint8_t v);
void buf_put_u16(struct buf *b, uint16_t v); /* big-endian, as are all */
void buf_put_u32(struct buf *b, uint32_t v);
void buf_put_u64(struct buf *b, uint64_t v);

/* RFC 9420 section 2.1.2: a variable-size length, 1, 2 or 4 bytes. */
void buf_put_varint(struct buf *b, size_t length);

/* opaque bytes<V>: length and bytes. */
void buf_put_vec(struct buf *b, struct span bytes);

/* T elements<V>: open, write the elements, close with what open returned. */
size_t buf_open_vec(struct buf *b);
void buf_close_vec(struct buf *b, size_t opened);

#endif
