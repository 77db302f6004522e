#include "base/text.h"

#include <string.h>

#include "base/sec.h"

static const char HEX[] = "0123456789abcdef";
static const char B64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			  "0123456789+/";
static const char B64URL[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuv"
			     "wxyz0123456789-_";

void text_put_hex(struct buf *out, struct span bytes)
{
	uint8_t *p = buf_append(out, bytes.n * 2);

	for (size_t i = 0; p != NULL && i < bytes.n; i++) {
		p[2 * i] = (uint8_t)HEX[bytes.p[i] >> 4];
		p[2 * i + 1] = (uint8_t)HEX[bytes.p[i] & 15];
	}
}

int text_hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

enum err text_hex(struct buf *out, struct span hex)
{
	size_t start = out->n;

	if (hex.n % 2 != 0)
		return ERR_PEER_MALFORMED;
	for (size_t i = 0; i < hex.n; i += 2) {
		int high = text_hex_digit(hex.p[i]),
		    low = text_hex_digit(hex.p[i + 1]);

		if (high < 0 || low < 0) {
			out->n = start;
			return ERR_PEER_MALFORMED;
		}
		buf_put_u8(out, (uint8_t)(high << 4 | low));
	}
	return out->fail;
}

/* The last one or two bytes. */
static void put_tail(uint8_t *to, struct span in, const char *alphabet,
		     bool pad)
{
	uint32_t v = (uint32_t)in.p[0] << 16;

	v |= in.n > 1 ? (uint32_t)in.p[1] << 8 : 0;
	to[0] = (uint8_t)alphabet[v >> 18 & 63];
	to[1] = (uint8_t)alphabet[v >> 12 & 63];
	if (in.n > 1)
		to[2] = (uint8_t)alphabet[v >> 6 & 63];
	if (!pad)
		return;
	to[3] = '=';
	if (in.n == 1)
		to[2] = '=';
}

static void put_base64(struct buf *out, struct span in, const char *alphabet,
		       bool pad)
{
	size_t tail = in.n % 3, whole = in.n - tail;
	size_t last = tail == 0 ? 0 : pad ? 4 : tail + 1;
	uint8_t *to = buf_append(out, whole / 3 * 4 + last);

	if (to == NULL)
		return;
	for (size_t i = 0; i < whole; i += 3, to += 4) {
		uint32_t v = (uint32_t)in.p[i] << 16 |
			     (uint32_t)in.p[i + 1] << 8 | in.p[i + 2];

		to[0] = (uint8_t)alphabet[v >> 18];
		to[1] = (uint8_t)alphabet[v >> 12 & 63];
		to[2] = (uint8_t)alphabet[v >> 6 & 63];
		to[3] = (uint8_t)alphabet[v & 63];
	}
	if (tail > 0)
		put_tail(to, span_of(in.p + whole, tail), alphabet, pad);
}

void text_put_base64(struct buf *out, struct span bytes)
{
	put_base64(out, bytes, B64, true);
}

void text_put_base64url(struct buf *out, struct span bytes)
{
	put_base64(out, bytes, B64URL, false);
}

/* What a letter stands for; those of the two alphabets that differ are told
 * apart by the caller. */
#define NO 64
static const uint8_t B64_VALUES[256] = {
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
	NO, NO, NO, NO, NO, NO, NO, 62, NO, 62, NO, 63, 52, 53, 54, 55, 56, 57,
	58, 59, 60, 61, NO, NO, NO, NO, NO, NO, NO, 0,	1,  2,	3,  4,	5,  6,
	7,  8,	9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
	25, NO, NO, NO, NO, 63, NO, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36,
	37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, NO, NO, NO,
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
	NO, NO, NO, NO
};
#undef NO

static bool is_of_other_alphabet(struct span in, bool url)
{
	return in.n > 0 && (memchr(in.p, url ? '+' : '-', in.n) != NULL ||
			    memchr(in.p, url ? '/' : '_', in.n) != NULL);
}

/* `in` has no padding. Bits beyond the last whole byte must be zero, so that
 * one value has one text. */
static enum err get_base64(struct buf *out, struct span in, bool url)
{
	size_t start = out->n, n = in.n / 4 * 3 + in.n % 4 * 6 / 8, i = 0;
	uint32_t v = 0, bad = 0;
	unsigned bits = 0;
	uint8_t *to = buf_append(out, n), *at = to;

	if (to == NULL)
		return out->fail;
	for (; i + 4 <= in.n; i += 4, at += 3) {
		uint32_t a = B64_VALUES[in.p[i]], b = B64_VALUES[in.p[i + 1]],
			 c = B64_VALUES[in.p[i + 2]],
			 d = B64_VALUES[in.p[i + 3]];
		uint32_t four = a << 18 | b << 12 | c << 6 | d;

		bad |= a | b | c | d;
		at[0] = (uint8_t)(four >> 16);
		at[1] = (uint8_t)(four >> 8);
		at[2] = (uint8_t)four;
	}
	for (; i < in.n; i++) {
		uint32_t six = B64_VALUES[in.p[i]];

		bad |= six;
		v = v << 6 | (six & 63);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			*at++ = (uint8_t)(v >> bits);
			v &= (1u << bits) - 1;
		}
	}
	if (in.n % 4 != 1 && (bad & 64) == 0 && v == 0 &&
	    !is_of_other_alphabet(in, url))
		return ERR_OK;
	sec_wipe(to, n);
	out->n = start;
	return ERR_PEER_MALFORMED;
}

