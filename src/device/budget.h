/* What a device does because a server asked, or because it was left behind, is
 * bounded in number and time: a server that asks for ever gets little. */
#ifndef HERMETIC_DEVICE_BUDGET_H
#define HERMETIC_DEVICE_BUDGET_H

#include "device/core.h"

enum budget {
	BUDGET_ASKED,	/* commits because a server asked: 12 in an hour */
	BUDGET_REJOINS, /* joining again by itself: 6 in a day */
	BUDGET_BROKEN	/* the same, for a commit of a member: 60 in an hour */
};

/* Takes one from the budget of the session that is loaded, and notes when.
 * False: nothing is left of it. */
bool budget_take(struct device *d, enum budget budget);

/*
 * Joining again because of a commit that another member has signed is bounded by
 * that member's commits: each gives one turn, which budget_take_rejoin() takes
 * before it takes from BUDGET_REJOINS. So a server without any member's key has
 * the small budget only, and a member cannot use it up for others. `seq`: the
 * commit's place; one that gave a turn before, or stands before one that did,
 * gives none.
 */
void budget_grant(struct device *d, uint64_t seq);
bool budget_take_rejoin(struct device *d);
/* A turn that was not taken is taken back. */
void budget_revoke(struct device *d);

#endif
