/*
 * hermetic-mqtt-bridge: between the broker beside it and PostgreSQL. Clients
 * come to the broker through its gate. It keeps nothing: any number of them
 * run on one database, each with a broker of its own.
 */
#include <signal.h>
#include <stdio.h>

#include "base/log.h"
#include "base/metrics.h"
#include "base/settings.h"
#include "door/delivery.h"
#include "door/limits.h"
#include "door/presence.h"
#include "door/typing_lane.h"
#include "mqtt_bridge/broker.h"
#include "mqtt_bridge/gate.h"
#include "mqtt_bridge/inflow.h"
#include "mqtt_bridge/outflow.h"
#include "store/cluster.h"
#include "store/listener.h"
#include "store/poll_loop.h"
#include "store/scrape.h"

static struct {
	const char *database_url, *secret, *socket, *host, *metrics_host,
	    *seen_file;
	uint64_t port, packet_bytes, connections, replay, expiry;
	uint64_t envelope_bytes, nonce_window, queue_messages, queue_bytes;
	uint64_t buckets;
	uint64_t metrics_port;
	uint64_t rotation, rotation_messages, grace, grace_messages;
	uint64_t messages, bytes, session_messages, typing; /* a minute */
	uint64_t connect, sessions;
} config;

static const struct setting WANTED[] = {
	{ SETTING_MQTT_BRIDGE_DATABASE_URL, &config.database_url, NULL },
	{ SETTING_MQTT_BRIDGE_SECRET, &config.secret, NULL },
	{ SETTING_MQTT_SOCKET, &config.socket, NULL },
	{ SETTING_MQTT_HOST, &config.host, NULL },
	{ SETTING_MQTT_PORT, &config.port, NULL },
	{ SETTING_MQTT_PACKET_BYTES, &config.packet_bytes, NULL },
	{ SETTING_MQTT_CONNECTIONS, &config.connections, NULL },
	{ SETTING_MQTT_REPLAY_SECONDS, &config.replay, NULL },
	{ SETTING_MQTT_EXPIRY_SECONDS, &config.expiry, NULL },
	{ SETTING_ENVELOPE_BYTES, &config.envelope_bytes, NULL },
	{ SETTING_MQTT_CONNECT_SECONDS, &config.connect, NULL },
	{ SETTING_MQTT_SESSIONS_PER_DAY, &config.sessions, NULL },
	{ SETTING_MESSAGES_PER_MINUTE, &config.messages, NULL },
	{ SETTING_BYTES_PER_MINUTE, &config.bytes, NULL },
	{ SETTING_SESSION_MESSAGES_PER_MINUTE, &config.session_messages, NULL },
	{ SETTING_TYPING_PER_MINUTE, &config.typing, NULL },
	{ SETTING_NONCE_WINDOW_SECONDS, &config.nonce_window, NULL },
	{ SETTING_DATABASE_BUCKETS, &config.buckets, NULL },
	{ SETTING_QUEUE_MESSAGES, &config.queue_messages, NULL },
	{ SETTING_QUEUE_BYTES, &config.queue_bytes, NULL },
	{ SETTING_ROTATION_SECONDS, &config.rotation, NULL },
	{ SETTING_ROTATION_MESSAGES, &config.rotation_messages, NULL },
	{ SETTING_ROTATION_GRACE_SECONDS, &config.grace, NULL },
	{ SETTING_ROTATION_GRACE_MESSAGES, &config.grace_messages, NULL },
	{ SETTING_DATABASE_SEEN_FILE, &config.seen_file, NULL },
	{ SETTING_METRICS_HOST, &config.metrics_host, NULL },
	{ SETTING_MQTT_METRICS_PORT, &config.metrics_port, NULL },
	{ SETTING_LOG_LEVEL, NULL, settings_log_level },
};

static volatile sig_atomic_t stopping;
static struct connection *queries;
static struct listener *listener;
static struct notifier *notifier;
static struct writer *writer;
static bool broker_is_up;

static void on_signal(int number)
{
	(void)number;
	stopping = 1;
}

static void on_stored(void *arg, const struct message *message)
{
	const struct notice own = { NOTICE_MESSAGE, message->session,
				    message->seq, SPAN_EMPTY, 0 };

	(void)arg;
	delivery_count(message);
	notifier_tell(notifier, NOTICE_MESSAGE, message->session, message->seq);
	outflow_heard(NULL, &own);
}

static void on_notify(void *arg, const char *payload)
{
	lines_parse(payload, NULL, outflow_heard, arg);
}

static void on_listening(void *arg)
{
	(void)arg;
	outflow_resync();
}

static void on_broker(bool connected)
{
	broker_is_up = connected;
	outflow_connected(connected);
	if (!connected)
		gate_open(false);
}

/* Clients come when what they send can be stored. A database that is away for
 * a while does not turn them out: the writer waits for it. */
