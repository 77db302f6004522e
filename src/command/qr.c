#include "command/qr.h"

#include "qr/qr.h"

#define QUIET 2 /* modules; readers of today need no more */

static void put_two_rows(const struct qr *code, int y, struct buf *out)
{
	for (int x = -QUIET; x < code->side + QUIET; x++) {
		bool above = !qr_is_dark(code, x, y);
		bool below =
		    y + 1 < code->side + QUIET && !qr_is_dark(code, x, y + 1);

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
	struct qr code;
	enum err e;

	TRY(qr_make(text, &code));
	for (int y = -QUIET; y < code.side + QUIET; y += 2)
		put_two_rows(&code, y, out);
	e = out->fail;
out:
	return e;
}
