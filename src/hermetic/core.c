/* The device without input and output (device/device.h), for loops of others. */
#include "hermetic/core.h"

#include "base/clock.h"
#include "hermetic/core_inside.h"
#include "hermetic/inside.h"
#include "reach/libraries.h"
#include "reach/problem.h"
#include "reach/reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum hermetic_result core_inside_conclude(struct hermetic_core *core,
					  enum err e)
{
	return inside_conclude(&core->why, &core->last, e);
}

const char *hermetic_core_why(const struct hermetic_core *core)
{
	return core != NULL ? core->last.text : INSIDE_NO_HANDLE;
}

const char *hermetic_core_slug(const struct hermetic_core *core)
{
	return core != NULL ? core->last.slug : "usage";
}

const char *hermetic_core_about(struct hermetic_core *core)
{
	json_t *about = core != NULL ? inside_about(&core->last) : NULL;
	char *text = about != NULL ? json_dumps(about, JSON_COMPACT) : NULL;

	json_decref(about);
	if (text == NULL)
		return NULL;
	free(core->about);
	core->about = text;
	return text;
}

/* ---- the ports ---- */

/* What a store of others can say: all else is a failure of this machine. */
static enum err from_store(enum hermetic_result result)
{
	if (result == HERMETIC_OK)
		return ERR_OK;
	if (result == HERMETIC_GONE)
		return ERR_STATE_GONE;
	return result == HERMETIC_BUSY ? ERR_LOCAL_BUSY : ERR_LOCAL_IO;
}

static enum err begin(void *context, bool *changed)
{
	const struct hermetic_core *core = context;

	*changed = false;
	return from_store(core->given.begin(core->given.context, changed));
}

static enum err commit(void *context)
{
	const struct hermetic_core *core = context;

	return from_store(core->given.commit(core->given.context));
}

static void rollback(void *context)
{
	const struct hermetic_core *core = context;

	core->given.rollback(core->given.context);
}

static void give(void *to, const void *bytes, size_t size)
{
	buf_put(to, span_of(bytes, size));
}

static enum err get(void *context, const char *name, struct buf *value)
{
	const struct hermetic_core *core = context;
	enum err e;

	TRY(from_store(
	    core->given.get(core->given.context, name, give, value)));
	e = value->fail;
out:
	return e;
}

static enum err put(void *context, const char *name, struct span value)
{
	const struct hermetic_core *core = context;

	return from_store(
	    core->given.put(core->given.context, name, value.p, value.n));
}

static enum err remove_record(void *context, const char *name)
{
	const struct hermetic_core *core = context;

	return from_store(core->given.remove(core->given.context, name));
}

static uint64_t now_ms(void *context)
{
	const struct hermetic_core *core = context;

	return core->now_ms != NULL ? core->now_ms(core->clock)
				    : clock_now_ms();
}

/* ---- making ---- */

bool core_inside_is_usable(struct hermetic_core *core)
{
	if (core != NULL)
		why_clear(&core->why);
	return core != NULL && core->device != NULL;
}

static enum err refuse(struct hermetic_core *core, const char *text)
{
	return why_replace(&core->why, ERR_PEER_INVALID, "usage", "%s", text);
}

static enum err refuse_order(struct hermetic_core *core)
{
	return refuse(core, "struct hermetic_order, or a part of it, "
			    "wants its size and a kind that there is.");
}

static bool take_store(struct hermetic_core *core, const void *given)
{
	const struct hermetic_store *store = &core->given;

	return given != NULL &&
	       inside_take(&core->given, sizeof(core->given), given) &&
	       store->begin != NULL && store->commit != NULL &&
	       store->rollback != NULL && store->get != NULL &&
	       store->put != NULL && store->remove != NULL;
}

static enum err configure(struct hermetic_core *core, const void *given)
{
	struct hermetic_core_config config;
	struct device_config made = { 0 };
	enum err e;

	TRY(libraries_start());
	if (given == NULL || !inside_take(&config, sizeof(config), given) ||
	    config.username == NULL || config.device_id == NULL ||
	    !take_store(core, config.store))
		TRY(refuse(core, "struct hermetic_core_config wants its size, "
				 "a user name, a device's id and a whole "
				 "store."));
	TRY(suites_parse(config.algorithms, &core->offer, &core->why));
	core->now_ms = config.now_ms;
	core->clock = config.clock;
	core->store =
	    (struct device_store){ begin, commit,	 rollback, get,
				   put,	  remove_record, core };
	core->ports = (struct device_ports){ .store = &core->store,
					     .rng = rng_system(),
					     .now_ms = now_ms,
					     .clock = core };
	(void)snprintf(core->username, sizeof(core->username), "%s",
		       config.username);
	(void)snprintf(core->device_id, sizeof(core->device_id), "%s",
		       config.device_id);
	made.username = config.username;
	made.device_id = config.device_id;
	made.offer = core->offer;
	made.stock = config.stock;
	made.receipts = core->receipts = config.receipts != 0;
	TRY(device_open(&made, &core->ports, &core->device));
out:
	return e;
}

