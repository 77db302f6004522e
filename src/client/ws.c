#include "client/ws.h"

#include "base/buf.h"
#include "base/sec.h"
#include "client/account.h"
#include "client/api.h"

#include <libwebsockets.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_SECONDS 15
#define ANSWER_MS 30000
#define QUEUE_HIGH 1024 /* reading stops here ... */
#define QUEUE_LOW 256	/* ... and goes on here */
#define FRAME_MAX (16u << 20)
#define LOST 1006 /* RFC 6455 section 7.4.1 */

struct ws {
	struct lws_context *context;
	struct lws *wsi; /* NULL before and after the connection */
	char *authorization;
	struct buf in;	    /* a message in pieces */
	struct buf out;	    /* LWS_PRE bytes of room, then what to write */
	json_t *queue;	    /* pushes */
	json_t *answer;	    /* to the request with id `waiting` */
	json_int_t waiting; /* 0: none */
	json_int_t last_id;
	bool established, refused, paused;
	int ended; /* close code */
	char reason[128];
};

/* ---- what lws tells ---- */

static void end(struct ws *ws, int code, const char *reason, size_t n)
{
	if (ws->ended != 0)
		return;
	ws->ended = code;
	if (n >= sizeof(ws->reason))
		n = sizeof(ws->reason) - 1;
	if (n > 0)
		memcpy(ws->reason, reason, n);
	ws->reason[n] = '\0';
}

static int add_authorization(struct ws *ws, struct lws *wsi, void *in,
			     size_t room)
{
	unsigned char **p = in, *limit = *p + room;

	return lws_add_http_header_by_token(
	    wsi, WSI_TOKEN_HTTP_AUTHORIZATION,
	    (const unsigned char *)ws->authorization,
	    (int)strlen(ws->authorization), p, limit);
}

static void file_away(struct ws *ws, json_t *message)
{
	json_int_t id = json_integer_value(json_object_get(message, "id"));

	if (ws->waiting != 0 && id == ws->waiting && ws->answer == NULL) {
		ws->answer = message;
		return;
	}
	(void)json_array_append_new(ws->queue, message);
	if (json_array_size(ws->queue) >= QUEUE_HIGH && !ws->paused) {
		ws->paused = true;
		(void)lws_rx_flow_control(ws->wsi, 0);
	}
}

static int take_piece(struct ws *ws, struct lws *wsi, const void *in, size_t n)
{
	json_t *message;

	if (n > FRAME_MAX - ws->in.n)
		return -1;
	buf_put(&ws->in, span_of(in, n));
	if (!lws_is_final_fragment(wsi) ||
	    lws_remaining_packet_payload(wsi) > 0)
		return 0;
	if (buf_end(&ws->in) != ERR_OK)
		return -1;
	message = json_loadb((const char *)ws->in.p, ws->in.n, 0, NULL);
	buf_reset(&ws->in);
	if (!json_is_object(message)) {
		json_decref(message);
		return -1;
	}
	file_away(ws, message);
	return 0;
}

static int write_out(struct ws *ws, struct lws *wsi)
{
	size_t n = ws->out.n > LWS_PRE ? ws->out.n - LWS_PRE : 0;

	if (n == 0)
		return 0;
	if (lws_write(wsi, ws->out.p + LWS_PRE, n, LWS_WRITE_TEXT) < (int)n)
		return -1;
	buf_reset(&ws->out);
	return 0;
}

static void note_failure(struct ws *ws, struct lws *wsi, const char *text,
			 size_t n)
{
	unsigned status = lws_http_client_http_response(wsi);

	/* 5xx is a server that starts, stops or is overloaded: not reached */
	ws->refused = status < 500 &&
		      (status >= 400 ||
		       (text != NULL && n >= 3 && memcmp(text, "HS:", 3) == 0));
	end(ws, LOST, text != NULL ? text : "no connection",
	    text != NULL ? n : 13);
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason,
		    void *user, void *in, size_t n)
{
	struct ws *ws = lws_context_user(lws_get_context(wsi));

	(void)user;
	/* of lws's hundred reasons, those of a WebSocket's client */
	if (reason == LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER)
		return add_authorization(ws, wsi, in, n);
	if (reason == LWS_CALLBACK_CLIENT_ESTABLISHED)
		ws->established = true;
	if (reason == LWS_CALLBACK_CLIENT_RECEIVE)
		return take_piece(ws, wsi, in, n);
	if (reason == LWS_CALLBACK_CLIENT_WRITEABLE)
		return write_out(ws, wsi);
	if (reason == LWS_CALLBACK_WS_PEER_INITIATED_CLOSE && n >= 2) {
		const uint8_t *p = in;

		end(ws, p[0] << 8 | p[1], (const char *)p + 2, n - 2);
	}
	if (reason == LWS_CALLBACK_CLIENT_CONNECTION_ERROR) {
		note_failure(ws, wsi, in, n);
		ws->wsi = NULL;
	}
	if (reason == LWS_CALLBACK_CLIENT_CLOSED) {
		end(ws, LOST, "connection lost", 15);
		ws->wsi = NULL;
	}
	return 0;
}

