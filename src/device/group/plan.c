/* The steps that turn an order into something to do. */
#include "device/accounts/accounts.h"
#include "device/accounts/names.h"
#include "device/accounts/pins.h"
#include "device/budget.h"
#include "device/group/apart.h"
#include "device/group/bans.h"
#include "device/group/breaks.h"
#include "device/group/change.h"
#include "device/group/ended.h"
#include "device/group/invited.h"
#include "device/group/signer.h"
#include "device/steps.h"
#include "device/texts/outbox.h"
#include "device/todo.h"

#include <stdlib.h>
#include <string.h>

static bool is_ready(struct device *d)
{
	return core_is_settled(d) && membership_todo(&d->open) == NULL;
}

/* ---- removing and roles ---- */

/* Every leaf of "user", or the one of "user/device". */
static enum err find_leaves(struct device *d, const char *whom,
			    json_t *identities)
{
	struct mls_member member;
	uint32_t leaf = 0;

	while (mls_group_next_member(session_group(d->open.session), &leaf,
				     &member))
		if (names_is(d, member.identity, whom))
			(void)json_array_append_new(
			    identities,
			    json_stringn((const char *)member.identity.p,
					 member.identity.n));
	if (json_array_size(identities) > 0)
		return ERR_OK;
	return why_set(&d->work.why, ERR_STATE_GONE, "no-such-member",
		       "%.80s is not a member of %s.", whom, d->open.id);
}

static bool names_ourselves(const struct device *d, const json_t *identities)
{
	const json_t *value;
	size_t i;

	json_array_foreach(identities, i,
			   value) if (strcmp(json_string_value(value),
					     core_self(d)) == 0) return true;
	return false;
}

static enum err plan_remove(struct device *d)
{
	struct change_plan plan = { .remove = json_array() };
	enum err e;

	TRY(find_leaves(d, d->work.order.whom, plan.remove));
	ENSURE(!names_ourselves(d, plan.remove),
	       why_set(&d->work.why, ERR_PEER_INVALID, "own-device",
		       "A device cannot remove itself: leave the session."));
	TRY(change_begin(d, &plan));
out:
	json_decref(plan.remove);
	return e;
}

static enum err plan_role(struct device *d)
{
	const struct order *order = &d->work.order;
	struct change_plan plan = { .role = order->role };
	json_t *identities = json_array();
	struct buf user = BUF_INIT;
	enum err e;

	TRY(find_leaves(d, order->whom, identities));
	buf_put(&user, names_find_user(d, order->whom));
	ENSURE(user.n > 0,
	       why_set(&d->work.why, ERR_PEER_INVALID, "usage",
		       "A role is a user's, with all devices: name the user "
		       "without a device."));
	buf_put_u8(&user, 0);
	TRY(buf_end(&user));
	plan.role_username = (const char *)user.p;
	TRY(change_begin(d, &plan));
out:
	buf_clear(&user);
	json_decref(identities);
	return e;
}

static enum err plan_ban(struct device *d)
{
	struct change_plan plan = { .remove = json_array() };
	struct buf user = BUF_INIT;
	enum err e;

	TRY(bans_plan(d, &plan, &user));
	TRY(change_begin(d, &plan));
out:
	json_decref(plan.remove);
	buf_clear(&user);
	return e;
}

/* ---- inviting ---- */

static enum err check_guest(struct device *d, const char *user)
{
	if (strcmp(user, d->username) == 0 || names_find_user(d, user).n == 0)
		return ERR_OK;
	return why_set_about(&d->work.why, span_str(user), ERR_STATE_CONFLICT,
			     "member-already",
			     "%s is a member already. A further device of %s "
			     "is added by one of the devices that are in.",
			     user, user);
}

static enum err refuse_older(struct device *d)
{
	return why_set(&d->work.why, ERR_PEER_UNSUPPORTED, "older-device",
		       "A device of %s is of a version that cannot come into "
		       "this session: it has to be updated first.",
		       d->work.order.users[0]);
}

/* Nobody of that user is added: as the person wants it, or since there is no device
 * that can be. */
static bool is_only_asked(const struct device *d)
{
	const struct guests *guests = &d->work.guests;

	return d->work.order.asks ||
	       (invited_is_kept(d) &&
		(guests->count == 0 || !guests_know_invited(guests)));
}