enum hermetic_result hermetic_core_new(
    const struct hermetic_core_config *config, struct hermetic_core **out)
{
	struct hermetic_core *core;
	enum hermetic_result result = HERMETIC_LOCAL;

	if (out == NULL)
		return HERMETIC_USAGE;
	core = calloc(1, sizeof(*core));
	if (core != NULL)
		result = core_inside_conclude(core, configure(core, config));
	if (result == HERMETIC_LOCAL) {
		hermetic_core_free(core);
		core = NULL;
	}
	*out = core;
	return result;
}

/* The request that was answered, or never will be. */
static void forget_request(struct hermetic_core *core)
{
	call_clear(&core->call);
	free(core->body);
	core->body = NULL;
	core->call = (struct call){ .method = NULL };
}

void hermetic_core_free(struct hermetic_core *core)
{
	if (core == NULL)
		return;
	forget_request(core);
	core_enrol_free(core->enrol);
	act_free(core->act);
	core_live_clear(core);
	json_decref(core->heard.stopped);
	json_decref(core->heard.invited);
	told_clear(&core->told);
	device_close(core->device);
	buf_clear(&core->json);
	free(core->about);
	free(core);
}

/* ---- orders ---- */

static bool take_parts(struct order *order, const struct hermetic_order *given)
{
	struct hermetic_creation creation = { 0 };

	if (!inside_saying(given->saying, order) ||
	    (given->creation != NULL &&
	     !inside_take(&creation, sizeof(creation), given->creation)))
		return false;
	order->name = creation.name;
	order->users = creation.users;
	order->user_count = creation.user_count;
	order->open = creation.open;
	order->verified_only = creation.verified_only;
	return true;
}

/* Of a session that is made, when take_parts() has looked at `given`. */
static enum err take_algorithms(struct hermetic_core *core, const void *given,
				struct order *order)
{
	struct hermetic_creation creation = { 0 };
	enum err e = ERR_OK;

	if (!inside_take(&creation, sizeof(creation), given) ||
	    creation.algorithms == NULL)
		return e;
	TRY(suites_parse(creation.algorithms, &core->creation, &core->why));
	order->offer = &core->creation;
out:
	return e;
}

/* What only some members may do. False: the order is none of these, or has no such role. */
static bool take_rule(struct order *order, const struct hermetic_order *given)
{
	order->ban = given->kind == HERMETIC_ORDER_BAN;
	if (order->ban || given->kind == HERMETIC_ORDER_UNBAN) {
		order->kind = ORDER_BAN;
		return true;
	}
	order->kind = ORDER_ROLE;
	return given->kind == HERMETIC_ORDER_ROLE && given->text != NULL &&
	       roles_parse(given->text, &order->role);
}

/* Of a kind that is one of the device's; ORDER_SEND also where it says what the session is
 * called. False: it is none of these. */
static bool take_kind(struct order *order, const struct hermetic_order *given)
{
	static const enum order_kind kinds[] = {
		[HERMETIC_ORDER_REFRESH] = ORDER_REFRESH,
		[HERMETIC_ORDER_SEND] = ORDER_SEND,
		[HERMETIC_ORDER_CREATE] = ORDER_CREATE,
		[HERMETIC_ORDER_JOIN] = ORDER_JOIN,
		[HERMETIC_ORDER_INVITE] = ORDER_INVITE,
		[HERMETIC_ORDER_REMOVE] = ORDER_REMOVE,
		[HERMETIC_ORDER_ROTATE] = ORDER_ROTATE,
		[HERMETIC_ORDER_LEAVE] = ORDER_LEAVE,
		[HERMETIC_ORDER_RESOLVE] = ORDER_RESOLVE,
		[HERMETIC_ORDER_STOCK] = ORDER_STOCK,
		[HERMETIC_ORDER_ACCOUNT] = ORDER_ACCOUNT,
		[HERMETIC_ORDER_MEET] = ORDER_MEET,
		[HERMETIC_ORDER_FLUSH] = ORDER_REFRESH,
		[HERMETIC_ORDER_ASK] = ORDER_INVITE,
		[HERMETIC_ORDER_UNINVITE] = ORDER_UNINVITE,
		[HERMETIC_ORDER_ASKED] = ORDER_ASKED,
	};
	const char *text = given->text != NULL ? given->text : "";

	order->flush = given->kind == HERMETIC_ORDER_FLUSH;
	order->asks = given->kind == HERMETIC_ORDER_ASK;
	order->receipt = given->kind == HERMETIC_ORDER_RECEIPT;
	if (order->receipt) {
		order->kind = ORDER_REFRESH;
	} else if (given->kind == HERMETIC_ORDER_NAME ||
		   given->kind == HERMETIC_ORDER_SUBJECT) {
		order->kind = ORDER_SEND;
		if (given->kind == HERMETIC_ORDER_NAME)
			order->name = text;
		else
			order->subject = text;
	} else if ((size_t)given->kind < sizeof(kinds) / sizeof(*kinds)) {
		order->kind = kinds[given->kind];
		order->text = span_str(text);
	} else {
		return take_rule(order, given);
	}
	return true;
}

