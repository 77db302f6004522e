/*
 * What the workers of a node tell each other. One of them listens to the
 * database, for all; a message that one has stored goes to the others as it
 * is, and an envelope to the worker that writes for its session (lanes.h).
 */
#ifndef HERMETIC_SERVER_RELAY_H
#define HERMETIC_SERVER_RELAY_H

#include "base/buf.h"
#include "store/store.h"

/* The first byte of a word; below: a notice, by its kind. */
enum relay_word {
	RELAY_APPEND = 250,
	RELAY_RESULT,
	RELAY_STARTED,
	RELAY_MESSAGE,
	RELAY_RESYNC
};

/* Begins to hear what others store; once in a worker. */
MUST_CHECK enum err relay_start(struct store *store);

/* A message that this worker stored. */
void relay_stored(void *unused, const struct message *message);

#endif
