/*
 * A session of the rules before goes over to places (check/over.h) when it moves
 * (device/group/move.h): each leaf becomes the device of an account in whose log its signature
 * key stands. All of it inside a transaction.
 */
#ifndef HERMETIC_DEVICE_GROUP_OVER_H
#define HERMETIC_DEVICE_GROUP_OVER_H

#include "device/core.h"

/* Whether a move to that suite, with the KeyPackages that were claimed
 * (d->work.guests), goes over: where the session has no places, this device stands in its
 * account's log, and somebody's KeyPackages name an account or nothing else would
 * change. */
MUST_CHECK enum err over_is_due(struct device *d, const struct suite *suite,
				bool *due);

/* Of the guests those are kept that members become. Otherwise d->work.why says who
 * cannot go over: a member without such a log, or without KeyPackages, or who is banned
 * by name; or that this device may not. */
MUST_CHECK enum err over_keep(struct device *d, struct guests *guests);

/* Whom the person was shown in the session that is loaded, by keys; NULL where it has
 * places. over_take(): its group is another by now, which may have places; then whoever
 * has the same key as before counts as shown, and this device is who its leaf says. */
MUST_CHECK enum err over_shown(const struct device *d, json_t **keys);
MUST_CHECK enum err over_take(struct device *d, const json_t *keys);

#endif
