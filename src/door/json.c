#include "door/json.h"

void json_put_string(struct buf *out, struct span text)
{
	buf_put_u8(out, '"');
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (c == '"' || c == '\\')
			buf_put_u8(out, '\\');
		if (c < 0x20)
			buf_putf(out, "\\u%04x", c);
		else
			buf_put_u8(out, c);
	}
	buf_put_u8(out, '"');
}
