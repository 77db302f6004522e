#include "device/group/invited.h"

#include "base/fault.h"
#include "device/accounts/met.h"
#include "device/accounts/names.h"
#include "device/group/bans.h"
#include "device/record.h"
#include "session/invited.h"

#include <string.h>

bool invited_is_kept(const struct device *d)
{
	struct invited list;

	return session_invited(d->open.session, &list) == ERR_OK && list.there;
}

static bool is_listed(const struct device *d, struct span user, uint64_t epoch)
{
	struct invitation one;
	struct invited list;

	return session_invited(d->open.session, &list) == ERR_OK &&
	       invited_find(&list, user, &one) && one.last >= epoch;
}

static uint64_t epoch_of(const struct device *d)
{
	return mls_group_epoch(session_group(d->open.session));
}

bool invited_stands(const struct device *d, struct span user)
{
	return is_listed(d, user, epoch_of(d) + 1);
}

struct span invited_by(const struct device *d, struct span user)
{
	struct invitation one;
	struct invited list;

	return session_invited(d->open.session, &list) == ERR_OK &&
		       invited_find(&list, user, &one) && one.last > epoch_of(d)
		   ? one.by
		   : SPAN_EMPTY;
}

/* ---- who is meant ---- */

enum err invited_user(struct device *d, const char *name, struct buf *user)
{
	struct met *met = NULL;
	enum err e = met_find(d, name, &met);

	if (e == ERR_STATE_GONE)
		e = why_set(&d->work.why, e, "no-device",
			    "%.80s has no device yet, so nobody can know whom "
			    "that name means: invite %.80s after the first "
			    "login there.",
			    name, name);
	TRY(e);
	text_put_hex(user, account_log_fingerprint(met->known->log));
	buf_put_u8(user, 0);
	TRY(buf_end(user));
out:
	met_free(met);
	return e;
}

static enum err check_right(struct device *d, const struct invitation *one)
{
	struct span own = span_str(core_self(d));

	if (span_equal(one->by, roles_user(own)) ||
	    session_role(d->open.session, own) != ROLE_MEMBER)
		return ERR_OK;
	return why_set(&d->work.why, ERR_PEER_DENIED, "not-allowed",
		       "To take back an invitation that somebody else made "
		       "takes an admin of this session, or its owner.");
}

static enum err find_invited(struct device *d, const char *whom,
			     struct buf *user)
{
	struct buf name = BUF_INIT;
	struct invitation one;
	struct invited list;
	struct span rest;
	enum err e;

	TRY(session_invited(d->open.session, &list));
	rest = list.rows;
	while (user->n == 0 && invited_next(&rest, &one)) {
		buf_reset(&name);
		TRY(names_put_user(d, one.user, &name));
		TRY(buf_end(&name));
		if (!span_equal(buf_span(&name), span_str(whom)) &&
		    !span_equal(one.user, span_str(whom)))
			continue;
		TRY(check_right(d, &one));
		buf_put(user, one.user);
	}
	if (user->n == 0)
		e = why_set_about(&d->work.why, span_str(whom), ERR_STATE_GONE,
				  "not-invited",
				  "Nobody has invited %.80s into %s, or that "
				  "invitation has been followed.",
				  whom, d->open.id);
	TRY(e);
	buf_put_u8(user, 0);
	TRY(buf_end(user));
out:
	buf_clear(&name);
	return e;
}

/* ---- planning ---- */

/* A change of one user's invitation. */
static enum err change_invited(struct device *d, const char *user, bool invited)
{
	struct change_plan plan = { .invite =
					json_pack("[{s:s, s:b}]", "user", user,
						  "invited", (int)invited) };
	enum err e;

	ENSURE(plan.invite != NULL, ERR_LOCAL_MEMORY);
	TRY(change_begin(d, &plan));
out:
	json_decref(plan.invite);
	return e;
}

/* Into the list of the group's. The server is told the name once more behind the
 * commit, with a letter (letters.h): another commit that came before may have ended what
 * it was told. */
enum err invited_plan(struct device *d)
{
	struct buf user = BUF_INIT;
	enum err e;

