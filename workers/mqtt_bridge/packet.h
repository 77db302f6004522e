/*
 * MQTT packets on a stream (MQTT 3.1.1 and 5.0, chapters 2 and 3), as far as
 * the gate must understand them. Everything borrows from what was given.
 */
#ifndef HERMETIC_WORKERS_MQTT_BRIDGE_PACKET_H
#define HERMETIC_WORKERS_MQTT_BRIDGE_PACKET_H

#include "base/err.h"
#include "base/span.h"

enum packet_type {
	PACKET_CONNECT = 1,
	PACKET_CONNACK = 2,
	PACKET_PUBLISH = 3,
	PACKET_PUBACK = 4,
	PACKET_DISCONNECT = 14
};

struct packet {
	uint8_t type, flags; /* the two halves of its first byte */
	struct span whole;   /* n is 0: there is no whole packet yet */
	struct span body;    /* after the fixed header */
};

struct packet_connect {
	uint8_t version; /* 3: MQTT 3.1, 4: 3.1.1, 5 */
	bool will;
	bool keeps; /* the broker shall keep a session for it */
	struct span client_id;
};

struct packet_publish {
	uint8_t qos;
	uint16_t id; /* of QoS 1 and 2 */
	struct span topic, payload;
};

/* The packet that `in` begins with. ERR_PEER_MALFORMED, or ERR_PEER_TOO_LARGE
 * for one of more than `max` bytes. */
MUST_CHECK enum err packet_next(struct span in, size_t max, struct packet *out);

/* These: ERR_PEER_MALFORMED. What they do not return they do not judge; the
 * broker does. */
MUST_CHECK enum err packet_read_connect(const struct packet *packet,
					struct packet_connect *out);
MUST_CHECK enum err packet_read_publish(const struct packet *packet,
					uint8_t version,
					struct packet_publish *out);
/* `reason` is 0 before MQTT 5. */
MUST_CHECK enum err packet_read_puback(const struct packet *packet,
				       uint16_t *id, uint8_t *reason);

#endif
