#include "check/invited.h"

#include <stdlib.h>

#include "base/fault.h"
#include "check/leaf_of.h"
#include "wire/extension.h"

enum { FIRST_EPOCH = 1 }; /* of a group that a ReInit asks for */

const char check_not_invited[] = "no member has invited its account into the "
				 "session";

static const char *deny(struct check_invited *c, const char *why)
{
	c->denied = true;
	return why;
}

/* ---- what ends an invitation ---- */

static int compare(const void *a, const void *b)
{
	const struct check_named *x = a, *y = b;

	return span_compare(x->user, y->user);
}

static struct check_named *find_named(const struct check_behind *behind,
				      struct span user)
{
	const struct check_named key = { .user = user };

	return bsearch(&key, behind->named, behind->named_count, sizeof(key),
		       compare);
}

static void put_named(struct check_behind *behind, const struct invited *list)
{
	struct span rest = list->rows;
	struct invitation one;

	while (behind->named_count + 2 <=
		   sizeof(behind->named) / sizeof(*behind->named) &&
	       invited_next(&rest, &one)) {
		behind->named[behind->named_count++] =
		    (struct check_named){ .user = one.user };
		behind->named[behind->named_count++] =
		    (struct check_named){ .user = one.by };
	}
}

static void sort_named(struct check_behind *behind)
{
	struct check_named *named = behind->named;
	size_t kept = 0;

	qsort(named, behind->named_count, sizeof(*named), compare);
	for (size_t i = 0; i < behind->named_count; i++)
		if (kept == 0 || compare(&named[kept - 1], &named[i]) != 0)
			named[kept++] = named[i];
	behind->named_count = kept;
}

static void note_added(void *context, struct span user)
{
	struct check_behind *behind = context;
	struct check_named *named = find_named(behind, user);

	if (named != NULL)
		named->behind = true;
}

static void note_leaves(struct check_behind *behind, struct check_named *named)
{
	struct check_member leaf;
	uint32_t index = 0;

	while (check_leaf_next(behind->view, named->user, &index, &leaf)) {
		named->before = true;
		if (!behind->removes(behind->commit, leaf.leaf_index))
			named->behind = true;
	}
}

void check_behind_look(struct check_behind *behind, const struct invited *one,
		       const struct invited *other)
{
	behind->named_count = 0;
	put_named(behind, one);
	put_named(behind, other);
	sort_named(behind);
	for (size_t i = 0; i < behind->named_count; i++)
		note_leaves(behind, &behind->named[i]);
	if (behind->named_count > 0)
		behind->added(behind->commit, note_added, behind);
}

/* Who has a leaf before the commit is in behind it, or needs a later invitation. */
bool check_invited_ends(const struct check_behind *behind,
			const struct invitation *one)
{
	const struct check_named *user = find_named(behind, one->user),
				 *by = find_named(behind, one->by);

	return one->last < behind->epoch ||
	       bans_have(&behind->bans, one->user) ||
	       bans_have(&behind->bans, one->by) || user == NULL ||
	       user->before || user->behind || by == NULL || !by->behind;
}

enum err check_invited_carry(const struct check_behind *behind,
			     const struct invited *now, struct buf *extension)
{
	struct span rest = now->rows;
	struct buf rows = BUF_INIT;
	struct invitation one;
	enum err e;

	while (invited_next(&rest, &one)) {
		if (check_invited_ends(behind, &one))
			continue;
		one.last -= behind->epoch;
		if (one.last > CHECK_INVITED_EPOCHS)
			one.last = CHECK_INVITED_EPOCHS;
		one.last += FIRST_EPOCH;
		invited_put_row(&rows, &one);
	}
	TRY(buf_end(&rows));
	TRY(invited_put(now->open, buf_span(&rows), extension));
out:
	buf_clear(&rows);
	return e;
}

/* ---- who comes in ---- */

bool check_invited_lets_in(const struct invited *invited, struct span user,
			   uint64_t epoch)
{
	struct invitation own;

	return !invited->there || invited->open ||
	       (invited_find(invited, user, &own) && own.last >= epoch);
}

static const char *check_join(struct check_invited *c,
			      const struct invited *before)
{
	struct span user = roles_user(c->committer);

	return FAULT(UNINVITED_COMES_IN) ||
		       check_leaf_of(c->behind.view, NULL, user) ||
		       check_invited_lets_in(before, user, c->behind.epoch - 1)
		   ? NULL
		   : deny(c, check_not_invited);
}

