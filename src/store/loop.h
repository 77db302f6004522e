/*
 * The event loop that the store runs on, handed in: Kore's in a worker, a
 * poll() loop in tools and tests. Callbacks come from the loop only, never
 * from within the call that registers them.
 */
#ifndef HERMETIC_STORE_LOOP_H
#define HERMETIC_STORE_LOOP_H

enum store_events { STORE_READ = 1, STORE_WRITE = 2 };

struct store_loop {
	void *context;

	/* Level-triggered interest in a descriptor; a second call for the same
	 * one replaces the first. */
	void (*watch)(void *context, int fd, unsigned events,
		      void (*ready)(void *arg, unsigned events), void *arg);

	/* No more callbacks for it. Called before the descriptor is closed. */
	void (*forget)(void *context, int fd);

	/* Calls `tick` about every `ms` until the loop ends. There is one per
	 * connection, and it is never taken back. */
	void (*every)(void *context, unsigned ms, void (*tick)(void *arg),
		      void *arg);

	/* Calls `run` once, when what is ready in this turn has been given and `ms`
	 * are over. */
	void (*later)(void *context, unsigned ms, void (*run)(void *arg),
		      void *arg);
};

#endif
