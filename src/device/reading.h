/* How far the person has read in a session: a note of its membership, `read_to`, of
 * this device alone. Receipts tell others (receipts.h), where the person wants that. */
#ifndef HERMETIC_DEVICE_READING_H
#define HERMETIC_DEVICE_READING_H

#include "device/membership.h"

/* 0: nothing was read yet. */
uint64_t reading_to(const struct membership *m);

/* False: it was there already. */
bool reading_note(struct membership *m, uint64_t seq);

#endif
