/* What the gate is told: its settings, and what became of a message. */
#ifndef HERMETIC_WORKERS_MQTT_BRIDGE_GATE_TYPES_H
#define HERMETIC_WORKERS_MQTT_BRIDGE_GATE_TYPES_H

#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"

struct gate_settings {
	const char *host; /* a numeric address */
	uint64_t port;
	const char *broker; /* the path of its Unix socket */
	size_t packet_bytes, connections_max;
	uint64_t connect_ms; /* from the connection to the broker's CONNACK */
	/* The broker has let a device in. */
	void (*arrived)(struct uuid device);
};

enum gate_outcome {
	GATE_STORED,  /* durable: acknowledge it */
	GATE_REFUSED, /* it will never be; the problem has been told */
	GATE_LIMITED, /* not now: that was too often */
	GATE_UNKNOWN  /* it may be sent again: the connection ends */
};

#endif
