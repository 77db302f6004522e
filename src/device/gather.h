/*
 * Departures of a log, for who comes into a group without having followed its
 * log. A departure is signed by a leaf, so it counts wherever a server says that
 * it stands. The log is read from its beginning to the place of the group.
 */
#ifndef HERMETIC_DEVICE_GATHER_H
#define HERMETIC_DEVICE_GATHER_H

#include "device/core.h"

/* Asks for the next page of the log after entry `seq`. */
void gather_ask(struct request *request, uint64_t seq);

/* Takes a page: each departure up to entry `end` is given to `add`, which
 * checks it. *seq is then the last entry that was looked at; *done: there are
 * no more. ERR_PEER_MALFORMED: its entries are in no order. */
MUST_CHECK enum err gather_take(const struct answer *answer, uint64_t end,
				enum err (*add)(struct device *d,
						struct span departure),
				struct device *d, uint64_t *seq, bool *done);

#endif
