/* What a session is called where the chat speaks of it. */
#include "command/chat.h"

#include "command/out.h"
#include "reach/cluster.h"

#include <stdio.h>

#define LABEL_COLUMNS 24
#define SHORT_ID 8 /* digits of an id, where it has no other label */

static size_t width_of(struct span text)
{
	size_t width = 0, n;

	for (size_t at = 0; at < text.n; at += n) {
		struct span rest = span_of(text.p + at, text.n - at);

		n = cluster_length(rest);
		width += cluster_width(span_of(rest.p, n));
	}
	return width;
}

void chat_put_cut(struct buf *out, struct span label, bool inside)
{
	size_t width = 0, bytes = 0, n = 0;
	struct buf shown = BUF_INIT;

	for (size_t at = 0; at < label.n; at += n) {
		struct span rest = span_of(label.p + at, label.n - at);

		n = cluster_length(rest);
		buf_reset(&shown);
		out_put_part(&shown, label, at, n, inside);
		width += width_of(buf_span(&shown));
		bytes += shown.n;
		if (width > LABEL_COLUMNS || bytes > CHAT_LABEL_BYTES) {
			buf_put_str(out, "...");
			break;
		}
		buf_put(out, buf_span(&shown));
	}
	if (shown.fail != ERR_OK)
		out->fail = shown.fail;
	buf_clear(&shown);
}

static struct span find(struct chat *chat, const char *id)
{
	const char *label;

	return hermetic_label(chat->cmd->h, id, &label) == HERMETIC_OK
		   ? span_str(label)
		   : SPAN_EMPTY;
}

const char *chat_label(struct chat *chat, const char *id)
{
	static char text[CHAT_LABEL_BYTES + sizeof("\"...\"")];
	struct buf safe = BUF_INIT;

	chat_put_cut(&safe, find(chat, id), true);
	if (buf_end(&safe) != ERR_OK || safe.n == 0 ||
	    span_equal(buf_span(&safe), span_of(id, SHORT_ID)))
		(void)snprintf(text, sizeof(text), "%.*s", SHORT_ID, id);
	else
		(void)snprintf(text, sizeof(text), "\"%.*s\"", (int)safe.n,
			       (const char *)safe.p);
	buf_clear(&safe);
	return text;
}

void chat_put_title(struct chat *chat, struct buf *out)
{
	chat_put_cut(out, find(chat, chat->current), false);
}
