#include "device/group/bans.h"

#include "base/fault.h"
#include "device/accounts/met.h"
#include "device/accounts/names.h"

#include <string.h>

/* ---- who is meant ---- */

static enum err find_listed(struct device *d, const char *whom,
			    struct buf *user)
{
	struct buf name = BUF_INIT;
	struct span rest, one;
	struct bans bans;
	enum err e;

	TRY(session_bans(d->open.session, &bans));
	rest = bans.rows;
	while (user->n == 0 && bans_next(&rest, &one)) {
		buf_reset(&name);
		TRY(names_put_user(d, one, &name));
		TRY(buf_end(&name));
		if (span_equal(buf_span(&name), span_str(whom)) ||
		    span_equal(one, span_str(whom)))
			buf_put(user, one);
	}
out:
	buf_clear(&name);
	return e;
}

/* Somebody who is no member: in a session with places by the account that is meant. */
static enum err find_other(struct device *d, const char *whom, struct buf *user)
{
	struct met *met = NULL;
	enum err e = ERR_OK;

	if (!session_has_places(d->open.session)) {
		buf_put_str(user, whom);
		return ERR_OK;
	}
	e = met_find(d, whom, &met);
	if (e == ERR_OK)
		text_put_hex(user, account_log_fingerprint(met->known->log));
	else if (e == ERR_STATE_GONE)
		e = why_set_about(
		    &d->work.why, span_str(whom), e, "not-met",
		    "%.80s is not a member of %s, and this device has not met "
		    "that account: look it up first.",
		    whom, d->open.id);
	met_free(met);
	return e;
}

static enum err find_user(struct device *d, const char *whom, bool banned,
			  struct buf *user)
{
	enum err e = ERR_OK;

	if (strchr(whom, '/') != NULL)
		return why_set(&d->work.why, ERR_PEER_INVALID, "usage",
			       "A ban is of a user, with all devices: name the "
			       "user without a device.");
	if (banned)
		buf_put(user, names_find_user(d, whom));
	else
		TRY(find_listed(d, whom, user));
	if (user->n == 0 && banned)
		TRY(find_other(d, whom, user));
	if (user->n == 0)
		e = why_set(&d->work.why, ERR_STATE_GONE, "not-banned",
			    "%.80s is not banned from %s.", whom, d->open.id);
	TRY(e);
	buf_put_u8(user, 0);
	TRY(buf_end(user));
out:
	return e;
}

/* ---- planning ---- */

static void list_leaves(struct device *d, struct span user, json_t *list)
{
	struct mls_member member;
	uint32_t leaf = 0;

	while (mls_group_next_of(session_group(d->open.session), user, &leaf,
				 &member))
		(void)json_array_append_new(
		    list, json_stringn((const char *)member.identity.p,
				       member.identity.n));
}

static enum err check_right(struct device *d, struct span user, bool banned)
{
	struct span own = span_str(core_self(d));
	enum role role = session_role(d->open.session, own);

	if (role == ROLE_MEMBER)
		return why_set(&d->work.why, ERR_PEER_DENIED, "not-allowed",
			       "To change who is banned takes an admin of this "
			       "session, or its owner.");
	if (banned && span_equal(user, roles_user(own)))
		return why_set(
		    &d->work.why, ERR_PEER_INVALID, "own-account",
		    "Nobody can ban their own account: leave the session.");
	if (banned && role != ROLE_OWNER &&
	    session_role(d->open.session, user) != ROLE_MEMBER)
		return why_set(&d->work.why, ERR_PEER_DENIED, "not-allowed",
			       "To ban an admin or an owner of this session "
			       "takes an owner.");
	return ERR_OK;
}

enum err bans_plan(struct device *d, struct change_plan *plan, struct buf *user)
{
	const struct order *order = &d->work.order;
	struct span whom;
	enum err e;

	TRY(find_user(d, order->whom, order->ban, user));
	whom = span_str((const char *)user->p);
	TRY(check_right(d, whom, order->ban));
	plan->ban_user = (const char *)user->p;
	plan->banned = order->ban;
	if (order->ban)
		list_leaves(d, whom, plan->remove);
out:
	return e;
}

enum err bans_check_user(struct device *d, struct span user)
{
	struct buf name = BUF_INIT;
	struct bans bans;
	enum err e;

