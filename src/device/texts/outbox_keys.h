/*
 * Internal to the outbox: what was said under a key of the caller's, so that it is said once
 * however often that is tried. Records of the store:
 *
 *   sent/ID/KEY: {item, seq, digest, line}; seq 0: it waits
 */
#ifndef HERMETIC_DEVICE_TEXTS_OUTBOX_KEYS_H
#define HERMETIC_DEVICE_TEXTS_OUTBOX_KEYS_H

#include "device/core.h"

/* An item that waits was said under that key. */
MUST_CHECK enum err outbox_keys_put(struct device *d, const char *key,
				    struct span content, uint64_t item);

/* It stands in the log. */
MUST_CHECK enum err outbox_keys_sent(struct device *d, const char *key,
				     uint64_t seq);

/* It was sent in a history that the person has left since, and what stands there now is
 * something else. A record of before does not say in which line it was. */
bool outbox_keys_was_left(const struct device *d, const json_t *record,
			  uint64_t seq);

/* ERR_STATE_CONFLICT, with the reason: something else was said under that key. */
MUST_CHECK enum err outbox_keys_reused(struct why *why, const char *key);

/* The item of that number in the session's outbox; NULL: the outbox has no such item. */
const json_t *outbox_find_item(const struct membership *m, uint64_t item);

#endif
