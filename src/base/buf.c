#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sec.h"

enum { BUF_FIRST = 128 };

static const size_t VARINT_MAX = 0x3fffffff;

void buf_clear(struct buf *b)
{
	sec_wipe(b->p, b->cap);
	free(b->p);
	*b = BUF_INIT;
}

void buf_reset(struct buf *b)
{
	sec_wipe(b->p, b->n);
	b->n = 0;
	b->fail = ERR_OK;
}

void buf_consume(struct buf *b, size_t n)
{
	if (n >= b->n) {
		sec_wipe(b->p, b->n);
		b->n = 0;
		return;
	}
	memmove(b->p, b->p + n, b->n - n);
	sec_wipe(b->p + b->n - n, n);
	b->n -= n;
}

enum err buf_end(struct buf *b)
{
	enum err e = b->fail;

	if (e != ERR_OK)
		buf_clear(b);
	return e;
}

/* Not realloc(): it may leave a copy of a secret behind. */
static void buf_grow(struct buf *b, size_t need)
{
	size_t cap = b->cap > 0 ? b->cap : BUF_FIRST;
	uint8_t *p;

	while (cap < need) {
		if (cap > SIZE_MAX / 2) {
			b->fail = ERR_LOCAL_MEMORY;
			return;
		}
		cap *= 2;
	}
	p = malloc(cap);
	if (p == NULL) {
		b->fail = ERR_LOCAL_MEMORY;
		return;
	}
	if (b->n > 0)
		memcpy(p, b->p, b->n);
	sec_wipe(b->p, b->cap);
	free(b->p);
	b->p = p;
	b->cap = cap;
}

uint8_t *buf_reserve(struct buf *b, size_t n)
{
	if (b->fail != ERR_OK)
		return NULL;
	if (n > SIZE_MAX - b->n) {
		b->fail = ERR_LOCAL_MEMORY;
		return NULL;
	}
	if (b->n + n > b->cap || b->p == NULL)
		buf_grow(b, b->n + n);
	return b->fail == ERR_OK ? b->p + b->n : NULL;
}

uint8_t *buf_append(struct buf *b, size_t n)
{
	uint8_t *p = buf_reserve(b, n);

	if (p != NULL)
		b->n += n;
	return p;
}

void buf_put(struct buf *b, struct span bytes)
{
	uint8_t *p = buf_append(b, bytes.n);

	if (p != NULL && bytes.n > 0)
		memcpy(p, bytes.p, bytes.n);
}

void buf_put_str(struct buf *b, const char *text)
{
	buf_put(b, span_str(text));
}

void buf_putf(struct buf *b, const char *format, ...)
{
	va_list args, again;
	size_t room = b->fail == ERR_OK ? b->cap - b->n : 0;
	char *p = room > 0 ? (char *)b->p + b->n : NULL;
	int n;

	va_start(args, format);
	va_copy(again, args);
	n = vsnprintf(p, room, format, args);
	va_end(args);
	if (n >= 0 && (size_t)n >= room) { /* it did not fit: once more */
		p = (char *)buf_reserve(b, (size_t)n + 1);
		if (p != NULL)
			(void)vsnprintf(p, (size_t)n + 1, format, again);
	}
	if (n >= 0 && p != NULL && b->fail == ERR_OK)
		b->n += (size_t)n;
	va_end(again);
}

static void put_be(struct buf *b, uint64_t v, size_t width)
{
	uint8_t *p = buf_append(b, width);

	for (size_t i = width; p != NULL && i > 0; i--) {
		p[i - 1] = (uint8_t)v;
		v >>= 8;
	}
}

void buf_put_u8(struct buf *b, uint8_t v)
{
	put_be(b, v, 1);
}

void buf_put_u16(struct buf *b, uint16_t v)
{
	put_be(b, v, 2);
}

void buf_put_u32(struct buf *b, uint32_t v)
{
	put_be(b, v, 4);
}

void buf_put_u64(struct buf *b, uint64_t v)
{
	put_be(b, v, 8);
}

/* RFC 9420, 2.1.2: "MUST use the smallest number of bits". */
void buf_put_varint(struct buf *b, size_t length)
{
	if (length < 0x40)
		put_be(b, length, 1);
	else if (length < 0x4000)
		put_be(b, length | 0x4000, 2);
	else if (length <= VARINT_MAX)
		put_be(b, length | 0x80000000, 4);
	else if (b->fail == ERR_OK)
		b->fail = ERR_PEER_TOO_LARGE;
}

void buf_put_vec(struct buf *b, struct span bytes)
{
	buf_put_varint(b, bytes.n);
	buf_put(b, bytes);
}

size_t buf_open_vec(struct buf *b)
{
	return b->n;
}

void buf_close_vec(struct buf *b, size_t opened)
{
	size_t length, prefix;

	if (b->fail != ERR_OK)
		return;
	length = b->n - opened;
	buf_put_varint(b, length); /* at the end, to learn its size */
	if (b->fail != ERR_OK)
		return;
	prefix = b->n - opened - length;

	uint8_t head[4];
	memcpy(head, b->p + opened + length, prefix);
	memmove(b->p + opened + prefix, b->p + opened, length);
	memcpy(b->p + opened, head, prefix);
}
