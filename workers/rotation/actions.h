/* What the rotation worker does, one statement each (sql/worker_*.sql). Every
 * instance on every node may do all of it: an advisory lock lets each piece of
 * work be done by one at a time, and what one left the next one finds. */
#ifndef HERMETIC_WORKERS_ROTATION_ACTIONS_H
#define HERMETIC_WORKERS_ROTATION_ACTIONS_H

#include "store/connection.h"
#include "store/notifier.h"
#include "store/objects.h"

/* All are used for ever. `objects` NULL: there is no store of them. */
void actions_init(struct connection *connection, struct notifier *notifier,
		  struct objects *objects);

/* Does everything that is due by now. An action that filled its batch goes on
 * by itself, one whose last run has not been answered waits. */
void actions_run(void);

/* Nothing is in flight. */
bool actions_are_idle(void);

#endif
