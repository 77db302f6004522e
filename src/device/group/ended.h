/* Members whose device its account has removed: nothing is sealed for them. */
#ifndef HERMETIC_DEVICE_GROUP_ENDED_H
#define HERMETIC_DEVICE_GROUP_ENDED_H

#include "device/core.h"

/* The one about whom most can be done; SESSION_STANDS: there is none. A fork that the
 * person has lifted is none. Inside a transaction. */
enum session_ended ended_find(struct device *d, struct mls_member *member);

/* The group hears of it by commits that anybody may make, and is without it then. */
bool ended_is_purged(enum session_ended how);

/* Begins a commit that tells the group of it, or removes it. Where neither can be,
 * the order is held, and says why. */
MUST_CHECK enum err ended_remove(struct device *d,
				 const struct mls_member *member,
				 enum session_ended how);

#endif