enum err text_base64(struct buf *out, struct span text)
{
	size_t pad = 0;

	if (text.n % 4 != 0)
		return ERR_PEER_MALFORMED;
	while (pad < 2 && pad < text.n && text.p[text.n - 1 - pad] == '=')
		pad++;
	text.n -= pad;
	return get_base64(out, text, false);
}

enum err text_base64url(struct buf *out, struct span text)
{
	return get_base64(out, text, true);
}

void text_put_u64(struct buf *out, uint64_t v)
{
	uint8_t digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (uint8_t)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	buf_put(out, span_of(digits + at, sizeof(digits) - at));
}

enum err text_parse_u64(uint64_t *out, struct span text, uint64_t max)
{
	uint64_t v = 0;

	if (text.n == 0)
		return ERR_PEER_MALFORMED;
	for (size_t i = 0; i < text.n; i++) {
		uint64_t digit = (uint64_t)text.p[i] - '0';

		if (text.p[i] < '0' || text.p[i] > '9')
			return ERR_PEER_MALFORMED;
		if (digit > max || v > (max - digit) / 10)
			return ERR_PEER_TOO_LARGE;
		v = v * 10 + digit;
	}
	*out = v;
	return ERR_OK;
}

size_t text_character(struct span text, uint32_t *out)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint8_t first = text.n > 0 ? text.p[0] : 0xff;
	size_t n = first < 0x80	   ? 1
		   : first < 0xc0  ? 0
		   : first < 0xe0  ? 2
		   : first < 0xf0  ? 3
		   : first <= 0xf4 ? 4
				   : 0;
	uint32_t c = n == 1 ? first : first & (0x7fU >> n);

	if (n == 0 || n > text.n)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((text.p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (text.p[i] & 0x3fU);
	}
	if (c < smallest[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*out = c;
	return n;
}

bool text_is_username(struct span text)
{
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		      c == '.' || c == '_' || c == '-'))
			return false;
	}
	return text.n >= 1 && text.n <= TEXT_USERNAME_MAX;
}

bool text_is_utf8(struct span text)
{
	uint32_t c;

	while (text.n > 0) {
		size_t n = text_character(text, &c);

		if (n == 0)
			return false;
		text.p += n;
		text.n -= n;
	}
	return true;
}

static bool is_blank(uint32_t c)
{
	/* White_Space of Unicode, and what has no width: from, to */
	static const uint32_t blank[][2] = {
		{ 0x09, 0x0d },	    { 0x20, 0x20 },	{ 0x85, 0x85 },
		{ 0xa0, 0xa0 },	    { 0x1680, 0x1680 }, { 0x2000, 0x200f },
		{ 0x2028, 0x202f }, { 0x205f, 0x2060 }, { 0x3000, 0x3000 },
		{ 0xfeff, 0xfeff },
	};

	for (size_t i = 0; i < sizeof(blank) / sizeof(*blank); i++)
		if (c >= blank[i][0] && c <= blank[i][1])
			return true;
	return false;
}

bool text_is_blank(struct span text)
{
	uint32_t c;

	while (text.n > 0) {
		size_t n = text_character(text, &c);

		if (n == 0 || !is_blank(c))
			return false;
		text = span_of(text.p + n, text.n - n);
	}
	return true;
}

struct span text_cut(struct span text, size_t max)
{
	uint32_t c;

	if (text.n <= max)
		return text;
	/* the character that lies across the cut begins up to 3 bytes before */
	for (size_t back = 1; back <= 3 && back <= max; back++) {
		size_t at = max - back;

		if (text_character(span_of(text.p + at, text.n - at), &c) >
		    back)
			return span_of(text.p, at);
	}
	return span_of(text.p, max);
}

void text_put_inside(struct buf *out, struct span text)
{
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (c < 0x20 || c == 0x7f) {
			buf_putf(out, "\\u{%x}", (unsigned)c);
			continue;
		}
		if (strchr("\"\\()[]", c) != NULL)
			buf_put_u8(out, '\\');
		buf_put_u8(out, c);
	}
}

void text_keep_utf8(char *text)
{
	struct span left = span_str(text);
	char *to = text;
	uint32_t c;

	while (left.n > 0) {
		size_t n = text_character(left, &c);

		memmove(to, left.p, n);
		to += n;
		n = n > 0 ? n : 1;
		left = span_of(left.p + n, left.n - n);
	}
	*to = '\0';
}
