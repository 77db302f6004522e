/*
 * The bytes of a connection as requests: where a body ends, routes, parameters of
 * paths and queries, the headers that the edge reads. Whatever a client sends,
 * every answer is whole and has no line of the client's, and it does not matter
 * how TCP cuts the bytes. The first byte chooses where they are cut, and whether
 * the client leaves before the last answer.
 */
#include "fuzz.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/text.h"
#include "server/answer.h"
#include "server/config.h"
#include "server/edge/conditional.h"
#include "server/edge/conn.h"
#include "server/edge/cors.h"
#include "server/edge/exchange.h"
#include "server/edge/proxies.h"
#include "server/edge/router.h"
#include "server/page.h"
#include "server/position.h"

enum { BODY_MAX = 4096, LIMIT_MAX = 100 };

struct conn {
	struct buf out;
	bool closing, dropped, last;
};

static const struct conn_limits LIMITS = { .body_bytes = BODY_MAX };
static const struct conn_handler *handler;
static void *exchange;
static size_t exchange_bytes;
static struct request *held; /* its handler answers later */

/* ---- the connection ---- */

void conn_begin_with(const struct conn_handler *h, size_t user_bytes)
{
	handler = h;
	exchange_bytes = user_bytes;
	exchange = calloc(1, user_bytes);
	if (exchange == NULL)
		abort();
}

const struct conn_limits *conn_limits(void)
{
	return &LIMITS;
}

struct buf *conn_out(struct conn *conn)
{
	return &conn->out;
}

const char *conn_peer(const struct conn *conn)
{
	(void)conn;
	return "192.0.2.1";
}

bool conn_is_gone(const struct conn *conn)
{
	return conn->dropped;
}

bool conn_is_handshaking(const struct conn *conn)
{
	(void)conn;
	return false;
}

void conn_begin_time(struct conn *conn)
{
	(void)conn;
}

bool conn_has_room(const struct conn *conn)
{
	(void)conn;
	return true;
}

bool conn_is_last(const struct conn *conn)
{
	return conn->last;
}

void conn_set_last(struct conn *conn)
{
	conn->last = true;
}

size_t conn_queued(const struct conn *conn)
{
	return conn->out.n;
}

void conn_resume(struct conn *conn)
{
	(void)conn; /* pump() does */
}

void conn_close_when_sent(struct conn *conn)
{
	conn->closing = true;
}

void conn_drop(struct conn *conn)
{
	conn->dropped = true;
}

/* ---- positions matter, and nothing is asked of a database ---- */

const struct config *config(void)
{
	static const struct config values = { .database_read_url = "" };

	return &values;
}

struct store *answer_store(void)
{
	return NULL;
}

/* ---- the application ---- */

static void on_item(struct request *req, const void *arg)
{
	struct span item = request_param(req, "item");
	uint64_t limit, position = position_given(req);
	const char *peer = request_peer(req);
	struct buf body = BUF_INIT;
	uint8_t address[16];

	(void)arg;
	if (item.n == 0 || memchr(item.p, '/', item.n) != NULL ||
	    request_param(req, "other").n > 0 || position > INT64_MAX ||
	    !address_read(span_str(peer), address))
		abort();
	if (!page_limit(req, 20, LIMIT_MAX, &limit)) {
		request_problem(req, OUTCOME_MALFORMED, NULL);
		return;
	}
	if (limit == 0 || limit > LIMIT_MAX)
		abort();
	buf_putf(&body, "%s %" PRIu64 " %" PRIu64 " ", peer, limit, position);
	text_put_hex(&body, item);
	position_add(req, position);
	conditional_answer(req, "text/plain", buf_span(&body), item);
	buf_clear(&body);
}

static void answer_with_body(struct request *req)
{
	struct buf body = BUF_INIT;

	text_put_hex(&body, request_body(req));
	request_answer(req, 201, "text/plain", buf_span(&body));
	buf_clear(&body);
}

