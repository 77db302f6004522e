/* What a device does because a server asked, or because it was left behind, is
 * bounded in number and time: a server that asks for ever gets little. */
#ifndef HERMETIC_DEVICE_BUDGET_H
#define HERMETIC_DEVICE_BUDGET_H

#include "device/core.h"

enum budget {
	BUDGET_ASKED,  /* commits because a server asked: 12 in an hour */
	BUDGET_REJOINS /* joining again by itself: 6 in a day */
};

/* Takes one from the budget of the session that is loaded, and notes when.
 * False: nothing is left of it. */
bool budget_take(struct device *d, enum budget budget);

#endif
