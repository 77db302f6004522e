/* Messages on their way: sealed and stored before they are sent, sent again
 * (the same bytes, so at most once in the log) until the log shows them. */
#ifndef HERMETIC_CLIENT_POSTBOX_H
#define HERMETIC_CLIENT_POSTBOX_H

#include "client/book.h"

struct postbox_answer {
	char slug[48]; /* of a problem; empty otherwise */
	uint64_t seq;  /* its place in the log; 0: not known */
	bool rotation_due;
};

/* A way to post one envelope. The result is api_call()'s. */
struct postbox_courier {
	enum err (*post)(void *context, struct client *c, const char *id,
			 struct span envelope, struct postbox_answer *answer);
	void *context;
};

enum postbox_end {
	POSTBOX_EMPTY,
	POSTBOX_DUE,	 /* empty; the session's keys should be renewed now */
	POSTBOX_OVERDUE, /* nothing more is taken before they are */
	POSTBOX_BEHIND	 /* nor while we are behind the others */
};

/* Reads the answer's fields. */
void postbox_read_answer(const json_t *body, struct postbox_answer *answer);

/* Seals `data` into the outbox, in a transaction of its own. */
MUST_CHECK enum err postbox_add(struct client *c, const char *id,
				struct span data);

/*
 * Posts what waits, oldest first (`courier` NULL: by REST), seals again what
 * came too late for its epoch, then reads the log until nothing waits. Never
 * inside a transaction.
 */
MUST_CHECK enum err postbox_flush(struct client *c, const char *id,
				  const struct postbox_courier *courier,
				  enum postbox_end *end);

#endif