static void on_whole(struct request *req, const void *arg)
{
	(void)arg;
	if (request_body(req).n > BODY_MAX)
		abort();
	answer_with_body(req);
}

static void on_later(struct request *req, const void *arg)
{
	(void)arg;
	if (held != NULL)
		abort(); /* one after another */
	held = req;
}

static void answer_held(void)
{
	struct request *req = held;

	held = NULL;
	if (req != NULL)
		answer_with_body(req);
}

/* A body that is taken piece by piece, with pauses. */
static struct {
	struct request *req;
	struct buf bytes;
	bool pauses, waits;
} taken;

static size_t take(void *arg, struct span bytes)
{
	size_t n = bytes.n < 7 ? bytes.n : 7;

	(void)arg;
	if (bytes.n == 0)
		abort();
	taken.pauses = !taken.pauses;
	taken.waits = taken.pauses;
	if (taken.waits)
		return 0;
	buf_put(&taken.bytes, span_of(bytes.p, n));
	return n;
}

static void end_taken(int status)
{
	struct request *req = taken.req;
	struct buf body = BUF_INIT;

	taken.req = NULL;
	taken.waits = false;
	text_put_hex(&body, buf_span(&taken.bytes));
	buf_clear(&taken.bytes);
	request_answer(req, status, "text/plain", buf_span(&body));
	buf_clear(&body);
}

static void on_taken(void *arg)
{
	(void)arg;
	if (taken.bytes.n != request_head(taken.req)->content_length)
		abort();
	end_taken(201);
}

static void on_taken_cut(void *arg)
{
	(void)arg;
	end_taken(500); /* which nobody gets */
}

static void on_stream(struct request *req, const void *arg)
{
	static const struct request_taker taker = { take, on_taken,
						    on_taken_cut };

	(void)arg;
	if (taken.req != NULL)
		abort();
	if (span_equal(request_param(req, "item"), SPAN_LIT("no"))) {
		request_problem(req, OUTCOME_FORBIDDEN, NULL);
		return;
	}
	taken.req = req;
	taken.pauses = false;
	request_take_body(req, &taker, NULL);
}

/* An answer that is put piece by piece. */
static struct {
	struct request *req;
	unsigned left;
} given;

static void end_given(void)
{
	struct request *req = given.req;

	given.req = NULL;
	request_end_answer(req);
}

static void give(void *arg)
{
	(void)arg;
	request_put(given.req, SPAN_LIT("piece "));
	if (--given.left == 0)
		end_given();
}

static void on_given_cut(void *arg)
{
	(void)arg;
	end_given();
}

static void on_pieces(struct request *req, const void *arg)
{
	static const struct request_giver giver = { give, on_given_cut };

	(void)arg;
	given.req = req;
	given.left = 5;
	request_begin_answer(req, 200, "text/plain", 5 * 6, &giver, NULL);
}

/* What a loop would do until nothing more happens. */
static void pump(struct conn *conn, struct buf *in)
{
	handler->input(exchange, in);
	while (!conn->dropped && (taken.waits || given.req != NULL)) {
		if (taken.waits) {
			taken.waits = false;
			request_go_on(taken.req);
		} else {
			handler->sent(exchange);
		}
		if (!conn->closing)
			handler->input(exchange, in);
	}
}

static void begin(void)
{
	if (proxies_set("192.0.2.0/24, ::1") != NULL ||
	    cors_set("https://chat.example,*") != NULL)
		abort();
	exchange_start();
	router_add(HEAD_GET, "/", on_whole, NULL);
	router_add(HEAD_GET, "/item/{item}", on_item, NULL);
	router_add(HEAD_POST, "/item/{item}", on_whole, NULL);
	router_add(HEAD_POST, "/item/later", on_later, NULL);
	router_add_streamed(HEAD_PATCH, "/item/{item}", on_stream, NULL);
	router_add(HEAD_GET, "/pieces", on_pieces, NULL);
	router_add(HEAD_PUT, "/item/{item}/part/{part}", on_whole, NULL);
}

