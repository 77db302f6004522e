#include "reach/act.h"

#include "base/uuid.h"
#include "device/accounts/approval.h"
#include "device/record.h"
#include "reach/act_inside.h"
#include "reach/choose.h"
#include "reach/look.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const struct act_step *steps;
	bool of_session, of_somebody, of_code, of_recovery;
} KINDS[] = {
	[ACT_DEVICES] = { .steps = act_steps_devices },
	[ACT_APPROVE] = { act_steps_approve, .of_code = true },
	[ACT_REFUSE] = { act_steps_refuse, .of_somebody = true },
	[ACT_REVOKE] = { act_steps_revoke, .of_somebody = true },
	[ACT_LINK] = { .steps = act_steps_link },
	[ACT_BLOCKS] = { .steps = act_steps_blocks },
	[ACT_BLOCK] = { act_steps_block, .of_somebody = true },
	[ACT_UNBLOCK] = { act_steps_unblock, .of_somebody = true },
	[ACT_LETTERS] = { act_steps_letters, .of_session = true },
	[ACT_DECLINE] = { act_steps_decline, .of_session = true },
	[ACT_RECOVERY_KEY] = { act_steps_recovery_key, .of_recovery = true },
	[ACT_RECOVERY] = { act_steps_recovery, .of_recovery = true },
	[ACT_RECOVER] = { act_steps_recover, .of_recovery = true },
};

/* ---- making ---- */

static enum err take_code(struct act *act, const char *text, struct why *why)
{
	enum err e = ERR_PEER_MALFORMED;

	if (text != NULL)
		e = code_read(span_str(text), &act->code);
	if (e == ERR_STATE_GONE || e == ERR_PEER_MALFORMED)
		e = why_set(why, ERR_PEER_INVALID, "code",
			    "That is no code: the new device shows four groups "
			    "of five characters.");
	return e;
}

static enum err take_recovery_key(const char *text, struct account_pair *pair,
				  struct why *why)
{
	enum err e = ERR_PEER_MALFORMED;

	if (text != NULL)
		e = code_recovery_read(span_str(text), pair);
	if (e == ERR_PEER_MALFORMED)
		e = why_set(why, ERR_PEER_INVALID, "recovery-key",
			    "That is no recovery key: nine groups of four "
			    "characters, of which one is wrong or missing.");
	return e;
}

static enum err take_recovery(struct act *act, const struct act_wish *wish,
			      struct why *why)
{
	enum err e = ERR_OK;

	act->recovery.replace = wish->replace;
	act->recovery.has_old = wish->whom != NULL;
	if (wish->whom != NULL)
		TRY(take_recovery_key(wish->whom, &act->recovery.old, why));
	if (wish->kind != ACT_RECOVERY_KEY)
		TRY(take_recovery_key(wish->text, &act->recovery.pair, why));
out:
	return e;
}

static enum err take_wish(struct act *act, const struct act_wish *wish,
			  struct why *why)
{
	bool is_id =
	    wish->session != NULL && uuid_is_text(span_str(wish->session));
	enum err e = ERR_OK;

	if (KINDS[wish->kind].of_recovery)
		return take_recovery(act, wish, why);
	if (KINDS[wish->kind].of_session && !is_id)
		return why_set(why, ERR_PEER_INVALID, "usage",
			       "That is no session's id.");
	if (is_id)
		memcpy(act->session, wish->session, TEXT_UUID_SIZE);
	if (KINDS[wish->kind].of_somebody && wish->whom == NULL)
		return why_set(why, ERR_PEER_INVALID, "usage",
			       "It is not said whom that is about.");
	if (wish->whom != NULL) {
		act->whom = strdup(wish->whom);
		ENSURE(act->whom != NULL, ERR_LOCAL_MEMORY);
	}
	if (KINDS[wish->kind].of_code)
		TRY(take_code(act, wish->text, why));
out:
	return e;
}

enum err act_make(const struct act_device *whose, const struct act_wish *wish,
		  struct why *why, struct act **out)
{
	struct act *act = calloc(1, sizeof(*act));
	enum err e;

	ENSURE(act != NULL, ERR_LOCAL_MEMORY);
	act->whose = *whose;
	act->step = KINDS[wish->kind].steps;
	TRY(take_wish(act, wish, why));
	*out = act;
	act = NULL;
out:
	act_free(act);
	return e;
}

static void forget_wanted(struct act *act)
{
	call_clear(&act->call);
	act->call = (struct call){ .method = NULL };
	act->order = (struct order){ .session = NULL };
	act->outcome = NULL;
	act->body = NULL;
	act->wants = WANTS_NOTHING;
}

void act_free(struct act *act)
{
	if (act == NULL)
		return;
	forget_wanted(act);
	sec_clear(&act->code);
	account_pair_clear(&act->recovery.pair);
	account_pair_clear(&act->recovery.old);
	shown_log_clear(&act->recovery.shown);
	buf_clear(&act->other.request);
	json_decref(act->other.rows);
	json_decref(act->value);
	json_decref(act->ids);
	free(act->whom);
	free(act);
}

/* ---- turns ---- */

static void end_step(struct act *act, enum err e)
{
	if (e != ERR_OK) {
		act->result = e;
		act->step = NULL;
	} else if (!act->repeats) {
		act->step++;
	}
	act->repeats = false;
	forget_wanted(act);
}

enum act_turn act_turn(struct act *act)
{
	enum err e;

