#include "command/reason.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>

static enum err error_of(enum hermetic_result result)
{
	if (result == HERMETIC_OK)
		return ERR_OK;
	return result == HERMETIC_LOCAL ? ERR_LOCAL_IO : ERR_PEER_INVALID;
}

enum err reason_set(struct reason *why, enum hermetic_result result,
		    const char *slug, const char *format, ...)
{
	struct reason made = { .result = result };
	va_list arguments;

	(void)snprintf(made.slug, sizeof(made.slug), "%s", slug);
	va_start(arguments, format);
	(void)vsnprintf(made.text, sizeof(made.text), format, arguments);
	va_end(arguments);
	text_keep_utf8(made.slug);
	text_keep_utf8(made.text);
	*why = made;
	return error_of(result);
}

enum err reason_take(struct reason *why, const struct hermetic *h,
		     enum hermetic_result result)
{
	if (result == HERMETIC_OK)
		return ERR_OK;
	return reason_set(why, result, hermetic_slug(h), "%s", hermetic_why(h));
}

void reason_end(struct reason *why, enum err e)
{
	bool local = err_class(e) == ERR_CLASS_LOCAL;

	if (e != ERR_OK && error_of(why->result) != e &&
	    reason_set(why, local ? HERMETIC_LOCAL : HERMETIC_REFUSED, "failed",
		       "This failed: %s.", err_text(e)) != ERR_OK)
		return;
}

void reason_clear(struct reason *why)
{
	*why = (struct reason){ .result = HERMETIC_OK };
}
