#include "device/content.h"

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

enum err content_read(struct span data, enum content_type *type,
		      struct span *value)
{
	struct rd r = rd_init(data);
	uint8_t t = rd_u8(&r);
	struct span v = rd_take(&r, rd_left(&r));

	if (rd_end(&r) != ERR_OK)
		return ERR_PEER_MALFORMED;
	if (t != CONTENT_TEXT && t != CONTENT_NAME && t != CONTENT_MIMI)
		return ERR_PEER_UNSUPPORTED;
	if (t != CONTENT_MIMI && !content_is_sound((enum content_type)t, v))
		return ERR_PEER_MALFORMED;
	*type = (enum content_type)t;
	*value = v;
	return ERR_OK;
}