	TRY(session_bans(d->open.session, &bans));
	if (!bans_have(&bans, user) || FAULT(BANNED_COMES_IN))
		goto out;
	TRY(names_put_user(d, user, &name));
	TRY(buf_end(&name));
	e = why_set_about(&d->work.why, buf_span(&name), ERR_PEER_DENIED,
			  "banned",
			  "%.*s is banned from %s: an admin or an owner has to "
			  "take that back first.",
			  (int)name.n, (const char *)name.p, d->open.id);
out:
	buf_clear(&name);
	return e;
}

enum err bans_check_guests(struct device *d, const struct guests *guests)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < guests->count; i++)
		TRY(bans_check_user(
		    d, roles_user(buf_span(&guests->list[i].identity))));
out:
	return e;
}

/* ---- staging ---- */

static bool goes(const uint32_t *removes, size_t count, uint32_t leaf)
{
	while (count > 0)
		if (removes[--count] == leaf)
			return true;
	return false;
}

/* Every leaf that stays has to list the extension, but our own, which the commit
 * replaces. */
static enum err check_readers(struct device *d, const uint32_t *removes,
			      size_t count)
{
	const struct mls_group *group = session_group(d->open.session);
	struct buf name = BUF_INIT;
	struct mls_member member;
	uint32_t leaf = 0;
	enum err e = ERR_OK;

	while (mls_group_next_member(group, &leaf, &member)) {
		if (member.leaf_index == mls_group_own_leaf(group) ||
		    goes(removes, count, member.leaf_index) ||
		    wire_u16_list_has(member.extension_types, BANS_EXTENSION))
			continue;
		TRY(names_put(d, member.identity, &name));
		TRY(buf_end(&name));
		e = why_set_about(&d->work.why, buf_span(&name),
				  ERR_PEER_UNSUPPORTED, "older-device",
				  "The device %.*s is of a version that knows "
				  "no bans. Where it was updated, new keys of "
				  "that device let the others see it.",
				  (int)name.n, (const char *)name.p);
		break;
	}
out:
	buf_clear(&name);
	return e;
}

enum err bans_put(struct device *d, const json_t *ban, const uint32_t *removes,
		  size_t count, struct buf *extensions)
{
	const char *user = record_string(ban, "user");
	bool banned = json_is_true(json_object_get(ban, "banned"));
	enum err e;

	ENSURE(user != NULL, ERR_PEER_MALFORMED);
	TRY(check_right(d, span_str(user), banned));
	if (banned)
		TRY(check_readers(d, removes, count));
	e = session_put_ban(d->open.session, span_str(user), banned,
			    extensions);
	if (e == ERR_PEER_TOO_LARGE)
		e = why_set(
		    &d->work.why, e, "too-many-bans",
		    "%d accounts are banned from %s: take a ban back first.",
		    BANS_MAX, d->open.id);
out:
	return e;
}

/* ---- coming in ---- */

enum err bans_bar(struct device *d, struct span group_info,
		  const char *identity, bool *out)
{
	struct bans bans;
	enum err e;

	*out = false;
	TRY(session_info_bans(group_info, &bans));
	*out = bans_have(&bans, roles_user(span_str(identity))) &&
	       !FAULT(BANNED_COMES_IN);
	if (*out)
		work_halt(d, ERR_PEER_DENIED, "banned",
			  "Your account is banned from %s: an admin or an "
			  "owner of it has to take that back first.",
			  d->work.outcome.session);
out:
	return e;
}

/* ---- looking ---- */

enum err bans_describe(struct device *d, json_t *made)
{
	struct buf name = BUF_INIT;
	json_t *list = json_array();
	struct span rest, user;
	struct bans bans;
	enum err e = ERR_OK;

	ENSURE(list != NULL, ERR_LOCAL_MEMORY);
	if (session_bans(d->open.session, &bans) != ERR_OK || !bans.there)
		goto out;
	rest = bans.rows;
	while (bans_next(&rest, &user)) {
		buf_reset(&name);
		TRY(names_put_user(d, user, &name));
		TRY(buf_end(&name));
		(void)json_array_append_new(
		    list, json_stringn((const char *)name.p, name.n));
	}
	ENSURE(json_object_set(made, "banned", list) == 0, ERR_LOCAL_MEMORY);
out:
	buf_clear(&name);
	json_decref(list);
	return e;
}
