/*
 * hermetic_mqtt.so: the broker's plugin. It says who a client is by its access
 * token, what it may do by the sessions of its device, and turns it out when
 * its token is over. What a client sends goes on under a topic that only the
 * bridge may read and that names who sent it. No will is sent.
 *
 * All of it is called from the broker's one thread and answers at once.
 */
#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/sec.h"
#include "base/settings.h"
#include "door/vouch.h"
#include "mqtt/cache.h"
#include "mqtt/topic.h"

#define PLUGIN_API __attribute__((visibility("default")))

enum { TICK_MS = 50 };

/* A connection, from the check of its token to its end. */
struct client {
	const struct mosquitto *connection;
	struct identity token;
	char id[TOPIC_CLIENT_MAX + 1];
	bool replaced; /* another connection of the same id takes its place */
};

static struct {
	const char *database_url, *bridge_secret;
	struct cache_settings cache;
	struct client *clients;
	size_t count, cap;
	uint64_t next_tick_ms;
	mosquitto_plugin_id_t *id;
} plugin;

static const struct setting WANTED[] = {
	{ SETTING_MQTT_DATABASE_URL, &plugin.database_url, NULL },
	{ SETTING_MQTT_BRIDGE_SECRET, &plugin.bridge_secret, NULL },
	{ SETTING_MQTT_KEYS_SECRET, &plugin.cache.secret, NULL },
	{ SETTING_ISSUER, &plugin.cache.issuer, NULL },
	{ SETTING_AUDIENCE, &plugin.cache.audience, NULL },
	{ SETTING_ACCESS_TOKEN_SECONDS, &plugin.cache.access_seconds, NULL },
	{ SETTING_LOG_LEVEL, NULL, settings_log_level },
};

/* ---- who is connected ---- */

static void forget(const struct mosquitto *connection)
{
	for (size_t i = 0; i < plugin.count; i++)
		if (plugin.clients[i].connection == connection) {
			plugin.clients[i] = plugin.clients[--plugin.count];
			return;
		}
}

/* The broker sends a will when its client has gone, or is just being replaced, and past
 * on_message(): so a connection writes only while it is the client's own. */
static bool is_connected(const struct mosquitto *connection)
{
	for (size_t i = 0; i < plugin.count; i++)
		if (plugin.clients[i].connection == connection)
			return !plugin.clients[i].replaced;
	return false;
}

static void replace(struct span id)
{
	for (size_t i = 0; i < plugin.count; i++)
		if (span_equal(span_str(plugin.clients[i].id), id))
			plugin.clients[i].replaced = true;
}

static bool remember(const struct mosquitto *connection,
		     const struct identity *token, struct span id)
{
	struct client *client;

	forget(connection);
	if (plugin.count == plugin.cap) {
		size_t cap = plugin.cap > 0 ? plugin.cap * 2 : 64;
		struct client *grown =
		    realloc(plugin.clients, cap * sizeof(*grown));

		if (grown == NULL)
			return false;
		plugin.clients = grown;
		plugin.cap = cap;
	}
	replace(id);
	client = &plugin.clients[plugin.count++];
	*client = (struct client){ .connection = connection, .token = *token };
	memcpy(client->id, id.p, id.n);
	return true;
}

static bool is_bridge(const char *id)
{
	return strncmp(id, TOPIC_BRIDGE_PREFIX, strlen(TOPIC_BRIDGE_PREFIX)) ==
	       0;
}

static int on_auth(int event, void *data, void *arg)
{
	const struct mosquitto_evt_basic_auth *ask = data;
	const char *id = mosquitto_client_id(ask->client);
	struct identity token;
	struct uuid device;
	enum err e;

	(void)event;
	(void)arg;
	if (id == NULL || ask->username == NULL || ask->password == NULL)
		return MOSQ_ERR_AUTH;
	if (is_bridge(id))
		return sec_equal(span_str(ask->password),
				 span_str(plugin.bridge_secret))
			   ? MOSQ_ERR_SUCCESS
			   : MOSQ_ERR_AUTH;
	e = cache_verify(ask->password, &token);
	if (e == ERR_LOCAL_BUSY)
		return MOSQ_ERR_UNKNOWN; /* closed: it may well be a good one */
	if (e != ERR_OK || strcmp(ask->username, token.username) != 0 ||
	    !topic_client(span_str(id), &device) ||
	    !uuid_equal(device, token.device))
		return MOSQ_ERR_AUTH;
	return remember(ask->client, &token, span_str(id)) ? MOSQ_ERR_SUCCESS
							   : MOSQ_ERR_NOMEM;
}

