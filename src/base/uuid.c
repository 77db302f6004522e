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

enum err uuid_parse(struct uuid *out, struct span text)
{
	return text_parse_uuid(out->bytes, text);
}

struct uuid_text uuid_text(struct uuid uuid)
{
	struct uuid_text text;

	text_uuid(text.text, uuid.bytes);
	return text;
}

void uuid_put(struct buf *out, struct uuid uuid)
{
	const struct uuid_text text = uuid_text(uuid);

	buf_put(out, span_of(text.text, UUID_TEXT));
}
