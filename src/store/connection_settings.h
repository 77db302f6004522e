/* What a connection to PostgreSQL is to be like (connection.h). */
#ifndef HERMETIC_STORE_CONNECTION_SETTINGS_H
#define HERMETIC_STORE_CONNECTION_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

struct connection_settings {
	const char *conninfo; /* borrowed for the connection's life */
	const char *name;     /* application_name, a literal */
	bool durable;	      /* a commit waits for the disk */
	bool keeps_plans;     /* statements run often: each is planned once,
			for any parameters, without bitmap scans (and so without
			BRIN indexes); no effect when pooled */
	bool listens;	      /* to the channel `hermetic`, and to one of its
			own that it is probed by */
	bool pooled;	  /* by PgBouncer in transaction mode: each transaction
			may get another connection, so nothing is kept in it */
	unsigned buckets; /* what it writes and reads at once is of one of so
			many, which have to fit the shards (bucket.h); 0: it
			does so of one session alone */
	size_t queue_max; /* requests, in flight and waiting */
	unsigned
	    wait_ms; /* how long a request may wait to be sent, and then for
			its answer */
	void (*on_ready)(void *arg); /* connected (again); may be NULL */
	void (*on_notify)(void *arg, const char *payload); /* may be NULL */
	void (*on_probe)(void *arg, const char *payload);  /* may be NULL */
	void *arg;
};

#endif