/* ---- who is put in, and taken out ---- */

static const char *check_new(struct check_invited *c,
			     const struct invitation *one)
{
	if (!span_equal(one->by, roles_user(c->committer)))
		return deny(c, "an invitation is in the name of who commits "
			       "it");
	if (one->last > c->behind.epoch + CHECK_INVITED_EPOCHS)
		return deny(c, "an invitation is good for too long");
	return NULL;
}

/* It is put in by this commit. What has ended by it counts as absent. */
static bool is_new(const struct check_invited *c, const struct invited *before,
		   const struct invitation *one, struct invitation *old)
{
	return !invited_find(before, one->user, old) ||
	       check_invited_ends(&c->behind, old);
}

static const char *check_rows(struct check_invited *c,
			      const struct invited *before,
			      const struct invited *after)
{
	struct span rest = after->rows, by = roles_user(c->committer);
	const char *wrong = NULL;
	struct invitation one, old;
	size_t own = 0, fresh = 0;

	while (wrong == NULL && invited_next(&rest, &one)) {
		if (check_invited_ends(&c->behind, &one))
			return deny(c, "an invitation stays that has ended");
		own += span_equal(one.by, by);
		if (is_new(c, before, &one, &old)) {
			wrong = check_new(c, &one);
			fresh++;
		} else if (!span_equal(one.by, old.by) || one.last != old.last)
			return deny(c, "nobody changes an invitation");
	}
	if (wrong == NULL && fresh > 0 && own > CHECK_INVITED_BY)
		return deny(c, "too many invitations are in the name of who "
			       "commits");
	return wrong;
}

static bool may_withdraw(const struct check_invited *c,
			 const struct invitation *one)
{
	struct span by = roles_user(c->committer);

	return !c->roles->there || span_equal(one->by, by) ||
	       roles_of(c->roles, by) != ROLE_MEMBER;
}

static const char *check_gone(struct check_invited *c,
			      const struct invited *before,
			      const struct invited *after)
{
	struct span rest = before->rows;
	struct invitation one, kept;

	while (invited_next(&rest, &one))
		if (!invited_find(after, one.user, &kept) &&
		    !check_invited_ends(&c->behind, &one) &&
		    !may_withdraw(c, &one))
			return deny(c, "to take an invitation back takes who "
				       "made it, an admin or an owner");
	return NULL;
}

static const char *check_carried(struct check_invited *c,
				 const struct invited *before)
{
	struct span wanted = SPAN_EMPTY, data = SPAN_EMPTY;
	struct buf carried = BUF_INIT;
	const char *wrong = NULL;

	if (!before->there)
		return NULL;
	if (check_invited_carry(&c->behind, before, &carried) != ERR_OK) {
		c->local = true;
		wrong = "no memory";
	} else if (!wire_extensions_find(buf_span(&carried), INVITED_EXTENSION,
					 &wanted) ||
		   !wire_extensions_find(c->after, INVITED_EXTENSION, &data) ||
		   !span_equal(wanted, data)) {
		wrong = deny(c, "a ReInit carries on the invitations that "
				"stand, and no others");
	}
	buf_clear(&carried);
	return wrong;
}

/* By a ReInit to a group whose extension is new. */
static const char *check_brought(struct check_invited *c,
				 const struct invited *after)
{
	struct span by = roles_user(c->committer);

	if (c->roles->there && roles_of(c->roles, by) != ROLE_OWNER)
		return deny(c, "who may come in is for an owner to say first");
	return after->rows.n == 0
		   ? NULL
		   : deny(c, "the next group begins with invitations");
}

const char *check_invited(struct check_invited *c)
{
	struct invited before, after;
	const char *wrong;

	if (invited_read(c->behind.view->extensions, &before) != ERR_OK ||
	    invited_read(c->after, &after) != ERR_OK ||
	    bans_read(c->after, &c->behind.bans) != ERR_OK)
		return "the list of the invited does not decode";
	if (c->external)
		return check_join(c, &before);
	if (c->ends_group && !before.there && after.there)
		return check_brought(c, &after);
	if (before.there != after.there || before.open != after.open)
		return deny(c, "nobody changes whether a session is open");
	check_behind_look(&c->behind, &before, &after);
	if (c->ends_group)
		return check_carried(c, &before);
	wrong = check_rows(c, &before, &after);
	return wrong != NULL ? wrong : check_gone(c, &before, &after);
}
