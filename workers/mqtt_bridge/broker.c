#include "mqtt_bridge/broker.h"

#include <inttypes.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "mqtt/topic.h"

enum { FLIGHT_MAX = 500, QUEUE_MAX = 4000, TICK_MS = 100, KEEPALIVE = 20 };

static struct {
	const struct store_loop *loop;
	struct broker_settings settings;
	struct mosquitto *m;
	int fd; /* that is watched; -1: none */
	bool writes, up;
	int subscription; /* of what clients send: the id of its packet */
	size_t flight;	  /* published with QoS 1 and not acknowledged */
	bool flies[UINT16_MAX + 1]; /* by the packet's id: those */
} broker = { .fd = -1 };

static void rewatch(void);

/* ---- events ---- */

static void set_up(bool up)
{
	if (broker.up == up)
		return;
	broker.up = up;
	LOG(INFO, up ? "broker connected" : "broker lost",
	    LOG_NUM("in_flight", broker.flight));
	broker.settings.connected(up);
}

static void on_connect(struct mosquitto *m, void *arg, int code, int flags,
		       const mosquitto_property *properties)
{
	(void)arg;
	(void)flags;
	(void)properties;
	if (code != 0)
		LOG(ERROR, "the broker refuses the bridge",
		    LOG_NUM("code", code));
	else if (mosquitto_subscribe(m, NULL, TOPIC_TYPED_ALL, 0) == 0)
		(void)mosquitto_subscribe(m, &broker.subscription,
					  TOPIC_RECEIVED_ALL, 1);
}

static void on_subscribe(struct mosquitto *m, void *arg, int id, int count,
			 const int *granted,
			 const mosquitto_property *properties)
{
	(void)m;
	(void)arg;
	(void)properties;
	if (id == broker.subscription)
		set_up(count == 1 && granted[0] == 1);
}

static void on_disconnect(struct mosquitto *m, void *arg, int code,
			  const mosquitto_property *properties)
{
	(void)m;
	(void)arg;
	(void)code;
	(void)properties;
	set_up(false);
}

static bool *flies(int id)
{
	return &broker.flies[(uint16_t)id];
}

/* Of QoS 0 the library says when it has written the packet, and of one that it has given up
 * nothing: they do not count. */
static void on_publish(struct mosquitto *m, void *arg, int id, int reason,
		       const mosquitto_property *properties)
{
	(void)m;
	(void)arg;
	(void)reason;
	(void)properties;
	if (!*flies(id))
		return;
	*flies(id) = false;
	broker.flight--;
	broker.settings.room();
}

static void on_message(struct mosquitto *m, void *arg,
		       const struct mosquitto_message *got,
		       const mosquitto_property *properties)
{
	struct broker_message message = {
		.topic = span_str(got->topic),
		.payload = span_of(got->payload, (size_t)got->payloadlen)
	};
	char *response = NULL;
	void *correlation = NULL;
	uint16_t n = 0;

	(void)m;
	(void)arg;
	(void)mosquitto_property_read_string(
	    properties, MQTT_PROP_RESPONSE_TOPIC, &response, false);
	(void)mosquitto_property_read_binary(
	    properties, MQTT_PROP_CORRELATION_DATA, &correlation, &n, false);
	if (response != NULL)
		message.response_topic = span_str(response);
	if (correlation != NULL)
		message.correlation = span_of(correlation, n);
	broker.settings.received(&message);
	free(response);
	free(correlation);
}

/* ---- the loop ---- */

static void on_ready(void *arg, unsigned events)
{
	(void)arg;
	if (events & STORE_READ)
		(void)mosquitto_loop_read(broker.m, 1);
	if (events & STORE_WRITE)
		(void)mosquitto_loop_write(broker.m, 1);
	rewatch();
}

static void rewatch(void)
{
	int fd = mosquitto_socket(broker.m);
	bool writes = fd >= 0 && mosquitto_want_write(broker.m);

	if (fd == broker.fd && writes == broker.writes)
		return;
	if (broker.fd >= 0 && fd != broker.fd)
		broker.loop->forget(broker.loop->context, broker.fd);
	broker.fd = fd;
	broker.writes = writes;
	if (fd >= 0)
		broker.loop->watch(broker.loop->context, fd,
				   STORE_READ | (writes ? STORE_WRITE : 0u),
				   on_ready, NULL);
}