	d->work.outcome.devices = 0;
	if (!invited_is_kept(d))
		return ERR_OK; /* of before: the server was told the name */
	TRY(invited_user(d, d->work.order.users[0], &user));
	TRY(bans_check_user(d, span_str((const char *)user.p)));
	d->work.named = false;
	if (!invited_stands(d, span_str((const char *)user.p)))
		TRY(change_invited(d, (const char *)user.p, true));
out:
	buf_clear(&user);
	return e;
}

enum err invited_plan_back(struct device *d)
{
	struct buf user = BUF_INIT;
	enum err e;

	TRY(find_invited(d, d->work.order.whom, &user));
	TRY(change_invited(d, (const char *)user.p, false));
out:
	buf_clear(&user);
	return e;
}

/* ---- staging ---- */

enum err invited_check_room(struct device *d, size_t count)
{
	if (count <= CHECK_INVITED_BY)
		return ERR_OK;
	return why_set(
	    &d->work.why, ERR_PEER_TOO_LARGE, "too-many-own-invitations",
	    "At most %d invitations into one session stand in one person's "
	    "name: take one back, or let another member invite.",
	    CHECK_INVITED_BY);
}

static enum err check_own(struct device *d, struct span extensions)
{
	size_t count;
	enum err e;

	TRY(session_count_invitations(d->open.session, extensions, &count));
	TRY(invited_check_room(d, count + 1));
out:
	return e;
}

enum err invited_stage(struct device *d, const json_t *list,
		       struct buf *extensions)
{
	const json_t *one;
	size_t i;
	enum err e = ERR_OK;

	json_array_foreach(list, i, one)
	{
		const char *user = record_string(one, "user");
		bool invited = json_is_true(json_object_get(one, "invited"));

		ENSURE(user != NULL, ERR_PEER_MALFORMED);
		if (invited
			? session_has_user(d->open.session, span_str(user)) ||
			      invited_stands(d, span_str(user))
			: !is_listed(d, span_str(user), epoch_of(d)))
			continue;
		if (invited)
			TRY(check_own(d, buf_span(extensions)));
		e = session_put_invitation(d->open.session, span_str(user),
					   invited, extensions);
		if (e == ERR_PEER_TOO_LARGE)
			e = why_set(&d->work.why, e, "too-many-invitations",
				    "%d invitations into %s have not been "
				    "followed: take one back first.",
				    INVITED_MAX, d->open.id);
		TRY(e);
	}
out:
	return e;
}

/* ---- coming in ---- */

enum err invited_bar(struct device *d, struct span group_info,
		     const char *identity, bool *out)
{
	bool invites;
	enum err e;

	*out = false;
	TRY(session_info_invites(group_info, roles_user(span_str(identity)),
				 &invites));
	*out = !invites && !FAULT(UNINVITED_COMES_IN);
	if (*out)
		work_halt(d, ERR_PEER_DENIED, "not-invited",
			  "No invitation of your account stands in %s: it was "
			  "taken back, it is too old, or you were removed "
			  "since. Ask a member to invite you.",
			  d->work.outcome.session);
out:
	return e;
}

/* ---- looking ---- */

enum err invited_describe(struct device *d, json_t *made)
{
	struct buf name = BUF_INIT;
	json_t *names = json_array();
	struct invitation one;
	struct invited list;
	struct span rest;
	enum err e;

	ENSURE(names != NULL, ERR_LOCAL_MEMORY);
	e = session_invited(d->open.session, &list);
	if (e != ERR_OK || list.rows.n == 0) {
		e = ERR_OK;
		goto out;
	}
	rest = list.rows;
	while (invited_next(&rest, &one)) {
		if (one.last < epoch_of(d) ||
		    session_has_user(d->open.session, one.user))
			continue;
		buf_reset(&name);
		TRY(names_put_user(d, one.user, &name));
		TRY(buf_end(&name));
		(void)json_array_append_new(
		    names, json_stringn((const char *)name.p, name.n));
	}
	if (json_array_size(names) > 0)
		(void)json_object_set(made, "invited", names);
out:
	buf_clear(&name);
	json_decref(names);
	return e;
}