static int on_disconnect(int event, void *data, void *arg)
{
	const struct mosquitto_evt_disconnect *end = data;

	(void)event;
	(void)arg;
	forget(end->client);
	return MOSQ_ERR_SUCCESS;
}

/* Turning one out calls on_disconnect(), which moves the last one here. */
static int on_tick(int event, void *data, void *arg)
{
	uint64_t now = (uint64_t)time(NULL);
	size_t i = 0;

	(void)event;
	(void)data;
	(void)arg;
	if (clock_steady_ms() < plugin.next_tick_ms)
		return MOSQ_ERR_SUCCESS;
	plugin.next_tick_ms = clock_steady_ms() + TICK_MS;
	while (i < plugin.count) {
		struct client client = plugin.clients[i];

		if (client.token.expires > now &&
		    !cache_is_revoked(&client.token)) {
			i++;
			continue;
		}
		(void)mosquitto_kick_client_by_clientid(client.id, false);
		forget(client.connection);
	}
	return MOSQ_ERR_SUCCESS;
}

/* ---- what they may do ---- */

static bool bridge_may(int access, const struct topic *topic, const char *name)
{
	if (access == MOSQ_ACL_SUBSCRIBE)
		return strcmp(name, TOPIC_RECEIVED_ALL) == 0 ||
		       strcmp(name, TOPIC_TYPED_ALL) == 0;
	if (access == MOSQ_ACL_READ)
		return topic->kind == TOPIC_RECEIVED ||
		       topic->kind == TOPIC_TYPED;
	return topic->kind == TOPIC_MESSAGES || topic->kind == TOPIC_DEVICE ||
	       topic->kind == TOPIC_TYPING;
}

static bool may_read(const struct topic *topic, struct uuid device)
{
	if (topic->kind == TOPIC_DEVICE)
		return uuid_equal(topic->id, device);
	return (topic->kind == TOPIC_MESSAGES || topic->kind == TOPIC_TYPING) &&
	       cache_is_member(topic->id, device);
}

/* MQTT 3.1.1 has no way to say that a message is refused: there the bridge
 * finds it out and says so on the device's topic. */
static bool may_write(const struct mosquitto_evt_acl_check *ask,
		      const struct topic *topic, struct uuid device)
{
	return (topic->kind == TOPIC_SEND || topic->kind == TOPIC_TYPING) &&
	       !ask->retain && is_connected(ask->client) &&
	       (mosquitto_client_protocol_version(ask->client) < 5 ||
		cache_is_member(topic->id, device));
}

static bool client_may(const struct mosquitto_evt_acl_check *ask,
		       const struct topic *topic, struct uuid device)
{
	switch (ask->access) {
	case MOSQ_ACL_READ:
		return may_read(topic, device);
	case MOSQ_ACL_WRITE:
		return may_write(ask, topic, device);
	case MOSQ_ACL_SUBSCRIBE:
		return may_read(topic, device);
	default:
		return ask->access == MOSQ_ACL_UNSUBSCRIBE;
	}
}

static int on_acl(int event, void *data, void *arg)
{
	const struct mosquitto_evt_acl_check *ask = data;
	const char *id = mosquitto_client_id(ask->client);
	struct topic topic = topic_parse(span_str(ask->topic));
	struct uuid device;
	bool may;

	(void)event;
	(void)arg;
	if (is_bridge(id))
		may = bridge_may(ask->access, &topic, ask->topic);
	else
		may = topic_client(span_str(id), &device) &&
		      client_may(ask, &topic, device);
	return may ? MOSQ_ERR_SUCCESS : MOSQ_ERR_ACL_DENIED;
}

/* ---- what they send ---- */

/* The gate's connections come by a Unix socket, whose address is a path. */
static bool is_gated(const struct mosquitto *client)
{
	const char *address = mosquitto_client_address(client);

	return address != NULL && strchr(address, '/') != NULL;
}

