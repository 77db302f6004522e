/* How a device that was let into its account comes into the account's sessions. */
#ifndef HERMETIC_REACH_COME_IN_H
#define HERMETIC_REACH_COME_IN_H

#include "reach/account.h"

struct come_in_listener {
	/* This device has joined. A failure that is not local keeps nobody from the
	 * other sessions. */
	enum err (*joined)(void *context, const char *id);
	/* It could not be joined, and is not tried again by itself. May be NULL. */
	void (*failed)(void *context, const char *id, const struct why *why);
	void *context;
};

/* Into the sessions that the approver is in: waits a while for the Welcomes, with
 * KeyPackages published (ORDER_STOCK). Nothing to do is no failure. */
MUST_CHECK enum err come_in(struct account *a,
			    const struct come_in_listener *listener);

#endif
