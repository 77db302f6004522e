/* The steps that make a new session: claim KeyPackages, agree, tell the
 * server. */
#include "crypto/rng.h"
#include "device/accounts/accounts.h"
#include "device/accounts/own_guests.h"
#include "device/accounts/people.h"
#include "device/accounts/pins.h"
#include "device/group/change.h"
#include "device/group/invited.h"
#include "device/group/signer.h"
#include "device/steps.h"
#include "device/texts/content.h"
#include "device/texts/naming.h"
#include "device/texts/outbox.h"
#include "device/todo.h"
#include "session/invited.h"
#include "wire/invited.h"

#include <stdlib.h>
#include <string.h>

/* ---- claiming, for CREATE and INVITE ---- */

/* Before that, whose account is meant by each name. */
static bool meet_due(struct device *d)
{
	const struct work *work = &d->work;

	return !work->met && (work_is(work, ORDER_CREATE)
				  ? d->open.session == NULL
				  : work_is(work, ORDER_INVITE) && work->fresh);
}

/* A device that stands in no log makes sessions of the rules before. */
static enum err meet(struct device *d)
{
	const struct order *order = &d->work.order;
	const char *identity;
	bool news;
	enum err e;

	d->work.met = true;
	TRY(accounts_own(d, &identity));
	for (size_t i = 0; identity[0] != '\0' && i < order->user_count; i++)
		if (strcmp(order->users[i], d->username) != 0)
			TRY(accounts_want(d, order->users[i], &news));
out:
	return e;
}

const struct step found_step_meet = { "meet all", NULL, meet_due,
				      meet,	  NULL, NULL };

static bool claim_due(struct device *d)
{
	const struct work *work = &d->work;

	if (work_is(work, ORDER_CREATE))
		return d->open.session == NULL &&
		       work->claimed < work->order.user_count;
	return work_is(work, ORDER_INVITE) && work->fresh &&
	       work->claimed < work->order.user_count;
}

static enum err claim_ask(struct device *d, struct request *request)
{
	request->kind = REQUEST_CLAIM;
	request->user = d->work.order.users[d->work.claimed];
	return ERR_OK;
}

/* A user who is named twice counts once. */
static bool is_repeated(const struct order *order, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(order->users[i], order->users[at]) == 0)
			return true;
	return false;
}

/* Of whom no log is known it is read first, and then the claim is made again. A key
 * that stands in no log ends the order, and is told. */
static enum err add_guests(struct device *d, const char *user,
			   const struct answer *answer, bool *again)
{
	struct guests *guests = &d->work.guests;
	size_t before = guests->count;
	enum err e = guests_add(d, user, answer, guests);

	*again = false;
	if (e != ERR_PEER_INVALID)
		return e;
	TRY(accounts_want(d, user, again));
	while (*again && guests->count > before)
		guests_drop(guests, guests->count - 1);
	if (*again) {
		why_clear(&d->work.why);
	} else {
		d->work.halted = true;
		d->work.outcome.result = ERR_PEER_INVALID;
	}
out:
	return e;
}

static enum err claim_take(struct device *d, const struct answer *answer)
{
	struct work *work = &d->work;
	const char *user = work->order.users[work->claimed];
	bool again = false;
	enum err e = ERR_OK;

	if (answer->result == ERR_STATE_GONE) {
		work_halt(d, ERR_STATE_GONE, "no-such-user",
			  "There is no user %.40s.", user);
		return ERR_OK;
	}
	if (answer->result != ERR_OK) {
		work_halt_refused(d, answer);
		return ERR_OK;
	}
	work_news(d);
	if (!is_repeated(&work->order, work->claimed))
		TRY(add_guests(d, user, answer, &again));
	if (again)
		return ERR_OK;
	work->claimed++;
	if (strcmp(user, d->username) == 0)
		TRY(own_guests_keep(d, &work->guests));
	while (work->claimed < work->order.user_count &&
	       is_repeated(&work->order, work->claimed))
		work->claimed++;
out:
	return e;
}

const struct step found_step_claim = { "claim", NULL,	   claim_due,
				       NULL,	claim_ask, claim_take };

/* ---- founding ---- */

static bool found_due(struct device *d)
{
	const struct work *work = &d->work;

	return work_is(work, ORDER_CREATE) && !work->planned &&
	       work->claimed >= work->order.user_count;
}

