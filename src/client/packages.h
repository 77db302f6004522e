/* This device's KeyPackages: a stock at the server from which others add us,
 * and their private halves here until a Welcome uses them. */
#ifndef HERMETIC_CLIENT_PACKAGES_H
#define HERMETIC_CLIENT_PACKAGES_H

#include "client/account.h"

/* Fills the stock up where it is low; the private halves are stored before
 * anything is published. Asks the server: never inside a transaction. */
MUST_CHECK enum err packages_top_up(struct client *c);

struct package {
	const struct suite *suite;
	bool last_resort;
	struct account_suites offer; /* what it says we offer */
	struct buf key_package;
	struct mls_key_package_secrets secrets;
	struct buf ref;
};

/* The one that a Welcome (MLSMessage) is for; ERR_STATE_GONE when it is for
 * none that we still have. The caller clears it, also after a failure. */
MUST_CHECK enum err packages_find(struct client *c, struct span welcome,
				  struct package *package);
void package_clear(struct package *package);

/* After it was used: its private half goes, unless it is a last resort.
 * Inside a transaction. */
MUST_CHECK enum err packages_used(struct client *c,
				  const struct package *package);

#endif
