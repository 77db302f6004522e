/*
 * The notes of a session in the store: "meta/ID", a JSON object (docs/state.md). Members
 * of it that have a member for each person go into NOTES_PARTS records of their own
 * beside it, "meta/ID/NAME/PART", from NOTES_SPREAD of those on: so that what is noted of
 * one person does not write what is known of all. A part is written where it has
 * changed, and with it "meta/ID", which has a digest of all parts.
 */
#ifndef HERMETIC_DEVICE_GROUP_NOTES_H
#define HERMETIC_DEVICE_GROUP_NOTES_H

#include "base/digest.h"
#include "device/record.h"

#define NOTES_SPREAD 64 /* members */
#define NOTES_PARTS 32
#define NOTES_LARGE 2 /* members of the notes that may be spread */

/* What the store has. All zero: that is not known, and everything is written. */
struct notes_stored {
	bool known, spread[NOTES_LARGE];
	struct digest main, parts[NOTES_LARGE][NOTES_PARTS];
};

/* ERR_STATE_GONE: there are none. ERR_PEER_MALFORMED: also where the parts were not
 * written together. Without `stored` what is spread may be left out:
 * `whole` says otherwise. */
MUST_CHECK enum err notes_get(const struct device_store *store, const char *id,
			      bool whole, struct notes_stored *stored,
			      json_t **notes);

/* After a failure `stored` is to be forgotten. */
MUST_CHECK enum err notes_put(const struct device_store *store, const char *id,
			      json_t *notes, struct notes_stored *stored);

MUST_CHECK enum err notes_forget(const struct device_store *store,
				 const char *id);

#endif
