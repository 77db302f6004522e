/*
 * What this device had posted, in a log that its person takes in place of the one
 * that it knew. A walk finds it on the way (rejoin.h), but where no trail leads the
 * device comes in at a place that the server names, and does not come by it. So
 * that log is read from its first entry: what has the bytes of an envelope that
 * still waits was sent, if the chain comes to the head of that place.
 */
#ifndef HERMETIC_DEVICE_GROUP_STOOD_H
#define HERMETIC_DEVICE_GROUP_STOOD_H

#include "base/digest.h"
#include "device/core.h"

struct stood;

MUST_CHECK enum err stood_begin(const uint8_t session_id[SESSION_ID],
				struct stood **stood);
void stood_free(struct stood *stood);

/* The next page, as gather.h asks for it, up to entry `end`. A log whose chain
 * cannot be recomputed shows nothing. */
MUST_CHECK enum err stood_take(const struct device *d, struct stood *stood,
			       const struct answer *answer, uint64_t end);

/* *places, owned by the caller: [{seq, hash}…], if that place is where the chain has
 * come to; otherwise []. */
MUST_CHECK enum err stood_end(const struct stood *stood, uint64_t seq,
			      const uint8_t head[CHAIN_HEAD], json_t **places);

/* One more, that a trail came by: it leaves the outbox with the others, since it is
 * kept in the line of the history that the person takes. */
MUST_CHECK enum err stood_later(struct device *d, uint64_t seq,
				struct digest hash);

/* The device has come in: those items leave the outbox. */
MUST_CHECK enum err stood_note(struct device *d, const json_t *places);

#endif
