/* The bridge's own connection to the broker, on the store's loop. It connects
 * again by itself; what was published and not acknowledged is sent again. */
#ifndef HERMETIC_WORKERS_MQTT_BRIDGE_BROKER_H
#define HERMETIC_WORKERS_MQTT_BRIDGE_BROKER_H

#include "base/buf.h"
#include "store/loop.h"

/* Borrowed during the call. */
struct broker_message {
	struct span topic, payload;
	struct span response_topic, correlation; /* empty: none */
};

struct broker_settings {
	const char *socket, *secret; /* borrowed for good */
	void (*received)(const struct broker_message *message);
	/* true: connected and subscribed. */
	void (*connected)(bool connected);
	/* An acknowledgement came: there is room again. */
	void (*room)(void);
};

/* What goes along with a message; zero and empty are left out. */
struct broker_properties {
	struct span correlation;
	uint32_t expiry_seconds;
	uint64_t seq, epoch; /* with seq, both are told */
	bool may_be_lost;    /* QoS 0 */
};

MUST_CHECK enum err broker_start(const struct store_loop *loop,
				 const struct broker_settings *settings);

/* Few enough messages are on their way; otherwise `room` will tell. */
bool broker_has_room(void);

/* QoS 1 unless it may be lost, JSON. `topic` ends with a NUL. False: not taken, as the broker is
 * away or far too many messages are on their way; what may be lost is not taken either where
 * there is no room or something waits to be written. */
bool broker_publish(const char *topic, struct span payload,
		    const struct broker_properties *properties);

#endif
