#include "server/edge/websocket.h"

#include <stdlib.h>
#include <string.h>
#include <wslay/wslay.h>

#include "base/text.h"
#include "crypto/hash.h"
#include "server/edge/conn.h"
#include "server/edge/framing.h"
#include "server/edge/loop.h"
#include "server/edge/shared.h"

enum { CLOSE_WAIT_MS = 15000, REASON_MAX = 123 };

struct websocket {
	struct conn *conn;
	struct framing *framing; /* NULL: between messages, nothing to keep */
	const struct websocket_handler *handler;
	void *user;
	struct buf *in; /* while input is being read */
	bool closing;	/* our close frame is queued */
	bool broken;	/* by a frame that is none */
	bool pinged;
	bool dead; /* gone while input is read: freed when that is done */
	unsigned long closed_at, pinged_at;
};

/* ---- what the framing says ---- */

/* Section 5.5.1. wslay takes half a code for none, and does not look at all of
 * a reason that comes in pieces. */
static bool close_is_valid(struct span payload)
{
	return payload.n == 0 ||
	       (payload.n >= 2 &&
		text_is_utf8(span_of(payload.p + 2, payload.n - 2)));
}

static bool on_message(void *user, unsigned opcode, struct span payload)
{
	struct websocket *ws = user;

	if (ws->closing)
		return true;
	if (opcode == WSLAY_CONNECTION_CLOSE)
		return close_is_valid(payload);
	if (opcode == WSLAY_BINARY_FRAME)
		websocket_close(ws, 1003, "text only");
	else if (opcode == WSLAY_TEXT_FRAME)
		ws->handler->on_text(ws->user, payload);
	return true;
}

static struct buf *on_output(void *user)
{
	const struct websocket *ws = user;

	return conn_out(ws->conn);
}

static const struct framing_user FRAMING_USER = { on_message, on_output };

/* False without memory. */
static bool need_framing(struct websocket *ws)
{
	if (ws->framing == NULL)
		ws->framing = framing_take(&FRAMING_USER, ws,
					   conn_limits()->websocket_message);
	return ws->framing != NULL;
}

static void spare_framing(struct websocket *ws)
{
	if (ws->framing != NULL && framing_is_idle(ws->framing)) {
		framing_give_back(ws->framing);
		ws->framing = NULL;
	}
}

/* ---- the handshake, section 4.2 ---- */

static bool key_is_valid(struct span key)
{
	struct buf nonce = BUF_INIT;
	bool ok = text_base64(&nonce, key) == ERR_OK && nonce.n == 16;

	buf_clear(&nonce);
	return ok;
}

