/* Members whose device its account has removed: nothing is sealed for them. */
#ifndef HERMETIC_DEVICE_ENDED_H
#define HERMETIC_DEVICE_ENDED_H

#include "device/core.h"

/* What can be done about another member whose device has ended, as far as its
 * account's log is known. */
enum ended {
	ENDED_NONE,
	ENDED_TOLD,	 /* the group knows: anybody removes it */
	ENDED_UNTOLD,	 /* a commit tells the group */
	ENDED_ELSEWHERE, /* none can: the group is at a place of another branch */
};

/* The one about whom most can be done; ENDED_NONE: there is none. */
enum ended ended_find(struct device *d, struct mls_member *member);

/* Begins a commit that tells the group of it, or removes it. Where neither can be,
 * the order is held, and says why. */
MUST_CHECK enum err ended_remove(struct device *d,
				 const struct mls_member *member,
				 enum ended how);

#endif
