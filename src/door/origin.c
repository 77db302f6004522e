#include "door/origin.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/rd.h"

enum { TRACE_HEX = 32, SPAN_HEX = 16 };

void origin_make(char out[ORIGIN_SIZE], const char *request_id,
		 const char *trace_id, const char *span_id)
{
	int n =
	    snprintf(out, ORIGIN_SIZE, "%.*s", ORIGIN_REQUEST_MAX, request_id);

	if (*trace_id != '\0')
		(void)snprintf(out + n, ORIGIN_SIZE - (size_t)n, " %.*s-%.*s",
			       TRACE_HEX, trace_id, SPAN_HEX, span_id);
}

/* Up to `max` bytes of it, as a string. */
static void take_text(struct rd *r, char *out, size_t max)
{
	struct span text = rd_take(r, max);

	if (text.n > 0)
		memcpy(out, text.p, text.n);
	out[text.n] = '\0';
}

void origin_log_delivered(const struct message *message, unsigned receivers)
{
	uint64_t now_ms = clock_now_ms();
	char request[ORIGIN_REQUEST_MAX + 1],
	    trace[TRACE_HEX + 1] = "", span[SPAN_HEX + 1] = "";
	const struct span origin = message->origin;
	const uint8_t *space;
	struct rd r = rd_init(origin);
	size_t n;

	if (origin.n == 0 || receivers == 0)
		return;
	space = memchr(origin.p, ' ', origin.n);
	n = space != NULL ? (size_t)(space - origin.p) : origin.n;
	if (n > ORIGIN_REQUEST_MAX)
		return;
	take_text(&r, request, n);
	if (space != NULL) {
		(void)rd_u8(&r);
		take_text(&r, trace, TRACE_HEX);
		(void)rd_u8(&r);
		take_text(&r, span, SPAN_HEX);
	}
	log_event(LOG_LEVEL_INFO, "delivered",
		  (const struct log_field[]){
		      LOG_STR("request_id", request),
		      LOG_NUM("seq", message->seq),
		      LOG_NUM("receivers", receivers),
		      LOG_NUM("after_ms", now_ms > message->sent_ms
					      ? now_ms - message->sent_ms
					      : 0),
		      /* the rest only within a trace */
		      space != NULL ? LOG_STR("trace_id", trace) : LOG_END,
		      LOG_STR("parent_id", span), LOG_END });
}
