/* How far the person has read in a session: a note of its membership, `read_to`, of
 * this device alone. Receipts tell others (receipts.h), where the person wants that. */
#ifndef HERMETIC_DEVICE_TEXTS_READING_H
#define HERMETIC_DEVICE_TEXTS_READING_H

#include "device/group/membership.h"

/* 0: nothing was read yet. */
uint64_t reading_to(const struct membership *m);

/* The person takes another history, where the device is behind `seq`: nothing of it that
 * stands behind that was read. */
void reading_begin_line(struct membership *m, uint64_t seq);

/* False: it was there already. */
bool reading_note(struct membership *m, uint64_t seq);

#endif