/* ---- what the client gets ---- */

static struct span take_line(struct span *rest)
{
	const uint8_t *end =
	    rest->n > 0 ? memmem(rest->p, rest->n, "\r\n", 2) : NULL;
	struct span line;

	if (end == NULL)
		abort();
	line = span_of(rest->p, (size_t)(end - rest->p));
	*rest = span_of(end + 2, rest->n - line.n - 2);
	if (line.n > 0 && memchr(line.p, '\n', line.n) != NULL)
		abort();
	return line;
}

static bool begins(struct span bytes, const char *text)
{
	size_t n = strlen(text);

	return bytes.n >= n && memcmp(bytes.p, text, n) == 0;
}

/* A line of an answer's head, by the names that the edge has for them. */
static bool is_known_line(struct span line)
{
	static const char *const names[] = {
		"Allow: ",	"Access-Control-", "Cache-Control: ",
		"Connection: ", "Content-Length:", "Content-Type: ",
		"ETag: \"",	"Hermetic-Pos",	   "Retry-After: ",
		"Vary: Origin", "WWW-Authenticate"
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (begins(line, names[i]))
			return true;
	return false;
}

/* Takes an answer, and tells what of it depends on the request alone. */
static void take_answer(struct span *rest, struct buf *told)
{
	struct span line = take_line(rest);
	uint64_t length = 0;

	if (!begins(line, "HTTP/1.1 ") || line.n < 12)
		abort();
	if (begins(line, "HTTP/1.1 100")) {
		if (take_line(rest).n > 0)
			abort();
		return;
	}
	buf_put(told, line);
	while ((line = take_line(rest)).n > 0) {
		if (begins(line, "Date: ") || begins(line, "X-Request-Id: "))
			continue;
		if (!is_known_line(line) ||
		    (begins(line, "Content-Length: ") &&
		     text_parse_u64(&length, span_of(line.p + 16, line.n - 16),
				    SIZE_MAX) != ERR_OK))
			abort();
		buf_put(told, line);
	}
	/* that of a HEAD has no body */
	if (rest->n == 0 || begins(*rest, "HTTP/1.1 "))
		return;
	if (length > rest->n)
		abort();
	buf_put(told, span_of(rest->p, length));
	*rest = span_of(rest->p + length, rest->n - length);
}

/* ---- one connection ---- */

static void feed(struct conn *conn, struct span bytes, size_t piece)
{
	struct buf in = BUF_INIT;

	while (bytes.n > 0 && !conn->dropped && !conn->closing) {
		size_t n = piece < bytes.n ? piece : bytes.n;

		buf_put(&in, span_of(bytes.p, n));
		bytes = span_of(bytes.p + n, bytes.n - n);
		pump(conn, &in);
		while (held != NULL && in.n + bytes.n > 0) {
			answer_held();
			if (!conn->closing)
				pump(conn, &in);
		}
	}
	buf_clear(&in);
}

static void run(struct span bytes, size_t piece, bool leaves, struct buf *told)
{
	struct conn conn = { .closing = false };
	struct span rest;

	memset(exchange, 0, exchange_bytes);
	handler->begin(exchange, &conn);
	feed(&conn, bytes, piece);
	if (!leaves)
		answer_held();
	handler->gone(exchange);
	answer_held();
	rest = buf_span(&conn.out);
	while (rest.n > 0)
		take_answer(&rest, told);
	buf_clear(&conn.out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole = BUF_INIT, cut = BUF_INIT;
	struct span bytes;

	if (size < 2)
		return 0;
	if (handler == NULL)
		begin();
	bytes = span_of(data + 1, size - 1);
	run(bytes, bytes.n, data[0] & 128, &whole);
	run(bytes, 1 + data[0] % 64, data[0] & 128, &cut);
	if (!span_equal(buf_span(&whole), buf_span(&cut)))
		abort();
	buf_clear(&whole);
	buf_clear(&cut);
	return 0;
}
