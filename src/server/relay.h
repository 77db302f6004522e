/*
 * What the workers of a node tell each other. One of them listens to the
 * database, for all; a message that one has stored goes to the others as it
 * is, and an envelope to the worker that writes for its session (lanes.h).
 */
#ifndef HERMETIC_SERVER_RELAY_H
#define HERMETIC_SERVER_RELAY_H

#include "store/store.h"

/* Once in a worker. `node`: as told to the store. */
void relay_start(uint64_t node);

/* Whether this worker listens to the database, for all. */
bool relay_listens(void);

/* What the database has notified, and that something of it may have been missed: for the store
 * of the worker that listens. */
void relay_heard(void *unused, const struct notice *notice);
void relay_missed(void *unused);

/* Whether a notice's row is of use: of another node, and followed by a worker of this one. */
bool relay_wants(const struct notice *notice);

/* A message that this worker stored. */
void relay_stored(void *unused, const struct message *message);

#endif
