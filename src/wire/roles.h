/*
 * Who may do what in a session: GroupContext extension ROLES_EXTENSION, so
 * that the roles are part of what every member authenticates.
 *
 *   struct { opaque username<V>; uint8 role; } Role;
 *   Role roles<V>;
 *
 * A username is the part of a credential's identity before '/'. Whoever has no
 * entry is a member. Where a group has no such extension everybody may do
 * everything. Both the members and the server hold commits to these rules.
 */
#ifndef HERMETIC_WIRE_ROLES_H
#define HERMETIC_WIRE_ROLES_H

#include "base/buf.h"

#define ROLES_EXTENSION 0xF7F2

enum role { ROLE_MEMBER = 0, ROLE_ADMIN = 1, ROLE_OWNER = 2 };

struct roles {
	bool there;
	struct span rows; /* content; borrowed */
	/* The user who counts as owner, because no owner of `rows` has a leaf
	 * (check/rights.h); empty: nobody does. roles_read() leaves it empty. */
	struct span owner;
};

/* "member", "admin" or "owner"; the other way NULL-safe, false: none of them.*/
const char *roles_text(enum role role);
bool roles_parse(const char *text, enum role *role);

/* Of a GroupContext's extensions. ERR_PEER_MALFORMED: entries that do not
 * decode, an unknown role, a user twice, or no owner. */
MUST_CHECK enum err roles_read(struct span extensions, struct roles *roles);

/* "alice" of "alice/device". */
struct span roles_user(struct span identity);

/* The role that counts: of `rows`, or as roles->owner. */
enum role roles_of(const struct roles *roles, struct span user);

/* Moves `rest`, which begins as roles->rows, past one entry; false: no more. */
bool roles_next(struct span *rest, struct span *user, enum role *role);

/* Appends a row, of an admin or an owner, to content for roles_put_extension(), which
 * appends the whole extension. ERR_PEER_INVALID: nobody is owner, or a user is twice. */
void roles_put(struct buf *rows, struct span user, enum role role);
MUST_CHECK enum err roles_put_extension(struct buf *extension,
					struct span rows);

/* Appends the whole extension with one user's role changed. ERR_PEER_INVALID:
 * nobody would be owner. */
MUST_CHECK enum err roles_put_changed(const struct roles *roles,
				      struct span user, enum role role,
				      struct buf *extension);

/* ---- the rules; identities are those of the leaves ---- */

/* One removes one's own devices; an admin members; an owner everybody. */
bool roles_may_remove(const struct roles *roles, struct span committer,
		      struct span removed);

/* Only an owner changes roles, and the extension stays. */
bool roles_may_change(const struct roles *before, const struct roles *after,
		      struct span committer);

/* Another algorithm: an admin or an owner. */
bool roles_may_reinit(const struct roles *roles, struct span committer);

#endif
