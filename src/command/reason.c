#include "command/reason.h"

#include "base/text.h"
#include "command/advice.h"

#include <stdarg.h>
#include <stdio.h>

static enum err error_of(enum hermetic_result result)
{
	if (result == HERMETIC_OK)
		return ERR_OK;
	return result == HERMETIC_LOCAL ? ERR_LOCAL_IO : ERR_PEER_INVALID;
}

__attribute__((format(printf, 4, 0))) static void keep(
    struct reason *why, enum hermetic_result result, const char *slug,
    const char *format, va_list arguments)
{
	struct reason made = { .result = result };

	(void)snprintf(made.slug, sizeof(made.slug), "%s", slug);
	(void)vsnprintf(made.text, sizeof(made.text), format, arguments);
	text_keep_utf8(made.slug);
	text_keep_utf8(made.text);
	*why = made;
}

enum err reason_set(struct reason *why, enum hermetic_result result,
		    const char *slug, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	keep(why, result, slug, format, arguments);
	va_end(arguments);
	return error_of(result);
}

__attribute__((format(printf, 4, 5))) static void write_reason(
    struct reason *why, enum hermetic_result result, const char *slug,
    const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	keep(why, result, slug, format, arguments);
	va_end(arguments);
}

static void make(struct reason *why, enum hermetic_result result,
		 const char *slug, const char *text, const json_t *about)
{
	char advice[sizeof(why->text) / 2];

	advice_write(slug, about, advice, sizeof(advice));
	write_reason(why, result, slug, "%s%s%s", text,
		     advice[0] != '\0' ? " " : "", advice);
}

static json_t *read_about(const char *text)
{
	return text != NULL ? json_loads(text, 0, NULL) : NULL;
}

void reason_of(struct reason *why, struct hermetic *h,
	       enum hermetic_result result)
{
	json_t *about = read_about(hermetic_about(h));

	make(why, result, hermetic_slug(h), hermetic_why(h), about);
	json_decref(about);
}

void reason_of_event(struct reason *why, const struct hermetic_event *event)
{
	json_t *about = read_about(event->json);
	const char *slug = json_string_value(json_object_get(about, "slug"));

	make(why, HERMETIC_KEPT, slug != NULL ? slug : "", event->text, about);
	json_decref(about);
}

enum err reason_of_person(struct reason *why,
			  const struct hermetic_person *person)
{
	json_t *about = json_pack("{ss}", "name", person->username);

	make(why, HERMETIC_LOOK, person->slug, person->why, about);
	json_decref(about);
	return error_of(HERMETIC_LOOK);
}

enum err reason_take(struct reason *why, struct hermetic *h,
		     enum hermetic_result result)
{
	if (result != HERMETIC_OK)
		reason_of(why, h, result);
	return error_of(result);
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
