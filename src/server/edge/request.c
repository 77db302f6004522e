#include "server/edge/request.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/metrics.h"
#include "server/edge/conn.h"
#include "server/edge/cors.h"
#include "server/edge/media.h"
#include "server/edge/proxies.h"
#include "server/edge/router.h"
#include "server/edge/trace.h"

enum { LARGE = 4096, HEAD_ROOM = 512 };

struct request {
	struct conn *conn; /* NULL: the client left */
	void (*answered)(void *arg, bool keep_alive);
	void *answered_arg;
	struct buf head_bytes, body, headers;
	struct head head;
	const struct route *route;
	char client[INET6_ADDRSTRLEN]; /* once somebody has asked */
	uint64_t started_us;
	struct trace trace;
	/* a body that is not kept */
	const struct request_taker *taker; /* NULL: none takes it yet */
	void *taker_arg;
	size_t body_left;
	bool paused;
	/* an answer that is put piece by piece */
	const struct request_giver *giver;
	void *giver_arg;
	uint64_t answer_left, answer_length;
	int status;
};

struct request *request_new(struct conn *conn, struct span head_bytes,
			    void (*answered)(void *arg, bool keep_alive),
			    void *arg)
{
	struct request *req = calloc(1, sizeof(*req));

	if (req == NULL)
		return NULL;
	req->conn = conn;
	req->answered = answered;
	req->answered_arg = arg;
	req->started_us = metrics_now_us();
	buf_put(&req->head_bytes, head_bytes);
	if (buf_end(&req->head_bytes) != ERR_OK) {
		free(req);
		return NULL;
	}
	/* the same bytes, now our own */
	(void)head_parse(&req->head, buf_span(&req->head_bytes));
	trace_read(&req->trace, &req->head);
	return req;
}

void request_free(struct request *req)
{
	if (req == NULL)
		return;
	buf_clear(&req->head_bytes);
	buf_clear(&req->body);
	buf_clear(&req->headers);
	free(req);
}

const struct head *request_head(const struct request *req)
{
	return &req->head;
}

struct buf *request_body_buf(struct request *req)
{
	return &req->body;
}

struct buf *request_headers(struct request *req)
{
	return &req->headers;
}

void request_set_route(struct request *req, const struct route *route)
{
	req->route = route;
}

void request_forget_conn(struct request *req)
{
	req->conn = NULL;
	if (req->giver != NULL)
		req->giver->cut(req->giver_arg);
	else if (req->taker != NULL && req->body_left > 0)
		req->taker->cut(req->taker_arg);
}

struct conn *request_conn(const struct request *req)
{
	return req->conn;
}

enum head_method request_method(const struct request *req)
{
	return req->head.method;
}

struct span request_body(const struct request *req)
{
	return buf_span(&req->body);
}

bool request_header(const struct request *req, const char *name,
		    struct span *value)
{
	return head_find(&req->head, name, value);
}

void request_list(const struct request *req, const char *name, struct buf *out)
{
	head_list(&req->head, name, out);
}

bool request_list_has(const struct request *req, const char *name,
		      const char *token)
{
	return head_list_has(&req->head, name, token);
}

struct span request_param(const struct request *req, const char *name)
{
	return req->route != NULL
		   ? router_param(req->route, req->head.path, name)
		   : SPAN_EMPTY;
}

bool request_query(const struct request *req, const char *name,
		   struct span *value)
{
	struct span rest = req->head.query;
	size_t length = strlen(name);

	while (rest.n > 0) {
		const uint8_t *end = memchr(rest.p, '&', rest.n);
		size_t n = end != NULL ? (size_t)(end - rest.p) : rest.n;

		if (n > length && rest.p[length] == '=' &&
		    memcmp(rest.p, name, length) == 0) {
			*value = span_of(rest.p + length + 1, n - length - 1);
			return true;
		}
		n += end != NULL;
		rest = span_of(rest.p + n, rest.n - n);
	}
	return false;
}

const char *request_route(const struct request *req)
{
	return req->route != NULL ? router_path(req->route) : "none";
}

const struct trace *request_trace(const struct request *req)
{
	return &req->trace;
}

const char *request_id(const struct request *req)
{
	return req->trace.request_id;
}

