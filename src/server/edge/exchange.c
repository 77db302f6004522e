#include "server/edge/exchange.h"

#include "server/edge/conn.h"
#include "server/edge/cors.h"
#include "server/edge/loop.h"
#include "server/edge/request.h"
#include "server/edge/router.h"

enum phase {
	PHASE_HEAD,   /* waits for a request */
	PHASE_BODY,   /* its head is there */
	PHASE_STREAM, /* a handler has it, and takes its body as it comes */
	PHASE_ANSWER, /* a handler has it */
	PHASE_OVER    /* nothing more is read */
};

struct exchange {
	struct conn *conn;
	struct request *req;
	enum phase phase;
	size_t
	    queued; /* at the last tick, of an answer that is put in pieces */
};

static void on_answered(void *arg, bool keep_alive);

/* Refuses what cannot be read any further, so the connection ends. */
static void refuse(struct exchange *x, struct buf *in, int status)
{
	static const enum outcome unreadable[] = {
		OUTCOME_TIMEOUT,
		OUTCOME_LENGTH_REQUIRED,
		OUTCOME_TOO_LARGE,
		OUTCOME_URI_TOO_LONG,
		OUTCOME_UNSUPPORTED_MEDIA_TYPE,
		OUTCOME_EXPECTATION_FAILED,
		OUTCOME_HEADERS_TOO_LARGE,
		OUTCOME_NOT_IMPLEMENTED,
		OUTCOME_VERSION_NOT_SUPPORTED
	};
	enum outcome outcome = OUTCOME_MALFORMED;
	struct request *req = request_new(x->conn, SPAN_EMPTY, on_answered, x);

	for (size_t i = 0; i < sizeof(unreadable) / sizeof(*unreadable); i++)
		if (outcomes_row(unreadable[i])->status == status)
			outcome = unreadable[i];
	conn_set_last(x->conn);
	x->phase = PHASE_ANSWER;
	buf_reset(in);
	request_free(x->req);
	x->req = NULL;
	if (req == NULL) {
		conn_drop(x->conn);
		return;
	}
	request_problem(req, outcome, NULL);
}

static void dispatch(struct exchange *x)
{
	struct request *req = x->req;
	const struct head *head = request_head(req);
	const struct route *route = router_find(head->path);
	const char *allow;

	x->phase = request_body_left(req) > 0 ? PHASE_STREAM : PHASE_ANSWER;
	if (route == NULL) {
		request_problem(req, OUTCOME_NOT_FOUND, NULL);
		return;
	}
	request_set_route(req, route);
	allow = router_allow_header(route);
	if (!router_allows(route, head->method)) {
		request_add(req, "Allow", allow);
		request_problem(req, OUTCOME_METHOD_NOT_ALLOWED, NULL);
	} else if (head->method == HEAD_OPTIONS) {
		request_add(req, "Allow", allow);
		cors_put_preflight(request_headers(req), head, allow);
		request_answer(req, 204, NULL, SPAN_EMPTY);
	} else {
		router_call(route, head->method, req);
	}
}

/* RFC 9112, 2.2: an empty line before a request is ignored. */
static void skip_empty_lines(struct buf *in)
{
	size_t n = 0;

	while (in->n - n >= 2 && in->p[n] == '\r' && in->p[n + 1] == '\n')
		n += 2;
	if (n > 0)
		buf_consume(in, n);
}

/* Is the body for the handler to take as it comes? */
static bool is_streamed(const struct head *head)
{
	const struct route *route = router_find(head->path);

	return route != NULL && router_is_streamed(route, head->method);
}

/* May all of the body be read? A long one is that of somebody who was let in; else the
 * request is answered, and the body not read. */
static bool may_bring(struct exchange *x)
{
	const struct head *head = request_head(x->req);
	const struct route *route = router_find(head->path);

	if (head->content_length <= ROUTER_BODY_OF_ANYBODY)
		return true;
	request_set_streamed(x->req, true);
	if (route == NULL || !router_allows(route, head->method)) {
		dispatch(x);
		return false;
	}
	request_set_route(x->req, route);
	x->phase = PHASE_STREAM;
	if (!router_asks_first()) {
		request_problem(x->req, OUTCOME_TOO_LARGE, NULL);
		return false;
	}
	if (!router_admits(route, head->method, x->req))
		return false;
	request_set_streamed(x->req, false);
	x->phase = PHASE_BODY;
	return true;
}

/* A head is there: makes the request. False when there is none yet. */
static bool take_head(struct exchange *x, struct buf *in)
{
	struct head head;
	bool streamed;
	int status;
	size_t n;

	skip_empty_lines(in);
	n = head_length(buf_span(in));
	if (n > HEAD_BYTES_MAX || (n == 0 && in->n > HEAD_BYTES_MAX)) {
		refuse(x, in, 431);
		return false;
	}
	if (n == 0)
		return false;
	status = head_parse(&head, span_of(in->p, n));
	streamed = status == 0 && is_streamed(&head);
	if (status == 0 && !streamed &&
	    head.content_length > conn_limits()->body_bytes)
		status = 413;
	if (status != 0) {
		refuse(x, in, status);
		return false;
	}
	x->req = request_new(x->conn, span_of(in->p, n), on_answered, x);
	if (x->req == NULL) {
		conn_drop(x->conn);
		return false;
	}
	buf_consume(in, n);
	x->phase = PHASE_BODY;
	conn_begin_time(x->conn);
	if (streamed) {
		request_set_streamed(x->req, true);
		dispatch(x);
		return true;
	}
	if (!may_bring(x))
		return true;
	if (head.expects_continue && in->n == 0 && head.content_length > 0)
		buf_put_str(conn_out(x->conn), "HTTP/1.1 100 Continue\r\n\r\n");
	return true;
}