static enum err random_id(struct device *d, struct uuid_text *id)
{
	uint8_t bytes[SESSION_ID];
	enum err e = rng_fill(d->ports.rng, bytes, sizeof(bytes));

	*id = uuid_text(uuid_random(bytes));
	return e;
}

/* Whoever has no device that can be added is invited, where the group keeps that. */
static enum err list_invited(struct device *d, json_t **list)
{
	const struct order *order = &d->work.order;
	struct buf user = BUF_INIT;
	enum err e = ERR_OK;

	*list = NULL;
	for (size_t i = 0; invited_is_kept(d) && i < order->user_count; i++) {
		buf_reset(&user);
		if (strcmp(order->users[i], d->username) == 0)
			continue;
		TRY(invited_user(d, order->users[i], &user));
		if (guests_have(&d->work.guests,
				span_str((const char *)user.p)))
			continue;
		if (*list == NULL)
			*list = json_array();
		ENSURE(
		    json_array_append_new(*list, json_pack("{s:s, s:b}", "user",
							   (const char *)user.p,
							   "invited", 1)) == 0,
		    ERR_LOCAL_MEMORY);
	}
	TRY(invited_check_room(d, json_array_size(*list)));
out:
	buf_clear(&user);
	return e;
}

static enum err make_todo(struct device *d, const struct negotiation_plan *plan,
			  struct span group_info, json_t **todo)
{
	const struct order *order = &d->work.order;
	struct change_plan change = {
		.key_packages = plan->key_packages,
		.key_package_count = plan->count,
	};
	json_t *users = json_array(), *add = NULL, *body = NULL;
	enum err e;

	TRY(list_invited(d, &change.invite));
	for (size_t i = 0; i < order->user_count; i++)
		(void)json_array_append_new(users,
					    json_string(order->users[i]));
	TRY(change_make(&change, &add));
	body = json_pack("{s:s, s:b, s:O}", "algorithm", plan->suite->algorithm,
			 "open", (int)order->open, "invite", users);
	ENSURE(body != NULL, ERR_LOCAL_MEMORY);
	TRY(record_set_bytes(body, "group_info", group_info));
	*todo = json_pack("{s:s, s:O, s:O}", "kind", "create", "body", body,
			  "add", add);
	ENSURE(*todo != NULL, ERR_LOCAL_MEMORY);
out:
	json_decref(change.invite);
	json_decref(users);
	json_decref(add);
	json_decref(body);
	return e;
}

/* The KeyPackages' signatures are verified before anything is created. */
static enum err check_guests(struct device *d, const json_t *add)
{
	enum err e = change_try(d, add);

	if (err_class(e) == ERR_CLASS_PEER)
		return why_set(&d->work.why, e, "bad-key-package",
			       "The server delivered a KeyPackage that its "
			       "device did not sign so: %s. Nothing was "
			       "created.",
			       err_text(e));
	return e;
}

static enum err make(struct device *d, const struct negotiation_plan *agreed,
		     const char *identity)
{
	const struct order *order = &d->work.order;
	struct buf group_info = BUF_INIT;
	struct signer signer;
	json_t *todo = NULL;
	enum err e;

	bool places = places_is_account(roles_user(span_str(identity)));

	TRY(signer_init(&signer, d, agreed->suite, order->offer));
	signer_name(&signer, identity);
	TRY(membership_set_self(&d->open, span_str(identity)));
	TRY(session_create(&signer.me, d->open.raw_id.bytes, agreed,
			   places ? d->accounts : NULL, &d->open.session,
			   &group_info));
	session_set_accounts(d->open.session, d->accounts);
	TRY(make_todo(d, agreed, buf_span(&group_info), &todo));
	TRY(people_show_all(&d->open));
	if (agreed->count > 0)
		TRY(check_guests(d, json_object_get(todo, "add")));
	membership_set_todo(&d->open, json_incref(todo));
	if (order->name != NULL)
		TRY(record_set_text(d->open.notes, "name",
				    span_str(order->name)));
	if (order->verified_only)
		(void)json_object_set_new(d->open.notes, "verified_only",
					  json_true());
	work_changed(d);
out:
	json_decref(todo);
	signer_clear(&signer);
	buf_clear(&group_info);
	return e;
}

