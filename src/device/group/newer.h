/* What a person is told of a session that is stored here and cannot be read. */
#ifndef HERMETIC_DEVICE_GROUP_NEWER_H
#define HERMETIC_DEVICE_GROUP_NEWER_H

#include "device/why.h"

/* Says why and what to do, unless there is a reason, and gives
 * ERR_PEER_UNSUPPORTED. */
MUST_CHECK enum err newer_say(struct why *why);

/* The same of one that is damaged; gives `e`. */
MUST_CHECK enum err newer_say_damaged(struct why *why, enum err e,
				      const char *id);

#endif
