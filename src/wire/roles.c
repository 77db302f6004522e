#include "wire/roles.h"

#include <string.h>

#include "base/rd.h"
#include "wire/extension.h"

static const char *const NAMES[] = { "member", "admin", "owner" };

const char *roles_text(enum role role)
{
	return NAMES[role];
}

bool roles_parse(const char *text, enum role *role)
{
	for (unsigned i = ROLE_MEMBER; i <= ROLE_OWNER; i++)
		if (text != NULL && strcmp(text, NAMES[i]) == 0) {
			*role = (enum role)i;
			return true;
		}
	return false;
}

struct span roles_user(struct span identity)
{
	const uint8_t *slash =
	    identity.n > 0 ? memchr(identity.p, '/', identity.n) : NULL;

	return slash != NULL ? span_of(identity.p, (size_t)(slash - identity.p))
			     : identity;
}

/* ---- entries ---- */

struct entry {
	struct span user;
	uint8_t role;
};

static bool next(struct rd *r, struct entry *entry)
{
	if (rd_left(r) == 0)
		return false;
	entry->user = rd_vec(r);
	entry->role = rd_u8(r);
	return rd_ok(r);
}

enum role roles_of(const struct roles *roles, struct span user)
{
	struct rd r = rd_init(roles->rows);
	struct entry entry;

	if (roles->owner.n > 0 && span_equal(roles->owner, user))
		return ROLE_OWNER;
	while (next(&r, &entry))
		if (span_equal(entry.user, user))
			return (enum role)entry.role;
	return ROLE_MEMBER;
}

bool roles_next(struct span *rest, struct span *user, enum role *role)
{
	struct rd r = rd_init(*rest);
	struct entry entry;

	if (!next(&r, &entry))
		return false;
	*user = entry.user;
	*role = (enum role)entry.role;
	*rest = rd_take(&r, rd_left(&r));
	return true;
}

static bool is_before(struct span rows, struct span user)
{
	struct roles before = { .there = true, .rows = rows };

	return roles_of(&before, user) != ROLE_MEMBER;
}

static enum err check_rows(struct span rows)
{
	struct rd r = rd_init(rows);
	struct entry entry;
	bool owner = false;
	enum err e;

	for (;;) {
		struct span before = span_of(rows.p, rows.n - rd_left(&r));

		if (!next(&r, &entry))
			break;
		ENSURE(entry.role == ROLE_ADMIN || entry.role == ROLE_OWNER,
		       ERR_PEER_MALFORMED);
		ENSURE(!is_before(before, entry.user), ERR_PEER_MALFORMED);
		owner = owner || entry.role == ROLE_OWNER;
	}
	TRY(rd_end(&r));
	ENSURE(owner, ERR_PEER_MALFORMED);
out:
	return e;
}

enum err roles_read(struct span extensions, struct roles *roles)
{
	struct span rows;
	bool there;
	enum err e;

	*roles = (struct roles){ .there = false };
	TRY(wire_extensions_find_rows(extensions, ROLES_EXTENSION, check_rows,
				      &there, &rows));
	*roles = (struct roles){ .there = there, .rows = rows };
out:
	return e;
}

void roles_put(struct buf *rows, struct span user, enum role role)
{
	buf_put_vec(rows, user);
	buf_put_u8(rows, (uint8_t)role);
}

enum err roles_put_extension(struct buf *extension, struct span rows)
{
	enum err e;

	ENSURE(check_rows(rows) == ERR_OK, ERR_PEER_INVALID);
	wire_extension_put_vec(extension, ROLES_EXTENSION, rows);
	TRY(buf_end(extension));
out:
	return e;
}

enum err roles_put_changed(const struct roles *roles, struct span user,
			   enum role role, struct buf *extension)
{
	struct rd r = rd_init(roles->rows);
	struct buf rows = BUF_INIT;
	struct entry entry;
	enum err e;

	while (next(&r, &entry))
		if (!span_equal(entry.user, user))
			roles_put(&rows, entry.user, (enum role)entry.role);
	if (role != ROLE_MEMBER)
		roles_put(&rows, user, role);
	TRY(buf_end(&rows));
	TRY(roles_put_extension(extension, buf_span(&rows)));
out:
	buf_clear(&rows);
	return e;
}

/* ---- the rules ---- */

bool roles_may_remove(const struct roles *roles, struct span committer,
		      struct span removed)
{
	struct span by = roles_user(committer), whom = roles_user(removed);
	enum role role = roles_of(roles, by);

	if (!roles->there || span_equal(by, whom) || role == ROLE_OWNER)
		return true;
	return role == ROLE_ADMIN && roles_of(roles, whom) == ROLE_MEMBER;
}

bool roles_may_change(const struct roles *before, const struct roles *after,
		      struct span committer)
{
	if (!before->there)
		return !after->there;
	return after->there &&
	       (span_equal(before->rows, after->rows) ||
		roles_of(before, roles_user(committer)) == ROLE_OWNER);
}

bool roles_may_reinit(const struct roles *roles, struct span committer)
{
	return !roles->there ||
	       roles_of(roles, roles_user(committer)) != ROLE_MEMBER;
}
