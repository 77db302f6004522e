/* Envelopes and messages, as REST and WebSocket share them. */
#ifndef HERMETIC_SERVER_MESSAGES_H
#define HERMETIC_SERVER_MESSAGES_H

#include "door/delivery.h"
#include "door/origin.h"
#include "server/edge/trace.h"
#include "server/tokens.h"
#include "store/store.h"

/* Checks what the server can see of an envelope and fills `out`, which borrows
 * from it. False: `problem` says why. `session` NULL: that of the envelope. */
bool messages_check(struct span envelope, const struct identity *who,
		    const struct uuid *session, struct append *out,
		    struct problem *problem);

/* The body is an envelope's, or a typing notice's, bytes as they are. */
bool messages_are_octets(const struct request *req);

/* What the request is called in logs, written into `text`; empty when requests
 * are not logged. `frame`: the id of a WebSocket's frame, or NULL. */
struct span messages_origin(const struct trace *trace, const uint64_t *frame,
			    char text[ORIGIN_SIZE]);

#endif
