/*
 * What a process counts, for Prometheus: counters, gauges and histograms in
 * plain cells that only their own process writes. Processes that serve one
 * node share the cells, a slot each, and whoever is asked adds them up. What
 * each of them uses of the machine is shown for itself.
 */
#ifndef HERMETIC_BASE_METRICS_H
#define HERMETIC_BASE_METRICS_H

#include <stdbool.h>

#include "base/buf.h"

/* Which process shows what. */
enum metrics_of { METRICS_API = 1, METRICS_BRIDGE = 2, METRICS_ROTATION = 4 };

/* In the order of the table in metrics.c. */
enum metric {
	METRIC_CONNECTIONS,
	METRIC_WEBSOCKETS,
	METRIC_WEBSOCKETS_SLOW,
	METRIC_DRAINING,
	METRIC_STORED,
	METRIC_STORED_EXPECTED,
	METRIC_BATCH_MESSAGES,
	METRIC_COMMIT_SECONDS,
	METRIC_WRITER_QUEUE,
	METRIC_STATEMENT_QUEUE,
	METRIC_DATABASE_CONNECTIONS,
	METRIC_DATABASE_BREAKS,
	METRIC_DATABASE_REFUSED,
	METRIC_DATABASE_MISFITS,
	METRIC_DATABASE_ERRORS,
	METRIC_DATABASE_REFUSALS, /* by metrics_refusal() */
	METRIC_LISTENERS,
	METRIC_LISTENER_DEAF,
	METRIC_NOTICES,
	METRIC_DELIVERED,
	METRIC_DELIVERY_SECONDS,
	METRIC_GROUPS_READ,
	METRIC_LOGIN_TASKS,
	METRIC_LOGINS_REFUSED,
	METRIC_RATE_LIMITED,
	METRIC_MQTT_LOGS,
	METRIC_ROTATION_RUNS,
	METRIC_ROTATIONS_DUE,
	METRIC_KEY_PACKAGES,
	METRIC_DEVICES_LOW,
	METRIC_OBJECTS_GOING,
	METRIC_ARCHIVE_FAILING,
	METRIC_COUNT
};

struct metrics_settings {
	enum metrics_of process;
	unsigned slots;		   /* processes that share the cells */
	const char *const *routes; /* borrowed; may be NULL */
	size_t route_count;
};

/* Before the fork that makes the processes of a node. Until then what is
 * counted goes nowhere. ERR_LOCAL_MEMORY. */
MUST_CHECK enum err metrics_open(const struct metrics_settings *settings);

/* This process counts in `slot`, from 0. What a process before it has counted
 * there stays, but gauges begin at zero. */
void metrics_take_slot(unsigned slot);

void metrics_count(enum metric metric, uint64_t n);
void metrics_set(enum metric metric, uint64_t value);

/* One value of a histogram: microseconds where the name says seconds. */
void metrics_observe(enum metric metric, uint64_t value);

/* What PostgreSQL refused, by its SQLSTATE: five characters, of which the first
 * two, its class, are counted; NULL: none was told. */
void metrics_refusal(const char *sqlstate);

/* A request that was answered; `route` is a place in `routes`. */
void metrics_request(size_t route, int status, uint64_t us);

/* Everything, of all slots, in Prometheus's text format (0.0.4). */
void metrics_put(struct buf *out);

/* Microseconds of a clock that only goes forward. */
uint64_t metrics_now_us(void);

#endif
