/* Where a Welcome stands in the log. */
#ifndef HERMETIC_DEVICE_WELCOME_H
#define HERMETIC_DEVICE_WELCOME_H

#include "device/ports.h"
#include "session/session.h"

/* A Welcome's number and head are what the server says. Is `entry`, which it
 * shows at that place, the commit that made the group that was joined (its
 * confirmation tag is the group's), and does its head follow from what its
 * sender signed of the log? */
bool welcome_stands_there(const struct session *session,
			  const struct answer_entry *entry);

#endif
