/* Envelopes and messages, as REST and WebSocket share them. */
#ifndef HERMETIC_SERVER_MESSAGES_H
#define HERMETIC_SERVER_MESSAGES_H

#include "base/buf.h"
#include "server/tokens.h"
#include "store/store.h"

/* A refusal: a problem's status, slug and detail. */
struct refusal {
	int status;
	const char *slug, *detail;
};

/* Checks what the server can see of an envelope and fills `out`, which borrows
 * from it. False: `refusal` says why. `session` NULL: that of the envelope. */
bool messages_check(struct span envelope, const struct identity *who,
		    const uint8_t *session, struct append *out,
		    struct refusal *refusal);

/* The refusal that goes with an outcome; only OK and DUPLICATE are none. */
struct refusal messages_refusal(const struct append_result *result);

/* Appends the object {"session_id":…}, as history and WebSocket give it; with
 * type, it starts with "type":"message". */
void messages_put(struct buf *out, const struct message *message,
		  bool with_type);

#endif
