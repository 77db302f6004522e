/*
 * WebSocket framing: whatever a client sends, an application sees valid UTF-8
 * within the limit, the client sees frames as RFC 6455 has them and nothing
 * after a close, and it does not matter how TCP cuts the bytes. The first byte
 * chooses where they are cut; the first letter of a message, what the
 * application does with it.
 */
#include "fuzz.h"

#include <stdlib.h>

/* The edge is no archive; these files of it need no more than what stands
 * below in the place of the connection and the request. */
#include "server/edge/framing.c"
#include "server/edge/head.c"
#include "server/edge/out.c"
#include "server/edge/shared.c"
#include "server/edge/websocket.c"

enum { MESSAGE_MAX = 4096, QUEUE_MAX = 8192 };

struct conn {
	struct buf out;
	struct buf texts; /* what the application got, with lengths */
	const struct conn_handler *handler;
	struct websocket *ws;
	bool dropped, closing, lagging;
	int gone;
};

struct request {
	struct conn *conn;
};

static const struct conn_limits LIMITS = { .websocket_message = MESSAGE_MAX,
					   .websocket_queue = QUEUE_MAX,
					   .ping_ms = 2 };

/* ---- the connection ---- */

const struct conn_limits *conn_limits(void)
{
	return &LIMITS;
}

struct buf *conn_out(struct conn *conn)
{
	return &conn->out;
}

void conn_put_shared(struct conn *conn, struct shared *bytes)
{
	buf_put(&conn->out, span_of(bytes->bytes, bytes->n));
}

/* A client that takes all at once, or nothing. */
size_t conn_queued(const struct conn *conn)
{
	return conn->lagging ? conn->out.n : 0;
}

void conn_write_now(struct conn *conn)
{
	(void)conn;
}

bool conn_has_room(const struct conn *conn)
{
	(void)conn;
	return true;
}

void conn_hand_over(struct conn *conn, const struct conn_handler *handler,
		    void *user)
{
	conn->handler = handler;
	conn->ws = user;
}

void conn_close_when_sent(struct conn *conn)
{
	conn->closing = true;
}

void conn_drop(struct conn *conn)
{
	if (conn->dropped)
		return;
	conn->dropped = true;
	conn->handler->gone(conn->ws);
}

unsigned long loop_now_ms(void)
{
	static unsigned long now;

	return ++now;
}

/* ---- the request: a handshake that is right ---- */

bool request_header(const struct request *req, const char *name,
		    struct span *value)
{
	static const char *const fields[][2] = {
		{ "Upgrade", "websocket" },
		{ "Connection", "keep-alive, Upgrade" },
		{ "Sec-WebSocket-Version", "13" },
		{ "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==" }
	};

	(void)req;
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (strcmp(fields[i][0], name) == 0) {
			*value = span_str(fields[i][1]);
			return true;
		}
	return false;
}

bool request_list_has(const struct request *req, const char *name,
		      const char *token)
{
	struct span value;

	return request_header(req, name, &value) &&
	       head_has_token(value, token);
}

const char *request_id(const struct request *req)
{
	(void)req;
	return "fuzz";
}

struct conn *request_conn(const struct request *req)
{
	return req->conn;
}

void request_add(struct request *req, const char *name, const char *value)
{
	(void)req;
	(void)name;
	(void)value;
	abort();
}

void request_problem(struct request *req, enum outcome outcome,
		     const char *detail)
{
	(void)outcome;
	(void)detail;
	request_add(req, "", "");
}

void request_upgraded(struct request *req)
{
	req->conn = NULL;
}

/* ---- the application ---- */

static void on_text(void *user, struct span text)
{
	struct conn *conn = user;

	if (conn->gone || conn->ws->closing || text.n > MESSAGE_MAX ||
	    !text_is_utf8(text))
		abort();
	buf_put_u64(&conn->texts, text.n);
	buf_put(&conn->texts, text);
	if (text.n == 0)
		return;
	if (text.p[0] == 'c')
		websocket_close(conn->ws, 4400, "as told");
	else if (text.p[0] == 'd')
		conn_drop(conn);
	else if (text.p[0] == 's')
		for (int i = 0; i < 3; i++)
			websocket_send(conn->ws, text);
}

