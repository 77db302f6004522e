/*
 * Where a message comes from, as logs call it: the id of the request that sent
 * it and, when that was part of a trace (W3C Trace Context), the trace's id and
 * the span of the node that took it. It is stored with the message, so that
 * whichever process delivers it can say so, too.
 *
 *   REQUEST_ID [SP TRACE_ID "-" SPAN_ID]
 *
 * Empty where requests are not logged.
 */
#ifndef HERMETIC_DOOR_ORIGIN_H
#define HERMETIC_DOOR_ORIGIN_H

#include "store/message.h"

enum { ORIGIN_REQUEST_MAX = 96, ORIGIN_SIZE = ORIGIN_REQUEST_MAX + 51 };

/* NUL-terminated, shorter than ORIGIN_SIZE. `trace_id` of 32 hex digits or
 * empty; `span_id` then of 16. What is longer is cut. */
void origin_make(char out[ORIGIN_SIZE], const char *request_id,
		 const char *trace_id, const char *span_id);

/* One line of the log, if the message's request was logged: to how many it
 * goes, and how many milliseconds after it was stored. */
void origin_log_delivered(const struct message *message, unsigned receivers);

#endif
