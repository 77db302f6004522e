/*
 * The signature keys of the devices that this device has met, in any session:
 * the same device never has another key. (Until accounts have logs of their
 * own, this is what a later meeting is held against; docs/protocol.md.)
 */
#ifndef HERMETIC_DEVICE_PINS_H
#define HERMETIC_DEVICE_PINS_H

#include "device/core.h"

/* ERR_PEER_INVALID when another key is known for that identity and signature
 * scheme; d->work.why says so. */
MUST_CHECK enum err pins_check(struct device *d, const struct suite *suite,
			       struct span identity, struct span key);

/* Remembers a key, unless one is known. Inside a transaction. */
MUST_CHECK enum err pins_note(struct device *d, const struct suite *suite,
			      struct span identity, struct span key);

/* The same for all members of the session that is loaded. */
MUST_CHECK enum err pins_note_members(struct device *d);

#endif
