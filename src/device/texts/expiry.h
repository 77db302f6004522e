/*
 * Messages whose texts go at a time (docs/adr/0049). What is to go, and when, stands
 * in records of the store, by the hour:
 *
 *   "ends"             {HOUR: count…}      hours since 1970, with their rows
 *   "ends/HOUR/PART"   [[session, seq, Unix milliseconds]…]
 *
 * A row whose message is here no more is passed over.
 */
#ifndef HERMETIC_DEVICE_TEXTS_EXPIRY_H
#define HERMETIC_DEVICE_TEXTS_EXPIRY_H

#include "device/core.h"

#define EXPIRY_MAX_S (10 * 366 * 86400) /* for which a person may ask */

/* The text of the entry `seq` of the session that is loaded goes at that time.
 * Inside a transaction. */
MUST_CHECK enum err expiry_note(struct device *d, uint64_t seq,
				uint64_t ends_ms);

/* What is over by now is taken out of the store. Inside a transaction. */
MUST_CHECK enum err expiry_sweep(struct device *d);

/* The same by a transaction of its own, where there is something and none is open:
 * so nobody is shown a text after its time. */
MUST_CHECK enum err expiry_sweep_now(struct device *d);

#endif
