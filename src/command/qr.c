#include "command/qr.h"

#include <qrencode.h>

#define QUIET 2 /* modules; readers of today need no more */

/* Beyond the code it is light. */
static bool is_light(const QRcode *code, int x, int y)
{
	if (x < 0 || y < 0 || x >= code->width || y >= code->width)
		return true;
	return (code->data[y * code->width + x] & 1) == 0;
}

static void put_two_rows(const QRcode *code, int y, struct buf *out)
{
	for (int x = -QUIET; x < code->width + QUIET; x++) {
		bool above = is_light(code, x, y);
		bool below =
		    y + 1 < code->width + QUIET && is_light(code, x, y + 1);

		if (above && below)
			buf_put_str(out, "\xe2\x96\x88"); /* full block */
		else if (above)
			buf_put_str(out, "\xe2\x96\x80"); /* upper half */
		else if (below)
			buf_put_str(out, "\xe2\x96\x84"); /* lower half */
		else
			buf_put_u8(out, ' ');
	}
	buf_put_u8(out, '\n');
}

enum err qr_put(const char *text, struct buf *out)
{
	QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1);

	if (code == NULL)
		return ERR_LOCAL_MEMORY;
	for (int y = -QUIET; y < code->width + QUIET; y += 2)
		put_two_rows(code, y, out);
	QRcode_free(code);
	return out->fail;
}
