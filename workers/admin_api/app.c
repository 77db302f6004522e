/*
 * The API of the administration: a process of its own on Kore, with a role of its own in
 * PostgreSQL, on a port that no client reaches. It has no key-encryption key, and no
 * function of a node beyond reading HTTP.
 */
#include "server/app.h"

#include "admin_api/api.h"
#include "admin_api/bearer.h"
#include "admin_api/config.h"
#include "server/edge/conn.h"
#include "server/event_loop.h"
#include "server/start.h"
#include "store/connection.h"

enum {
	BODY_BYTES = 4096,
	CONNECTIONS = 256,
	QUEUE = 256, /* statements */
	WAIT_MS = 30000,
	HEAD_MS = 10000,
	BODY_MS = 10000,
	IDLE_MS = 30000
};

static bool start(void)
{
	static struct connection *connection;
	const struct conn_limits limits = { .body_bytes = BODY_BYTES,
					    .websocket_message = BODY_BYTES,
					    .websocket_queue = BODY_BYTES,
					    .head_ms = HEAD_MS,
					    .body_ms = BODY_MS,
					    .idle_ms = IDLE_MS,
					    .ping_ms = IDLE_MS,
					    .access_log =
						config()->access_log != 0 };
	const struct connection_settings settings = {
		.conninfo = config()->database_url,
		.name = "hermetic admin api",
		.durable = true,
		.queue_max = QUEUE,
		.wait_ms = WAIT_MS
	};

	conn_set_limits(&limits);
	if (connection_open(event_loop(), &settings, &connection) != ERR_OK)
		return false;
	api_start(connection);
	bearer_start(config()->wrong_tokens_per_minute);
	return true;
}

static bool is_idle(void)
{
	return api_is_idle();
}

bool app_configure(struct process_settings *settings)
{
	if (!config_load())
		return false;
	if (!start_crypto(&(const struct start_tls){
		"HERMETIC_ADMIN_TLS_CERTIFICATE", config()->tls_certificate,
		"HERMETIC_ADMIN_TLS_KEY", config()->tls_key }))
		return false;
	api_open();
	settings->host = config()->host;
	settings->port = config()->port;
	settings->workers = 1; /* which counts wrong tokens alone */
	settings->connections = CONNECTIONS;
	settings->drain_ms = 0;
	settings->start = start;
	settings->is_idle = is_idle;
	return true;
}
