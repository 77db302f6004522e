/* A session moves to another algorithm: a change (change.h) with `algorithm`. */
#ifndef HERMETIC_DEVICE_GROUP_MOVE_H
#define HERMETIC_DEVICE_GROUP_MOVE_H

#include "device/core.h"

/* What is to be done is a move. */
bool move_is_wanted(const struct device *d);

/* The algorithm of a change; NULL when it is none of this device's: said. */
const struct suite *move_suite(struct device *d, const json_t *change);

/* Whether the group can move as it is. Not so where somebody's departure stands in
 * the log, or somebody who joined from outside has no place yet: a commit that
 * changes only keys comes first. */
bool move_is_ready(const struct device *d);

/* A new array of the names of the users whose KeyPackages are to be claimed:
 * those of all other members. */
MUST_CHECK enum err move_users(struct device *d, json_t **users);

/* The change brings the extension of who may come in (wire/invited.h). */
bool move_says_who(const struct device *d, const json_t *change);

/* Stages it, with the KeyPackages that were claimed (d->work.guests). A session without
 * places goes over to places where its members' accounts let it (device/group/over.h). */
MUST_CHECK enum err move_stage(struct device *d, const struct suite *suite,
			       const json_t *change, struct mls_commit *out);

/* The log's entry that ends a move, ours or another's: session_receive() for
 * CHAIN_SUCCESSOR. */
MUST_CHECK enum err move_receive(struct device *d, uint64_t seq,
				 struct span welcome,
				 const uint8_t claimed[CHAIN_HEAD],
				 struct session_event *event);

#endif
