/*
 * The lane of what is large: pieces of files. It is a connection of its own with one
 * statement at a time, and a rest after each, so that messages have the disk and the
 * processors to themselves for half of the time, however many files are on their way.
 */
#ifndef HERMETIC_STORE_MOVER_H
#define HERMETIC_STORE_MOVER_H

#include "store/connection.h"

struct mover;

/* Starts to connect, as connection_open(). */
MUST_CHECK enum err mover_open(const struct store_loop *loop,
			       const struct connection_settings *settings,
			       struct mover **out);

/* As connection_send(); it waits for those that were given before it. */
MUST_CHECK enum err mover_send(struct mover *mover, enum statement statement,
			       struct params *params, connection_done *done,
			       void *arg);

#endif
