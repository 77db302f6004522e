/* A message of a session's log, as stored. */
#ifndef HERMETIC_STORE_MESSAGE_H
#define HERMETIC_STORE_MESSAGE_H

#include "base/span.h"

enum message_kind {
	MESSAGE_APPLICATION = 1,
	MESSAGE_COMMIT = 2,
	MESSAGE_SUCCESSOR = 3, /* the Welcome to the session's next group */
	MESSAGE_DEPARTURE = 4  /* wire/departure.h */
};

struct message {
	uint8_t session[16];
	uint8_t sender[16]; /* device */
	uint64_t seq, epoch;
	enum message_kind kind;
	uint8_t head[32];
	uint8_t hash[32]; /* of the bytes */
	uint64_t sent_ms;
	struct span bytes;  /* borrowed; empty where only their hash is kept */
	struct span origin; /* door/origin.h; borrowed, may be empty */
};

#endif
