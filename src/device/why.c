#include "device/why.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void why_clear(struct why *why)
{
	memset(why, 0, sizeof(*why));
}

bool why_is_passing(enum err e, const char *slug)
{
	/* a refusal without a problem of ours comes from something between us
	 * and the server, and so may what is no answer of the API */
	return e == ERR_LOCAL_IO || e == ERR_LOCAL_BUSY ||
	       e == ERR_LOCAL_MEMORY || strncmp(slug, "http-", 5) == 0 ||
	       strcmp(slug, "bad-answer") == 0 ||
	       strcmp(slug, "internal") == 0 ||
	       strcmp(slug, "unauthorized") == 0 ||
	       strcmp(slug, "logged-out") == 0;
}

__attribute__((format(printf, 3, 0))) static void write_reason(
    struct why *why, const char *slug, const char *format, va_list arguments)
{
	why->session[0] = why->name[0] = '\0';
	why->item = 0;
	(void)snprintf(why->slug, sizeof(why->slug), "%s", slug);
	(void)vsnprintf(why->text, sizeof(why->text), format, arguments);
	text_keep_utf8(why->slug);
	text_keep_utf8(why->text);
}

static void why_name(struct why *why, struct span name)
{
	(void)snprintf(why->name, sizeof(why->name), "%.*s", (int)name.n,
		       (const char *)name.p);
	text_keep_utf8(why->name);
}

enum err why_set(struct why *why, enum err e, const char *slug,
		 const char *format, ...)
{
	va_list arguments;

	if (why->text[0] != '\0')
		return e;
	va_start(arguments, format);
	write_reason(why, slug, format, arguments);
	va_end(arguments);
	return e;
}

enum err why_set_about(struct why *why, struct span name, enum err e,
		       const char *slug, const char *format, ...)
{
	va_list arguments;

	if (why->text[0] != '\0')
		return e;
	va_start(arguments, format);
	write_reason(why, slug, format, arguments);
	va_end(arguments);
	why_name(why, name);
	return e;
}

enum err why_replace(struct why *why, enum err e, const char *slug,
		     const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_reason(why, slug, format, arguments);
	va_end(arguments);
	return e;
}