static enum err plan_invite(struct device *d)
{
	struct suites only = { { session_suite(d->open.session)->id }, 1 };
	struct guests *guests = &d->work.guests;
	struct negotiation_plan agreed = { 0 };
	struct change_plan plan = { 0 };
	const struct order *order = &d->work.order;
	struct mls_member member;
	enum err e;

	TRY(check_guest(d, order->users[0]));
	if (session_has_places(d->open.session) && !guests_have_places(guests))
		return refuse_older(d);
	for (size_t i = guests->count; i-- > 0;)
		if (session_find(d->open.session,
				 buf_span(&guests->list[i].identity), &member))
			guests_drop(guests, i);
	if (strcmp(order->users[0], d->username) != 0 && is_only_asked(d))
		return invited_plan(d);
	if (invited_is_kept(d) && !guests_know_invited(guests))
		return refuse_older(d);
	TRY(bans_check_guests(d, guests));
	d->work.outcome.devices = guests->count;
	/* The session's suite as the only offer: then a KeyPackage of that
	 * suite that was withheld shows. */
	TRY(guests_plan(d, guests, core_self(d), &only, &agreed));
	if (!session_takes(d->open.session, agreed.key_packages, agreed.count))
		TRY(refuse_older(d));
	plan.key_packages = agreed.key_packages;
	plan.key_package_count = agreed.count;
	if (guests->count > 0) {
		TRY(change_begin(d, &plan));
		TRY(change_show(d, membership_todo(&d->open)));
	}
out:
	negotiation_plan_clear(&agreed);
	return e;
}

/* Somebody without a device may join later: the server is told the name; and again, with
 * a letter, where the group says so. */
static bool name_due(struct device *d)
{
	const struct work *work = &d->work;

	if (!is_ready(d))
		return false;
	return work->written || (work_is(work, ORDER_INVITE) && !work->named &&
				 work->claimed > 0);
}

static enum err name_ask(struct device *d, struct request *request)
{
	request->kind = REQUEST_INVITE;
	request->users = &d->work.order.users[d->work.lettered];
	request->user_count = 1;
	if (d->work.written)
		request->bytes = buf_span(&d->work.bytes);
	return ERR_OK;
}

static enum err name_take(struct device *d, const struct answer *answer)
{
	struct work *work = &d->work;

	if (answer->result != ERR_OK)
		work_halt_refused(d, answer);
	work->named = true;
	if (work->written)
		work->lettered++;
	work->written = false;
	return ERR_OK;
}

const struct step plan_step_name = { "name", NULL,     name_due,
				     NULL,   name_ask, name_take };

/* ---- leaving ---- */

/* The user who owns the session when this device has left: the first other
 * owner, admin, or member, unless another device of ours stays. */
static struct span find_heir(const struct device *d)
{
	struct span heir = SPAN_EMPTY, own = roles_user(span_str(core_self(d)));
	enum role best = ROLE_MEMBER;
	struct mls_member member;
	uint32_t leaf = 0;

	while (mls_group_next_member(session_group(d->open.session), &leaf,
				     &member)) {
		struct span user = roles_user(member.identity);
		enum role role = session_role(d->open.session, member.identity);

		if (session_departed(d->open.session, member.leaf_index))
			continue; /* it does not stay, either */
		if (span_equal(user, own) || role == ROLE_OWNER) {
			if (!span_equal(member.identity,
					span_str(core_self(d))))
				return SPAN_EMPTY;
			continue;
		}
		if (heir.n == 0 || role > best) {
			heir = user;
			best = role;
		}
	}
	return heir;
}

static enum err plan_departure(struct device *d, const char *identity,
			       uint64_t id)
{
	struct session *session = d->open.session;
	struct buf departure = BUF_INIT;
	struct span heir = SPAN_EMPTY;
	struct mls_member member;
	struct signer signer;
	json_t *todo = NULL;
	enum err e;

	TRY(signer_of_session(&signer, d));
	ENSURE(session_find(session, span_str(identity), &member),
	       why_set(&d->work.why, ERR_STATE_GONE, "no-such-member",
		       "%.80s is not a member of %s.", identity, d->open.id));
	if (session_departed(session, member.leaf_index))
		goto out; /* another device has said so */
	if (session_role(session, span_str(core_self(d))) == ROLE_OWNER &&
	    strcmp(identity, core_self(d)) == 0)
		heir = find_heir(d);
	TRY(session_depart(session, &signer.me, member.leaf_index, heir,
			   &departure));
	TRY(buf_end(&departure));
	todo = json_pack("{s:s, s:s}", "kind", "leave", "whom", identity);
	ENSURE(todo != NULL, ERR_LOCAL_MEMORY);
	TRY(record_set_bytes(todo, "departure", buf_span(&departure)));
	(void)json_object_set_new(todo, "id", json_integer((json_int_t)id));
	membership_set_todo(&d->open, json_incref(todo));
	work_changed(d);
out:
	json_decref(todo);
	buf_clear(&departure);
	signer_clear(&signer);
	return e;
}

