/* Devices to be added: their claimed KeyPackages, and the algorithm that all
 * agree on by what they signed. */
#ifndef HERMETIC_CLIENT_GUESTS_H
#define HERMETIC_CLIENT_GUESTS_H

#include "client/account.h"
#include "session/negotiation.h"

struct guest {
	struct buf identity;	    /* name/device */
	struct buf *packages;	    /* owned array */
	struct span *package_spans; /* of the same */
	size_t count;
};

struct guests {
	struct guest *list; /* owned array */
	size_t count;
};

void guests_clear(struct guests *guests);

/* Claims one KeyPackage of each algorithm for each device of a user (but not
 * for this one) and appends the devices that have any; *added counts them.
 * ERR_STATE_GONE and a reason when there is no such user. */
MUST_CHECK enum err guests_claim(struct client *c, const char *username,
				 struct guests *guests, size_t *added);

/* Drops the device of that identity, if it is there. */
void guests_drop(struct guests *guests, struct span identity);

/* negotiation_plan() with our offer, and words for its failures. The plan
 * borrows from `guests`. */
MUST_CHECK enum err guests_plan(struct client *c, const struct guests *guests,
				const struct account_suites *offer,
				struct negotiation_plan *plan);

#endif
