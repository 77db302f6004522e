/* Whether a follower is a member, asked of the store. */
#ifndef HERMETIC_SERVER_HUB_MEMBERSHIP_H
#define HERMETIC_SERVER_HUB_MEMBERSHIP_H

#include "server/hub/topics.h"

/* Once in a worker. */
void membership_start(struct store *store);

/* Whether a new one may follow, and from where; he is told. */
MUST_CHECK enum err membership_ask(struct subscription *subscription);

/* Is this device still in? Until that is known it gets nothing more. */
void membership_recheck(struct subscription *subscription);

/* Statements may still come back to a subscription that is over. */
void membership_free_if_over(struct subscription *subscription);

#endif
