/*
 * A connection that listens, and is probed: what never sends is never overdue,
 * so a server that was paused, replaced or cut off would keep it deaf for hours.
 * Every two seconds another connection tells its channel something, and when
 * that has been told the listener must hear it within some seconds, or it is
 * cut, and connects again.
 */
#ifndef HERMETIC_STORE_LISTENER_H
#define HERMETIC_STORE_LISTENER_H

#include "store/connection.h"

struct listener;

struct listener_settings {
	const char *conninfo; /* borrowed, as in struct connection_settings */
	const char *name;
	/* Tells the probes: another connection to the primary, with room for one
	 * statement. */
	struct connection *teller;
	/* It listens (again); notices may have been missed. */
	void (*on_ready)(void *arg);
	void (*on_notify)(void *arg, const char *payload);
	void *arg;
};

/* It lives as long as the process. ERR_LOCAL_MEMORY. */
MUST_CHECK enum err listener_open(const struct store_loop *loop,
				  const struct listener_settings *settings,
				  struct listener **out);

bool listener_is_ready(const struct listener *listener);

/* The connection itself, for a notifier (notifier_open_by()). */
struct connection *listener_connection(struct listener *listener);

#endif
