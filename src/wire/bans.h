/*
 * Whom a session keeps out: GroupContext extension BANS_EXTENSION, so that the list is
 * part of what every member authenticates, also where anybody may join.
 *
 *   struct { opaque user<V>; } Ban;
 *   Ban bans<V>;                                 ascending, at least one
 *
 * A user is the part of an identity before '/' (wire/roles.h): a fingerprint in a
 * session with places, a user name in others. Where nobody is kept out the extension
 * is not there: leaves of before do not list it, and could not come in.
 */
#ifndef HERMETIC_WIRE_BANS_H
#define HERMETIC_WIRE_BANS_H

#include "base/buf.h"

#define BANS_EXTENSION 0xF7F5
#define BANS_MAX 256	 /* entries */
#define BANS_USER_MAX 64 /* bytes of one */

struct bans {
	bool there;
	struct span rows; /* content; borrowed */
};

/* Of a GroupContext's extensions. ERR_PEER_MALFORMED: rows that do not decode, an empty
 * or a long user, one twice or out of order, none, or more than BANS_MAX. */
MUST_CHECK enum err bans_read(struct span extensions, struct bans *bans);

/* Moves `rest`, which begins as bans->rows, past one entry; false: no more. */
bool bans_next(struct span *rest, struct span *user);
bool bans_have(const struct bans *bans, struct span user);

/* Appends the whole extension with one user put in or taken out; nothing where nobody
 * is left. ERR_PEER_INVALID: an empty or a long user; ERR_PEER_TOO_LARGE: there would
 * be more than BANS_MAX. */
MUST_CHECK enum err bans_put_changed(const struct bans *bans, struct span user,
				     bool banned, struct buf *extension);

#endif
