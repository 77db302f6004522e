/*
 * JSON that clients send, as bodies of requests and as frames: what is read of an
 * object lies within what was decoded and is of its type, and the quick reader of
 * frames reads what the other one would.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "server/body.h"
#include "server/send_frame.h"

enum { BYTES_MAX = 64, NUMBER_MAX = 1000 };

/* ---- the request: its body is the input, its type the first line of it ---- */

struct request {
	struct span type, body;
	int problems;
};

bool request_header(const struct request *req, const char *name,
		    struct span *value)
{
	if (strcmp(name, "Content-Type") != 0 || req->type.n == 0)
		return false;
	*value = req->type;
	return true;
}

struct span request_body(const struct request *req)
{
	return req->body;
}

void request_problem(struct request *req, enum outcome outcome,
		     const char *detail)
{
	if (outcome != OUTCOME_MALFORMED &&
	    outcome != OUTCOME_UNSUPPORTED_MEDIA_TYPE)
		abort();
	if (detail != NULL && strlen(detail) >= 96)
		abort();
	req->problems++;
}

/* ---- reading ---- */

/* Touches every byte, for the sanitizers. */
static void touch(struct span bytes)
{
	volatile uint8_t sum = 0;

	for (size_t i = 0; i < bytes.n; i++)
		sum = (uint8_t)(sum + bytes.p[i]);
}

static void read_single(struct body *body)
{
	struct span first, second;
	uint64_t number;

	touch(span_str(body_text(body, "type")));
	touch(SPAN_ARRAY(body_uuid(body, "id").bytes));
	(void)body_optional_flag(body, "flag");
	if (body_number(body, "after", NUMBER_MAX) > NUMBER_MAX)
		abort();
	if (body_optional_number(body, "limit", INT64_MAX, &number) &&
	    number > INT64_MAX)
		abort();
	first = body_bytes(body, "envelope", BYTES_MAX);
	second = body_optional_bytes(body, "commit", BYTES_MAX);
	if (body->fault == NULL && (first.n > BYTES_MAX || first.n == 0))
		abort();
	touch(first); /* it has not moved */
	touch(second);
}

static void read_arrays(struct body *body)
{
	const char *texts[BODY_ITEMS_MAX];
	uint64_t numbers[BODY_ITEMS_MAX];
	size_t n = body_texts(body, "texts", texts);

	for (size_t i = 0; i < n; i++)
		touch(span_str(texts[i]));
	n = body_numbers(body, "numbers", NUMBER_MAX, numbers);
	for (size_t i = 0; i < n; i++)
		if (numbers[i] > NUMBER_MAX)
			abort();
}

static void read_request(struct span bytes)
{
	const uint8_t *end =
	    bytes.n > 0 ? memchr(bytes.p, '\n', bytes.n) : NULL;
	struct request req = { .body = bytes };
	struct body body;

	if (end != NULL) {
		req.type = span_of(bytes.p, (size_t)(end - bytes.p));
		req.body = span_of(end + 1, bytes.n - req.type.n - 1);
	}
	if (!body_read(&body, &req)) {
		if (req.problems != 1)
			abort();
		return;
	}
	read_single(&body);
	read_arrays(&body);
	if (!body_end(&body, &req)) {
		if (req.problems != 1)
			abort();
		return;
	}
	body_free(&body);
}

/* ---- a frame ---- */

static void read_frame(struct span text)
{
	struct buf envelope = BUF_INIT;
	struct body body;
	uint64_t id, same;
	struct span again;

	if (!send_frame_read(text, BYTES_MAX, &id, &envelope)) {
		if (envelope.n > 0)
			abort();
		buf_clear(&envelope);
		return;
	}
	if (!body_parse(&body, text))
		abort();
	again = body_bytes(&body, "envelope", BYTES_MAX);
	if (strcmp(body_text(&body, "type"), "send") != 0 ||
	    !body_optional_number(&body, "id", INT64_MAX, &same) ||
	    same != id || !span_equal(again, buf_span(&envelope)) ||
	    !body_is_good(&body))
		abort();
	body_free(&body);
	buf_clear(&envelope);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes = span_of(data, size);

	read_frame(bytes);
	read_request(bytes);
	return 0;
}
