/*
 * The processes of a node: Kore's parent and its workers. The module's own
 * kore_parent_configure() begins it all with process_begin().
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
	/* In each worker, on its loop, before the first connection. False ends it. */
	bool (*start)(void);
	/* A worker is asked to end: it is not ready any more, and WebSockets end.
	 * NULL: nothing is to be done. */
	void (*drain)(void);
	/* A worker is asked to end; true once nothing waits for an answer. */
	bool (*is_idle)(void);
};

/* In the parent, before the workers. `configure` fills the settings and adds the
 * routes; false stops the start, and what is wrong has then been said. */
void process_begin(bool (*configure)(struct process_settings *settings));

/* Number of this worker, from 1. */
unsigned process_worker(void);

#endif
