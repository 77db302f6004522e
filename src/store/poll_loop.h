/* A store_loop over poll(2), for programs of one thread that have no loop of
 * their own: workers and tools. */
#ifndef HERMETIC_STORE_POLL_LOOP_H
#define HERMETIC_STORE_POLL_LOOP_H

#include "base/err.h"
#include "store/loop.h"

struct poll_loop;

MUST_CHECK enum err poll_loop_new(struct poll_loop **out);
/* After all that was opened on it. */
void poll_loop_free(struct poll_loop *loop);

/* What the store wants; valid as long as the loop. */
const struct store_loop *poll_loop_store(struct poll_loop *loop);

/* Waits for events up to `ms` milliseconds, and handles them. */
void poll_loop_run(struct poll_loop *loop, unsigned ms);

#endif
