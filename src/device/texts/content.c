#include "device/texts/content.h"

#include <string.h>

#include "base/rd.h"
#include "base/text.h"

bool content_is_sound(enum content_type type, struct span value)
{
	if (value.n > 0 && memchr(value.p, '\0', value.n) != NULL)
		return false;
	return text_is_utf8(value) &&
	       (type != CONTENT_NAME || value.n <= CONTENT_NAME_MAX);
}

void content_put(struct buf *out, enum content_type type, struct span value)
{
	buf_put_u8(out, (uint8_t)type);
	buf_put(out, value);
}

void content_put_receipt(struct buf *out, uint64_t delivered, uint64_t read)
{
	buf_put_u8(out, CONTENT_RECEIPT);
	buf_put_u64(out, delivered);
	buf_put_u64(out, read);
}

enum err content_read_receipt(struct span value, uint64_t *delivered,
			      uint64_t *read)
{
	struct rd r = rd_init(value);
	enum err e;

	*delivered = rd_u64(&r);
	*read = rd_u64(&r);
	TRY(rd_end(&r));
	ENSURE(*read <= *delivered && *delivered <= INT64_MAX,
	       ERR_PEER_MALFORMED);
out:
	return e;
}

enum err content_read(struct span data, enum content_type *type,
		      struct span *value)
{
	struct rd r = rd_init(data);
	uint8_t t = rd_u8(&r);
	struct span v = rd_take(&r, rd_left(&r));

	if (rd_end(&r) != ERR_OK)
		return ERR_PEER_MALFORMED;
	if (t < CONTENT_TEXT || t > CONTENT_RECEIPT)
		return ERR_PEER_UNSUPPORTED;
	if (t <= CONTENT_NAME && !content_is_sound((enum content_type)t, v))
		return ERR_PEER_MALFORMED;
	*type = (enum content_type)t;
	*value = v;
	return ERR_OK;
}
