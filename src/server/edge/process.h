/*
 * The processes of a node: Kore's parent and its workers. Address and numbers come
 * from the configuration that app_configure() reads.
 */
#ifndef HERMETIC_SERVER_EDGE_PROCESS_H
#define HERMETIC_SERVER_EDGE_PROCESS_H

#include <stdbool.h>

struct process_settings {
	const char *host;
	const char *port;
	unsigned workers;
	unsigned connections; /* of a worker */
	unsigned drain_ms;    /* not ready, but still serving, before the end */
};

/* Number of this worker, from 1. */
unsigned process_worker(void);

/* ---- defined by the server above the edge ---- */

/* In the parent, before the workers: fills the settings and adds the routes. False stops the
 * start; what is wrong has then been said. */
bool app_configure(struct process_settings *settings);

/* In each worker, on its loop, before the first connection. */
bool app_start(void);

/* A worker is asked to end: it is not ready any more, and WebSockets end. */
void app_drain(void);

/* A worker is asked to end; true once nothing waits for an answer. */
bool app_is_idle(void);

#endif