/* SHA-1 because section 4.2.2 says so; it protects nothing here. */
static bool accept_value(struct span key, struct buf *out)
{
	struct buf in = BUF_INIT;
	uint8_t digest[20];
	bool ok;

	buf_put(&in, key);
	buf_put_str(&in, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
	ok = hash_sha1(buf_span(&in), digest) == ERR_OK;
	text_put_base64(out, SPAN_ARRAY(digest));
	buf_clear(&in);
	return ok;
}

static bool check_handshake(struct request *req, struct span *key)
{
	if (!request_list_has(req, "Upgrade", "websocket") ||
	    !request_list_has(req, "Connection", "upgrade")) {
		request_add(req, "Upgrade", "websocket");
		request_problem(req, OUTCOME_UPGRADE_REQUIRED, NULL);
		return false;
	}
	if (!request_list_has(req, "Sec-WebSocket-Version", "13")) {
		request_add(req, "Sec-WebSocket-Version", "13");
		request_problem(req, OUTCOME_UPGRADE_REQUIRED,
				"the version must be 13");
		return false;
	}
	if (!request_header(req, "Sec-WebSocket-Key", key) ||
	    !key_is_valid(*key)) {
		request_problem(req, OUTCOME_MALFORMED, "Sec-WebSocket-Key");
		return false;
	}
	return true;
}

static struct websocket *new_websocket(struct conn *conn)
{
	struct websocket *ws = calloc(1, sizeof(*ws));

	if (ws == NULL)
		return NULL;
	ws->conn = conn;
	return ws;
}

static void put_switching(struct conn *conn, const struct request *req,
			  struct span key, const char *protocol)
{
	struct buf accept = BUF_INIT, *out = conn_out(conn);

	(void)accept_value(key, &accept);
	buf_put_str(out, "HTTP/1.1 101 Switching Protocols\r\n"
			 "Upgrade: websocket\r\nConnection: Upgrade\r\n"
			 "Sec-WebSocket-Accept: ");
	buf_put(out, buf_span(&accept));
	buf_putf(out, "\r\nX-Request-Id: %s", request_id(req));
	if (protocol != NULL)
		buf_putf(out, "\r\nSec-WebSocket-Protocol: %s", protocol);
	buf_put_str(out, "\r\n\r\n");
	buf_clear(&accept);
}

/* ---- sending ---- */

/* The head of a text message in one frame, unmasked. */
static void put_head(struct buf *out, size_t n)
{
	buf_put_u8(out, 0x80 | WSLAY_TEXT_FRAME);
	if (n < 126) {
		buf_put_u8(out, (uint8_t)n);
	} else if (n <= 0xffff) {
		buf_put_u8(out, 126);
		buf_put_u16(out, (uint16_t)n);
	} else {
		buf_put_u8(out, 127);
		buf_put_u64(out, n);
	}
}

struct shared *websocket_frame(struct span text)
{
	struct buf head = BUF_INIT;
	struct shared *frame = NULL;

	put_head(&head, text.n);
	if (buf_end(&head) == ERR_OK)
		frame = shared_new(head.n + text.n);
	if (frame != NULL)
		(void)span_copy(span_copy(frame->bytes, buf_span(&head)).n +
				    frame->bytes,
				text);
	buf_clear(&head);
	return frame;
}

static void overflow(struct websocket *ws)
{
	char reason[REASON_MAX + 1] = "too slow";

	ws->handler->on_overflow(ws->user, reason);
	websocket_close(ws, 1013, reason);
}

/* One message alone always fits. */
static bool fits(const struct websocket *ws, size_t n)
{
	size_t queued = conn_queued(ws->conn);

	return queued == 0 || queued + n <= conn_limits()->websocket_queue;
}

/* A client lags by what the kernel does not take, and not by what came for it in this turn. */
static bool has_room(struct websocket *ws, size_t n)
{
	if (ws->closing)
		return false;
	if (!fits(ws, n))
		conn_write_now(ws->conn);
	if (fits(ws, n))
		return true;
	overflow(ws);
	return false;
}

void websocket_send_frame(struct websocket *ws, struct shared *frame)
{
	if (has_room(ws, frame->n))
		conn_put_shared(ws->conn, frame);
}

void websocket_send(struct websocket *ws, struct span text)
{
	struct buf *out;

	if (!has_room(ws, text.n))
		return;
	out = conn_out(ws->conn);
	put_head(out, text.n);
	buf_put(out, text);
}

size_t websocket_queued(const struct websocket *ws)
{
	return conn_queued(ws->conn);
}

void websocket_close(struct websocket *ws, unsigned code, const char *reason)
{
	size_t n = strlen(reason);

	if (ws->closing)
		return;
	ws->closing = true;
	ws->closed_at = loop_now_ms();
	if (!need_framing(ws) ||
	    !framing_close(ws->framing, (uint16_t)code,
			   span_of(reason, n < REASON_MAX ? n : REASON_MAX)))
		/* not dropped here: whoever sends may still hold the socket */
		conn_close_when_sent(ws->conn);
}

/* ---- receiving ---- */

static void free_websocket(struct websocket *ws)
{
	framing_free(ws->framing);
	free(ws);
}

/* Section 7.1.7. Of a frame that is none wslay says nothing, or a close without
 * a code. */
static void fail(struct websocket *ws)
{
	static const uint8_t close[] = { 0x88, 2, 1002 >> 8, 1002 & 0xff };

	if (!ws->closing)
		buf_put(conn_out(ws->conn), SPAN_ARRAY(close));
	ws->broken = ws->closing = true;
	conn_close_when_sent(ws->conn);
}

static void take_input(void *user, struct buf *in)
{
	struct websocket *ws = user;
	enum framing_state state = FRAMING_BROKEN;
	size_t taken = 0;

	if (ws->broken) { /* what follows means nothing */
		buf_reset(in);
		return;
	}
	ws->in = in;
	ws->pinged = false;
	if (need_framing(ws))
		state = framing_read(ws->framing, buf_span(in), &taken);
	ws->in = NULL;
	if (ws->dead) {
		free_websocket(ws);
		return;
	}
	buf_consume(in, taken);
	if (state == FRAMING_BROKEN)
		fail(ws);
	if (state == FRAMING_CLOSED) {
		ws->closing = true;
		conn_close_when_sent(ws->conn);
	}
	spare_framing(ws);
}

static void ping(struct websocket *ws, unsigned long now)
{
	static const uint8_t frame[] = { 0x80 | WSLAY_PING, 0 };

	ws->pinged = true;
	ws->pinged_at = now;
	buf_put(conn_out(ws->conn), SPAN_ARRAY(frame));
}

static void pass_time(void *user, struct buf *in, unsigned long silent_ms)
{
	struct websocket *ws = user;
	unsigned long now = loop_now_ms(), patience = conn_limits()->ping_ms;

	(void)in;
	if (ws->closing) {
		if (now - ws->closed_at > CLOSE_WAIT_MS)
			conn_drop(ws->conn);
	} else if (ws->pinged) {
		if (now - ws->pinged_at > patience)
			conn_drop(ws->conn);
	} else if (silent_ms > patience) {
		ping(ws, now);
	}
}

static void end(void *user)
{
	struct websocket *ws = user;

	ws->handler->on_gone(ws->user);
	if (ws->in != NULL) {
		ws->dead = ws->closing = true;
		return;
	}
	free_websocket(ws);
}

static bool wants(const void *user, size_t waiting)
{
	const struct websocket *ws = user;

	(void)waiting;
	return conn_has_room(ws->conn);
}

/* ---- the beginning ---- */

static const struct conn_handler CONN_HANDLER = { .input = take_input,
						  .wants = wants,
						  .tick = pass_time,
						  .gone = end,
						  .lives_by_input = true };

struct websocket *websocket_accept(struct request *req, const char *protocol,
				   const struct websocket_handler *handler,
				   void *user)
{
	struct conn *conn = request_conn(req);
	struct websocket *ws;
	struct span key;

	if (!check_handshake(req, &key))
		return NULL;
	ws = conn != NULL ? new_websocket(conn) : NULL;
	if (ws == NULL) {
		request_problem(req, OUTCOME_UNAVAILABLE, NULL);
		return NULL;
	}
	ws->handler = handler;
	ws->user = user;
	put_switching(conn, req, key, protocol);
	conn_hand_over(conn, &CONN_HANDLER, ws);
	request_upgraded(req);
	return ws;
}
