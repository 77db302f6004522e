#include "client/content.h"

#include "base/rd.h"

void content_put(struct buf *out, enum content_type type, struct span value)
{
	buf_put_u8(out, (uint8_t)type);
	buf_put(out, value);
}

enum err content_read(struct span data, enum content_type *type,
		      struct span *value)
{
	struct rd r = rd_init(data);
	uint8_t t = rd_u8(&r);
	struct span v = rd_take(&r, rd_left(&r));

	if (rd_end(&r) != ERR_OK)
		return ERR_PEER_MALFORMED;
	if (t != CONTENT_TEXT && t != CONTENT_NAME)
		return ERR_PEER_UNSUPPORTED;
	if (!content_is_utf8(v) ||
	    (t == CONTENT_NAME && v.n > CONTENT_NAME_MAX))
		return ERR_PEER_MALFORMED;
	*type = (enum content_type)t;
	*value = v;
	return ERR_OK;
}

/* RFC 3629 section 4: the length of the character at p, 0 when it is none. */
static size_t character(const uint8_t *p, size_t n)
{
	uint8_t low = 0x80, high = 0xbf; /* of the second byte */
	size_t length;

	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		length = 2;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		length = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		length = 4;
	else
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0; /* no overlong forms */
	if (p[0] == 0xed)
		high = 0x9f; /* no surrogates */
	if (p[0] == 0xf0)
		low = 0x90;
	if (p[0] == 0xf4)
		high = 0x8f; /* nothing past U+10FFFF */
	if (n < length || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
	return length;
}

bool content_is_utf8(struct span text)
{
	for (size_t i = 0; i < text.n;) {
		size_t length = character(text.p + i, text.n - i);

		if (length == 0)
			return false;
		i += length;
	}
	return true;
}
