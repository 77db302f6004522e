/*
 * What a device hands over to a new one of its account: who is meant by each name,
 * the logs of accounts that it has met, whether they were compared, branches of these
 * and of its own by which a session may be judged, and the keys of devices that it knows
 * (device/accounts/met.h, device/accounts/branches.h, device/accounts/pins.h).
 *
 *   {version: 1, names: {NAME: record}, accounts: {FINGERPRINT: record},
 *    branches: {FINGERPRINT: record}, pins: {IDENTITY: record}, sessions: ["ID"…], blocks: {NAME: FINGERPRINT…},
 *    verified_only?}
 *
 * The record `people` has the names: ["NAME"…]; `coming` the sessions into which the
 * new device is brought: ["ID"…].
 */
#ifndef HERMETIC_DEVICE_ACCOUNTS_HANDOVER_H
#define HERMETIC_DEVICE_ACCOUNTS_HANDOVER_H

#include "device/core.h"

/* Somebody was met under that name. Inside a transaction, as are the others. */
MUST_CHECK enum err handover_note(struct device *d, const char *username);

/* Appends JSON; `most` bytes at most: what has been compared comes first. */
MUST_CHECK enum err handover_make(struct device *d, size_t most,
				  struct buf *json);

/* What is known here already stays as it is; what is no record of these is left
 * out. */
MUST_CHECK enum err handover_take(struct device *d, struct span json);

#endif
