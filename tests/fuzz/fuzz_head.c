/* The head of an HTTP request: whatever comes, what is taken lies within the
 * input, and the framing is beyond doubt. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

/* The edge is no archive; these files of it need libc and base only. */
#include "server/edge/head.c"
#include "server/edge/media.c"
#include "server/edge/trace.c"

static void check_within(struct span part, struct span whole)
{
	if (part.n > 0 &&
	    (part.p < whole.p || part.p + part.n > whole.p + whole.n))
		abort();
}

/* As /ws reads a token that comes as a subprotocol. */
static void check_list(struct span list)
{
	const struct span prefix = SPAN_LIT("bearer.");
	struct span rest;

	if (!head_after_prefix(list, "bearer.", &rest))
		return;
	check_within(span_of(rest.p - prefix.n, prefix.n + rest.n), list);
	if (!span_equal(span_of(rest.p - prefix.n, prefix.n), prefix) ||
	    (rest.p - prefix.n > list.p &&
	     strchr(", \t", rest.p[-(ptrdiff_t)prefix.n - 1]) == NULL) ||
	    (rest.n > 0 && memchr(rest.p, ',', rest.n) != NULL))
		abort();
}

static void check_taken(const struct head *head, struct span bytes)
{
	struct span value;

	check_within(head->path, bytes);
	check_within(head->query, bytes);
	if (head->path.n == 0 || head->path.p[0] != '/')
		abort();
	for (size_t i = 0; i < head->field_count; i++) {
		check_within(head->fields[i].name, bytes);
		check_within(head->fields[i].value, bytes);
		if (memchr(head->fields[i].value.p, '\n',
			   head->fields[i].value.n) != NULL)
			abort();
		check_list(head->fields[i].value);
	}
	if (head_find(head, "Transfer-Encoding", &value))
		abort();
	if (head->content_length > 0 && !head->has_body)
		abort();
}

static void check_trace(const struct head *head, struct span bytes)
{
	struct trace trace;

	trace_read(&trace, head);
	if (trace.request_id[0] == '\0' ||
	    (trace.trace_id[0] == '\0') != (trace.span_id[0] == '\0'))
		abort();
	if (trace_parse_parent(&trace, bytes) &&
	    (strlen(trace.trace_id) != TRACE_ID_HEX ||
	     strlen(trace.parent_id) != TRACE_SPAN_HEX))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t n = head_length(span_of(data, size));
	struct head head;

	if (n > size)
		abort();
	if (n > 0 && head_parse(&head, span_of(data, n)) == 0) {
		check_taken(&head, span_of(data, n));
		check_trace(&head, span_of(data, size));
		if (media_weight(&head, "application/json") > 1000)
			abort();
	}
	return 0;
}
