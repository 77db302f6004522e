/*
 * A notice is only a hint: a node may die between a commit and its NOTIFY, and
 * a listener may have been away. So all logs that are followed are compared
 * with the database, from time to time and when somebody says so: bucket by
 * bucket, many sessions to a statement.
 */
#ifndef HERMETIC_SERVER_HUB_SWEEP_H
#define HERMETIC_SERVER_HUB_SWEEP_H

#include "store/store.h"

/* Once in a worker. */
void sweep_start(struct store *store);

/* Something may have been missed: all logs are compared. */
void sweep_all(void);

/* At each tick of the hub. */
void sweep_tick(void);

#endif
