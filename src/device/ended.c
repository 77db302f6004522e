/* Members whose device its account has removed. */
#include "device/ended.h"

#include "base/fault.h"
#include "device/change.h"
#include "device/names.h"
#include "device/steps.h"

static enum ended ended_how(const struct session *session,
			    const struct mls_member *member, bool settled)
{
	if (settled)
		return ENDED_TOLD;
	return session_may_settle(session, member) ? ENDED_UNTOLD
						   : ENDED_ELSEWHERE;
}

/* The first of those about whom most can be done. */
enum ended ended_find(struct device *d, struct mls_member *member)
{
	const struct session *session = d->open.session;
	uint32_t leaf = 0, own = mls_group_own_leaf(session_group(session));
	enum ended found = ENDED_NONE;
	struct mls_member one;
	bool settled;

	*member = (struct mls_member){ .leaf_index = 0 };
	if (!session_has_places(session) || FAULT(SEALS_FOR_REMOVED))
		return ENDED_NONE;
	while (session_next_ended(session, &leaf, &one, &settled)) {
		enum ended how = ended_how(session, &one, settled);

		if (one.leaf_index == own ||
		    (found != ENDED_NONE && found <= how))
			continue;
		found = how;
		*member = one;
	}
	return found;
}

/* Of a leaf whose device its account has removed the group hears by a commit that
 * raises the account's place; the next one removes it. */
static enum err purge_ended(struct device *d, const struct mls_member *member,
			    enum ended how)
{
	struct change_plan plan = { .due = true,
				    .epoch = session_epoch(d->open.session),
				    .reason = "removed-device" };
	enum err e;

	if (how == ENDED_UNTOLD)
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
	work_hold(
	    d, ERR_STATE_PENDING, "ended-device",
	    "What was said is kept: %.80s is a device that its account has "
	    "removed, but %s is at a place of that account's log that "
	    "does not count any more. An admin or an owner has to remove "
	    "it: hermetic remove",
	    (const char *)name.p, d->open.id);
out:
	buf_clear(&name);
	return e;
}

enum err ended_remove(struct device *d, const struct mls_member *member,
		      enum ended how)
{
	bool held = false;
	enum err e = ERR_OK;

	if (how == ENDED_ELSEWHERE)
		TRY(hold_ended(d, member, &held));
	if (!held)
		e = purge_ended(d, member, how);
out:
	return e;
}