static void on_tick(void *arg)
{
	(void)arg;
	if (broker_is_up && writer_is_ready(writer))
		gate_open(true);
}

static enum err open_store(const struct store_loop *loop)
{
	struct connection_settings to = { .conninfo = config.database_url,
					  .name = "hermetic bridge",
					  .durable = false,
					  .queue_max = 1024,
					  .wait_ms = 10000 };
	const struct writer_settings write = {
		.conninfo = config.database_url,
		.rotation = { .messages = config.rotation_messages,
			      .grace_seconds = config.grace,
			      .hard_messages = config.rotation_messages +
					       config.grace_messages,
			      .hard_seconds = config.rotation + config.grace },
		.buckets = (unsigned)config.buckets,
		.queue_messages = config.queue_messages,
		.queue_bytes = config.queue_bytes,
		.stored = on_stored
	};
	struct listener_settings listens = { .conninfo = config.database_url,
					     .name = "hermetic bridge listener",
					     .on_ready = on_listening,
					     .on_notify = on_notify };
	enum err e;

	TRY(cluster_open(config.seen_file));

	TRY(notifier_open(loop, config.database_url, false, &notifier));
	TRY(connection_open(loop, &to, &queries));
	TRY(writer_open(loop, &write, &writer));
	listens.teller = notifier_connection(notifier);
	TRY(listener_open(loop, &listens, &listener));
out:
	return e;
}

static enum err put_presence(struct params *params, connection_done *done)
{
	return connection_send(queries, STATEMENT_PRESENCE_PUT, params, done,
			       NULL);
}

static enum err ask(enum statement statement, struct params *params,
		    connection_done *done, void *arg)
{
	if (connection_is_ready(queries))
		return connection_send(queries, statement, params, done, arg);
	params_clear(params);
	return ERR_LOCAL_BUSY;
}

static void start_limits(const struct store_loop *loop)
{
	limits_start(&(const struct limits_settings){
	    .loop = loop,
	    .query = ask,
	    .quotas = { [LIMIT_MESSAGES] = config.messages,
			[LIMIT_BYTES] = config.bytes,
			[LIMIT_TYPING] = config.typing,
			[LIMIT_MQTT_SESSIONS] = config.sessions,
			[LIMIT_SESSION_MESSAGES] = config.session_messages } });
}

static void tell_typing(struct uuid session, uint64_t seq, struct span bytes)
{
	notifier_tell_typing(notifier, session, seq, bytes);
}

static bool is_busy(void)
{
	return !connection_is_ready(queries) || !broker_has_room();
}

static enum err start(const struct store_loop *loop)
{
	const struct broker_settings broker = { .socket = config.socket,
						.secret = config.secret,
						.received = inflow_received,
						.connected = on_broker,
						.room = outflow_go_on };
	const struct gate_settings gate = { .host = config.host,
					    .port = config.port,
					    .broker = config.socket,
					    .packet_bytes = config.packet_bytes,
					    .connections_max =
						config.connections,
					    .connect_ms = config.connect * 1000,
					    .arrived = presence_arrived };
	const struct delivery_limits limits = { config.envelope_bytes,
						config.nonce_window * 1000 };
	enum err e;

	TRY(metrics_open(&(const struct metrics_settings){
	    .process = METRICS_BRIDGE, .slots = 1 }));
	metrics_take_slot(0);
	TRY(scrape_start(loop, config.metrics_host, config.metrics_port));
	TRY(open_store(loop));
	start_limits(loop);
	typing_lane_start(
	    &(const struct typing_lane_settings){ ask, tell_typing, is_busy });
	outflow_start(
	    &(const struct outflow_settings){ .queries = queries,
					      .replay_seconds = config.replay,
					      .expiry_seconds =
						  (uint32_t)config.expiry },
	    loop);
	inflow_start(writer, &limits);
	presence_start(
	    &(const struct presence_settings){ loop, put_presence, gate_each });
	TRY(gate_start(loop, &gate));
	TRY(broker_start(loop, &broker));
	loop->every(loop->context, 100, on_tick, NULL);
	LOG(INFO, "bridge started", LOG_NUM("port", config.port));
out:
	return e;
}

int main(void)
{
	const struct sigaction stop = { .sa_handler = on_signal };
	struct poll_loop *loop;

	if (!settings_load(WANTED, sizeof(WANTED) / sizeof(*WANTED)))
		return 1;
	(void)sigaction(SIGTERM, &stop, NULL);
	(void)sigaction(SIGINT, &stop, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	if (poll_loop_new(&loop) != ERR_OK ||
	    start(poll_loop_store(loop)) != ERR_OK) {
		(void)fputs("hermetic-mqtt-bridge: cannot start\n", stderr);
		return 1;
	}
	while (!stopping)
		poll_loop_run(loop, 100);
	/* what is on its way to the database gets its PUBACK */
	for (unsigned i = 0; i < 50 && !writer_is_idle(writer); i++)
		poll_loop_run(loop, 100);
	return 0;
}
