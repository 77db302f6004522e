/*
 * Which accounts' logs this device has stored links of, the last ones: a session that is
 * loaded hears of those that have grown since it was loaded before (session_note_grown()).
 * So whoever commits does not look at all accounts (session/unsettled.h).
 *
 *   `grown`  uint64 number of the last one, and up to GROWN_KEPT fingerprints, that of the
 *            last one last; the session's note `grown` is the last number that it knows
 *
 * All of it inside a transaction.
 */
#ifndef HERMETIC_DEVICE_ACCOUNTS_GROWN_H
#define HERMETIC_DEVICE_ACCOUNTS_GROWN_H

#include "base/buf.h"
#include "base/err.h"

#define GROWN_KEPT 256 /* who knows less looks at all accounts */

struct device;

struct grown {
	bool loaded, changed;
	uint64_t last;
	struct buf list;
};

/* Links of that account, or a branch of its log, were stored. */
MUST_CHECK enum err grown_note(struct device *d, struct span fingerprint);
/* The same of accounts that nobody has counted. */
MUST_CHECK enum err grown_note_all(struct device *d);

/* For core.c: tells the session that was loaded; before a commit of the store; where that
 * is to be read again. */
MUST_CHECK enum err grown_bring(struct device *d);
MUST_CHECK enum err grown_save(struct device *d);
void grown_forget(struct device *d);

#endif