static void on_tick(void *arg)
{
	(void)arg;
	if (mosquitto_socket(broker.m) < 0) {
		set_up(false);
		(void)mosquitto_connect(broker.m, broker.settings.socket, 0,
					KEEPALIVE);
	} else {
		(void)mosquitto_loop_misc(broker.m);
	}
	rewatch();
}

/* ---- publishing ---- */

static int put_properties(mosquitto_property **list,
			  const struct broker_properties *p)
{
	char number[24];
	int rc = mosquitto_property_add_string(list, MQTT_PROP_CONTENT_TYPE,
					       "application/json");

	if (rc == 0 && p->correlation.n > 0)
		rc = mosquitto_property_add_binary(
		    list, MQTT_PROP_CORRELATION_DATA, p->correlation.p,
		    (uint16_t)p->correlation.n);
	if (rc == 0 && p->expiry_seconds > 0)
		rc = mosquitto_property_add_int32(
		    list, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, p->expiry_seconds);
	if (rc != 0 || p->seq == 0)
		return rc;
	(void)snprintf(number, sizeof(number), "%" PRIu64, p->seq);
	rc = mosquitto_property_add_string_pair(list, MQTT_PROP_USER_PROPERTY,
						"sequence", number);
	(void)snprintf(number, sizeof(number), "%" PRIu64, p->epoch);
	return rc != 0 ? rc
		       : mosquitto_property_add_string_pair(
			     list, MQTT_PROP_USER_PROPERTY, "epoch", number);
}

bool broker_has_room(void)
{
	return broker.up && broker.flight < FLIGHT_MAX;
}

/* What may be lost waits nowhere: it is written at once or dropped. */
static bool is_taken(bool may_be_lost)
{
	return may_be_lost
		   ? broker_has_room() && !mosquitto_want_write(broker.m)
		   : broker.up && broker.flight < QUEUE_MAX;
}

bool broker_publish(const char *topic, struct span payload,
		    const struct broker_properties *properties)
{
	mosquitto_property *list = NULL;
	int id = 0, rc;

	if (!is_taken(properties->may_be_lost))
		return false;
	rc = put_properties(&list, properties);
	if (rc == 0)
		rc = mosquitto_publish_v5(
		    broker.m, &id, topic, (int)payload.n, payload.p,
		    properties->may_be_lost ? 0 : 1, false, list);
	mosquitto_property_free_all(&list);
	if (rc == 0 && !properties->may_be_lost && !*flies(id)) {
		*flies(id) = true;
		broker.flight++;
	}
	rewatch();
	return rc == 0;
}

enum err broker_start(const struct store_loop *loop,
		      const struct broker_settings *settings)
{
	char id[64];
	enum err e = ERR_OK;

	broker.loop = loop;
	broker.settings = *settings;
	(void)mosquitto_lib_init();
	(void)snprintf(id, sizeof(id), TOPIC_BRIDGE_PREFIX "%ld",
		       (long)getpid());
	broker.m = mosquitto_new(id, true, NULL);
	ENSURE(broker.m != NULL, ERR_LOCAL_MEMORY);
	ENSURE(mosquitto_int_option(broker.m, MOSQ_OPT_PROTOCOL_VERSION,
				    MQTT_PROTOCOL_V5) == 0 &&
		   mosquitto_username_pw_set(broker.m, "bridge",
					     settings->secret) == 0 &&
		   mosquitto_max_inflight_messages_set(broker.m, FLIGHT_MAX) ==
		       0,
	       ERR_LOCAL_MEMORY);
	mosquitto_connect_v5_callback_set(broker.m, on_connect);
	mosquitto_disconnect_v5_callback_set(broker.m, on_disconnect);
	mosquitto_subscribe_v5_callback_set(broker.m, on_subscribe);
	mosquitto_publish_v5_callback_set(broker.m, on_publish);
	mosquitto_message_v5_callback_set(broker.m, on_message);
	loop->every(loop->context, TICK_MS, on_tick, NULL);
out:
	return e;
}
