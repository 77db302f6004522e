/* Where a commit moves the place of one account. For session/places.c. */
#ifndef HERMETIC_SESSION_PLANNING_H
#define HERMETIC_SESSION_PLANNING_H

#include "check/group_places.h"
#include "check/residents.h"
#include "session/session.h"

/* A change, and the places before it. */
struct planning {
	const struct session *session;
	const struct mls_change *change;
	struct check_view view;
	struct group_places places;
	/* With a leaf behind the change: all where all accounts are looked at,
	 * otherwise those of whom the change brings one. */
	struct check_residents behind;
	struct buf *changes, *links;
};

bool planning_removes(const struct mls_change *change, uint32_t leaf);

/* Where the log ends, if it goes on from that place. `hash` is what the place
 * borrows. */
bool planning_moves_on(const struct account_log *log, const struct place *from,
		       uint8_t hash[ACCOUNT_HASH], struct place *to);

/* Appends the links of the log from one place to the other, unless they are too many. */
void planning_carry(const struct place *from, const struct place *to,
		    struct span links, struct buf *out);

/* The key of a leaf of the account that the change leaves; empty: there is none. */
struct span planning_key_of(const struct planning *p,
			    const struct check_view *view,
			    struct span fingerprint);

/* Of an account with a leaf behind the change, and of one without. ERR_STATE_ACCOUNTS:
 * its log is not known. */
MUST_CHECK enum err planning_put_place(struct planning *p,
				       struct span fingerprint);
MUST_CHECK enum err planning_put_gone(struct planning *p,
				      const struct place *from);

#endif
