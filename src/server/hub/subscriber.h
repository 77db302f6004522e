/* Who follows a session, as the hub is told of it. */
#ifndef HERMETIC_SERVER_HUB_SUBSCRIBER_H
#define HERMETIC_SERVER_HUB_SUBSCRIBER_H

#include "base/uuid.h"
#include "server/edge/websocket.h"

/* Where a log stands, for one device. */
struct hub_place {
	bool member;
	bool gone; /* what comes next for him is older than first_seq */
	bool rotation_due;
	uint64_t first_seq, last_seq;
};

struct subscriber {
	struct websocket *ws;
	struct uuid device;
	/* Membership ended: the subscription is over. */
	void (*on_ended)(void *arg, struct uuid session, const char *reason);
	/* An answer to hub_subscribe(). It stands when he is a member and the
	 * log still has what he wants. */
	void (*on_subscribed)(void *arg, struct uuid session, uint64_t id,
			      const struct hub_place *place, enum err e);
	void *arg;
};

#endif
