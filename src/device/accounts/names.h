/*
 * How members are called where a person reads or types it. In sessions with places a
 * leaf says FINGERPRINT/NUMBER (wire/places.h); a person reads the user name:
 *
 *   bob/2           the account that is meant by `bob` here
 *   bob~1a2b3c4d/2  another account whose first link has that name
 *   ~1a2b3c4d5e6f7081/2  an account whose name is not known here
 *
 * Users of the rules before are called as their leaves say.
 */
#ifndef HERMETIC_DEVICE_ACCOUNTS_NAMES_H
#define HERMETIC_DEVICE_ACCOUNTS_NAMES_H

#include "device/core.h"

/* Appends the name of a user (the part of an identity before its slash), or the
 * same for a whole identity. */
MUST_CHECK enum err names_put_user(struct device *d, struct span user,
				   struct buf *name);
MUST_CHECK enum err names_put(struct device *d, struct span identity,
			      struct buf *name);

/* Is that user (as above) this device's own account? */
bool names_is_own(struct device *d, struct span user);

/* Is `whom` that member, by name or as its leaf says: "user" or "user/device"? */
bool names_is(struct device *d, struct span identity, const char *whom);

/* The user of the members of the session that is loaded whom a person calls so;
 * empty: there is none. Borrowed. */
struct span names_find_user(struct device *d, const char *user);

/* The same for who asks after many names: a map of all names by which the members are
 * called, which the caller frees, and what one of them means there. */
MUST_CHECK enum err names_map(struct device *d, json_t **map);
struct span names_mean(const json_t *map, const char *user);

/* In an entry that is kept, users and identities become names. `account` is then
 * the sender's fingerprint, and `closed` has those of the departed and removed whose
 * account is closed by now, as far as is known here. */
MUST_CHECK enum err names_dress_entry(struct device *d, json_t *entry);

#endif