static void on_gone(void *user)
{
	struct conn *conn = user;

	if (conn->gone++ != 0)
		abort();
}

static void on_overflow(void *user, char reason[124])
{
	(void)user;
	memset(reason, 'r', 123);
	reason[123] = '\0';
}

static const struct websocket_handler HANDLER = { on_text, on_gone,
						  on_overflow };

/* ---- what the client gets ---- */

/* The length of the frame's payload; moves `bytes` to it. */
static size_t frame_length(struct span *bytes)
{
	size_t n = bytes->p[1], wide = n == 126 ? 2 : n == 127 ? 8 : 0;

	if (bytes->n < 2 + wide)
		abort();
	if (wide > 0)
		n = 0;
	for (size_t i = 0; i < wide; i++)
		n = n << 8 | bytes->p[2 + i];
	if ((wide == 2 && n < 126) || (wide == 8 && n < 0x10000))
		abort();
	bytes->p += 2 + wide;
	bytes->n -= 2 + wide;
	if (n > bytes->n)
		abort();
	return n;
}

static void check_close(struct span payload)
{
	unsigned code;

	if (payload.n == 0)
		return;
	if (payload.n == 1)
		abort();
	code = (unsigned)payload.p[0] << 8 | payload.p[1];
	if (code < 1000 || code > 4999 || code == 1005 || code == 1006)
		abort();
	if (!text_is_utf8(span_of(payload.p + 2, payload.n - 2)))
		abort();
}

static void check_frames(struct span bytes)
{
	bool closed = false;

	while (bytes.n > 0) {
		uint8_t first = bytes.p[0], opcode = first & 15;
		size_t n;

		if (closed || bytes.n < 2 || (first & 0xf0) != 0x80 ||
		    (opcode != WSLAY_TEXT_FRAME && opcode < 8) || opcode > 10)
			abort();
		n = frame_length(&bytes);
		if (opcode >= 8 && n > 125)
			abort();
		closed = opcode == WSLAY_CONNECTION_CLOSE;
		if (closed)
			check_close(span_of(bytes.p, n));
		bytes.p += n;
		bytes.n -= n;
	}
}

/* ---- one connection ---- */

static void feed(struct conn *conn, struct span bytes, size_t piece)
{
	struct buf in = BUF_INIT;

	while (bytes.n > 0 && !conn->dropped && !conn->closing) {
		size_t n = piece < bytes.n ? piece : bytes.n;

		buf_put(&in, span_of(bytes.p, n));
		conn->handler->input(conn->ws, &in);
		bytes = span_of(bytes.p + n, bytes.n - n);
		if (conn->lagging && !conn->dropped)
			conn->handler->tick(conn->ws, &in, 3);
	}
	buf_clear(&in);
}

static void run(struct conn *conn, struct span bytes, size_t piece)
{
	struct request req = { conn };

	if (websocket_accept(&req, NULL, &HANDLER, conn) == NULL ||
	    req.conn != NULL || conn->out.n < 4 ||
	    memcmp(conn->out.p + conn->out.n - 4, "\r\n\r\n", 4) != 0)
		abort();
	buf_reset(&conn->out);
	feed(conn, bytes, piece);
	check_frames(buf_span(&conn->out));
	conn_drop(conn);
	if (conn->gone != 1)
		abort();
	buf_clear(&conn->out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conn whole = { .closing = false }, cut = whole, slow = whole;
	struct span bytes;

	if (size < 2)
		return 0;
	bytes = span_of(data + 1, size - 1);
	slow.lagging = true;
	run(&whole, bytes, bytes.n);
	run(&cut, bytes, 1 + data[0] % 16);
	run(&slow, bytes, 1 + data[0]);
	if (!span_equal(buf_span(&whole.texts), buf_span(&cut.texts)))
		abort();
	buf_clear(&whole.texts);
	buf_clear(&cut.texts);
	buf_clear(&slow.texts);
	return 0;
}
