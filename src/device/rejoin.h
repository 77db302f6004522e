/* Coming into the group of today by an external commit. */
#ifndef HERMETIC_DEVICE_REJOIN_H
#define HERMETIC_DEVICE_REJOIN_H

#include "device/core.h"
#include "device/trail.h"

struct rejoin {
	struct trail *trail; /* owned; NULL before it has a beginning */
	bool at_end;	     /* the log was followed to its end */
	bool posted;	     /* the staged commit was */
	bool forced;	     /* the person goes on without a trail */
	unsigned tries;
};

/* Was a commit staged by which this device comes in (again)? */
bool rejoin_is_begun(const struct membership *m);

/* ORDER_RESOLVE begins: what the person has seen keeps nothing back. */
MUST_CHECK enum err rejoin_begin_resolve(struct device *d);

#endif
