/* Which of the devices that a server names are this account's. */
#ifndef HERMETIC_DEVICE_ACCOUNTS_OWN_GUESTS_H
#define HERMETIC_DEVICE_ACCOUNTS_OWN_GUESTS_H

#include "device/group/guests.h"

/* Drops those devices of this account that do not stand in its log: a server would
 * add one by naming it. Where no log is kept here, none is dropped. Inside a
 * transaction. */
MUST_CHECK enum err own_guests_keep(struct device *d, struct guests *guests);

#endif
