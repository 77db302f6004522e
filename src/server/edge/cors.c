#include "server/edge/cors.h"

#include <string.h>

static char *origins;

static const char *check_origin(struct span origin)
{
	size_t scheme = 0;

	if (span_equal(origin, SPAN_LIT("*")))
		return NULL;
	if (origin.n > 7 && memcmp(origin.p, "http://", 7) == 0)
		scheme = 7;
	else if (origin.n > 8 && memcmp(origin.p, "https://", 8) == 0)
		scheme = 8;
	if (scheme == 0 ||
	    memchr(origin.p + scheme, '/', origin.n - scheme) != NULL ||
	    memchr(origin.p, ' ', origin.n) != NULL)
		return "must be a list of origins such as "
		       "https://chat.example, or *";
	return NULL;
}

/* The next of a list with commas; false at its end. */
static bool next(const char **list, struct span *origin)
{
	size_t n = strcspn(*list, ",");

	if (n == 0)
		return false;
	*origin = span_of(*list, n);
	*list += n + ((*list)[n] == ',');
	return true;
}

const char *cors_set(const char *text)
{
	const char *rest = text, *wrong = NULL;
	struct span origin;

	while (wrong == NULL && next(&rest, &origin))
		wrong = check_origin(origin);
	if (wrong == NULL && *rest != '\0')
		wrong = "has an empty origin";
	if (wrong != NULL)
		return wrong;
	origins = strdup(text);
	return origins != NULL ? NULL : "finds no memory";
}

static bool is_allowed(struct span asked)
{
	const char *rest = origins;
	struct span origin;

	while (next(&rest, &origin))
		if (span_equal(origin, SPAN_LIT("*")) ||
		    span_equal(origin, asked))
			return true;
	return false;
}

static bool allowed_origin(const struct head *head, struct span *origin)
{
	return origins != NULL && head_find(head, "Origin", origin) &&
	       is_allowed(*origin);
}

void cors_put(struct buf *lines, const struct head *head)
{
	struct span origin;

	if (origins == NULL || *origins == '\0')
		return;
	buf_put_str(lines, "Vary: Origin\r\n");
	if (!allowed_origin(head, &origin))
		return;
	buf_put_str(lines, "Access-Control-Allow-Origin: ");
	buf_put(lines, origin);
	buf_put_str(lines,
		    "\r\nAccess-Control-Expose-Headers: "
		    "Content-Range, Date, ETag, Hermetic-Head, Hermetic-Kind, "
		    "Hermetic-Position, Hermetic-Seq, Link, Retry-After, "
		    "Upload-Complete, Upload-Length, Upload-Offset, "
		    "X-Request-Id\r\n");
}

void cors_put_preflight(struct buf *lines, const struct head *head,
			const char *methods)
{
	struct span origin, method;

	if (!allowed_origin(head, &origin) ||
	    !head_find(head, "Access-Control-Request-Method", &method))
		return;
	buf_putf(lines,
		 "Access-Control-Allow-Methods: %s\r\n"
		 "Access-Control-Allow-Headers: Authorization, Content-Type, "
		 "Hermetic-Position, If-None-Match, Range, Upload-Complete, "
		 "Upload-Length, Upload-Offset, X-Request-Id, traceparent\r\n"
		 "Access-Control-Max-Age: 600\r\n",
		 methods);
}