static const struct lws_protocols PROTOCOLS[] = {
	{ .name = "hermetic.v1",
	  .callback = on_event,
	  .rx_buffer_size = 65536 },
	{ .name = NULL },
};

/* Pings a silent connection after 20 seconds, gives it up after 50. */
static const uint32_t BACKOFF[] = { 1000 };
static const lws_retry_bo_t IDLE_POLICY = {
	.retry_ms_table = BACKOFF,
	.retry_ms_table_count = 1,
	.secs_since_valid_ping = 20,
	.secs_since_valid_hangup = 50,
};

/* ---- opening ---- */

static enum err make_context(struct ws *ws, bool tls)
{
	struct lws_context_creation_info info = { 0 };

	info.port = CONTEXT_PORT_NO_LISTEN;
	info.protocols = PROTOCOLS;
	info.user = ws;
	info.gid = -1;
	info.uid = -1;
	info.timeout_secs = CONNECT_SECONDS;
	if (tls)
		info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
	ws->context = lws_create_context(&info);
	return ws->context != NULL ? ERR_OK : ERR_LOCAL_MEMORY;
}

static enum err set_authorization(struct ws *ws, const char *token)
{
	size_t size = strlen(token) + sizeof("Bearer ");

	ws->authorization = malloc(size);
	if (ws->authorization == NULL)
		return ERR_LOCAL_MEMORY;
	(void)snprintf(ws->authorization, size, "Bearer %s", token);
	return ERR_OK;
}

static enum err connect_to(struct ws *ws, const char *url)
{
	struct lws_client_connect_info info = { 0 };
	const char *scheme, *path, *host;
	struct buf target = BUF_INIT, authority = BUF_INIT;
	char *copy = strdup(url);
	int port;
	enum err e;

	ENSURE(copy != NULL, ERR_LOCAL_MEMORY);
	ENSURE(lws_parse_uri(copy, &scheme, &host, &port, &path) == 0,
	       ERR_PEER_MALFORMED);
	path += path[0] == '/' ? 1 : 0;
	buf_putf(&target, "/%s%sws", path, path[0] != '\0' ? "/" : "");
	buf_put_u8(&target, 0);
	TRY(buf_end(&target));
	buf_putf(&authority, "%s:%d", host, port);
	buf_put_u8(&authority, 0);
	TRY(buf_end(&authority));
	TRY(make_context(ws, strcmp(scheme, "https") == 0));
	info.context = ws->context;
	info.address = host;
	info.host = (const char *)authority.p;
	info.port = port;
	info.path = (const char *)target.p;
	info.protocol = PROTOCOLS[0].name;
	info.ssl_connection = strcmp(scheme, "https") == 0 ? LCCSCF_USE_SSL : 0;
	info.pwsi = &ws->wsi;
	info.retry_and_idle_policy = &IDLE_POLICY;
	if (lws_client_connect_via_info(&info) == NULL)
		end(ws, LOST, "no connection", 13);
	while (!ws->established && ws->ended == 0)
		(void)lws_service(ws->context, 0);
out:
	free(copy);
	buf_clear(&target);
	buf_clear(&authority);
	return e;
}

enum err ws_open(const char *url, const char *token, struct why *why,
		 struct ws **out)
{
	struct ws *ws = calloc(1, sizeof(*ws));
	enum err e;

	ENSURE(ws != NULL, ERR_LOCAL_MEMORY);
	lws_set_log_level(0, NULL);
	ws->queue = json_array();
	ENSURE(ws->queue != NULL, ERR_LOCAL_MEMORY);
	TRY(set_authorization(ws, token));
	TRY(connect_to(ws, url));
	if (ws->ended != 0 && ws->refused)
		TRY(why_set(why, ERR_PEER_DENIED, "ws-refused",
			    "%s refused the WebSocket (%s).", url, ws->reason));
	if (ws->ended != 0) {
		why->unreachable = true;
		TRY(why_set(why, ERR_LOCAL_IO, "unreachable",
			    "Cannot reach %s (%s).", url, ws->reason));
	}
	*out = ws;
	return ERR_OK;
out:
	ws_close(ws);
	return e;
}

