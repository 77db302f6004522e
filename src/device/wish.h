/* What a person wants of this device, one record each, {on}. What was never said is on. */
#ifndef HERMETIC_DEVICE_WISH_H
#define HERMETIC_DEVICE_WISH_H

#include "device/core.h"

/* Inside a transaction. */
MUST_CHECK enum err wish_read(struct device *d, const char *name, bool *on);

/* In transactions of their own. ERR_STATE_PENDING: an order runs. */
MUST_CHECK enum err wish_get(struct device *d, const char *name, bool *on);
MUST_CHECK enum err wish_set(struct device *d, const char *name, bool on);

#endif
