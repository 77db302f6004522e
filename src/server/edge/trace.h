/*
 * What a request is called, in answers and in logs: its id, and where it
 * belongs in a trace that others follow (W3C Trace Context, level 1).
 */
#ifndef HERMETIC_SERVER_EDGE_TRACE_H
#define HERMETIC_SERVER_EDGE_TRACE_H

#include "server/edge/head.h"

enum { TRACE_REQUEST_ID_MAX = 64, TRACE_ID_HEX = 32, TRACE_SPAN_HEX = 16 };

struct trace {
	char request_id[TRACE_REQUEST_ID_MAX + 1];
	/* Empty without a valid traceparent; then the span is, too. The
	 * parent is the caller's span, the span is ours. */
	char trace_id[TRACE_ID_HEX + 1];
	char parent_id[TRACE_SPAN_HEX + 1];
	char span_id[TRACE_SPAN_HEX + 1];
};

/* X-Request-Id as it came, if it is 1 to 64 letters, digits and "._-";
 * otherwise one of ours, which no other process gives. */
void trace_read(struct trace *trace, const struct head *head);

/* "00-{32 hex}-{16 hex}-{2 hex}", lower case and not all zero; of a later
 * version only what stands in its beginning. False: there is none. */
bool trace_parse_parent(struct trace *trace, struct span traceparent);

#endif
