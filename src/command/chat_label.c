/* What a session is called where the chat speaks of it. */
#include "command/chat.h"

#include "command/cluster.h"
#include "command/out.h"
#include "reach/directory.h"

#include <stdio.h>

#define LABEL_COLUMNS 24

/* Without the last columns where it is long. */
static void put_cut(struct buf *out, struct span label,
		    void (*put)(struct buf *out, struct span cluster))
{
	size_t width = 0, at, n;

	for (at = 0; at < label.n; at += n) {
		struct span rest = span_of(label.p + at, label.n - at);

		n = cluster_length(rest);
		width += cluster_width(span_of(rest.p, n));
		if (width > LABEL_COLUMNS)
			break;
		put(out, span_of(rest.p, n));
	}
	if (at < label.n)
		buf_put_str(out, "...");
}

static void put_inside(struct buf *out, struct span cluster)
{
	out_put_inside(out, cluster, true);
}

static void find(struct chat *chat, const char *id, struct buf *label)
{
	if (directory_label(&chat->cmd->a, id, label) != ERR_OK)
		why_clear(&chat->cmd->a.why);
}

const char *chat_label(struct chat *chat, const char *id)
{
	static char text[512];
	struct buf label = BUF_INIT, safe = BUF_INIT;

	find(chat, id, &label);
	put_cut(&safe, buf_span(&label), put_inside);
	if (buf_end(&safe) != ERR_OK || safe.n == 0)
		(void)snprintf(text, sizeof(text), "\"%.8s\"", id);
	else
		(void)snprintf(text, sizeof(text), "\"%.*s\"", (int)safe.n,
			       (const char *)safe.p);
	buf_clear(&label);
	buf_clear(&safe);
	return text;
}

void chat_put_title(struct chat *chat, struct buf *out)
{
	struct buf label = BUF_INIT;

	find(chat, chat->current, &label);
	put_cut(out, buf_span(&label), out_put_name);
	buf_clear(&label);
}
