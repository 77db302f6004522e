#include "base/text.h"

#include <string.h>

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

/* -1 when c is no hexadecimal digit. */
static int hex_value(uint8_t c)
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
		int high = hex_value(hex.p[i]), low = hex_value(hex.p[i + 1]);

		if (high < 0 || low < 0) {
			out->n = start;
			return ERR_PEER_MALFORMED;
		}
		buf_put_u8(out, (uint8_t)(high << 4 | low));
	}
	return out->fail;
}

static void put_base64(struct buf *out, struct span in, const char *alphabet,
		       bool pad)
{
	for (size_t i = 0; i < in.n; i += 3) {
		size_t left = in.n - i < 3 ? in.n - i : 3;
		uint32_t v = (uint32_t)in.p[i] << 16;
		char four[4];

		if (left > 1)
			v |= (uint32_t)in.p[i + 1] << 8;
		if (left > 2)
			v |= in.p[i + 2];
		for (unsigned k = 0; k < 4; k++)
			four[k] = alphabet[v >> (18 - 6 * k) & 63];
		if (left < 3)
			four[3] = '=';
		if (left < 2)
			four[2] = '=';
		buf_put(out, span_of(four, pad ? 4 : left + 1));
	}
}

void text_put_base64(struct buf *out, struct span bytes)
{
	put_base64(out, bytes, B64, true);
}

void text_put_base64url(struct buf *out, struct span bytes)
{
	put_base64(out, bytes, B64URL, false);
}

static int base64_value(uint8_t c, bool url)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == (url ? '-' : '+'))
		return 62;
	if (c == (url ? '_' : '/'))
		return 63;
	return -1;
}

/* `in` has no padding. Bits beyond the last whole byte must be zero, so that
 * one value has one text. */
static enum err get_base64(struct buf *out, struct span in, bool url)
{
	size_t start = out->n;
	uint32_t v = 0;
	unsigned bits = 0;

	if (in.n % 4 == 1)
		return ERR_PEER_MALFORMED;
	for (size_t i = 0; i < in.n; i++) {
		int six = base64_value(in.p[i], url);

		if (six < 0)
			goto bad;
		v = v << 6 | (uint32_t)six;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			buf_put_u8(out, (uint8_t)(v >> bits));
			v &= (1u << bits) - 1;
		}
	}
	if (v == 0)
		return out->fail;
bad:
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

static bool uuid_dash(size_t i)
{
	return i == 8 || i == 13 || i == 18 || i == 23;
}

void text_uuid(char out[TEXT_UUID_SIZE], const uint8_t uuid[16])
{
	size_t nibble = 0;

	for (size_t i = 0; i < TEXT_UUID_SIZE - 1; i++) {
		if (uuid_dash(i)) {
			out[i] = '-';
			continue;
		}
		out[i] = HEX[uuid[nibble / 2] >> (nibble % 2 ? 0 : 4) & 15];
		nibble++;
	}
	out[TEXT_UUID_SIZE - 1] = '\0';
}

enum err text_parse_uuid(uint8_t uuid[16], struct span text)
{
	size_t nibble = 0;

	memset(uuid, 0, 16);
	if (text.n != TEXT_UUID_SIZE - 1)
		return ERR_PEER_MALFORMED;
	for (size_t i = 0; i < text.n; i++) {
		int v = hex_value(text.p[i]);

		if (uuid_dash(i) ? text.p[i] != '-' : v < 0) {
			memset(uuid, 0, 16);
			return ERR_PEER_MALFORMED;
		}
		if (uuid_dash(i))
			continue;
		uuid[nibble / 2] |= (uint8_t)(v << (nibble % 2 ? 0 : 4));
		nibble++;
	}
	return ERR_OK;
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

/* The code point that `text` starts with moves it on; false if none does. */
static bool next_code_point(struct span *text)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint8_t first = text->p[0];
	size_t n = first < 0x80	   ? 1
		   : first < 0xc0  ? 0
		   : first < 0xe0  ? 2
		   : first < 0xf0  ? 3
		   : first <= 0xf4 ? 4
				   : 0;
	uint32_t c = n == 1 ? first : first & (0x7fU >> n);

	if (n == 0 || n > text->n)
		return false;
	for (size_t i = 1; i < n; i++) {
		if ((text->p[i] & 0xc0) != 0x80)
			return false;
		c = c << 6 | (text->p[i] & 0x3fU);
	}
	text->p += n;
	text->n -= n;
	return c >= smallest[n] && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
}

bool text_is_utf8(struct span text)
{
	while (text.n > 0)
		if (!next_code_point(&text))
			return false;
	return true;
}
