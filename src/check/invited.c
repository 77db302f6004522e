#include "check/invited.h"

const char check_not_invited[] = "no member has invited its account into the "
				 "session";

static const char *deny(struct check_invited *c, const char *why)
{
	c->denied = true;
	return why;
}

/* ---- what ends an invitation ---- */

static bool has_leaf(const struct check_view *view, struct span user)
{
	bool look = check_view_may_have_user(view, user);
	struct check_member leaf;

	for (uint32_t i = 0; look && i < view->leaf_count; i++)
		if (view->leaf(view->group, i, &leaf) &&
		    span_equal(roles_user(leaf.identity), user))
			return true;
	return false;
}

/* Who has a leaf before the commit is in behind it, or needs a later invitation. */
bool check_invited_ends(const struct check_behind *behind,
			const struct invitation *one)
{
	return one->last < behind->epoch ||
	       bans_have(&behind->bans, one->user) ||
	       behind->adds(behind->commit, one->user) ||
	       has_leaf(behind->view, one->user);
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

	return has_leaf(c->behind.view, user) ||
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

static const char *check_rows(struct check_invited *c,
			      const struct invited *before,
			      const struct invited *after)
{
	struct span rest = after->rows;
	const char *wrong = NULL;
	struct invitation one, old;

	while (wrong == NULL && invited_next(&rest, &one)) {
		if (check_invited_ends(&c->behind, &one))
			return deny(c, "an invitation stays that has ended");
		if (!invited_find(before, one.user, &old))
			wrong = check_new(c, &one);
		else if (!span_equal(one.by, old.by) || one.last != old.last)
			return deny(c, "nobody changes an invitation");
	}
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
	if (before.there != after.there || before.open != after.open)
		return deny(c, "nobody changes whether a session is open");
	if (c->ends_group)
		return NULL;
	wrong = check_rows(c, &before, &after);
	return wrong != NULL ? wrong : check_gone(c, &before, &after);
}