static enum err start_order(struct hermetic_core *core,
			    const struct hermetic_order *given)
{
	struct order order = { .offer = &core->offer };
	enum err e;

	if (!take_parts(&order, given) || !take_kind(&order, given))
		return refuse_order(core);
	if (given->creation != NULL)
		TRY(take_algorithms(core, given->creation, &order));
	order.session = given->session;
	order.whom = given->whom;
	core->upload[0] = '\0';
	if (given->kind == HERMETIC_ORDER_SEND && given->file != NULL)
		TRY(core_file_order(core, given->file, &order));
	if (order.kind == ORDER_INVITE || order.kind == ORDER_MEET) {
		order.users = &given->whom;
		order.user_count = 1;
	}
	TRY(device_start(core->device, &order));
	core->unreachable = false;
	core->sends = order.kind == ORDER_SEND || order.flush;
	if (given->session != NULL)
		core_live_changed(core, given->session);
out:
	return e;
}

static enum err start(struct hermetic_core *core, const void *wanted)
{
	struct hermetic_order given;
	enum act_kind kind;
	enum err e;

	if (wanted == NULL || !inside_take(&given, sizeof(given), wanted))
		return refuse_order(core);
	TRY(arguments_take_order(&core->why, &given));
	ENSURE(!core_enrol_runs(core) && !core_act_runs(core),
	       ERR_STATE_PENDING);
	if (given.kind == HERMETIC_ORDER_ENROL)
		return core_enrol_start(core);
	if (core_act_kind(given.kind, &kind))
		TRY(core_act_start(core, kind, &given));
	else
		TRY(start_order(core, &given));
	if (given.kind == HERMETIC_ORDER_JOIN ||
	    given.kind == HERMETIC_ORDER_DECLINE)
		core_hear_answered(core, given.session);
	core_enrol_leave(core);
	core->act_on = core_act_kind(given.kind, &kind);
out:
	return e;
}

enum hermetic_result hermetic_core_start(struct hermetic_core *core,
					 const struct hermetic_order *order)
{
	if (!core_inside_is_usable(core))
		return HERMETIC_USAGE;
	return core_inside_conclude(core, start(core, order));
}

/* ---- turns ---- */

static enum err make_request(struct hermetic_core *core)
{
	enum err e;

	forget_request(core);
	TRY(call_make(&core->asked, &core->call));
	if (core->call.body != NULL) {
		core->body = json_dumps(core->call.body, JSON_COMPACT);
		ENSURE(core->body != NULL, ERR_LOCAL_MEMORY);
	}
	core->request = (struct hermetic_request){
		.method = core->call.method,
		.path = core->call.path,
		.body = core->body,
	};
out:
	return e;
}

static void answer(struct hermetic_core *core, struct why *why,
		   const struct reply_came *came)
{
	struct reply reply = { 0 };

	reply_fill(&core->asked, came, why, &reply);
	core->unreachable = why->unreachable;
	core->asking = false;
	forget_request(core);
	device_answer(core->device, &reply.answer);
	reply_clear(&reply);
}

/* A request of an act, which goes by the same way. */
static enum hermetic_turn ask_act(struct hermetic_core *core,
				  const struct hermetic_request **request)
{
	const struct call *call = act_call(core->act);

	forget_request(core);
	if (call->body != NULL)
		core->body = json_dumps(call->body, JSON_COMPACT);
	core->request = (struct hermetic_request){
		.method = call->method,
		.path = call->path,
		.body = core->body,
	};
	core->asking = true;
	*request = &core->request;
	return HERMETIC_TURN_ASK;
}

