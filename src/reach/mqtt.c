/* A channel by MQTT 5 (docs/mqtt.md), on libmosquitto. */
#include "base/uuid.h"
#include "reach/channel_kind.h"
#include "reach/pause.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"
#include "crypto/rng.h"

#include <curl/curl.h>
#include <errno.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define KEEPALIVE_SECONDS 20
#define TOPIC_SIZE 96
#define TYPING_TOPIC "hermetic/v1/session/%s/typing"
/* Who has become a member is known to the broker a moment later. */
#define PATIENCE_MS 5000
#define AGAIN_MS 200

struct mqtt {
	struct channel channel; /* first */
	struct mosquitto *m;
	char client_id[TEXT_UUID_SIZE + 16];
	bool connected;
	int refusal; /* of the CONNECT: its reason code */
	/* the last SUBSCRIBE and PUBLISH, and what became of them */
	int subscribe_id, granted; /* -1: not answered */
	int publish_id;
	char topic[TOPIC_SIZE];
	char *letter;	   /* until it is answered */
	uint64_t again_at; /* 0: not refused */
	uint64_t give_up_at;
};

static struct mqtt *of(struct channel *channel)
{
	return (struct mqtt *)channel;
}

/* ---- what libmosquitto tells ---- */

static void on_connect(struct mosquitto *m, void *arg, int code, int flags,
		       const mosquitto_property *properties)
{
	struct mqtt *mqtt = arg;

	(void)m;
	(void)flags;
	(void)properties;
	mqtt->connected = code == 0;
	mqtt->refusal = code;
	if (code != 0)
		channel_end(&mqtt->channel,
			    span_str(mosquitto_reason_string(code)));
}

static void on_disconnect(struct mosquitto *m, void *arg, int code,
			  const mosquitto_property *properties)
{
	struct mqtt *mqtt = arg;

	(void)m;
	(void)properties;
	mqtt->channel.wants_token = code == MQTT_RC_ADMINISTRATIVE_ACTION;
	channel_end(&mqtt->channel,
		    code >= 0x80 ? span_str(mosquitto_reason_string(code))
				 : SPAN_LIT("connection lost"));
}

static void on_subscribe(struct mosquitto *m, void *arg, int id, int count,
			 const int *granted,
			 const mosquitto_property *properties)
{
	struct mqtt *mqtt = arg;

	(void)m;
	(void)properties;
	if (id == mqtt->subscribe_id && count == 1)
		mqtt->granted = granted[0];
}

/* Not authorized is the broker's own word, which no answer follows. */
static void on_publish(struct mosquitto *m, void *arg, int id, int reason,
		       const mosquitto_property *properties)
{
	struct mqtt *mqtt = arg;

	(void)m;
	(void)properties;
	if (id == mqtt->publish_id && reason == MQTT_RC_NOT_AUTHORIZED)
		mqtt->again_at = clock_steady_ms() + AGAIN_MS;
}

static void on_message(struct mosquitto *m, void *arg,
		       const struct mosquitto_message *got,
		       const mosquitto_property *properties)
{
	struct mqtt *mqtt = arg;

	(void)m;
	(void)properties;
	if (!channel_received(&mqtt->channel,
			      span_of(got->payload, (size_t)got->payloadlen)))
		channel_end(&mqtt->channel,
			    SPAN_LIT("the broker sent no JSON object"));
}

/* ---- time ---- */

static void publish(struct mqtt *mqtt)
{
	int result = mosquitto_publish(mqtt->m, &mqtt->publish_id, mqtt->topic,
				       (int)strlen(mqtt->letter), mqtt->letter,
				       1, false);

	mqtt->again_at = 0;
	if (result != MOSQ_ERR_SUCCESS)
		channel_end(&mqtt->channel,
			    span_str(mosquitto_strerror(result)));
}

/* The answer that the broker does not give: it may be sent again later. */
static void answer_refused(struct mqtt *mqtt)
{
	struct buf json = BUF_INIT;

	mqtt->again_at = 0;
	buf_putf(&json,
		 "{\"id\":%lld,\"type\":\"problem\",\"problem\":{\"type\":"
		 "\"urn:hermetic:problem:unavailable\",\"status\":503,"
		 "\"detail\":\"The broker does not know this device as a "
		 "member (yet).\"}}",
		 (long long)mqtt->channel.waiting);
	if (buf_end(&json) == ERR_OK)
		(void)channel_received(&mqtt->channel, buf_span(&json));
	buf_clear(&json);
}

static void send_again(struct mqtt *mqtt)
{
	uint64_t now = clock_steady_ms();

	if (mqtt->again_at == 0 || now < mqtt->again_at)
		return;
	if (now >= mqtt->give_up_at)
		answer_refused(mqtt);
	else
		publish(mqtt);
}

