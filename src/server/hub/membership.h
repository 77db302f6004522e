/* Whether a follower is a member, asked of the store. */
#ifndef HERMETIC_SERVER_HUB_MEMBERSHIP_H
#define HERMETIC_SERVER_HUB_MEMBERSHIP_H

#include "server/hub/topics.h"
#include "store/store.h"

/* Once in a worker. `confirmed`: the store says that this one is a member. */
void membership_start(struct store *store,
		      void (*confirmed)(struct subscription *subscription));

/* Whether a new one may follow, and from where; he is told. */
MUST_CHECK enum err membership_ask(struct subscription *subscription);

/* Is this device still in? Until that is known it gets nothing more. */
void membership_recheck(struct subscription *subscription);

/* Statements may still come back to a subscription that is over. */
void membership_free_if_over(struct subscription *subscription);

#endif
