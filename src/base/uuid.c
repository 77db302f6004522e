#include "base/uuid.h"

#include <string.h>

#include "base/text.h"

struct uuid uuid_of(const uint8_t bytes[16])
{
	struct uuid uuid;

	memcpy(uuid.bytes, bytes, sizeof(uuid.bytes));
	return uuid;
}

/* 5.4 */
struct uuid uuid_random(const uint8_t bytes[16])
{
	struct uuid uuid = uuid_of(bytes);

	uuid.bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40);
	uuid.bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
	return uuid;
}

bool uuid_equal(struct uuid a, struct uuid b)
{
	return uuid_compare(&a, &b) == 0;
}

bool uuid_is_nil(struct uuid uuid)
{
	return uuid_equal(uuid, (struct uuid){ { 0 } });
}

int uuid_compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct uuid));
}

/* ---- as text (section 4) ---- */

static bool is_dash(size_t at)
{
	return at == 8 || at == 13 || at == 18 || at == 23;
}

enum err uuid_parse(struct uuid *out, struct span text)
{
	struct uuid uuid = { { 0 } };
	size_t nibble = 0;

	*out = uuid;
	if (text.n != UUID_TEXT)
		return ERR_PEER_MALFORMED;
	for (size_t i = 0; i < text.n; i++) {
		const int digit = text_hex_digit(text.p[i]);

		if (is_dash(i) ? text.p[i] != '-' : digit < 0)
			return ERR_PEER_MALFORMED;
		if (is_dash(i))
			continue;
		uuid.bytes[nibble / 2] |=
		    (uint8_t)(digit << (nibble % 2 ? 0 : 4));
		nibble++;
	}
	*out = uuid;
	return ERR_OK;
}

bool uuid_is_text(struct span text)
{
	struct uuid uuid;

	return uuid_parse(&uuid, text) == ERR_OK;
}

struct uuid_text uuid_text(struct uuid uuid)
{
	static const char digits[] = "0123456789abcdef";
	struct uuid_text text;
	size_t nibble = 0;

	for (size_t i = 0; i < UUID_TEXT; i++) {
		const uint8_t byte = uuid.bytes[nibble / 2];

		text.text[i] = '-';
		if (!is_dash(i))
			text.text[i] =
			    digits[nibble++ % 2 ? byte & 15 : byte >> 4];
	}
	text.text[UUID_TEXT] = '\0';
	return text;
}

void uuid_put(struct buf *out, struct uuid uuid)
{
	const struct uuid_text text = uuid_text(uuid);

	buf_put(out, span_of(text.text, UUID_TEXT));
}