const char *request_peer(struct request *req)
{
	struct buf forwarded = BUF_INIT;

	if (req->conn != NULL && req->client[0] == '\0') {
		head_list(&req->head, "X-Forwarded-For", &forwarded);
		proxies_client(conn_peer(req->conn), buf_span(&forwarded),
			       req->client);
		buf_clear(&forwarded);
	}
	return req->client;
}

static const char *status_text(int status)
{
	const char *phrase = outcomes_phrase(status);

	switch (status) {
	case 200:
		return "OK";
	case 201:
		return "Created";
	case 204:
		return "No Content";
	case 206:
		return "Partial Content";
	case 304:
		return "Not Modified";
	default:
		return phrase != NULL ? phrase : "Unknown";
	}
}

void request_add(struct request *req, const char *name, const char *value)
{
	buf_putf(&req->headers, "%s: %s\r\n", name, value);
}

void request_add_span(struct request *req, const char *name, struct span value)
{
	buf_putf(&req->headers, "%s: ", name);
	buf_put(&req->headers, value);
	buf_put_str(&req->headers, "\r\n");
}

static void put_date(struct buf *out)
{
	static char text[40]; /* of the second `of` */
	static time_t of;
	time_t now = time(NULL);
	struct tm utc;

	if (now != of) {
		(void)gmtime_r(&now, &utc);
		(void)strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT",
			       &utc);
		of = now;
	}
	buf_putf(out, "Date: %s\r\n", text);
}

/* Counts it, too. No more of a request than what it was called and how it
 * went: no path with ids of people, no token. */
static void log_request(const struct request *req, int status, size_t bytes)
{
	uint64_t us = metrics_now_us() - req->started_us;
	enum log_level level =
	    conn_limits()->access_log ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG;
	const struct trace *t = &req->trace;
	const struct log_field fields[] = {
		LOG_STR("request_id", t->request_id),
		LOG_STR("method", head_method_name(req->head.method)),
		LOG_STR("route", request_route(req)), LOG_NUM("status", status),
		LOG_NUM("bytes", bytes), LOG_NUM("us", us),
		/* the rest only within a trace */
		t->trace_id[0] != '\0' ? LOG_STR("trace_id", t->trace_id)
				       : LOG_END,
		LOG_STR("span_id", t->span_id),
		LOG_STR("parent_id", t->parent_id), LOG_END
	};

	metrics_request(router_number(req->route), status, us);
	log_event(level, "request", fields);
}

void request_upgraded(struct request *req)
{
	log_request(req, 101, 0);
	request_free(req);
}

/* A client that cannot read what it would get is told so, as long as nothing
 * was done for it; errors are not negotiated (RFC 9110, 15.5.7). */
static bool is_unreadable(const struct request *req, int status,
			  const char *content_type)
{
	return status == 200 && content_type != NULL &&
	       (req->head.method & (HEAD_GET | HEAD_HEAD)) != 0 &&
	       media_weight(&req->head, content_type) == 0;
}

/* The lines of an answer's head. */
static void put_head(struct request *req, int status, const char *content_type,
		     uint64_t length)
{
	struct buf *out = conn_out(req->conn);

	if (req->body_left > 0) /* what follows is no request */
		conn_set_last(req->conn);
	buf_putf(out, "HTTP/1.1 %d %s\r\n", status, status_text(status));
	put_date(out);
	buf_putf(out, "X-Request-Id: %s\r\n", req->trace.request_id);
	if (content_type != NULL)
		buf_putf(out, "Content-Type: %s\r\n", content_type);
	cors_put(&req->headers, &req->head);
	if (status != 204 && status != 304)
		buf_putf(out, "Content-Length: %" PRIu64 "\r\n", length);
	buf_put(out, buf_span(&req->headers));
	buf_putf(out, "Connection: %s\r\n\r\n",
		 req->head.keep_alive && !conn_is_last(req->conn) ? "keep-alive"
								  : "close");
}

void request_answer(struct request *req, int status, const char *content_type,
		    struct span body)
{
	struct conn *conn = req->conn;

