/* Members whose device its account has removed. */
#include "device/group/ended.h"

#include "base/fault.h"
#include "device/accounts/met.h"
#include "device/accounts/names.h"
#include "device/group/change.h"
#include "device/steps.h"
#include "wire/places.h"

/* A person who has asked takes the log that is kept here, and goes on. */
static bool is_lifted(struct device *d, const struct mls_member *member)
{
	uint8_t fingerprint[ACCOUNT_HASH];
	struct met *met = NULL;
	uint64_t number;
	bool lifted;

	lifted = places_read_leaf(member->identity, fingerprint, &number) &&
		 met_load(d, SPAN_ARRAY(fingerprint), &met) == ERR_OK &&
		 !met->forked;
	met_free(met);
	return lifted;
}

/* The first of those about whom most can be done. */
enum session_ended ended_find(struct device *d, struct mls_member *member)
{
	struct session *session = d->open.session;
	uint32_t leaf = 0, own = mls_group_own_leaf(session_group(session));
	enum session_ended found = SESSION_STANDS, how;
	struct mls_member one;

	*member = (struct mls_member){ .leaf_index = 0 };
	if (FAULT(SEALS_FOR_REMOVED))
		return SESSION_STANDS;
	if (session_settle(session) != ERR_OK)
		session_unsettle(session);
	while (session_next_ended(session, &leaf, &one, &how)) {
		if (one.leaf_index == own ||
		    (found != SESSION_STANDS && found <= how) ||
		    (how == SESSION_ENDED_FORKED && is_lifted(d, &one)) ||
		    (how == SESSION_ENDED_PARTED && FAULT(BRANCH_IGNORED)))
			continue;
		found = how;
		*member = one;
	}
	return found;
}

bool ended_is_purged(enum session_ended how)
{
	return how == SESSION_ENDED_TOLD || how == SESSION_ENDED_PARTED ||
	       how == SESSION_ENDED_UNTOLD;
}

static const char *reason_of(enum session_ended how)
{
	return how == SESSION_ENDED_PARTED ? "account-parted"
					   : "removed-device";
}

/* Of a leaf whose device its account has removed the group hears by a commit that
 * raises the account's place; the next one removes it. Where the group's place is on a
 * branch that does not count, one commit does both. */
static enum err purge_ended(struct device *d, const struct mls_member *member,
			    enum session_ended how)
{
	struct change_plan plan = { .due = true,
				    .epoch = session_epoch(d->open.session),
				    .reason = reason_of(how) };
	enum err e;

	if (how == SESSION_ENDED_UNTOLD)
		return change_begin(d, &plan);
	plan.epoch = INT64_MAX;
	plan.remove = json_array();
	(void)json_array_append_new(
	    plan.remove,
	    json_stringn((const char *)member->identity.p, member->identity.n));
	TRY(change_begin(d, &plan));
out:
	json_decref(plan.remove);
	return e;
}

static enum err hold_elsewhere(struct device *d, const char *name)
{
	work_hold_about(
	    d, span_str(name), ERR_STATE_PENDING, "ended-device",
	    "What was said is kept: %.80s is a device that its account has "
	    "removed, but %s is at a place of that account's log that does not "
	    "count any more. An admin or an owner has to remove it.",
	    name, d->open.id);
	return ERR_OK;
}

/* Where no commit can tell the group, it takes the role for it. */
static enum err hold_ended(struct device *d, const struct mls_member *member,
			   bool *held)
{
	struct buf name = BUF_INIT;
	struct roles roles;
	enum err e;

	TRY(roles_read(mls_group_extensions(session_group(d->open.session)),
		       &roles));
	*held =
	    !roles_may_remove(&roles, span_str(core_self(d)), member->identity);
	if (!*held)
		goto out;
	TRY(names_put(d, member->identity, &name));
	buf_put_u8(&name, 0);
	TRY(buf_end(&name));
	TRY(hold_elsewhere(d, (const char *)name.p));
out:
	buf_clear(&name);
	return e;
}

/* Which of two logs is right a person has to ask: a failover may have lost a link, and
 * then the account's devices settle it. */
static enum err hold_forked(struct device *d, const struct mls_member *member)
{
	struct span user = roles_user(member->identity);
	struct buf name = BUF_INIT;
	enum err e;

	TRY(names_put_user(d, user, &name));
	buf_put_u8(&name, 0);
	TRY(buf_end(&name));
	if (span_equal(user, roles_user(span_str(core_self(d)))))
		work_hold(d, ERR_STATE_PENDING, "own-account-forked",
			  "What was said is kept: there are two logs of your "
			  "own account that contradict each other, and other "
			  "devices of it are in %s. Your recovery key decides, "
			  "at a login as a new device.",
			  d->open.id);
	else
		work_hold_about(
		    d, span_str((const char *)name.p), ERR_STATE_PENDING,
		    "member-forked",
		    "What was said is kept: there are two logs of %.40s's "
		    "account that contradict each other, so one of the devices "
		    "may be a thief's. Ask %.40s. That account can be removed, "
		    "or be trusted by the log that is known here.",
		    (const char *)name.p, (const char *)name.p);
out:
	buf_clear(&name);
	return e;
}

enum err ended_remove(struct device *d, const struct mls_member *member,
		      enum session_ended how)
{
	bool held = false;
	enum err e = ERR_OK;

	if (how == SESSION_ENDED_FORKED)
		return hold_forked(d, member);
	if (how == SESSION_ENDED_ELSEWHERE)
		TRY(hold_ended(d, member, &held));
	if (!held)
		e = purge_ended(d, member, how);
out:
	return e;
}
