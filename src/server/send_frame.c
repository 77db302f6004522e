#include "server/send_frame.h"

#include <string.h>

#include "base/text.h"

static bool skip(struct span *text, const char *what)
{
	size_t n = strlen(what);

	if (text->n < n || memcmp(text->p, what, n) != 0)
		return false;
	*text = span_of(text->p + n, text->n - n);
	return true;
}

/* JSON knows no number with a zero before it. */
static bool read_number(struct span *text, uint64_t *out)
{
	size_t n = 0;

	while (n < text->n && text->p[n] >= '0' && text->p[n] <= '9')
		n++;
	if ((n > 1 && text->p[0] == '0') ||
	    text_parse_u64(out, span_of(text->p, n), INT64_MAX) != ERR_OK)
		return false;
	*text = span_of(text->p + n, text->n - n);
	return true;
}

bool send_frame_read(struct span text, size_t max, uint64_t *id,
		     struct buf *envelope)
{
	static const char end[] = "\"}";
	size_t n = sizeof(end) - 1;

	if (!skip(&text, "{\"type\":\"send\",\"id\":") ||
	    !read_number(&text, id) || !skip(&text, ",\"envelope\":\"") ||
	    text.n <= n || memcmp(text.p + text.n - n, end, n) != 0)
		return false;
	/* a letter of base64 ends no string and needs no escape */
	if (text_base64(envelope, span_of(text.p, text.n - n)) == ERR_OK &&
	    envelope->n <= max)
		return true;
	buf_clear(envelope);
	return false;
}
