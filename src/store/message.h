/* A message of a session's log, as stored. */
#ifndef HERMETIC_STORE_MESSAGE_H
#define HERMETIC_STORE_MESSAGE_H

#include "base/digest.h"
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

#endif
