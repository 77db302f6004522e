/* What a node is made of. */
#include "server/app.h"

#include <string.h>
#include <sys/random.h>

#include "base/settings.h"
#include "check/log_head.h"
#include "crypto/hash.h"
#include "door/delivery.h"
#include "door/presence.h"
#include "door/vouch.h"
#include "server/answer.h"
#include "server/config.h"
#include "server/edge/conn.h"
#include "server/edge/job.h"
#include "server/event_loop.h"
#include "server/health.h"
#include "server/hub/hub.h"
#include "server/hub/topics.h"
#include "server/keys.h"
#include "server/lanes.h"
#include "server/limited.h"
#include "server/relay.h"
#include "server/revocations.h"
#include "server/routes.h"
#include "server/row_seal.h"
#include "server/start.h"
#include "server/typing.h"
#include "server/web_files.h"
#include "server/ws.h"
#include "store/cluster.h"
#include "store/files.h"
#include "store/scrape.h"

static struct store *store;
static uint64_t node; /* a number of this node's, until it ends */

static void set_limits(void)
{
	const struct conn_limits limits = {
		.body_bytes = (size_t)config()->body_bytes,
		.websocket_message = (size_t)config()->body_bytes,
		.websocket_queue = (size_t)config()->websocket_bytes,
		.head_ms = (unsigned)config()->head_seconds * 1000,
		.body_ms = (unsigned)config()->body_seconds * 1000,
		.idle_ms = (unsigned)config()->idle_seconds * 1000,
		.ping_ms = (unsigned)config()->ping_seconds * 1000,
		.access_log = config()->access_log != 0
	};

	conn_set_limits(&limits);
}

static struct rotation_limits rotation_limits(void)
{
	const struct config *c = config();

	return (struct rotation_limits){
		.messages = c->rotation_messages,
		.grace_seconds = c->rotation_grace_seconds,
		.hard_messages =
		    c->rotation_messages + c->rotation_grace_messages,
		.hard_seconds = c->rotation_seconds + c->rotation_grace_seconds
	};
}

static enum err put_presence(struct params *params, connection_done *done)
{
	return store_query(store, STATEMENT_PRESENCE_PUT, params, done, NULL);
}

static enum err next_head(struct digest before, uint64_t seq,
			  struct span envelope, struct digest *hash,
			  struct digest *after)
{
	enum err e = hash_one(envelope, hash->bytes);

	return e != ERR_OK
		   ? e
		   : log_head_next(before.bytes, seq, MESSAGE_APPLICATION,
				   hash->bytes, after->bytes);
}

static void on_stored(void *arg, const struct message *message)
{
	delivery_count(message);
	relay_stored(arg, message);
}

static enum err hash_of(struct span bytes, struct digest *out)
{
	return hash_one(bytes, out->bytes);
}

static bool start_files(void)
{
	struct objects *objects;

	if (!config()->has_objects)
		return true;
	if (objects_open(event_loop(), &config()->objects, hash_of, &objects) !=
	    ERR_OK)
		return false;
	files_use(objects);
	return true;
}

/* Random, so two nodes have not the same one. */
static bool name_node(void)
{
	return getrandom(&node, sizeof(node), 0) == sizeof(node) && node != 0;
}

static bool seal_rows(void)
{
	uint8_t key[ROW_SEAL_KEY];
	bool started =
	    keys_derive(SPAN_LIT("hermetic notices 1"), key) == ERR_OK &&
	    row_seal_start(key) == ERR_OK;

	sec_wipe(key, sizeof(key));
	return started;
}

static bool start(void)
{
	static const struct lines_seal seal = { row_seal, row_open,
						relay_wants };
	const struct store_settings settings = {
		.conninfo = config()->database_url,
		.listen_conninfo = config()->database_listen_url,
		.read_conninfo = config()->database_read_url,
		.buckets = (unsigned)config()->database_buckets,
		.queue_messages = (size_t)config()->queue_messages,
		.queue_bytes = (size_t)config()->queue_bytes,
		.queue_statements = (size_t)config()->queue_statements,
		.rotation = rotation_limits(),
		.next_head = next_head,
		.node = node,
		.seal = &seal,
		.stored = on_stored,
		.heard = relay_listens() ? relay_heard : NULL,
		.resync = relay_missed
	};

	set_limits();
	if (!seal_rows() ||
	    store_open(event_loop(), &settings, &store) != ERR_OK)
		return false;
	answer_from(store);
	if (!start_files())
		return false;
	relay_start(node);
	if (scrape_start(event_loop(), config()->metrics_host,
			 config()->metrics_port) != ERR_OK)
		return false;
	hub_start(store);
	lanes_start(store);
	keys_start();
	revocations_start();
	presence_start(&(const struct presence_settings){
	    event_loop(), put_presence, ws_each });
	limited_start();
	typing_start();
	ws_start();
	return true;
}

static void drain(void)
{
	health_drain();
	lanes_drain();
	ws_go_away();
}

static bool is_idle(void)
{
	return store_is_idle(store) && lanes_are_idle();
}

static bool load_web(void)
{
	const char *wrong = web_files_load(config()->web_directory);

	return wrong == NULL ||
	       settings_complain("HERMETIC_WEB_DIRECTORY", wrong);
}

bool app_configure(struct process_settings *settings)
{
	if (!config_load())
		return false;
	if (!start_crypto(&(const struct start_tls){
		"HERMETIC_TLS_CERTIFICATE", config()->tls_certificate,
		"HERMETIC_TLS_KEY", config()->tls_key }))
		return false;
	if (*config()->mqtt_keys_secret != '\0' &&
	    strlen(config()->mqtt_keys_secret) < VOUCH_SECRET_MIN)
		return settings_complain("HERMETIC_MQTT_KEYS_SECRET",
					 "must be 24 characters or more, or "
					 "empty");
	/* before the workers, which share it, are forked */
	if (cluster_open(config()->database_seen_file) != ERR_OK)
		return settings_complain("HERMETIC_DATABASE_SEEN_FILE",
					 "must be a file of this node's that "
					 "it may write");
	if (config()->web != 0 && !load_web())
		return false;
	if (!name_node() || topics_share((unsigned)config()->workers) != ERR_OK)
		return false;
	routes_open();
	settings->host = config()->host;
	settings->port = config()->port;
	settings->workers = (unsigned)config()->workers;
	settings->connections = (unsigned)config()->connections;
	settings->drain_ms = (unsigned)config()->drain_seconds * 1000;
	job_set_limits((unsigned)config()->login_threads,
		       (unsigned)config()->login_queue);
	settings->start = start;
	settings->drain = drain;
	settings->is_idle = is_idle;
	return true;
}
