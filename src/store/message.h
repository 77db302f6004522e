/* A message of a session's log, as stored, and as nodes and their workers tell it to each
 * other. */
#ifndef HERMETIC_STORE_MESSAGE_H
#define HERMETIC_STORE_MESSAGE_H

#include "base/digest.h"
#include "base/rd.h"
#include "base/uuid.h"

enum message_kind {
	MESSAGE_APPLICATION = 1,
	MESSAGE_COMMIT = 2,
	MESSAGE_SUCCESSOR = 3, /* the Welcome to the session's next group */
	MESSAGE_DEPARTURE = 4  /* wire/departure.h */
};

struct message {
	struct uuid session;
	struct uuid sender; /* device */
	uint64_t seq, epoch;
	enum message_kind kind;
	struct digest head;
	struct digest hash; /* of the bytes */
	uint64_t sent_ms;
	struct span bytes;  /* borrowed; empty where only their hash is kept */
	struct span origin; /* door/origin.h; borrowed, may be empty */
};

/* How many bytes message_put() takes beside the origin and the message's bytes. */
enum { MESSAGE_PUT_HEAD = 16 + 8 + 16 + 8 + 1 + 32 + 32 + 8 + 1 };

/* Appends all of it. */
void message_put(struct buf *out, const struct message *message);

/* Takes what message_put() made, to the reader's end; borrows from it. False, and nothing
 * is to be used: it is cut off. */
bool message_take(struct rd *r, struct message *message);

#endif