/* Apart from the log, what else was to be done is given up for it. */
static enum err plan_own(struct device *d)
{
	if (apart_is_begun(d) && membership_todo(&d->open) != NULL)
		todo_drop(d);
	return plan_departure(d, core_self(d), todo_new_id(&d->open));
}

/* Of another device of ours: as its leaf says it. */
static enum err plan_other(struct device *d, const char *whom)
{
	json_t *identities = json_array();
	enum err e;

	TRY(find_leaves(d, whom, identities));
	TRY(plan_departure(d, json_string_value(json_array_get(identities, 0)),
			   todo_new_id(&d->open)));
out:
	json_decref(identities);
	return e;
}

static bool departure_due(struct device *d)
{
	return apart_departs(d) && !todo_departure_fits(d);
}

/* The leaf has changed since: the departure is signed anew. */
static enum err renew_departure(struct device *d)
{
	char *whom = strdup(todo_departs(d));
	uint64_t id = todo_id(&d->open);
	struct mls_member member;
	enum err e = ERR_OK;

	ENSURE(whom != NULL, ERR_LOCAL_MEMORY);
	membership_set_todo(&d->open, NULL);
	work_changed(d);
	if (session_find(d->open.session, span_str(whom), &member))
		TRY(plan_departure(d, whom, id));
out:
	free(whom);
	return e;
}

const struct step plan_step_departure = { "departure",	   NULL, departure_due,
					  renew_departure, NULL, NULL };

/* ---- what was ordered ---- */

static bool plan_due(struct device *d)
{
	const struct work *work = &d->work;

	/* whoever departs apart gives up what else was to be done */
	if (work->planned ||
	    !(apart_is_begun(d) ? apart_is_ready(d) : is_ready(d)))
		return false;
	return work->order.kind == ORDER_INVITE
		   ? work->named
		   : order_changes_group(work->order.kind);
}

static enum err plan_asked(struct device *d)
{
	struct change_plan plan = { .due = true,
				    .epoch = session_epoch(d->open.session) };

	if (!budget_take(d, BUDGET_ASKED))
		return ERR_OK;
	return change_begin(d, &plan);
}

static enum err plan_move(struct device *d)
{
	struct change_plan move = { .algorithm = d->work.order.algorithm,
				    .open = d->work.order.open };

	/* to the present one, with places and the list of the invited */
	if (move.algorithm == NULL && session_has_places(d->open.session) &&
	    invited_is_kept(d))
		return why_set(&d->work.why, ERR_STATE_CONFLICT,
			       "accounts-already",
			       "This session names accounts already, and says "
			       "who may come in.");
	if (move.algorithm == NULL) {
		move.algorithm = session_suite(d->open.session)->algorithm;
		move.says_who = true;
	}
	return change_begin(d, &move);
}

static enum err purge(struct device *d)
{
	static const struct change_plan departed = { .due = true,
						     .epoch = INT64_MAX };

	return change_begin(d, &departed);
}

/* Who has departed, or has no device left here that stands, is invited like anybody else:
 * such leaves are removed first. */
static enum err purge_first(struct device *d, bool *begun)
{
	enum session_ended how = SESSION_STANDS;
	struct mls_member member;

	*begun = session_others_departed(d->open.session);
	if (*begun)
		return purge(d);
	how = ended_find(d, &member);
	*begun = ended_is_purged(how);
	return *begun ? ended_remove(d, &member, how) : ERR_OK;
}

static enum err plan_it(struct device *d)
{
	static const struct change_plan only_keys;
	const struct order *order = &d->work.order;