/* The broker frees the topic that a plugin replaces since 2.0.15, and forgets it
 * before. No function of it tells which one it is: what counts are the headers
 * that this plugin is built with. */
static void free_topic(char *replaced)
{
#if LIBMOSQUITTO_VERSION_NUMBER < 2000015
	mosquitto_free(replaced);
#else
	(void)replaced;
#endif
}

static int on_message(int event, void *data, void *arg)
{
	struct mosquitto_evt_message *message = data;
	const char *id = mosquitto_client_id(message->client);
	struct topic topic = topic_parse(span_str(message->topic));
	struct buf name = BUF_INIT;
	char *copy = NULL;

	(void)event;
	(void)arg;
	if ((topic.kind != TOPIC_SEND && topic.kind != TOPIC_TYPING) ||
	    is_bridge(id))
		return MOSQ_ERR_SUCCESS;
	/* acknowledged by the broker alone it would be a promise not kept */
	if (message->qos > 0 &&
	    (topic.kind == TOPIC_TYPING || !is_gated(message->client)))
		return MOSQ_ERR_QOS_NOT_SUPPORTED;
	(topic.kind == TOPIC_SEND ? topic_put_received : topic_put_typed)(
	    &name, topic.id, span_str(id));
	buf_put_u8(&name, 0);
	if (buf_end(&name) == ERR_OK)
		copy = mosquitto_strdup((const char *)name.p);
	buf_clear(&name);
	if (copy == NULL)
		return MOSQ_ERR_NOMEM;
	free_topic(message->topic);
	message->topic = copy;
	return MOSQ_ERR_SUCCESS;
}

/* ---- the broker's view ---- */

PLUGIN_API int mosquitto_plugin_version(int count, const int *versions)
{
	for (int i = 0; i < count; i++)
		if (versions[i] == 5)
			return 5;
	return -1;
}

static const struct {
	int event;
	MOSQ_FUNC_generic_callback function;
} CALLBACKS[] = {
	{ MOSQ_EVT_BASIC_AUTH, on_auth },
	{ MOSQ_EVT_ACL_CHECK, on_acl },
	{ MOSQ_EVT_MESSAGE, on_message },
	{ MOSQ_EVT_DISCONNECT, on_disconnect },
	{ MOSQ_EVT_TICK, on_tick },
};

enum { CALLBACK_COUNT = sizeof(CALLBACKS) / sizeof(*CALLBACKS) };

PLUGIN_API int mosquitto_plugin_init(mosquitto_plugin_id_t *id, void **data,
				     struct mosquitto_opt *options, int count)
{
	(void)data;
	(void)options;
	(void)count;
	if (!settings_load(WANTED, sizeof(WANTED) / sizeof(*WANTED)))
		return MOSQ_ERR_INVAL;
	if (strlen(plugin.cache.secret) < VOUCH_SECRET_MIN) {
		(void)settings_complain("HERMETIC_MQTT_KEYS_SECRET",
					"must be 24 characters or more, "
					"the same as the API has");
		return MOSQ_ERR_INVAL;
	}
	plugin.id = id;
	plugin.cache.conninfo = plugin.database_url;
	if (cache_start(&plugin.cache) != ERR_OK)
		return MOSQ_ERR_NOMEM;
	for (size_t i = 0; i < CALLBACK_COUNT; i++)
		if (mosquitto_callback_register(id, CALLBACKS[i].event,
						CALLBACKS[i].function, NULL,
						NULL) != MOSQ_ERR_SUCCESS)
			return MOSQ_ERR_NOMEM;
	LOG(INFO, "plugin loaded", LOG_STR("broker", "mosquitto"),
	    LOG_NUM("built_for", LIBMOSQUITTO_VERSION_NUMBER));
	return MOSQ_ERR_SUCCESS;
}

PLUGIN_API int mosquitto_plugin_cleanup(void *data,
					struct mosquitto_opt *options,
					int count)
{
	(void)data;
	(void)options;
	(void)count;
	for (size_t i = 0; i < CALLBACK_COUNT; i++)
		(void)mosquitto_callback_unregister(
		    plugin.id, CALLBACKS[i].event, CALLBACKS[i].function, NULL);
	cache_stop();
	free(plugin.clients);
	plugin.clients = NULL;
	plugin.count = plugin.cap = 0;
	return MOSQ_ERR_SUCCESS;
}
