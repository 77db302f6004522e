#include "base/rd.h"

#include <string.h>

struct rd rd_init(struct span bytes)
{
	return (struct rd){ bytes.p, bytes.n, ERR_OK };
}

void rd_fail(struct rd *r, enum err e)
{
	if (r->fail == ERR_OK)
		r->fail = e;
	r->n = 0;
}

enum err rd_end(struct rd *r)
{
	if (r->fail == ERR_OK && r->n > 0)
		rd_fail(r, ERR_PEER_MALFORMED);
	return r->fail;
}

struct span rd_take(struct rd *r, size_t n)
{
	struct span taken;

	if (r->fail != ERR_OK || n > r->n) {
		rd_fail(r, ERR_PEER_MALFORMED);
		return SPAN_EMPTY;
	}
	taken = span_of(r->p, n);
	if (n > 0)
		r->p += n;
	r->n -= n;
	return taken;
}

void rd_copy(struct rd *r, void *out, size_t n)
{
	struct span taken = rd_take(r, n);

	if (taken.n == n && n > 0)
		memcpy(out, taken.p, n);
	else if (n > 0)
		memset(out, 0, n);
}

static uint64_t take_be(struct rd *r, size_t width)
{
	struct span taken = rd_take(r, width);
	uint64_t v = 0;

	for (size_t i = 0; i < taken.n; i++)
		v = v << 8 | taken.p[i];
	return v;
}

uint8_t rd_u8(struct rd *r)
{
	return (uint8_t)take_be(r, 1);
}

uint16_t rd_u16(struct rd *r)
{
	return (uint16_t)take_be(r, 2);
}

uint32_t rd_u32(struct rd *r)
{
	return (uint32_t)take_be(r, 4);
}

uint64_t rd_u64(struct rd *r)
{
	return take_be(r, 8);
}

size_t rd_varint(struct rd *r)
{
	uint8_t first = rd_u8(r);
	size_t v = first & 0x3f;

	switch (first >> 6) {
	case 0:
		return v;
	case 1:
		v = v << 8 | rd_u8(r);
		if (v < 0x40)
			rd_fail(r, ERR_PEER_MALFORMED);
		break;
	case 2:
		v = v << 24 | (size_t)take_be(r, 3);
		if (v < 0x4000)
			rd_fail(r, ERR_PEER_MALFORMED);
		break;
	default:
		rd_fail(r, ERR_PEER_MALFORMED);
	}
	return rd_ok(r) ? v : 0;
}

struct span rd_vec(struct rd *r)
{
	return rd_take(r, rd_varint(r));
}

struct rd rd_open_vec(struct rd *r)
{
	return rd_init(rd_vec(r));
}

void rd_close(struct rd *r, struct rd *inner)
{
	if (rd_end(inner) != ERR_OK)
		rd_fail(r, inner->fail);
}
