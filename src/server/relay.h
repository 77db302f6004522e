/*
 * What the workers of a node tell each other. One of them listens to the
 * database, for all; a message that one has stored goes to the others as it
 * is, and an envelope to the worker that writes for its session (lanes.h).
 */
#ifndef HERMETIC_SERVER_RELAY_H
#define HERMETIC_SERVER_RELAY_H

#include "store/store.h"

/* Begins to hear what others store; once in a worker. */
MUST_CHECK enum err relay_start(struct store *store);

/* A message that this worker stored. */
void relay_stored(void *unused, const struct message *message);

#endif
