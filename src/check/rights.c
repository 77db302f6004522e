#include "check/rights.h"

#include "base/rd.h"
#include "check/departure.h"

enum err rights_read(const struct check_view *view, struct roles *roles)
{
	struct check_member leaf;
	struct span admin = SPAN_EMPTY, lowest = SPAN_EMPTY;
	enum err e;

	TRY(roles_read(view->extensions, roles));
	for (uint32_t i = 0; roles->there && i < view->leaf_count; i++) {
		struct span user;
		enum role role;

		if (!view->leaf(view->group, i, &leaf))
			continue;
		user = roles_user(leaf.identity);
		role = roles_of(roles, user);
		if (role == ROLE_OWNER)
			return ERR_OK;
		if (lowest.n == 0)
			lowest = user;
		if (role == ROLE_ADMIN && admin.n == 0)
			admin = user;
	}
	if (roles->there)
		roles->owner = admin.n > 0 ? admin : lowest;
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

	for (uint32_t i = 0; i < view->leaf_count; i++)
		if (view->leaf(view->group, i, &leaf) &&
		    span_equal(roles_user(leaf.identity), user) &&
		    !has(removed, count, i))
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
