/*
 * The accounts of a session at which whoever commits, or asks which leaves have ended, has
 * to look. All others are settled: the log that counts ends at the group's place of the
 * account, nothing else is known that parts from it, and each leaf of the account is of a
 * device that stands there. So a commit changes nothing of theirs by itself.
 *
 * An account becomes settled when somebody looks (session_settle()). It is put in again
 * when links of it are stored (session_note_grown()), when a commit moves its place, and
 * when a leaf of it comes or changes. It is a set of the session's state, and saved with
 * it. In a session that has the list of its places nothing is settled.
 */
#ifndef HERMETIC_SESSION_UNSETTLED_H
#define HERMETIC_SESSION_UNSETTLED_H

#include "base/buf.h"
#include "base/rd.h"
#include "mls/group.h"
#include "wire/account_link.h"

#define UNSETTLED_MAX 1024 /* beyond them all accounts are looked at */

struct unsettled {
	bool known;		       /* false: all accounts are in it */
	uint8_t (*list)[ACCOUNT_HASH]; /* owned; ascending, each once */
	size_t count, room;
};

/* All are in it. */
void unsettled_clear(struct unsettled *set);
/* Without memory, or with too many, all are in it. */
void unsettled_put(struct unsettled *set, struct span fingerprint);
/* The accounts that a commit changes something of. */
void unsettled_put_staged(struct unsettled *set,
			  const struct mls_staged *staged);

void unsettled_save(const struct unsettled *set, struct buf *state);
/* What is wrong, r->fail says. ERR_LOCAL_MEMORY. */
MUST_CHECK enum err unsettled_load(struct unsettled *set, struct rd *r);

#endif
