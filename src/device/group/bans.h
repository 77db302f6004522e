/* Keeping somebody out of a session, and taking that back: what the person orders
 * becomes a change, and a change becomes the group's extensions (wire/bans.h). */
#ifndef HERMETIC_DEVICE_GROUP_BANS_H
#define HERMETIC_DEVICE_GROUP_BANS_H

#include "device/group/change.h"
#include "device/group/guests.h"

/* ORDER_BAN: fills `plan`: who it is (appended to `user`, with a NUL), and the leaves
 * that go. d->work.why says what forbids it. */
MUST_CHECK enum err bans_plan(struct device *d, struct change_plan *plan,
			      struct buf *user);

/* None of these is kept out: ERR_PEER_DENIED, and d->work.why. */
MUST_CHECK enum err bans_check_guests(struct device *d,
				      const struct guests *guests);

MUST_CHECK enum err bans_check_user(struct device *d, struct span user);

/* Of a change's {user, banned}: puts the list as it will be into `extensions`, as
 * session_put_ban() does. `removes`: the leaves that the change removes. */
MUST_CHECK enum err bans_put(struct device *d, const json_t *ban,
			     const uint32_t *removes, size_t count,
			     struct buf *extensions);

/* The session keeps this device's account out, as its verified GroupInfo says: the
 * order ends, and *out. */
MUST_CHECK enum err bans_bar(struct device *d, struct span group_info,
			     const char *identity, bool *out);

/* Adds `banned: [name…]` to a session's description, where somebody is. */
MUST_CHECK enum err bans_describe(struct device *d, json_t *made);

#endif