/* The body is as long as declared, and never longer. */
static bool take_body(struct exchange *x, struct buf *in)
{
	struct buf *body = request_body_buf(x->req);
	size_t want = request_head(x->req)->content_length - body->n;
	size_t n = in->n < want ? in->n : want;

	buf_put(body, span_of(in->p, n));
	buf_consume(in, n);
	if (body->fail != ERR_OK) {
		conn_drop(x->conn);
		return false;
	}
	return n == want;
}

/* False: it is the handler's turn, or the client's. */
static bool pass_body(struct exchange *x, struct buf *in)
{
	size_t n = request_feed(x->req, buf_span(in));

	buf_consume(in, n);
	if (n > 0)
		conn_begin_time(x->conn);
	if (x->phase == PHASE_STREAM && request_body_left(x->req) == 0)
		x->phase = PHASE_ANSWER;
	return n > 0;
}

static void on_input(void *user, struct buf *in)
{
	struct exchange *x = user;

	while (!conn_is_gone(x->conn)) {
		if (x->phase == PHASE_HEAD && in->n > 0 &&
		    conn_has_room(x->conn)) {
			if (!take_head(x, in))
				return;
		} else if (x->phase == PHASE_BODY) {
			if (!take_body(x, in))
				return;
			dispatch(x);
		} else if (x->phase == PHASE_STREAM) {
			if (!pass_body(x, in))
				return;
		} else {
			return;
		}
	}
}

static void on_answered(void *arg, bool keep_alive)
{
	struct exchange *x = arg;

	x->req = NULL;
	x->phase = PHASE_HEAD;
	conn_begin_time(x->conn);
	if (!keep_alive || conn_is_last(x->conn)) {
		/* RFC 9112, 9.6: it "MUST NOT process any further requests" */
		x->phase = PHASE_OVER;
		conn_close_when_sent(x->conn);
	}
	/* the next request is taken at the end of the turn, not from within
	 * the answer to this one: no recursion, whatever is pipelined */
}

static void on_begin(void *user, struct conn *conn)
{
	struct exchange *x = user;

	x->conn = conn;
}

static bool wants(const void *user, size_t waiting)
{
	const struct exchange *x = user;

	if (x->phase == PHASE_ANSWER || x->phase == PHASE_STREAM)
		return waiting < CONN_READ_CHUNK;
	if (!conn_has_room(x->conn))
		return false;
	return x->phase != PHASE_HEAD || waiting <= HEAD_BYTES_MAX;
}

/* A client that only closed its side still gets the answer that is being made. */
static bool on_half_closed(void *user)
{
	const struct exchange *x = user;

	if (x->phase != PHASE_ANSWER)
		return false;
	conn_set_last(x->conn);
	return true;
}

static void on_sent(void *user)
{
	struct exchange *x = user;

	if (x->req != NULL && request_is_giving(x->req))
		request_give_more(x->req);
}

static bool is_idle(const void *user)
{
	const struct exchange *x = user;

	return x->phase == PHASE_HEAD;
}

/* A client that neither gives nor takes for long makes room for others. */
static void on_stream_tick(struct exchange *x, unsigned long age)
{
	size_t queued = conn_queued(x->conn);
	bool gives = request_is_giving(x->req);

	if (gives && (queued == 0 || queued < x->queued))
		conn_begin_time(x->conn);
	else if ((gives || request_waits_for_body(x->req)) &&
		 age > conn_limits()->body_ms)
		conn_drop(x->conn);
	x->queued = queued;
}

static void on_tick(void *user, struct buf *in, unsigned long age)
{
	struct exchange *x = user;
	const struct conn_limits *limits = conn_limits();
	unsigned long quiet =
	    conn_is_handshaking(x->conn) ? limits->head_ms : limits->idle_ms;

	if (x->phase == PHASE_HEAD && in->n > 0 && age > limits->head_ms)
		refuse(x, in, 408);
	else if (x->phase == PHASE_HEAD && in->n == 0 && age > quiet)
		conn_drop(x->conn);
	else if (x->phase == PHASE_BODY && age > limits->body_ms)
		refuse(x, in, 408);
	else if (x->phase >= PHASE_STREAM && x->req != NULL)
		on_stream_tick(x, age);
}

static void on_gone(void *user)
{
	struct exchange *x = user;

	struct request *req = x->req;

	x->req = NULL;
	if (x->phase >= PHASE_STREAM && req != NULL)
		request_forget_conn(req); /* its handler answers later */
	else
		request_free(req);
}

void exchange_start(void)
{
	static const struct conn_handler handler = { .begin = on_begin,
						     .input = on_input,
						     .wants = wants,
						     .sent = on_sent,
						     .half_closed =
							 on_half_closed,
						     .is_idle = is_idle,
						     .tick = on_tick,
						     .gone = on_gone };

	conn_begin_with(&handler, sizeof(struct exchange));
}