void ws_close(struct ws *ws)
{
	if (ws == NULL)
		return;
	if (ws->context != NULL)
		lws_context_destroy(ws->context);
	if (ws->authorization != NULL)
		sec_wipe(ws->authorization, strlen(ws->authorization));
	free(ws->authorization);
	buf_clear(&ws->in);
	buf_clear(&ws->out);
	json_decref(ws->queue);
	json_decref(ws->answer);
	free(ws);
}

int ws_ended(const struct ws *ws)
{
	return ws->ended;
}

const char *ws_end_reason(const struct ws *ws)
{
	return ws->reason;
}

/* ---- time ---- */

/* lws has timers of its own: it is served at least once a second. */
static void serve(struct ws *ws, int fd, int timeout_ms, bool *readable)
{
	struct pollfd fds[2] = { { .fd = -1 }, { .fd = fd, .events = POLLIN } };

	if (ws->wsi != NULL) {
		fds[0].fd = lws_get_socket_fd(ws->wsi);
		fds[0].events = ws->paused ? 0 : POLLIN;
		if (ws->out.n > 0)
			fds[0].events |= POLLOUT;
	}
	if (timeout_ms < 0 || timeout_ms > 1000)
		timeout_ms = 1000;
	(void)poll(fds, 2, timeout_ms);
	if (readable != NULL)
		*readable = (fds[1].revents & (POLLIN | POLLHUP)) != 0;
	(void)lws_service(ws->context, -1);
}

void ws_wait(struct ws *ws, int fd, int timeout_ms, bool *readable)
{
	uint64_t until = account_now_ms() + (uint64_t)timeout_ms;

	*readable = false;
	while (ws->ended == 0 && json_array_size(ws->queue) == 0 &&
	       !*readable) {
		uint64_t now = account_now_ms();

		if (now >= until)
			break;
		serve(ws, fd, (int)(until - now), readable);
	}
}

json_t *ws_take(struct ws *ws)
{
	json_t *first = json_incref(json_array_get(ws->queue, 0));

	(void)json_array_remove(ws->queue, 0);
	if (ws->paused && ws->wsi != NULL &&
	    json_array_size(ws->queue) <= QUEUE_LOW) {
		ws->paused = false;
		(void)lws_rx_flow_control(ws->wsi, 1);
	}
	return first;
}

/* ---- requests ---- */

static enum err start_request(struct ws *ws, json_t *body)
{
	static const uint8_t room[LWS_PRE];
	char *text;
	enum err e = ERR_OK;

	ws->waiting = ++ws->last_id;
	(void)json_object_set_new(body, "id", json_integer(ws->waiting));
	text = json_dumps(body, JSON_COMPACT);
	ENSURE(text != NULL, ERR_LOCAL_MEMORY);
	buf_reset(&ws->out);
	buf_put(&ws->out, SPAN_ARRAY(room));
	buf_put_str(&ws->out, text);
	TRY(buf_end(&ws->out));
	(void)lws_callback_on_writable(ws->wsi);
out:
	free(text);
	return e;
}

static enum err read_answer(json_t *answer, struct why *why, char slug[48])
{
	const json_t *problem;
	const char *type = json_string_value(json_object_get(answer, "type"));

	if (type == NULL || strcmp(type, "problem") != 0)
		return ERR_OK;
	problem = json_object_get(answer, "problem");
	return api_problem(
	    (long)json_integer_value(json_object_get(problem, "status")),
	    problem, why, slug);
}

enum err ws_request(struct ws *ws, json_t *body, struct why *why, char slug[48],
		    json_t **answer)
{
	uint64_t until = account_now_ms() + ANSWER_MS;
	enum err e = ERR_OK;

	slug[0] = '\0';
	if (ws->ended == 0)
		TRY(start_request(ws, body));
	while (ws->answer == NULL && ws->ended == 0 &&
	       account_now_ms() < until) {
		/* the answer stands behind pushes: read on whatever waits */
		if (ws->paused) {
			ws->paused = false;
			(void)lws_rx_flow_control(ws->wsi, 1);
		}
		serve(ws, -1, 1000, NULL);
	}
	if (ws->answer == NULL) {
		why->unreachable = true;
		TRY(why_set(why, ERR_LOCAL_IO, "unreachable",
			    "The connection ended before the server "
			    "answered%s%s.",
			    ws->reason[0] != '\0' ? ": " : "", ws->reason));
	}
	TRY(read_answer(ws->answer, why, slug));
	*answer = json_incref(ws->answer);
out:
	json_decref(ws->answer);
	json_decref(body);
	ws->answer = NULL;
	ws->waiting = 0;
	return e;
}
