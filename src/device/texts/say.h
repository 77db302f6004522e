/* What a person says, as content: plain texts as type 1, which every client
 * reads, and what refers to another message as MIMI content. */
#ifndef HERMETIC_DEVICE_TEXTS_SAY_H
#define HERMETIC_DEVICE_TEXTS_SAY_H

#include "device/core.h"

/*
 * Appends what the order says; expires_ms: Unix, when it goes, or 0. With the reason: ERR_STATE_GONE, there is no such
 * message here; ERR_PEER_DENIED, it is somebody else's; ERR_PEER_UNSUPPORTED, a
 * member's device does not read it.
 */
MUST_CHECK enum err say_put(struct device *d, uint64_t expires_ms,
			    struct buf *content);

/* Do all members' devices read more than plain texts and names? */
bool say_is_read_by_all(const struct device *d);

/* May the device say something by itself now? Not where it would wait for the
 * person, in front of what the person says: all members were shown, have the keys
 * that are known, and are verified where that is wanted. Inside a transaction. */
MUST_CHECK enum err say_is_free(struct device *d, bool *free);

#endif
