/* Broker to PostgreSQL: what clients sent, by the rules and the writer that
 * the API has; each is answered with its sequence number or a problem. */
#ifndef HERMETIC_WORKERS_MQTT_BRIDGE_INFLOW_H
#define HERMETIC_WORKERS_MQTT_BRIDGE_INFLOW_H

#include "door/delivery.h"
#include "mqtt_bridge/broker.h"

void inflow_start(struct writer *writer, const struct delivery_limits *limits);

/* An envelope, or a typing notice, by its topic. */
void inflow_received(const struct broker_message *message);

#endif
