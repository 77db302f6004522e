/* What reaches the bridge and its gate: MQTT packets on a stream, topics,
 * client ids, payloads. The first byte chooses the version. */
#include "fuzz.h"

#include <stdlib.h>

#include "mqtt/topic.h"
#include "mqtt_bridge/packet.h"
#include "mqtt_bridge/payload.h"

static void within(struct span part, struct span whole)
{
	if (part.n > 0 &&
	    (part.p < whole.p || part.p + part.n > whole.p + whole.n))
		abort();
}

static void use_topic(struct span name)
{
	struct topic topic = topic_parse(name);
	struct uuid device;

	if (topic.kind != TOPIC_OTHER)
		within(topic.rest, name);
	(void)topic_client(name, &device);
}

static void use_payload(struct span bytes)
{
	struct payload payload;

	if (payload_read(bytes, &payload) != ERR_OK && payload.id < 0)
		abort();
	buf_clear(&payload.bytes);
	if (payload_read_typing(bytes, &payload) != ERR_OK && payload.id < 0)
		abort();
	buf_clear(&payload.bytes);
}

static void use_packet(const struct packet *packet, uint8_t version)
{
	struct packet_connect connect;
	struct packet_publish publish;
	uint16_t id;
	uint8_t reason;

	within(packet->body, packet->whole);
	if (packet_read_connect(packet, &connect) == ERR_OK) {
		within(connect.client_id, packet->body);
		use_topic(connect.client_id);
	}
	if (packet_read_publish(packet, version, &publish) == ERR_OK) {
		within(publish.topic, packet->body);
		within(publish.payload, packet->body);
		use_topic(publish.topic);
		use_payload(publish.payload);
	}
	if (packet_read_puback(packet, &id, &reason) == ERR_OK &&
	    packet->body.n < 2)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct packet packet;
	struct span rest;

	if (size == 0)
		return 0;
	rest = span_of(data + 1, size - 1);
	use_topic(rest);
	use_payload(rest);
	while (packet_next(rest, 1 << 16, &packet) == ERR_OK &&
	       packet.whole.n > 0) {
		within(packet.whole, rest);
		use_packet(&packet, data[0] & 1 ? 5 : 4);
		rest =
		    span_of(rest.p + packet.whole.n, rest.n - packet.whole.n);
	}
	return 0;
}
