/*
 * What a message of MIMI content does to what is kept: its own entry, and the
 * entry that it is about. The rules are those of docs/protocol.md, "What is
 * inside": whoever breaks one is shown as not readable, and changes nothing.
 */
#ifndef HERMETIC_DEVICE_TEXTS_HEARD_H
#define HERMETIC_DEVICE_TEXTS_HEARD_H

#include "device/core.h"

/*
 * Adds to `entry`, which has its sender and number, what the event's message says:
 * kind, text, topic or topic_id, mentions, mentioned, expires_at, expired, id, reply_to (0: a message that is not here) or of, again. Inside a
 * transaction.
 */
MUST_CHECK enum err heard_mimi(struct device *d,
			       const struct session_event *event,
			       struct span mimi, json_t *entry);

/* Gives a text of type 1 its id. */
MUST_CHECK enum err heard_text(struct device *d,
			       const struct session_event *event,
			       json_t *entry);

#endif
