#include "check/rights.h"

#include "base/rd.h"
#include "check/departure.h"
#include "check/leaf_of.h"

/* The user of the first leaf of one that has a name. */
static struct span first_user(const struct check_view *view)
{
	struct check_member leaf;

	for (uint32_t i = 0; i < view->leaf_count; i++)
		if (view->leaf(view->group, i, &leaf) &&
		    roles_user(leaf.identity).n > 0)
			return roles_user(leaf.identity);
	return SPAN_EMPTY;
}

/* An owner with a leaf, or else the admin whose leaf is the first; empty: neither is
 * there. */
static struct span find_heir(const struct check_view *view,
			     const struct roles *roles, enum role *role)
{
	struct span rest = roles->rows, user, heir = SPAN_EMPTY;
	uint32_t first = view->leaf_count, index = 0;
	struct check_member leaf;

	for (; roles_next(&rest, &user, role); index = 0) {
		if (!check_leaf_next(view, user, &index, &leaf))
			continue;
		if (*role == ROLE_OWNER)
			return user;
		if (*role == ROLE_ADMIN && user.n > 0 &&
		    leaf.leaf_index < first) {
			first = leaf.leaf_index;
			heir = user;
		}
	}
	*role = ROLE_ADMIN;
	return heir;
}

enum err rights_read(const struct check_view *view, struct roles *roles)
{
	struct span heir;
	enum role role;
	enum err e;

	TRY(roles_read(view->extensions, roles));
	if (!roles->there)
		goto out;
	heir = find_heir(view, roles, &role);
	if (role != ROLE_OWNER)
		roles->owner = heir.n > 0 ? heir : first_user(view);
out:
	return e;
}

static bool has(const uint32_t *removed, size_t count, uint32_t leaf)
{
	while (count > 0)
		if (removed[--count] == leaf)
			return true;
	return false;
}

static bool user_stays(const struct check_view *view, const uint32_t *removed,
		       size_t count, struct span user)
{
	struct check_member leaf;
	uint32_t index = 0;

	while (check_leaf_next(view, user, &index, &leaf))
		if (!has(removed, count, leaf.leaf_index))
			return true;
	return false;
}

/* The extension without `user` and with the heir as owner, into `out`. */
static enum err pass_on(const struct roles *roles, struct span user,
			struct span heir, struct buf *out)
{
	struct buf both = BUF_INIT;
	struct roles between;
	enum err e;

	TRY(roles_put_changed(roles, heir, ROLE_OWNER, &both));
	TRY(roles_read(buf_span(&both), &between));
	TRY(roles_put_changed(&between, user, ROLE_MEMBER, out));
out:
	buf_clear(&both);
	return e;
}

enum err rights_inherit(const struct check_view *view, const uint32_t *removed,
			size_t count, struct buf *extension)
{
	struct rd r = rd_init(view->departures);
	struct buf made = BUF_INIT, next = BUF_INIT;
	struct roles roles;
	enum err e;

	TRY(rights_read(view, &roles));
	while (roles.there && rd_left(&r) > 0) {
		struct span bytes = rd_vec(&r), user;
		struct check_member leaf;
		struct departure d, first;

		if (departure_decode(bytes, &d) != ERR_OK || d.heir.n == 0 ||
		    !has(removed, count, d.leaf_index) ||
		    !view->leaf(view->group, d.leaf_index, &leaf) ||
		    !check_departed(view, &leaf, &first) ||
		    !span_equal(first.encoded, bytes))
			continue;
		user = roles_user(leaf.identity);
		if (span_equal(user, d.heir) ||
		    roles_of(&roles, user) != ROLE_OWNER ||
		    user_stays(view, removed, count, user))
			continue;
		TRY(pass_on(&roles, user, d.heir, &next));
		buf_clear(&made);
		made = next;
		next = BUF_INIT;
		TRY(roles_read(buf_span(&made), &roles));
	}
	buf_put(extension, buf_span(&made));
	TRY(buf_end(extension));
out:
	buf_clear(&made);
	buf_clear(&next);
	return e;
}