	while (act->wants == WANTS_NOTHING && act->step != NULL &&
	       act->step->ask != NULL) {
		e = act->step->ask(act);
		if (e != ERR_OK || act->wants == WANTS_NOTHING)
			end_step(act, e);
	}
	if (act->wants == WANTS_NOTHING)
		return ACT_DONE;
	return act->wants == WANTS_ORDER ? ACT_ORDER : ACT_CALL;
}

const struct order *act_order(const struct act *act)
{
	return &act->order;
}

const struct call *act_call(const struct act *act)
{
	return &act->call;
}

static void take(struct act *act, enum err e, const struct why *why)
{
	why_clear(&act->why);
	if (e != ERR_OK)
		act->why = *why;
	if (act->step->take != NULL)
		e = act->step->take(act, e);
	if (e == ERR_OK)
		why_clear(&act->why);
	end_step(act, e);
}

void act_ordered(struct act *act, enum err e, const struct outcome *outcome,
		 const struct why *why)
{
	act->outcome = outcome;
	take(act, e, why);
}

void act_called(struct act *act, enum err e, const json_t *body,
		const struct why *why)
{
	act->body = body;
	take(act, e, why);
}

enum err act_end(const struct act *act, struct why *why, const json_t **value)
{
	if (act->result != ERR_OK)
		*why = act->why;
	*value = act->value;
	return act->result;
}

/* ---- what steps say ---- */

enum err act_wants_order(struct act *act, enum order_kind kind,
			 const char *session, const char *whom)
{
	act->order = (struct order){ .kind = kind, .session = session };
	if (kind == ORDER_INVITE || kind == ORDER_MEET) {
		act->users[0] = whom;
		act->order.users = act->users;
		act->order.user_count = 1;
	} else {
		act->order.whom = whom;
	}
	act->wants = WANTS_ORDER;
	return ERR_OK;
}

enum err act_wants_call(struct act *act, const char *method, json_t *body,
			const char *format, ...)
{
	va_list args;
	int n;

	act->call.method = method;
	act->call.body = body;
	act->wants = WANTS_CALL;
	va_start(args, format);
	n = vsnprintf(act->call.path, sizeof(act->call.path), format, args);
	va_end(args);
	return n >= 0 && (size_t)n < sizeof(act->call.path) ? ERR_OK
							    : ERR_LOCAL_BUG;
}

void act_repeat(struct act *act)
{
	act->repeats = true;
}

enum err act_gives(struct act *act, json_t *value)
{
	json_decref(act->value);
	act->value = value;
	return value != NULL ? ERR_OK : ERR_LOCAL_MEMORY;
}

enum err act_list(const struct act *act, const char *name, const json_t **list)
{
	*list = json_object_get(act->body, name);
	return json_is_array(*list) ? ERR_OK : ERR_PEER_MALFORMED;
}

/* ---- every session ---- */

enum err act_next_session(struct act *act, const char **id)
{
	enum err e = ERR_OK;

	if (act->ids == NULL) {
		act->next = 0;
		TRY(look_memberships(act->whose.device, &act->ids));
	}
	act->at = json_string_value(json_array_get(act->ids, act->next++));
	*id = act->at;
	if (act->at == NULL) {
		json_decref(act->ids);
		act->ids = NULL;
	}
out:
	return e;
}

/* The log has said meanwhile that this device is out: nothing is to be done there. */
static bool is_out(struct act *act)
{
	struct why quiet = { 0 };
	json_t *session = NULL;
	const char *state;
	bool out = false;

	if (look_session(act->whose.device, act->at, &quiet, &session) ==
	    ERR_OK) {
		state = record_string(session, "state");
		out =
		    strcmp(state, "left") == 0 || strcmp(state, "removed") == 0;
	}
	json_decref(session);
	return out;
}

enum err act_session_failed(struct act *act, enum err e)
{
	if (act->failed == ERR_OK && !is_out(act)) {
		act->failed = e;
		act->first = act->why;
	}
	if (act->why.unreachable)
		return e;
	why_clear(&act->why);
	return ERR_OK;
}

enum err act_end_sessions(struct act *act)
{
	if (act->failed != ERR_OK)
		act->why = act->first;
	return act->failed;
}

/* ---- steps of several kinds ---- */

enum err act_ask_account(struct act *act)
{
	return act_wants_order(act, ORDER_ACCOUNT, NULL, NULL);
}

enum err act_ask_devices(struct act *act)
{
	return act_wants_call(act, "GET", NULL, "/users/%.40s/devices",
			      act->whose.username);
}

enum err act_ask_requests(struct act *act)
{
	return act_wants_call(act, "GET", NULL, "/devices/requests");
}

enum err act_find_device(struct act *act, const json_t *list,
			 const json_t **row)
{
	json_t *found = choose_match(list, "device_id", act->whom, true);
	enum err e;

	ENSURE(found != NULL, ERR_LOCAL_MEMORY);
	TRY(choose_one(found, "device_id", "devices", act->whom, &act->why,
		       row));
out:
	json_decref(found);
	return e;
}

enum err act_stands(struct act *act, uint64_t number, bool *stands)
{
	uint64_t numbers[ACCOUNT_DEVICES_MAX];
	size_t count;
	enum err e;

	*stands = false;
	TRY(device_numbers(act->whose.device, numbers, &count));
	for (size_t i = 0; i < count; i++)
		*stands |= numbers[i] == number;
out:
	return e;
}
