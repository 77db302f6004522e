/*
 * How far the broker has each log, of the logs that something was said in lately.
 * A log in which nothing is said costs nothing.
 */
#ifndef HERMETIC_WORKERS_MQTT_BRIDGE_LOGS_H
#define HERMETIC_WORKERS_MQTT_BRIDGE_LOGS_H

#include <stdbool.h>

#include "base/uuid.h"

/* Zero at first, but for the session. */
struct log {
	struct log *of_bucket, *next; /* next: in the queue */
	struct uuid session;
	uint64_t sent, last; /* told to the broker; known to be there */
	uint64_t asked_after;
	uint64_t since_ms, used_ms; /* known, and last of interest */
	bool placed;		    /* `sent` is known */
	bool queued, asked;
};

/* NULL: nothing was said in it lately. */
struct log *logs_find(struct uuid session);

/* The log of a session that logs_find() does not find; NULL: memory is out. */
struct log *logs_add(struct uuid session, uint64_t now_ms);

void logs_each(void (*each)(struct log *l));

/* Forgets those of which the broker has all, and that were not used since. */
void logs_forget(uint64_t used_before_ms);

#endif