/* What libmosquitto reads, it hands on at once: while the queue is full
 * nothing is read, and only the heartbeat goes on. */
static void step(struct mqtt *mqtt)
{
	int result = mqtt->channel.paused ? mosquitto_loop_misc(mqtt->m)
					  : mosquitto_loop(mqtt->m, 0, 1);

	if (result != MOSQ_ERR_SUCCESS)
		channel_end(&mqtt->channel,
			    span_str(mosquitto_strerror(result)));
	else if (!mqtt->channel.ended)
		send_again(mqtt);
}

/* A refused connection under TLS: libmosquitto (2.0.11) does not see it. */
static void find_refused(struct mqtt *mqtt)
{
	uint8_t byte;
	ssize_t n;

	if (mqtt->connected || mqtt->channel.ended)
		return;
	n = recv(mosquitto_socket(mqtt->m), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		channel_end(&mqtt->channel, SPAN_LIT("Connection refused"));
}

static bool serve(struct channel *channel, int timeout_ms)
{
	struct pollfd in = { .fd = -1 };
	struct mqtt *mqtt = of(channel);
	int most = mqtt->again_at != 0 ? AGAIN_MS : 1000;
	bool undisturbed;

	if (!channel->paused) {
		in.fd = mosquitto_socket(mqtt->m);
		in.events = POLLIN;
		if (!mqtt->connected || mosquitto_want_write(mqtt->m))
			in.events |= POLLOUT;
	}
	if (timeout_ms < 0 || timeout_ms > most)
		timeout_ms = most;
	undisturbed = poll(&in, 1, timeout_ms) >= 0 || errno != EINTR;
	step(mqtt);
	if ((in.revents & (POLLERR | POLLHUP)) != 0)
		find_refused(mqtt);
	return undisturbed;
}

static int socket_of(const struct channel *channel)
{
	return mosquitto_socket(((const struct mqtt *)channel)->m);
}

static void set_reading(struct channel *channel, bool on)
{
	(void)channel; /* step() looks at paused */
	(void)on;
}

/* ---- requests ---- */

static enum err subscribe_once(struct mqtt *mqtt, struct why *why)
{
	uint64_t since = clock_steady_ms();

	mqtt->granted = -1;
	if (!mqtt->channel.ended &&
	    mosquitto_subscribe(mqtt->m, &mqtt->subscribe_id, mqtt->topic, 1) !=
		MOSQ_ERR_SUCCESS)
		channel_end(&mqtt->channel, SPAN_LIT("connection lost"));
	while (mqtt->granted < 0 && !mqtt->channel.ended) {
		(void)serve(&mqtt->channel, PAUSE_ASK_MS);
		if (clock_steady_ms() - since >= CHANNEL_CONNECT_MS ||
		    pause_is_over(since))
			channel_end(&mqtt->channel, SPAN_LIT("no answer"));
	}
	return mqtt->granted >= 0 ? ERR_OK : channel_lost(&mqtt->channel, why);
}

static enum err subscribe_to(struct mqtt *mqtt, struct why *why)
{
	uint64_t until = clock_steady_ms() + PATIENCE_MS;
	enum err e;

	TRY(subscribe_once(mqtt, why));
	while (mqtt->granted >= 0x80 && clock_steady_ms() < until) {
		(void)poll(NULL, 0, AGAIN_MS);
		TRY(subscribe_once(mqtt, why));
	}
	if (mqtt->granted >= 0x80)
		e = why_set(why, ERR_LOCAL_BUSY, "mqtt-refused",
			    "The broker does not let this device hear %s (%s).",
			    mqtt->topic,
			    mosquitto_reason_string(mqtt->granted));
out:
	return e;
}

static enum err subscribe(struct channel *channel, const char *id,
			  uint64_t after, struct why *why,
			  struct channel_subscription *out)
{
	struct mqtt *mqtt = of(channel);
	enum err e;

	(void)after;
	out->from_now = true;
	(void)snprintf(mqtt->topic, sizeof(mqtt->topic),
		       "hermetic/v1/session/%s/messages", id);
	TRY(subscribe_to(mqtt, why));
	/* nobody waits for it: where it is refused, nobody is seen to type */
	(void)snprintf(mqtt->topic, sizeof(mqtt->topic), TYPING_TOPIC, id);
	(void)mosquitto_subscribe(mqtt->m, NULL, mqtt->topic, 0);
	out->typing = true;
out:
	return e;
}

static void type(struct channel *channel, const char *id, const char *text)
{
	char topic[TOPIC_SIZE];

	(void)snprintf(topic, sizeof(topic), TYPING_TOPIC, id);
	(void)mosquitto_publish(of(channel)->m, NULL, topic, (int)strlen(text),
				text, 0, false);
}

static enum err put(struct channel *channel, const char *id, const char *text)
{
	struct mqtt *mqtt = of(channel);

	free(mqtt->letter);
	mqtt->letter = strdup(text);
	if (mqtt->letter == NULL)
		return ERR_LOCAL_MEMORY;
	(void)snprintf(mqtt->topic, sizeof(mqtt->topic),
		       "hermetic/v1/session/%s/send", id);
	mqtt->give_up_at = clock_steady_ms() + PATIENCE_MS;
	publish(mqtt);
	return ERR_OK;
}

static void close_mqtt(struct channel *channel)
{
	struct mqtt *mqtt = of(channel);

	if (mqtt->m != NULL && mqtt->connected && !channel->ended)
		(void)mosquitto_disconnect(mqtt->m);
	if (mqtt->m != NULL)
		mosquitto_destroy(mqtt->m);
	free(mqtt->letter);
	channel_clear(channel);
	free(mqtt);
	(void)mosquitto_lib_cleanup();
}

static const struct channel_kind MQTT = {
	.close = close_mqtt,
	.subscribe = subscribe,
	.put = put,
	.type = type,
	.serve = serve,
	.fd = socket_of,
	.read = set_reading,
};

/* ---- opening ---- */

struct address {
	char *host; /* curl's */
	long port;
	bool tls;
};

static CURLUcode parse(CURLU *url, const char *text, char **scheme, char **host,
		       char **port)
{
	CURLUcode code =
	    curl_url_set(url, CURLUPART_URL, text,
			 CURLU_NON_SUPPORT_SCHEME | CURLU_DISALLOW_USER);

	if (code == CURLUE_OK)
		code = curl_url_get(url, CURLUPART_SCHEME, scheme, 0);
	if (code == CURLUE_OK)
		code = curl_url_get(url, CURLUPART_HOST, host, 0);
	/* of http and https it is not the one that is meant */
	if (code == CURLUE_OK && strncmp(*scheme, "mqtt", 4) == 0 &&
	    curl_url_get(url, CURLUPART_PORT, port, 0) != CURLUE_OK)
		*port = NULL;
	return code;
}

/* mqtts where the API is https, unless the text says. */
static enum err find_address(const struct channel_target *target,
			     struct why *why, struct address *out)
{
	bool secure = strncmp(target->api, "https:", 6) == 0;
	char *scheme = NULL, *port = NULL;
	struct buf text = BUF_INIT;
	CURLU *url = curl_url();
	CURLUcode code;
	enum err e;

	if (target->mqtt[0] == '\0')
		buf_put_str(&text, target->api);
	else if (strstr(target->mqtt, "://") != NULL)
		buf_put_str(&text, target->mqtt);
	else
		buf_putf(&text, "%s://%s", secure ? "mqtts" : "mqtt",
			 target->mqtt);
	buf_put_u8(&text, 0);
	TRY(buf_end(&text));
	code = parse(url, (const char *)text.p, &scheme, &out->host, &port);
	if (code != CURLUE_OK ||
	    (strcmp(scheme, "mqtt") != 0 && strcmp(scheme, "mqtts") != 0 &&
	     target->mqtt[0] != '\0'))
		TRY(why_set(why, ERR_PEER_INVALID, "usage",
			    "\"%s\" is no address of a broker: HOST[:PORT], "
			    "mqtt://HOST[:PORT] or mqtts://HOST[:PORT].",
			    target->mqtt));
	out->tls = strcmp(scheme, "mqtts") == 0 || strcmp(scheme, "https") == 0;
	out->port = port != NULL ? strtol(port, NULL, 10)
		    : out->tls	 ? 8883
				 : 1883;
out:
	curl_free(scheme);
	curl_free(port);
	curl_url_cleanup(url);
	buf_clear(&text);
	return e;
}

/* Several of one device may be connected at once. */
static enum err name_client(struct mqtt *mqtt, const char *device)
{
	uint8_t random[6];
	struct buf text = BUF_INIT;
	enum err e;

	TRY(rng_fill(rng_system(), random, sizeof(random)));
	buf_putf(&text, "%s-", device);
	text_put_hex(&text, SPAN_ARRAY(random));
	buf_put_u8(&text, 0);
	TRY(buf_end(&text));
	ENSURE(text.n <= sizeof(mqtt->client_id), ERR_LOCAL_BUG);
	memcpy(mqtt->client_id, text.p, text.n);
out:
	buf_clear(&text);
	return e;
}

static enum err use_tls(struct mqtt *mqtt, const char *ca, struct why *why)
{
	int result =
	    ca != NULL
		? mosquitto_tls_set(mqtt->m, ca, NULL, NULL, NULL, NULL)
		: mosquitto_int_option(mqtt->m, MOSQ_OPT_TLS_USE_OS_CERTS, 1);

	if (result == MOSQ_ERR_SUCCESS)
		return ERR_OK;
	return why_set(why, ERR_PEER_INVALID, "usage",
		       "Cannot use the certificates that were given (%s).",
		       mosquitto_strerror(result));
}

static enum err make_client(struct mqtt *mqtt,
			    const struct channel_target *target, bool tls,
			    struct why *why)
{
	enum err e;

	(void)mosquitto_lib_init();
	TRY(channel_init(&mqtt->channel, &MQTT));
	TRY(name_client(mqtt, target->device));
	mqtt->m = mosquitto_new(mqtt->client_id, true, mqtt);
	ENSURE(mqtt->m != NULL, ERR_LOCAL_MEMORY);
	ENSURE(mosquitto_int_option(mqtt->m, MOSQ_OPT_PROTOCOL_VERSION,
				    MQTT_PROTOCOL_V5) == MOSQ_ERR_SUCCESS &&
		   mosquitto_username_pw_set(mqtt->m, target->username,
					     target->token) == MOSQ_ERR_SUCCESS,
	       ERR_LOCAL_MEMORY);
	if (tls)
		TRY(use_tls(mqtt, target->ca, why));
	mosquitto_connect_v5_callback_set(mqtt->m, on_connect);
	mosquitto_disconnect_v5_callback_set(mqtt->m, on_disconnect);
	mosquitto_subscribe_v5_callback_set(mqtt->m, on_subscribe);
	mosquitto_publish_v5_callback_set(mqtt->m, on_publish);
	mosquitto_message_v5_callback_set(mqtt->m, on_message);
out:
	return e;
}

/* One address of the host, the first that fits to `from`. */
static void try_address(struct mqtt *mqtt, const struct address *address,
			const char *from, uint64_t until)
{
	uint64_t since = clock_steady_ms();
	int result = mosquitto_connect_bind_async(mqtt->m, address->host,
						  (int)address->port,
						  KEEPALIVE_SECONDS, from);

	if (result != MOSQ_ERR_SUCCESS)
		channel_end(&mqtt->channel,
			    span_str(mosquitto_strerror(result)));
	while (!mqtt->connected && !mqtt->channel.ended) {
		if (clock_steady_ms() >= until || pause_is_over(since))
			channel_end(&mqtt->channel, SPAN_LIT("no answer"));
		else
			(void)serve(&mqtt->channel, 100);
	}
}

/* libmosquitto takes the first address that the host's name stands for: where
 * nobody answers there, the first of each family is tried. */
static void connect_to(struct mqtt *mqtt, const struct address *address)
{
	static const char *const froms[] = { NULL, "0.0.0.0", "::" };
	uint64_t until = clock_steady_ms() + CHANNEL_CONNECT_MS;
	char first[sizeof(mqtt->channel.reason)] = "";

	for (size_t i = 0; i < sizeof(froms) / sizeof(*froms); i++) {
		try_address(mqtt, address, froms[i], until);
		if (mqtt->connected || mqtt->refusal != 0 ||
		    clock_steady_ms() >= until)
			return;
		if (i == 0)
			memcpy(first, mqtt->channel.reason, sizeof(first));
		mqtt->channel.ended = false;
	}
	channel_end(&mqtt->channel, span_str(first));
}

static enum err explain(const struct mqtt *mqtt, const struct address *address,
			struct why *why)
{
	const char *reason = mqtt->channel.reason;

	if (mqtt->connected && !mqtt->channel.ended)
		return ERR_OK;
	if (mqtt->refusal == MQTT_RC_NOT_AUTHORIZED ||
	    mqtt->refusal == MQTT_RC_BAD_USERNAME_OR_PASSWORD)
		return why_set(why, ERR_PEER_DENIED, "mqtt-refused",
			       "The broker at %s refused us (%s).",
			       address->host, reason);
	why->unreachable = true;
	return why_set(why, ERR_LOCAL_IO, "unreachable",
		       "Cannot reach the broker at %s:%ld (%s).", address->host,
		       address->port, reason);
}

enum err mqtt_open(const struct channel_target *target, struct why *why,
		   struct channel **out)
{
	struct mqtt *mqtt = calloc(1, sizeof(*mqtt));
	struct address address = { NULL, 0, false };
	enum err e;

	ENSURE(mqtt != NULL, ERR_LOCAL_MEMORY);
	TRY(find_address(target, why, &address));
	TRY(make_client(mqtt, target, address.tls, why));
	connect_to(mqtt, &address);
	TRY(explain(mqtt, &address, why));
	(void)snprintf(mqtt->topic, sizeof(mqtt->topic),
		       "hermetic/v1/device/%s/events", target->device);
	TRY(subscribe_to(mqtt, why));
	*out = &mqtt->channel;
	mqtt = NULL;
out:
	curl_free(address.host);
	if (mqtt != NULL)
		close_mqtt(&mqtt->channel);
	return e;
}
