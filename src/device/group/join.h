/* What is the same for joining by a Welcome and by an external commit. */
#ifndef HERMETIC_DEVICE_GROUP_JOIN_H
#define HERMETIC_DEVICE_GROUP_JOIN_H

#include "device/core.h"

/* Says why a group was not joined of which `what` ("The Welcome") tells, and
 * returns `e`; ERR_STATE_ACCOUNTS is log_want_accounts()'s. */
MUST_CHECK enum err join_explain(struct device *d, enum err e,
				 const char *what);

#endif
