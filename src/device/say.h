/* What a person says, as content: plain texts as type 1, which every client
 * reads, and what refers to another message as MIMI content. */
#ifndef HERMETIC_DEVICE_SAY_H
#define HERMETIC_DEVICE_SAY_H

#include "device/core.h"

/*
 * Appends what the order says; expires_ms: Unix, when it goes, or 0. With the reason: ERR_STATE_GONE, there is no such
 * message here; ERR_PEER_DENIED, it is somebody else's; ERR_PEER_UNSUPPORTED, a
 * member's device does not read it.
 */
MUST_CHECK enum err say_put(struct device *d, uint64_t expires_ms,
			    struct buf *content);

#endif