	switch (order->kind) {
	case ORDER_INVITE:
		return pins_end(d, plan_invite(d));
	case ORDER_REMOVE:
		return plan_remove(d);
	case ORDER_ROLE:
		return plan_role(d);
	case ORDER_BAN:
		return plan_ban(d);
	case ORDER_UNINVITE:
		return invited_plan_back(d);
	case ORDER_ROTATE:
		return change_begin(d, &only_keys);
	case ORDER_ASKED:
		return plan_asked(d);
	case ORDER_MOVE:
		return plan_move(d);
	case ORDER_LEAVE:
		return plan_own(d);
	case ORDER_DEPART:
		return plan_other(d, order->whom);
	case ORDER_REFRESH:
	case ORDER_SEND:
	case ORDER_CREATE:
	case ORDER_JOIN:
	case ORDER_RESOLVE:
	case ORDER_STOCK:
	case ORDER_ACCOUNT:
	case ORDER_MEET:
	case ORDER_LETTER:
		break;
	}
	return ERR_LOCAL_BUG;
}

static enum err plan(struct device *d)
{
	bool begun = false;
	enum err e;

	if (work_is(&d->work, ORDER_INVITE))
		TRY(purge_first(d, &begun));
	if (begun)
		return ERR_OK;
	d->work.planned = true;
	TRY(plan_it(d));
	d->work.todo = todo_id(&d->open);
out:
	return e;
}

const struct step plan_step_order = {
	"plan", NULL, plan_due, plan, NULL, NULL
};

/* ---- duties ---- */

/* A device whose commits nobody can process is removed before anything else, by
 * those whose role allows it. Somebody else may have done it when this commit
 * comes: then it is needless. */
static bool oust_due(struct device *d)
{
	return is_ready(d) && !d->work.ousted && breaks_culprit(d) != NULL;
}

static enum err oust(struct device *d)
{
	struct change_plan plan = { .due = true,
				    .epoch = INT64_MAX,
				    .reason = "broken-commits" };
	enum err e = ERR_OK;

	d->work.ousted = true;
	if (!budget_take(d, BUDGET_ASKED))
		return ERR_OK;
	plan.remove = json_array();
	(void)json_array_append_new(plan.remove,
				    json_string(breaks_culprit(d)));
	TRY(change_begin(d, &plan));
out:
	json_decref(plan.remove);
	return e;
}

const struct step plan_step_oust = { "oust", NULL, oust_due, oust, NULL, NULL };

/* Who came by a last-resort KeyPackage takes keys of its own at once: others may
 * come to have that KeyPackage's init key, and a departure of its leaf node that
 * an earlier log holds would be good again. Once an order, within a budget. */
static bool replace_due(struct device *d)
{
	return is_ready(d) && !d->work.replaced &&
	       membership_leaf_is_shared(&d->open);
}

static enum err replace(struct device *d)
{
	const struct change_plan plan = { .reason = "last-resort" };

	d->work.replaced = true;
	return budget_take(d, BUDGET_ASKED) ? change_begin(d, &plan) : ERR_OK;
}

const struct step plan_step_replace = { "replace", NULL, replace_due,
					replace,   NULL, NULL };

/* The departed are removed before anything is said, and keys are renewed when
 * the server wants that, within a budget. */
static bool duty_due(struct device *d)
{
	struct mls_member member;

	if (!is_ready(d))
		return false;
	return d->work.renew || (outbox_waits(&d->open) &&
				 (session_others_departed(d->open.session) ||
				  ended_find(d, &member) != SESSION_STANDS));
}

static enum err duty(struct device *d)
{
	const struct change_plan plan = { .due = true,
					  .epoch =
					      session_epoch(d->open.session) };
	enum session_ended how = SESSION_STANDS;
	bool required = d->work.required;
	struct mls_member member;

	if (!session_others_departed(d->open.session) && outbox_waits(&d->open))
		how = ended_find(d, &member);
	if (how != SESSION_STANDS)
		return ended_remove(d, &member, how);
	d->work.renew = d->work.required = false;
	if (session_others_departed(d->open.session))
		return purge(d);
	if (budget_take(d, BUDGET_ASKED))
		return change_begin(d, &plan);
	if (required)
		work_hold(
		    d, ERR_STATE_PENDING, "rotation-required",
		    "What was said is kept: the server wants this session to "
		    "change first, again and again. Perhaps its algorithm is "
		    "not allowed any more, and it has to go to another one.");
	return ERR_OK;
}

const struct step plan_step_duty = { "duty", NULL, duty_due, duty, NULL, NULL };
