#include "server/edge/trace.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/rd.h"

enum { VERSION_HEX = 2, FLAGS_HEX = 2 };

/* ---- numbers of our own ---- */

/* Random once for each worker, then counted: no system call a request. */
static uint64_t prefix(void)
{
	static uint64_t value;

	if (value == 0 && getrandom(&value, sizeof(value), 0) != sizeof(value))
		value = (uint64_t)getpid();
	return value;
}

static uint64_t next_number(void)
{
	static uint64_t last;

	return ++last;
}

/* ---- the request's id ---- */

static bool is_id_byte(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z') || c == '.' || c == '_' || c == '-';
}

static bool is_request_id(struct span id)
{
	if (id.n == 0 || id.n > TRACE_REQUEST_ID_MAX)
		return false;
	for (size_t i = 0; i < id.n; i++)
		if (!is_id_byte(id.p[i]))
			return false;
	return true;
}

static void read_request_id(struct trace *trace, const struct head *head)
{
	struct span id;

	if (head_find(head, "X-Request-Id", &id) && is_request_id(id))
		memcpy(trace->request_id, id.p, id.n);
	else
		(void)snprintf(trace->request_id, sizeof(trace->request_id),
			       "%016" PRIx64 "-%" PRIx64, prefix(),
			       next_number());
}

/* ---- traceparent ---- */

/* Exactly `n` digits, and a NUL after them. */
static bool take_hex(struct rd *r, char *out, size_t n)
{
	struct span digits = rd_take(r, n);

	for (size_t i = 0; i < digits.n; i++) {
		uint8_t c = digits.p[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return false;
		out[i] = (char)c;
	}
	out[digits.n] = '\0';
	return rd_ok(r);
}

static bool is_zero(const char *hex)
{
	return hex[strspn(hex, "0")] == '\0';
}

bool trace_parse_parent(struct trace *trace, struct span traceparent)
{
	char version[VERSION_HEX + 1], flags[FLAGS_HEX + 1];
	struct rd r = rd_init(traceparent);

	if (!take_hex(&r, version, VERSION_HEX) || rd_u8(&r) != '-' ||
	    !take_hex(&r, trace->trace_id, TRACE_ID_HEX) || rd_u8(&r) != '-' ||
	    !take_hex(&r, trace->parent_id, TRACE_SPAN_HEX) ||
	    rd_u8(&r) != '-' || !take_hex(&r, flags, FLAGS_HEX) ||
	    strcmp(version, "ff") == 0 || is_zero(trace->trace_id) ||
	    is_zero(trace->parent_id) ||
	    (strcmp(version, "00") == 0 && rd_left(&r) > 0) ||
	    (rd_left(&r) > 0 && rd_u8(&r) != '-')) {
		trace->trace_id[0] = trace->parent_id[0] = '\0';
		return false;
	}
	return true;
}

void trace_read(struct trace *trace, const struct head *head)
{
	struct span parent;

	memset(trace, 0, sizeof(*trace));
	read_request_id(trace, head);
	if (head_find(head, "traceparent", &parent) &&
	    trace_parse_parent(trace, parent))
		(void)snprintf(trace->span_id, sizeof(trace->span_id),
			       "%016" PRIx64, prefix() ^ next_number());
}
