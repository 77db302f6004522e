/* The edge with next to nothing on it: a small GET and an echo. */
#include <stdlib.h>

#include "server/edge/conn.h"
#include "server/edge/exported.h"
#include "server/edge/process.h"
#include "server/edge/router.h"
#include "server/edge/websocket.h"

struct echo {
	struct websocket *ws;
};

static void get(struct request *req, const void *arg)
{
	(void)arg;
	request_answer(req, 200, "application/json",
		       SPAN_LIT("{\"status\":\"ok\"}"));
}

static void on_text(void *user, struct span text)
{
	const struct echo *echo = user;

	websocket_send(echo->ws, text);
}

static void on_gone(void *user)
{
	free(user);
}

static void on_overflow(void *user, char reason[124])
{
	(void)user;
	(void)reason;
}

static void begin_echo(struct request *req, const void *arg)
{
	static const struct websocket_handler handler = { on_text, on_gone,
							  on_overflow };
	struct echo *echo = calloc(1, sizeof(*echo));

	(void)arg;
	if (echo == NULL)
		abort();
	echo->ws = websocket_accept(req, NULL, &handler, echo);
	if (echo->ws == NULL)
		free(echo);
}

static bool start(void)
{
	static const struct conn_limits limits = { .body_bytes = 1 << 20,
						   .websocket_message = 1 << 20,
						   .websocket_queue = 1 << 20,
						   .head_ms = 10000,
						   .body_ms = 30000,
						   .idle_ms = 60000,
						   .ping_ms = 30000 };

	conn_set_limits(&limits);
	return true;
}

static bool is_idle(void)
{
	return true;
}

static bool configure(struct process_settings *settings)
{
	*settings = (struct process_settings){ .host = "127.0.0.1",
					       .port = getenv("BENCH_PORT"),
					       .workers = 1,
					       .connections = 4096,
					       .start = start,
					       .is_idle = is_idle };
	router_add(HEAD_GET, "/get", get, NULL);
	router_add(HEAD_GET, "/echo", begin_echo, NULL);
	return settings->port != NULL;
}

EDGE_EXPORTED void kore_parent_configure(int argc, char **argv);

void kore_parent_configure(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	process_begin(configure);
}
