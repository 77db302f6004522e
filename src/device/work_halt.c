/* How a step ends an order, or says for what something waits, of work.h. */
#include "device/core.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Others' changes of keys that overtook this order pass, too, and so does that the
 * server lacks links of somebody's account, or that its log lacks what it took: there
 * is nothing that a person could do about these. */
__attribute__((format(printf, 5, 0))) static enum err halt(
    struct device *d, struct span name, enum err e, const char *slug,
    const char *format, va_list arguments)
{
	char text[sizeof(d->work.why.text)];

	(void)vsnprintf(text, sizeof(text), format, arguments);
	d->work.halted = true;
	d->work.outcome.passing =
	    e == ERR_STATE_EPOCH || e == ERR_STATE_ACCOUNTS ||
	    strcmp(slug, "not-in-log") == 0 || why_is_passing(e, slug);
	return why_set_about(&d->work.why, name, e, slug, "%s", text);
}

void work_halt(struct device *d, enum err e, const char *slug,
	       const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	d->work.outcome.result =
	    halt(d, span_str(""), e, slug, format, arguments);
	va_end(arguments);
}

void work_halt_about(struct device *d, struct span name, enum err e,
		     const char *slug, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	d->work.outcome.result = halt(d, name, e, slug, format, arguments);
	va_end(arguments);
}

static void hold(struct device *d, enum err e)
{
	d->work.outcome.kept = true;
	if (work_is(&d->work, ORDER_SEND))
		d->work.outcome.result = e;
}

void work_hold(struct device *d, enum err e, const char *slug,
	       const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	hold(d, halt(d, span_str(""), e, slug, format, arguments));
	va_end(arguments);
}

void work_hold_about(struct device *d, struct span name, enum err e,
		     const char *slug, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	hold(d, halt(d, name, e, slug, format, arguments));
	va_end(arguments);
}

static const char *slug_of(const struct answer *answer)
{
	return answer->slug[0] != '\0' ? answer->slug : "refused";
}

const char *work_words(const struct answer *answer)
{
	return answer->text != NULL ? answer->text : err_text(answer->result);
}

void work_halt_refused(struct device *d, const struct answer *answer)
{
	d->work.why.unreachable |= answer->result == ERR_LOCAL_IO;
	work_halt(d, answer->result, slug_of(answer), "%s", work_words(answer));
}

void work_hold_refused(struct device *d, const struct answer *answer)
{
	d->work.why.unreachable |= answer->result == ERR_LOCAL_IO;
	work_hold(d, answer->result, slug_of(answer), "%s", work_words(answer));
}
