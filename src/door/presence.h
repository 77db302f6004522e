/* Tells the database which devices are connected to this process, so that the
 * rotation worker knows whom it can ask. */
#ifndef HERMETIC_DOOR_PRESENCE_H
#define HERMETIC_DOOR_PRESENCE_H

#include "base/uuid.h"
#include "store/connection.h"
#include "store/loop.h"

struct presence_settings {
	const struct store_loop *loop;
	/* Sends STATEMENT_PRESENCE_PUT. */
	enum err (*put)(struct params *params, connection_done *done);
	/* Calls `each` for every device that is here, perhaps twice. */
	void (*list)(void (*each)(void *arg, struct uuid device), void *arg);
};

/* Once in a process. */
void presence_start(const struct presence_settings *settings);

/* A device has just come. */
void presence_arrived(struct uuid device);

#endif
