/*
 * Frames of a WebSocket's input (RFC 6455, section 5), by libwslay: what it
 * needs of memory, two buffers of 4 KiB, is lent to a connection only while a
 * message or a close is under way.
 */
#ifndef HERMETIC_SERVER_EDGE_FRAMING_H
#define HERMETIC_SERVER_EDGE_FRAMING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct framing;

enum framing_state { FRAMING_OPEN, FRAMING_CLOSED, FRAMING_BROKEN };

struct framing_user {
	/* A whole message or control frame; the bytes are lent. False: it is
	 * none, and the connection is broken. */
	bool (*message)(void *user, unsigned opcode, struct span payload);
	/* Where answers go: pongs and the close. */
	struct buf *(*output)(void *user);
};

/* For a connection that is between two messages; NULL: no memory. */
struct framing *framing_take(const struct framing_user *user, void *arg,
			     size_t message_max);

/* Reads all of `in`; says how much of it was taken, also on failure. CLOSED:
 * both sides have said so. */
enum framing_state framing_read(struct framing *framing, struct span in,
				size_t *taken);

/* A close frame goes out; false: it could not. */
bool framing_close(struct framing *framing, uint16_t code, struct span reason);

/* Between two messages, no close begun: there is nothing to keep. */
bool framing_is_idle(const struct framing *framing);

/* An idle one, for the next connection. */
void framing_give_back(struct framing *framing);

/* In any state; NULL is allowed. */
void framing_free(struct framing *framing);

#endif
