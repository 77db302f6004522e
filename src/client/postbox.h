/* Messages on their way: sealed and stored before they are sent, sent again
 * (the same bytes, so at most once in the log) until the log shows them. */
#ifndef HERMETIC_CLIENT_POSTBOX_H
#define HERMETIC_CLIENT_POSTBOX_H

#include "client/book.h"

/* A way to post one envelope. The result is api_call()'s, the problem's slug
 * goes to `slug`. */
struct postbox_courier {
	enum err (*post)(void *context, struct client *c, const char *id,
			 struct span envelope, char slug[48]);
	void *context;
};

/* Seals `data` into the outbox, in a transaction of its own. */
MUST_CHECK enum err postbox_add(struct client *c, const char *id,
				struct span data);

/*
 * Posts what waits, oldest first (`courier` NULL: by REST), seals again what
 * came too late for its epoch, then reads the log until nothing waits. Never
 * inside a transaction.
 */
MUST_CHECK enum err postbox_flush(struct client *c, const char *id,
				  const struct postbox_courier *courier);

#endif
