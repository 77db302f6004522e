#include "device/group/move.h"

#include "device/accounts/accounts.h"
#include "device/accounts/names.h"
#include "device/accounts/pins.h"
#include "device/group/invited.h"
#include "device/group/over.h"
#include "device/group/packages.h"
#include "device/group/signer.h"
#include "device/steps.h"
#include "session/invited.h"

#include <stdlib.h>
#include <string.h>

bool move_is_wanted(const struct device *d)
{
	const json_t *todo = membership_todo(&d->open);

	return membership_todo_is(&d->open, "change") &&
	       json_object_get(todo, "algorithm") != NULL;
}

const struct suite *move_suite(struct device *d, const json_t *change)
{
	const char *name = record_string(change, "algorithm");
	const struct suite *suite =
	    name != NULL ? suite_by_algorithm(span_str(name)) : NULL;

	if (suite != NULL && suites_have(&d->offer, suite))
		return suite;
	if (suite != NULL && !suite_usable(suite)) {
		suites_say_unusable(suite, &d->work.why);
		return NULL;
	}
	(void)why_set(&d->work.why, ERR_PEER_UNSUPPORTED, "no-common-algorithm",
		      "This device does not offer %.40s.",
		      name != NULL ? name : "that algorithm");
	return NULL;
}

bool move_is_ready(const struct device *d)
{
	return !session_others_departed(d->open.session) &&
	       session_is_placed(d->open.session);
}

/* ---- agreeing ---- */

static bool is_listed(const json_t *list, struct span text)
{
	const json_t *value;
	size_t i;

	json_array_foreach(
	    list, i, value) if (span_equal(span_str(json_string_value(value)),
					   text)) return true;
	return false;
}

enum err move_users(struct device *d, json_t **users)
{
	const struct mls_group *group = session_group(d->open.session);
	json_t *list = json_array();
	struct buf name = BUF_INIT;
	struct mls_member member;
	uint32_t leaf = 0;
	enum err e = ERR_OK;

	ENSURE(list != NULL, ERR_LOCAL_MEMORY);
	while (mls_group_next_member(group, &leaf, &member)) {
		struct span user = roles_user(member.identity);

		if (span_equal(member.identity, span_str(core_self(d))))
			continue;
		buf_reset(&name);
		TRY(names_put_user(d, user, &name));
		TRY(buf_end(&name));
		if (is_listed(list, buf_span(&name)))
			continue;
		ENSURE(name.n < DEVICE_NAME_SIZE, ERR_PEER_INVALID);
		ENSURE(json_array_append_new(
			   list, json_stringn((const char *)name.p, name.n)) ==
			   0,
		       ERR_LOCAL_MEMORY);
	}
	*users = list;
	list = NULL;
out:
	buf_clear(&name);
	json_decref(list);
	return e;
}

static size_t others(const struct device *d)
{
	struct mls_member member;
	uint32_t leaf = 0;
	size_t count = 0;

	while (mls_group_next_member(session_group(d->open.session), &leaf,
				     &member))
		count += !span_equal(member.identity, span_str(core_self(d)));
	return count;
}

/* Devices that are no members stay outside; a member without KeyPackages
 * cannot come along. */
static enum err keep_members(struct device *d, struct guests *guests)
{
	struct mls_member member;

	for (size_t i = guests->count; i-- > 0;)
		if (!session_find(d->open.session,
				  buf_span(&guests->list[i].identity), &member))
			guests_drop(guests, i);
	if (guests->count == others(d))
		return ERR_OK;
	return why_set(&d->work.why, ERR_PEER_UNSUPPORTED,
		       "no-common-algorithm",
		       "Not every member's device has KeyPackages: one of "
		       "them has not been online for long. Remove it, or try "
		       "again later.");
}

/* In a session without places, whose accounts its members have by now. */
static bool meet_due(struct device *d)
{
	return core_is_settled(d) && move_is_wanted(d) && move_is_ready(d) &&
	       !d->work.met && !session_has_places(d->open.session);
}

static enum err meet(struct device *d)
{
	const json_t *user;
	bool news;
	size_t i;
	enum err e = ERR_OK;

	d->work.met = true;
	if (d->work.users == NULL)
		TRY(move_users(d, &d->work.users));
	json_array_foreach(d->work.users, i, user)
	{
		const char *name = json_string_value(user);

		if (strcmp(name, d->username) != 0)
			TRY(accounts_want(d, name, &news));
	}
out:
	return e;
}

const struct step move_step_meet = { "meet members", NULL, meet_due,
				     meet,	     NULL, NULL };

/* ---- staging ---- */