	if (is_unreadable(req, status, content_type)) {
		buf_reset(&req->headers);
		request_problem(req, OUTCOME_NOT_ACCEPTABLE, NULL);
		return;
	}
	log_request(req, status, body.n);
	if (conn == NULL) {
		request_free(req);
		return;
	}
	if (body.n > LARGE) /* a buffer that grows copies what it has */
		(void)buf_reserve(conn_out(conn),
				  HEAD_ROOM + req->headers.n + body.n);
	put_head(req, status, content_type, body.n);
	if (req->head.method != HEAD_HEAD)
		buf_put(conn_out(conn), body);
	req->answered(req->answered_arg, req->head.keep_alive);
	request_free(req);
}

/* ---- a body that is not kept ---- */

void request_set_streamed(struct request *req, bool streamed)
{
	req->body_left = streamed ? req->head.content_length : 0;
}

void request_take_body(struct request *req, const struct request_taker *taker,
		       void *arg)
{
	req->taker = taker;
	req->taker_arg = arg;
	if (req->body_left == 0) {
		taker->whole(arg);
		return;
	}
	if (req->conn == NULL) {
		taker->cut(arg);
		return;
	}
	if (req->head.expects_continue)
		buf_put_str(conn_out(req->conn),
			    "HTTP/1.1 100 Continue\r\n\r\n");
	request_go_on(req);
}

void request_go_on(struct request *req)
{
	req->paused = false;
	if (req->conn == NULL)
		return;
	conn_begin_time(req->conn);
	conn_resume(req->conn);
}

size_t request_feed(struct request *req, struct span bytes)
{
	size_t n = bytes.n < req->body_left ? bytes.n : req->body_left;
	size_t taken;

	if (req->taker == NULL || req->paused || n == 0)
		return 0;
	taken = req->taker->take(req->taker_arg, span_of(bytes.p, n));
	req->paused = taken == 0;
	req->body_left -= taken;
	if (taken > 0 && req->body_left == 0)
		req->taker->whole(req->taker_arg);
	return taken;
}

size_t request_body_left(const struct request *req)
{
	return req->body_left;
}

bool request_waits_for_body(const struct request *req)
{
	return req->taker != NULL && !req->paused && req->body_left > 0;
}

/* ---- an answer that is put piece by piece ---- */

void request_begin_answer(struct request *req, int status,
			  const char *content_type, uint64_t length,
			  const struct request_giver *giver, void *arg)
{
	req->giver = giver;
	req->giver_arg = arg;
	req->status = status;
	req->answer_length = length;
	req->answer_left = req->head.method != HEAD_HEAD ? length : 0;
	if (req->conn != NULL)
		put_head(req, status, content_type, length);
	else
		giver->cut(arg);
}

void request_put(struct request *req, struct span bytes)
{
	if (bytes.n > req->answer_left)
		bytes.n = (size_t)req->answer_left;
	req->answer_left -= bytes.n;
	if (req->conn != NULL)
		buf_put(conn_out(req->conn), bytes);
}

void request_end_answer(struct request *req)
{
	bool whole = req->answer_left == 0;

	log_request(req, req->status,
		    (size_t)(req->answer_length - req->answer_left));
	req->giver = NULL; /* it has ended: nothing cuts it any more */
	if (req->conn != NULL && whole)
		req->answered(req->answered_arg, req->head.keep_alive);
	else if (req->conn != NULL)
		conn_drop(req->conn); /* which forgets this request */
	request_free(req);
}

bool request_is_giving(const struct request *req)
{
	return req->giver != NULL;
}

void request_give_more(struct request *req)
{
	req->giver->more(req->giver_arg);
}

/* ---- problems ---- */

void request_refuse(struct request *req, struct problem problem)
{
	int status = outcomes_row(problem.outcome)->status;
	struct buf body = BUF_INIT;
	char text[24];

	outcomes_put(&body, &problem);
	if (status == 401)
		request_add(req, "WWW-Authenticate", "Bearer");
	if (status == 503 || status == 429) {
		uint64_t seconds =
		    status == 429 && problem.number > 0 ? problem.number : 1;

		(void)snprintf(text, sizeof(text), "%" PRIu64, seconds);
		request_add(req, "Retry-After", text);
	}
	request_answer(req, status, "application/problem+json",
		       buf_span(&body));
	buf_clear(&body);
}

void request_problem(struct request *req, enum outcome outcome,
		     const char *detail)
{
	request_refuse(req, (struct problem){ outcome, detail, 0 });
}
