#include "reach/channel_kind.h"
#include "reach/pause.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/sec.h"

#include <errno.h>
#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>

#define FRAME_MAX (16u << 20)
#define CLOSE_TOKEN 4401 /* token expired or revoked */

struct ws {
	struct channel channel; /* first */
	struct lws_context *context;
	struct lws *wsi; /* NULL before and after the connection */
	char *authorization;
	struct buf in;	/* a message in pieces */
	struct buf out; /* LWS_PRE bytes of room, then what to write */
	bool established, refused;
	lws_sorted_usec_list_t patience; /* while it connects */
	uint64_t since;			 /* by the steady clock */
};

static struct ws *of(struct channel *channel)
{
	return (struct ws *)channel;
}

/* ---- what lws tells ---- */

static void end(struct ws *ws, const char *reason)
{
	channel_end(&ws->channel, span_str(reason));
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

static int take_piece(struct ws *ws, struct lws *wsi, const void *in, size_t n)
{
	bool good;

	if (n > FRAME_MAX - ws->in.n)
		return -1;
	buf_put(&ws->in, span_of(in, n));
	if (!lws_is_final_fragment(wsi) ||
	    lws_remaining_packet_payload(wsi) > 0)
		return 0;
	if (buf_end(&ws->in) != ERR_OK)
		return -1;
	good = channel_received(&ws->channel, buf_span(&ws->in));
	buf_reset(&ws->in);
	return good ? 0 : -1;
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

/* What lws says of a certificate helps; of an answer the status does. */
static void note_failure(struct ws *ws, struct lws *wsi, const char *text,
			 size_t n)
{
	unsigned status = lws_http_client_http_response(wsi);
	bool answered = text != NULL && n >= 3 && memcmp(text, "HS:", 3) == 0;
	/* lws has a time of its own, about as long as ours */
	bool late = text != NULL && n >= 9 && memcmp(text, "Timed out", 9) == 0;
	char words[32];

	/* 5xx is a server that starts, stops or is overloaded: not reached */
	ws->refused = status < 500 && (status >= 400 || answered);
	(void)snprintf(words, sizeof(words), "HTTP %u", status);
	if (status >= 300)
		end(ws, words);
	else if (answered)
		end(ws, "no WebSocket");
	else if (late)
		end(ws, "no answer");
	else if (text != NULL)
		channel_end(&ws->channel, span_of(text, n));
	else
		end(ws, "no connection");
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

		ws->channel.wants_token = (p[0] << 8 | p[1]) == CLOSE_TOKEN;
		channel_end(&ws->channel, span_of(p + 2, n - 2));
	}
	if (reason == LWS_CALLBACK_CLIENT_CONNECTION_ERROR) {
		note_failure(ws, wsi, in, n);
		ws->wsi = NULL;
	}
	if (reason == LWS_CALLBACK_CLIENT_CLOSED) {
		end(ws, "connection lost");
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

static enum err make_context(struct ws *ws, bool tls, const char *ca)
{
	struct lws_context_creation_info info = { 0 };

	info.port = CONTEXT_PORT_NO_LISTEN;
	info.protocols = PROTOCOLS;
	info.user = ws;
	info.timeout_secs = CHANNEL_CONNECT_MS / 1000;
	if (tls)
		info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
	info.client_ssl_ca_filepath = tls ? ca : NULL;
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

/* lws waits without end for a server that takes the connection and says nothing. */
static void give_up(lws_sorted_usec_list_t *patience)
{
	struct ws *ws = lws_container_of(patience, struct ws, patience);

	if (clock_steady_ms() - ws->since >= CHANNEL_CONNECT_MS ||
	    pause_is_over(ws->since)) {
		end(ws, "no answer");
		lws_cancel_service(ws->context); /* it would wait on */
		return;
	}
	lws_sul_schedule(ws->context, 0, patience, give_up,
			 (lws_usec_t)PAUSE_ASK_MS * 1000);
}

static enum err connect_to(struct ws *ws, const char *url, const char *ca)
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
	TRY(make_context(ws, strcmp(scheme, "https") == 0, ca));
	info.context = ws->context;
	info.address = host;
	info.host = (const char *)authority.p;
	info.port = port;
	info.path = (const char *)target.p;
	info.protocol = PROTOCOLS[0].name;
	/* the token is for this server only */
	info.ssl_connection =
	    LCCSCF_HTTP_NO_FOLLOW_REDIRECT |
	    (strcmp(scheme, "https") == 0 ? LCCSCF_USE_SSL : 0);
	info.pwsi = &ws->wsi;
	info.retry_and_idle_policy = &IDLE_POLICY;
	ws->since = clock_steady_ms();
	lws_sul_schedule(ws->context, 0, &ws->patience, give_up,
			 (lws_usec_t)PAUSE_ASK_MS * 1000);
	if (lws_client_connect_via_info(&info) == NULL)
		end(ws, "no connection");
	while (!ws->established && !ws->channel.ended)
		(void)lws_service(ws->context, 0);
	lws_sul_schedule(ws->context, 0, &ws->patience, give_up,
			 LWS_SET_TIMER_USEC_CANCEL);
out:
	free(copy);
	buf_clear(&target);
	buf_clear(&authority);
	return e;
}

/* ---- the kind ---- */

static void close_ws(struct channel *channel)
{
	struct ws *ws = of(channel);

	if (ws->context != NULL)
		lws_context_destroy(ws->context);
	if (ws->authorization != NULL)
		sec_wipe(ws->authorization, strlen(ws->authorization));
	free(ws->authorization);
	buf_clear(&ws->in);
	buf_clear(&ws->out);
	channel_clear(channel);
	free(ws);
}

static enum err subscribe(struct channel *channel, const char *id,
			  uint64_t after, struct why *why,
			  struct channel_subscription *out)
{
	json_t *answer = NULL;
	char slug[48];
	enum err e;

	TRY(channel_request(channel, id,
			    json_pack("{s:s, s:s, s:I}", "type", "subscribe",
				      "session_id", id, "after",
				      (json_int_t)after),
			    why, slug, &answer));
	out->due = json_is_true(json_object_get(answer, "rotation_due"));
	out->typing = json_is_true(json_object_get(answer, "typing"));
out:
	json_decref(answer);
	return e;
}

/* The envelope says which session it is for. */
static enum err put(struct channel *channel, const char *id, const char *text)
{
	static const uint8_t room[LWS_PRE];
	struct ws *ws = of(channel);
	enum err e;

	(void)id;
	buf_reset(&ws->out);
	buf_put(&ws->out, SPAN_ARRAY(room));
	buf_put_str(&ws->out, text);
	TRY(buf_end(&ws->out));
	(void)lws_callback_on_writable(ws->wsi);
out:
	return e;
}

static void type(struct channel *channel, const char *id, const char *text)
{
	const struct ws *ws = of(channel);

	/* a request that waits to be written has room for nothing else */
	if (ws->wsi != NULL && ws->out.n <= LWS_PRE &&
	    put(channel, id, text) != ERR_OK)
		channel_end(channel, SPAN_LIT("no memory"));
}

/* lws has timers of its own: it is served at least once a second. */
static bool serve(struct channel *channel, int timeout_ms)
{
	struct pollfd in = { .fd = -1 };
	struct ws *ws = of(channel);
	bool undisturbed;

	if (ws->wsi != NULL) {
		in.fd = lws_get_socket_fd(ws->wsi);
		in.events = channel->paused ? 0 : POLLIN;
		if (ws->out.n > 0)
			in.events |= POLLOUT;
	}
	if (timeout_ms < 0 || timeout_ms > 1000)
		timeout_ms = 1000;
	undisturbed = poll(&in, 1, timeout_ms) >= 0 || errno != EINTR;
	(void)lws_service(ws->context, -1);
	return undisturbed;
}

static int socket_of(const struct channel *channel)
{
	const struct ws *ws = (const struct ws *)channel;

	return ws->wsi != NULL ? lws_get_socket_fd(ws->wsi) : -1;
}

static void set_reading(struct channel *channel, bool on)
{
	if (of(channel)->wsi != NULL)
		(void)lws_rx_flow_control(of(channel)->wsi, on ? 1 : 0);
}

static const struct channel_kind WEBSOCKET = {
	.close = close_ws,
	.subscribe = subscribe,
	.put = put,
	.type = type,
	.names_requests = true,
	.serve = serve,
	.fd = socket_of,
	.read = set_reading,
};

enum err ws_open(const struct channel_target *target, struct why *why,
		 struct channel **out)
{
	struct ws *ws = calloc(1, sizeof(*ws));
	enum err e;

	ENSURE(ws != NULL, ERR_LOCAL_MEMORY);
	lws_set_log_level(0, NULL);
	TRY(channel_init(&ws->channel, &WEBSOCKET));
	TRY(set_authorization(ws, target->token));
	TRY(connect_to(ws, target->api, target->ca));
	if (ws->channel.ended && ws->refused)
		TRY(why_set(why, ERR_PEER_DENIED, "ws-refused",
			    "%s refused the WebSocket (%s).", target->api,
			    ws->channel.reason));
	if (ws->channel.ended) {
		why->unreachable = true;
		TRY(why_set(why, ERR_LOCAL_IO, "unreachable",
			    "Cannot reach %s (%s).", target->api,
			    ws->channel.reason));
	}
	*out = &ws->channel;
	return ERR_OK;
out:
	if (ws != NULL)
		close_ws(&ws->channel);
	return e;
}
