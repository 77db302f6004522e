/* The edge with next to nothing on it: a small GET and an echo. */
#include <stdlib.h>

#include "server/edge/conn.h"
#include "server/edge/process.h"
#include "server/edge/websocket.h"

EDGE_HANDLER void bench_get(struct request *req);
EDGE_HANDLER void bench_echo(struct request *req);

struct echo {
	struct websocket *ws;
};

void bench_get(struct request *req)
{
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

void bench_echo(struct request *req)
{
	static const struct websocket_handler handler = { on_text, on_gone,
							  on_overflow };
	struct echo *echo = calloc(1, sizeof(*echo));

	if (echo == NULL)
		abort();
	echo->ws = websocket_accept(req, NULL, &handler, echo);
	if (echo->ws == NULL)
		free(echo);
}

bool app_configure(struct process_settings *settings)
{
	*settings = (struct process_settings){ .host = "127.0.0.1",
					       .port = getenv("BENCH_PORT"),
					       .workers = 1,
					       .connections = 4096 };
	return settings->port != NULL;
}

bool app_start(void)
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

void app_drain(void)
{
}

bool app_is_idle(void)
{
	return true;
}
