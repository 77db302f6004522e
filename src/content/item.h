/*
 * CBOR data items (RFC 8949), deterministic ones only: libcbor takes them apart
 * and makes them, one head at a time, and allocates nothing. A value has one
 * encoding (RFC 8949, 4.2.1); each head that is read is encoded again and has to
 * be what came in.
 *
 * The reader works like struct rd: the first failure sticks, later reads return
 * zeros and empty spans, nothing is left, and item_end() reports it once.
 * ERR_PEER_MALFORMED: no deterministic CBOR, or another type than the asked one;
 * ERR_PEER_TOO_LARGE: over a limit that the caller gave.
 */
#ifndef HERMETIC_CONTENT_ITEM_H
#define HERMETIC_CONTENT_ITEM_H

#include "base/buf.h"

struct item_rd {
	struct span rest; /* what is not read yet */
	enum err fail;
};

struct item_rd item_rd_init(struct span bytes);

/* ERR_OK when all was read. */
MUST_CHECK enum err item_end(struct item_rd *r);

/* Fails the reader from outside; returns nothing. */
void item_fail(struct item_rd *r, enum err e);

/* An unsigned integer, at most max. */
uint64_t item_uint(struct item_rd *r, uint64_t max);
bool item_bool(struct item_rd *r);

/* Borrowed from the input. A text is UTF-8. At most max bytes. */
struct span item_bytes(struct item_rd *r, size_t max);
struct span item_text(struct item_rd *r, size_t max);

/* The head of an array: how many items follow, at most max. No more are promised
 * than bytes are left. */
size_t item_array(struct item_rd *r, size_t max);
/* The head of a map: how many pairs follow. */
size_t item_map(struct item_rd *r, size_t max);

/* Takes the next item if it is null. */
bool item_null(struct item_rd *r);

/*
 * Any item, as it is encoded, with all that is in it. Tags, arrays and maps stand
 * in each other at most `levels` deep (0: none), else ERR_PEER_TOO_LARGE. Keys of
 * maps are integers, texts or bytes, in order, none twice. Simple values are
 * false, true, null and undefined; a NaN is f97e00, except in the tags 80 to 87,
 * whose floats are bytes to this reader.
 */
struct span item_any(struct item_rd *r, unsigned levels);

enum item_kind {
	ITEM_NONE, /* the reader has failed, or is at its end */
	ITEM_UINT,
	ITEM_NEGINT, /* -1 - number */
	ITEM_BYTES,
	ITEM_TEXT,
	ITEM_ARRAY,
	ITEM_MAP,
	ITEM_TAG,
	ITEM_BOOL,
	ITEM_NULL,
	ITEM_UNDEFINED,
	ITEM_FLOAT
};

/* An integer or text as a key of a map, at most 2^53 - 1 either way; anything
 * else fails the reader. A text is in *text. */
struct item_key {
	enum item_kind kind; /* ITEM_UINT, ITEM_NEGINT, ITEM_TEXT, ITEM_BYTES */
	uint64_t number;
	struct span text;
	struct span encoded;
};
struct item_key item_key(struct item_rd *r);

/* The order of RFC 8949, 4.2.1: bytewise, of the encoded keys. */
bool item_in_order(struct span before, struct span after);

/* ---- writing ---- */

void item_put_uint(struct buf *out, uint64_t value);
void item_put_negint(struct buf *out, uint64_t number); /* -1 - number */
void item_put_bytes(struct buf *out, struct span bytes);
void item_put_text(struct buf *out, struct span text);
void item_put_array(struct buf *out, size_t count);
void item_put_map(struct buf *out, size_t pairs);
void item_put_bool(struct buf *out, bool value);
void item_put_null(struct buf *out);

#endif
