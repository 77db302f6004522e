/* PostgreSQL to broker: what one device is told on its topic. Each event may be lost. */
#ifndef HERMETIC_WORKERS_MQTT_BRIDGE_DEVICE_EVENTS_H
#define HERMETIC_WORKERS_MQTT_BRIDGE_DEVICE_EVENTS_H

#include "store/connection.h"
#include "store/notifier.h"

/* `queries` is borrowed for good. */
void device_events_start(struct connection *queries, uint32_t expiry_seconds);

/* A notice of a Welcome, a rotation, KeyPackages or an approval; of others nothing. */
void device_events_tell(const struct notice *notice);

#endif