/* What cannot be asked is answered at once: the device ends the order. */
enum hermetic_turn hermetic_core_turn(struct hermetic_core *core,
				      const struct hermetic_request **request,
				      uint32_t *wait_ms)
{
	while (core_inside_is_usable(core)) {
		struct reply_came came = { .server = "", .slug = "" };
		struct why why = { 0 };
		enum act_turn next = ACT_ORDER;
		enum device_turn turn;

		if (core_enrol_is_on(core))
			return core_enrol_turn(core, request);
		if (core->act_on && !core->act_orders)
			next = core_act_turn(core);
		if (next == ACT_CALL)
			return ask_act(core, request);
		if (next == ACT_DONE)
			return HERMETIC_TURN_DONE;
		turn = device_turn(core->device, &core->asked, wait_ms);
		if (turn == DEVICE_WAIT)
			return HERMETIC_TURN_WAIT;
		if (turn == DEVICE_DONE && core->act_orders) {
			core_act_ordered(core);
			continue;
		}
		if (turn == DEVICE_DONE)
			return HERMETIC_TURN_DONE;
		came.result = make_request(core);
		if (came.result == ERR_OK) {
			core->asking = true;
			*request = &core->request;
			return HERMETIC_TURN_ASK;
		}
		answer(core, &why, &came);
	}
	return HERMETIC_TURN_DONE;
}

enum err core_inside_status(int status, const json_t *body, struct why *why,
			    char slug[48])
{
	if (status == 0) {
		why->unreachable = true;
		return why_set(why, ERR_LOCAL_IO, "unreachable",
			       "The server was not reached.");
	}
	if (status < 200 || status > 299)
		return problem_read(status, body, why, slug);
	return ERR_OK;
}

json_t *core_inside_read(const char *body, size_t size)
{
	json_t *read =
	    body != NULL && size > 0
		? json_loadb(body, size, JSON_REJECT_DUPLICATES, NULL)
		: NULL;

	if (json_is_object(read))
		return read;
	json_decref(read);
	return NULL;
}

static void answer_act(struct hermetic_core *core, const struct why *why,
		       const struct reply_came *came)
{
	core->asking = false;
	forget_request(core);
	act_called(core->act, came->result, came->body, why);
}

void hermetic_core_answer(struct hermetic_core *core, int status,
			  const char *body, size_t size, int64_t clock_ahead_ms)
{
	struct why why = { 0 };
	char slug[48] = "";
	json_t *read = core_inside_read(body, size);
	struct reply_came came = { .server = "The server",
				   .slug = slug,
				   .clock_ahead_ms = clock_ahead_ms };
	bool asks;

	came.result = core_inside_status(status, read, &why, slug);
	came.body = read;
	asks = core_inside_is_usable(core) && core->asking;
	if (asks && core_enrol_is_on(core))
		core_enrol_answer(core, came.result, read, &why);
	else if (asks && core->act_on && !core->act_orders)
		answer_act(core, &why, &came);
	else if (asks)
		answer(core, &why, &came);
	json_decref(read);
}

static enum hermetic_result enrol_outcome(
    struct hermetic_core *core, const struct hermetic_outcome **outcome)
{
	enum err e;

	core->outcome = (struct hermetic_outcome){ .session = "" };
	e = core_enrol_outcome(core, &core->outcome.code);
	*outcome = &core->outcome;
	return core_inside_conclude(core, e);
}

enum hermetic_result hermetic_core_outcome(
    struct hermetic_core *core, const struct hermetic_outcome **outcome)
{
	const struct outcome *ended;
	enum hermetic_result result;

	if (!core_inside_is_usable(core))
		return HERMETIC_USAGE;
	CORE_TAKES(core, ARGUMENT_POINTER, outcome);
	if (core_enrol_is_on(core))
		return enrol_outcome(core, outcome);
	if (core->act_on) {
		*outcome = &core->outcome;
		return core_inside_conclude(core, core_act_outcome(core));
	}
	ended = device_outcome(core->device);
	if (ended->why != NULL && (ended->result != ERR_OK || ended->kept)) {
		core->why = *ended->why;
		core->why.unreachable |= core->unreachable;
	}
	core->outcome = (struct hermetic_outcome){
		.session = ended->session,
		.number = ended->seq,
		.item = ended->item,
		.devices = ended->devices,
		.anew = ended->anew,
	};
	*outcome = &core->outcome;
	/* a message that is there, or that another text has */
	if ((ended->result == ERR_OK || ended->result == ERR_STATE_CONFLICT) &&
	    core_file_said(core) != ERR_OK)
		return core_inside_conclude(core, ERR_LOCAL_IO);
	result = core_inside_conclude(core, ended->result);
	return core->sends && ended->kept ? HERMETIC_KEPT : result;
}
