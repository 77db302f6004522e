/*
 * Departures of a log, for who comes into a group without having followed its
 * log. A departure is signed by a leaf, so it counts wherever a server says that
 * it stands, until a commit removes that leaf. The log is read from its beginning
 * to the place of the group.
 */
#ifndef HERMETIC_DEVICE_GROUP_GATHER_H
#define HERMETIC_DEVICE_GROUP_GATHER_H

#include "device/core.h"

/* What is done with the entries, in the log's order. */
struct gather {
	uint64_t end; /* the place of the group: entries up to there count */
	/* takes a departure if it is a good one of that group */
	enum err (*add)(struct device *d, struct span departure);
	/* forgets those of the leaves that a commit removes */
	void (*spend)(struct device *d, struct span commit);
};

/* Asks for the next page of the log after entry `seq`. */
void gather_ask(struct request *request, uint64_t seq);

/* Takes a page. *seq is then the last entry that was looked at; *done: there are
 * no more. ERR_PEER_MALFORMED: its entries are in no order. */
MUST_CHECK enum err gather_take(const struct gather *gather, struct device *d,
				const struct answer *answer, uint64_t *seq,
				bool *done);

#endif