/* Who comes along, and under which identity this device does. */
static enum err keep_guests(struct device *d, const struct suite *suite,
			    const char **self)
{
	struct guests *guests = &d->work.guests;
	bool over;
	enum err e;

	*self = core_self(d);
	TRY(over_is_due(d, suite, &over));
	if (over) {
		TRY(over_keep(d, guests));
		TRY(accounts_own(d, self));
	} else if (suite == session_suite(d->open.session) &&
		   !session_has_places(d->open.session)) {
		e = why_set(&d->work.why, ERR_STATE_PENDING,
			    "device-not-in-log",
			    "This device does not stand in the log of its "
			    "account, so it cannot take a session over to "
			    "accounts. Another one has to approve it first.");
	} else {
		TRY(keep_members(d, guests));
	}
out:
	return e;
}

bool move_says_who(const struct device *d, const json_t *change)
{
	return json_object_get(change, "open") != NULL && !invited_is_kept(d);
}

static bool is_owner(struct device *d, const struct roles *roles)
{
	return !roles->there ||
	       roles_of(roles, roles_user(span_str(core_self(d)))) ==
		   ROLE_OWNER;
}

/* Where a member's device knows no list of who may come in, the session goes on without
 * one. Where the move was to bring nothing else, the person is told so. */
static enum err put_who(struct device *d, const json_t *change,
			const struct roles *roles, struct buf *extensions)
{
	enum err e = ERR_OK;

	if (!move_says_who(d, change))
		return ERR_OK;
	if (!is_owner(d, roles))
		return why_set(&d->work.why, ERR_PEER_DENIED, "not-allowed",
			       "Who may come in is for an owner of this "
			       "session to say first.");
	if (guests_know_invited(&d->work.guests))
		TRY(session_put_policy(
		    json_is_true(json_object_get(change, "open")), extensions));
	else if (session_has_places(d->open.session))
		e = why_set(&d->work.why, ERR_PEER_UNSUPPORTED, "older-device",
			    "A member's device is of a version that knows no "
			    "list of who may come in: it has to be updated "
			    "first, and used once.");
out:
	return e;
}

enum err move_stage(struct device *d, const struct suite *suite,
		    const json_t *change, struct mls_commit *out)
{
	struct session *session = d->open.session;
	struct suites only = { { suite->id }, 1 };
	struct negotiation_plan agreed = { 0 };
	struct signer now = { 0 }, next = { 0 };
	struct roles roles;
	const char *self;
	enum err e;

	TRY(roles_read(mls_group_extensions(session_group(session)), &roles));
	if (!roles_may_reinit(&roles, span_str(core_self(d))))
		return why_set(&d->work.why, ERR_PEER_DENIED, "not-allowed",
			       "To change the algorithm takes an admin or an "
			       "owner of this session.");
	TRY(keep_guests(d, suite, &self));
	TRY(guests_plan(d, &d->work.guests, self, &only, &agreed));
	TRY(put_who(d, change, &roles, &agreed.extensions));
	TRY(signer_of_session(&now, d));
	TRY(signer_init(&next, d, suite, &only));
	signer_name(&next, self);
	TRY(session_move(session, &now.me, &next.me, &agreed, out));
out:
	negotiation_plan_clear(&agreed);
	signer_clear(&now);
	signer_clear(&next);
	return e;
}

/* ---- receiving ---- */

enum err move_receive(struct device *d, uint64_t seq, struct span welcome,
		      const uint8_t claimed[CHAIN_HEAD],
		      struct session_event *event)
{
	struct session *session = d->open.session;
	struct suites only = { { 0 }, 1 };
	struct package package = { 0 };
	struct signer signer = { 0 };
	json_t *shown = NULL;
	bool found;
	enum err e = packages_find(d, welcome, &package);

	found = e == ERR_OK;
	if (e != ERR_OK && err_class(e) == ERR_CLASS_LOCAL)
		goto out;
	TRY(over_shown(d, &shown));
	if (found)
		TRY(signer_init(&signer, d, package.suite, &package.offer));
	if (found)
		signer_name(&signer, package.identity);
	TRY(session_receive_successor(
	    session, seq, welcome, claimed, found ? &signer.me : NULL,
	    buf_span(&package.key_package), &package.secrets, event));
	if (event->kind != SESSION_MOVED)
		goto out;
	TRY(over_take(d, shown));
	TRY(pins_note_members(d));
	only.ids[0] = session_suite(session)->id;
	membership_set_offer(&d->open,
			     event->own_commit ? &only : &package.offer);
	membership_set_shared_leaf(&d->open, package.last_resort);
	if (found && !event->own_commit)
		TRY(packages_used(d, &package));
out:
	json_decref(shown);
	package_clear(&package);
	signer_clear(&signer);
	return e;
}
