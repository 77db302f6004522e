/* This device as MLS sees it, for one suite: identity, signature key, and the
 * suites that it says it offers. */
#ifndef HERMETIC_CLIENT_ACTOR_H
#define HERMETIC_CLIENT_ACTOR_H

#include "client/account.h"

/* How long a KeyPackage of ours is good for, in seconds. */
#define ACTOR_LIFETIME (90u * 86400u)

/* `me` points into the actor and the client: do not copy or move it. */
struct actor {
	struct mls_identity me;
	struct account_key key;
	struct account_suites offer;
};

/* Inside a transaction (the key may be made). The caller clears it, also
 * after a failure. */
MUST_CHECK enum err actor_init(struct actor *actor, struct client *c,
			       const struct suite *suite,
			       const struct account_suites *offer);
void actor_clear(struct actor *actor);

#endif
