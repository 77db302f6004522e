/*
 * PostgreSQL to broker: each message of each log, in order. What a log has and
 * the broker lacks is found by comparing positions; notices only say when to
 * look, and a sweep over what was said lately finds what no notice told. Nothing is
 * kept beyond the process: a new one goes on some time before now, and who follows
 * a log drops what it has by its seq.
 */
#ifndef HERMETIC_WORKERS_MQTT_BRIDGE_OUTFLOW_H
#define HERMETIC_WORKERS_MQTT_BRIDGE_OUTFLOW_H

#include "store/connection.h"
#include "store/notifier.h"

struct outflow_settings {
	struct connection *queries; /* borrowed for good */
	uint64_t replay_seconds;    /* told again after a break */
	uint32_t expiry_seconds;    /* of a message in the broker */
};

void outflow_start(const struct outflow_settings *settings,
		   const struct store_loop *loop);

/* Notices may have been missed. */
void outflow_resync(void);

/* The broker is there (again), or away. */
void outflow_connected(bool connected);

void outflow_heard(void *unused, const struct notice *notice);

/* There is room at the broker. */
void outflow_go_on(void);

#endif
