/*
 * Branches of accounts' logs that do not count, but by which sessions may be judged:
 * a group stays at the place that a commit gave it, whatever the log that counts says
 * (check/accounts.h).
 *
 *   `branch/FINGERPRINT`  {logs: [{links}…]}, the oldest first
 *
 * All of it inside a transaction.
 */
#ifndef HERMETIC_DEVICE_ACCOUNTS_BRANCHES_H
#define HERMETIC_DEVICE_ACCOUNTS_BRANCHES_H

#include "device/core.h"

/* Of an account. Where one more comes, the oldest falls out at which no session of this
 * device stands; only where each of them has such a session, the oldest of all. */
#define BRANCHES_KEPT 16

/* Appends opaque links<V>, one for each branch. */
MUST_CHECK enum err branches_give(struct device *d, struct span fingerprint,
				  struct buf *logs);

/* One more: a log of that account that is verified, opaque link<V> each. One that it
 * goes on from makes room. */
MUST_CHECK enum err branches_keep(struct device *d, struct span fingerprint,
				  struct span links);

/* Of what is kept a record as above of at most so many bytes of JSON: the newest logs. NULL:
 * none is kept, or fits. */
MUST_CHECK enum err branches_pack(struct device *d, struct span fingerprint,
				  size_t most, json_t **record);
/* Such a record of another device: what is no good log of that account is left out. */
MUST_CHECK enum err branches_unpack(struct device *d, struct span fingerprint,
				    const json_t *record);

/* That log, or one that goes on from it, is kept. */
MUST_CHECK enum err branches_has(struct device *d, struct span fingerprint,
				 struct span links, bool *has);

#endif