/* A guest of before does not list the extension: then the group says nothing of who is
 * invited, and the server decides. */
static enum err put_policy(struct device *d, const char *identity,
			   struct negotiation_plan *agreed)
{
	if (!places_is_account(roles_user(span_str(identity))) ||
	    !session_packages_list(agreed->key_packages, agreed->count,
				   INVITED_EXTENSION))
		return ERR_OK;
	return session_put_policy(d->work.order.open, &agreed->extensions);
}

static enum err found_with(struct device *d)
{
	const struct order *order = &d->work.order;
	struct negotiation_plan agreed = { 0 };
	struct uuid_text id;
	const char *identity;
	enum err e;

	d->work.planned = true;
	TRY(naming_check(d, order->name));
	TRY(accounts_own(d, &identity));
	/* a guest from before: a session of the rules before */
	if (identity[0] == '\0' || !guests_have_places(&d->work.guests))
		identity = d->identity;
	TRY(guests_plan(d, &d->work.guests, identity, order->offer, &agreed));
	TRY(put_policy(d, identity, &agreed));
	TRY(random_id(d, &id));
	TRY(membership_new(&d->open, id.text, order->offer));
	memcpy(d->work.outcome.session, d->open.id, sizeof(d->open.id));
	TRY(make(d, &agreed, identity));
out:
	negotiation_plan_clear(&agreed);
	return e;
}

static enum err found(struct device *d)
{
	return pins_end(d, found_with(d));
}

const struct step found_step_make = { "found", NULL, found_due,
				      found,   NULL, NULL };

/* ---- telling the server ---- */

static bool create_due(struct device *d)
{
	return d->open.session != NULL &&
	       membership_todo_is(&d->open, "create");
}

/* An earlier version wrote `join_policy` in place of `open`. */
static bool is_open(const json_t *body)
{
	const char *policy = record_string(body, "join_policy");

	return json_is_true(json_object_get(body, "open")) ||
	       (policy != NULL && strcmp(policy, "open") == 0);
}

static enum err create_ask(struct device *d, struct request *request)
{
	struct work *work = &d->work;
	const json_t *body = json_object_get(membership_todo(&d->open), "body");
	const json_t *invite = json_object_get(body, "invite"), *user;
	const char **users;
	size_t i;
	enum err e;

	buf_reset(&work->group_info);
	TRY(record_bytes(body, "group_info", &work->group_info));
	TRY(buf_end(&work->group_info));
	users = calloc(json_array_size(invite) + 1, sizeof(*users));
	ENSURE(users != NULL, ERR_LOCAL_MEMORY);
	free(work->names);
	work->names = users;
	json_array_foreach(invite, i, user) users[i] = json_string_value(user);
	request->kind = REQUEST_CREATE;
	request->group_info = buf_span(&work->group_info);
	request->algorithm = record_string(body, "algorithm");
	request->open = is_open(body);
	request->users = users;
	request->user_count = i;
out:
	return e;
}

/* Nothing of a session stays that never came to be, unless something was said in
 * it. */
static enum err forget(struct device *d)
{
	bool forgotten;
	enum err e;

	TRY(work_forget_new(d, &forgotten));
	if (!forgotten)
		todo_drop(d);
out:
	return e;
}

static enum err create_take(struct device *d, const struct answer *answer)
{
	json_t *add = NULL;
	/* the id is 122 random bits of ours: if it exists, we made it */
	bool exists = answer->result == ERR_STATE_CONFLICT &&
		      strcmp(answer->slug, "session-exists") == 0;
	enum err e = ERR_OK;

	if (answer->result != ERR_OK && !exists) {
		work_halt_refused(d, answer);
		if (!work_is_passing(answer))
			TRY(forget(d));
		return ERR_OK;
	}
	add = json_incref(json_object_get(membership_todo(&d->open), "add"));
	TRY(change_show(d, add));
	membership_set_todo(&d->open, change_adds(add) || change_invites(add)
					  ? json_incref(add)
					  : NULL);
	work_changed(d);
out:
	json_decref(add);
	return e;
}

const struct step found_step_post = { "create", NULL,	    create_due,
				      NULL,	create_ask, create_take };
