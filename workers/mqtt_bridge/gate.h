/*
 * The gate: clients come through it to the broker. It changes nothing but one
 * thing: the broker's PUBACK for a message to a session waits here until the
 * message is durable in PostgreSQL (docs/adr/0007-puback-gate.md).
 *
 * Bounded: a packet, what waits to be written, and the messages that wait for
 * their PUBACK, per connection; the number of connections. Whoever has not been
 * let in yet has only a descriptor and a few bytes, and a deadline; so many of
 * these may be from one address, and when there are too many in all, the one
 * that waits longest goes. How many sessions the broker keeps for one device is
 * a limit (door/limits.h).
 */
#ifndef HERMETIC_WORKERS_MQTT_BRIDGE_GATE_H
#define HERMETIC_WORKERS_MQTT_BRIDGE_GATE_H

#include "mqtt_bridge/gate_types.h"
#include "store/loop.h"

MUST_CHECK enum err gate_start(const struct store_loop *loop,
			       const struct gate_settings *settings);

/* Clients may come while it is open; closing it ends their connections, so
 * that they send again what was not acknowledged. */
void gate_open(bool open);

/* The device of each connection, of some more than once. */
void gate_each(void (*each)(void *arg, struct uuid device), void *arg);

/* What has become of the message with this payload. */
void gate_decide(struct span client_id, struct span payload,
		 enum gate_outcome outcome);

#endif
