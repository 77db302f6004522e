/* Taking entries of the log into the session that is loaded. */
#ifndef HERMETIC_DEVICE_LOG_H
#define HERMETIC_DEVICE_LOG_H

#include "device/core.h"

/*
 * Takes entries in the log's order; those that are known are passed over, and
 * nothing is taken after this device's end. Inside a transaction.
 * ERR_STATE_CONFLICT: entries are missing before them. ERR_PEER_FORK: the
 * server's history does not continue ours. Any other PEER error: the log
 * cannot be read. d->work.why says more.
 */
MUST_CHECK enum err log_take(struct device *d,
			     const struct answer_entry *entries, size_t count);

/* This device came in by a Welcome, and has not looked yet whether that stands
 * where the server said: nothing that comes after is taken before. */
bool log_place_is_open(const struct device *d);

/* This device is out by entry `at`. `seq` and `head` are those of the last place at
 * which its group is the log's. */
MUST_CHECK enum err log_end(struct device *d, uint64_t at, uint64_t seq,
			    const uint8_t head[CHAIN_HEAD]);

/* What was judged last took logs that are not here: they are read, and then it is
 * judged again; where the server has not shown them, the order ends. Only who
 * leaves goes on without them (apart.h). */
MUST_CHECK enum err log_want_accounts(struct device *d);

#endif
