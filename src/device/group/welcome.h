/* Welcomes, and where they stand in the log. */
#ifndef HERMETIC_DEVICE_GROUP_WELCOME_H
#define HERMETIC_DEVICE_GROUP_WELCOME_H

#include "device/core.h"
#include "device/group/trail.h"

/*
 * A Welcome to a session in which this device was before. It says nothing of what
 * stood there since, so it waits: a walk begins where this device was, and comes to
 * the Welcome's place and to its group, or the Welcome is not used.
 */
struct awaited;
void welcome_forget(struct awaited *awaited);

/* The trail has come to another place. *in: it is that of the Welcome, and its
 * session has taken the place of what was known. */
MUST_CHECK enum err welcome_arrive(struct device *d, const struct trail *trail,
				   bool *in);

/* A Welcome's number and head are what the server says. Is `entry`, which it
 * shows at that place, the commit that made the group that was joined (its
 * confirmation tag is the group's), and does its head follow from what its
 * sender signed of the log? */
bool welcome_stands_there(const struct session *session,
			  const struct answer_entry *entry);

#endif
