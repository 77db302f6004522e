/* The device without input and output (device/device.h), for loops of others. */
#include "base/clock.h"
#include "hermetic/inside.h"
#include "reach/call.h"
#include "reach/libraries.h"
#include "reach/passphrase_form.h"
#include "reach/problem.h"
#include "reach/reply.h"

#include <stdlib.h>
#include <string.h>

struct hermetic_core {
	struct device *device;
	struct device_store store;
	struct device_ports ports;
	struct hermetic_store given;
	uint64_t (*now_ms)(void *clock);
	void *clock;
	struct suites offer;
	struct why why, last;
	bool unreachable; /* the last request's server */
	bool asking;	  /* a request was handed out */
	bool sends;	  /* the order is to send, perhaps what waits */

	struct request asked; /* what waits for an answer */
	struct call call;
	char *body;
	struct hermetic_request request;
	struct hermetic_outcome outcome;

	struct told told;
	struct buf json; /* what was handed out last */
};

static enum hermetic_result conclude(struct hermetic_core *core, enum err e)
{
	return inside_conclude(&core->why, &core->last, e);
}

const char *hermetic_core_why(const struct hermetic_core *core)
{
	return core != NULL ? core->last.text : "";
}

const char *hermetic_core_slug(const struct hermetic_core *core)
{
	return core != NULL ? core->last.slug : "";
}

enum hermetic_result hermetic_password(const char *username,
				       const char *passphrase,
				       char password[HERMETIC_PASSWORD_SIZE])
{
	struct buf form = BUF_INIT, made = BUF_INIT;
	enum err e;

	TRY(libraries_start());
	TRY(passphrase_form(span_str(passphrase), &form));
	TRY(passphrase_password(username, buf_span(&form), &made));
	ENSURE(made.n <= HERMETIC_PASSWORD_SIZE, ERR_LOCAL_BUG);
	memcpy(password, made.p, made.n);
out:
	buf_clear(&form);
	buf_clear(&made);
	return e == ERR_OK ? HERMETIC_OK : HERMETIC_LOCAL;
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

/* Begins a call. False: hermetic_core_new() has refused this one. */
static bool is_usable(struct hermetic_core *core)
{
	why_clear(&core->why);
	return core->device != NULL;
}

static enum err refuse(struct hermetic_core *core, const char *text)
{
	return why_replace(&core->why, ERR_PEER_INVALID, "usage", "%s", text);
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
	made.username = config.username;
	made.device_id = config.device_id;
	made.offer = core->offer;
	made.stock = config.stock;
	TRY(device_open(&made, &core->ports, &core->device));
out:
	return e;
}

enum hermetic_result hermetic_core_new(
    const struct hermetic_core_config *config, struct hermetic_core **out)
{
	struct hermetic_core *core = calloc(1, sizeof(*core));
	enum hermetic_result result = HERMETIC_LOCAL;

	if (core != NULL)
		result = conclude(core, configure(core, config));
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
	told_clear(&core->told);
	device_close(core->device);
	buf_clear(&core->json);
	free(core);
}

/* ---- orders ---- */

static bool take_parts(struct order *order, const struct hermetic_order *given)
{
	struct hermetic_saying saying = { 0 };
	struct hermetic_creation creation = { 0 };

	if (given->saying != NULL &&
	    (!inside_take(&saying, sizeof(saying), given->saying) ||
	     !inside_act(saying.act, &order->act)))
		return false;
	if (given->creation != NULL &&
	    !inside_take(&creation, sizeof(creation), given->creation))
		return false;
	order->about = saying.about;
	order->key = saying.key;
	order->topic = saying.topic;
	order->to_new_members = saying.to_new_members;
	order->name = creation.name;
	order->users = creation.users;
	order->user_count = creation.user_count;
	order->open = creation.open;
	order->verified_only = creation.verified_only;
	return true;
}

static enum err start(struct hermetic_core *core, const void *wanted)
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
	};
	struct order order = { .offer = &core->offer };
	struct hermetic_order given;
	enum err e;

	if (wanted == NULL || !inside_take(&given, sizeof(given), wanted) ||
	    (size_t)given.kind >= sizeof(kinds) / sizeof(*kinds) ||
	    !take_parts(&order, &given))
		TRY(refuse(core, "struct hermetic_order, or a part of it, "
				 "wants its size and a kind that there is."));
	order.kind = kinds[given.kind];
	order.flush = given.kind == HERMETIC_ORDER_FLUSH;
	order.asks = given.kind == HERMETIC_ORDER_ASK;
	order.session = given.session;
	order.text = span_str(given.text != NULL ? given.text : "");
	order.whom = given.whom;
	if (order.kind == ORDER_INVITE || order.kind == ORDER_MEET) {
		order.users = &given.whom;
		order.user_count = 1;
	}
	TRY(device_start(core->device, &order));
	core->unreachable = false;
	core->sends = order.kind == ORDER_SEND || order.flush;
out:
	return e;
}

enum hermetic_result hermetic_core_start(struct hermetic_core *core,
					 const struct hermetic_order *order)
{
	if (!is_usable(core))
		return HERMETIC_USAGE;
	return conclude(core, start(core, order));
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

/* What cannot be asked is answered at once: the device ends the order. */
enum hermetic_turn hermetic_core_turn(struct hermetic_core *core,
				      const struct hermetic_request **request,
				      uint32_t *wait_ms)
{
	while (is_usable(core)) {
		enum device_turn turn =
		    device_turn(core->device, &core->asked, wait_ms);
		struct reply_came came = { .server = "", .slug = "" };
		struct why why = { 0 };

		if (turn == DEVICE_WAIT)
			return HERMETIC_TURN_WAIT;
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

static enum err read_status(int status, const json_t *body, struct why *why,
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

void hermetic_core_answer(struct hermetic_core *core, int status,
			  const char *body, size_t size, int64_t clock_ahead_ms)
{
	struct why why = { 0 };
	char slug[48] = "";
	json_t *read =
	    body != NULL && size > 0
		? json_loadb(body, size, JSON_REJECT_DUPLICATES, NULL)
		: NULL;
	struct reply_came came = { .server = "The server",
				   .slug = slug,
				   .clock_ahead_ms = clock_ahead_ms };

	if (!json_is_object(read)) {
		json_decref(read);
		read = NULL;
	}
	came.result = read_status(status, read, &why, slug);
	came.body = read;
	if (core->asking)
		answer(core, &why, &came);
	json_decref(read);
}

enum hermetic_result hermetic_core_outcome(
    struct hermetic_core *core, const struct hermetic_outcome **outcome)
{
	const struct outcome *ended;
	enum hermetic_result result;

	if (!is_usable(core))
		return HERMETIC_USAGE;
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
	};
	*outcome = &core->outcome;
	result = conclude(core, ended->result);
	return core->sends && ended->kept ? HERMETIC_KEPT : result;
}

/* ---- what was pushed, and what happened ---- */

static enum err push(struct hermetic_core *core, const json_t *message)
{
	const char *session = told_text(message, "session_id");
	struct reply reply = { 0 };
	json_t *list = json_array();
	enum err e;

	ENSURE(list != NULL &&
		   json_array_append(list, (json_t *)(uintptr_t)message) == 0,
	       ERR_LOCAL_MEMORY);
	TRY(reply_entries(list, &reply));
	TRY(device_push(core->device, session, reply.answer.entries,
			reply.answer.entry_count, &core->why));
out:
	reply_clear(&reply);
	json_decref(list);
	return e;
}

enum hermetic_result hermetic_core_push(struct hermetic_core *core,
					const char *json, size_t size)
{
	enum err e = ERR_PEER_MALFORMED;
	json_t *message;

	if (!is_usable(core))
		return HERMETIC_USAGE;
	message = json_loadb(json, size, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(message))
		e = push(core, message);
	json_decref(message);
	return conclude(core, e);
}

static struct told_event *read_entry(struct hermetic_core *core,
				     const struct device_event *event)
{
	struct told_event *made = NULL;
	struct buf text = BUF_INIT;
	json_t *entry = NULL;

	if (device_entry(core->device, event->session, event->seq, &text) ==
	    ERR_OK)
		entry = json_loadb((const char *)text.p, text.n, 0, NULL);
	if (entry != NULL)
		made = told_make_entry(event->session, entry);
	json_decref(entry);
	buf_clear(&text);
	return made;
}

const struct hermetic_event *hermetic_core_next_event(
    struct hermetic_core *core)
{
	struct device_event event;

	while (is_usable(core) && device_next_event(core->device, &event)) {
		if (event.kind == EVENT_ENTRY)
			told_add(&core->told, read_entry(core, &event));
		else
			told_add_event(&core->told, &event);
	}
	return told_take(&core->told);
}

/* ---- asking ---- */

static enum hermetic_result hand_out(struct hermetic_core *core, enum err e,
				     const char **json)
{
	if (e == ERR_OK) {
		buf_put_u8(&core->json, 0);
		e = buf_end(&core->json);
	}
	if (e == ERR_OK)
		*json = (const char *)core->json.p;
	return conclude(core, e);
}

enum hermetic_result hermetic_core_sessions(struct hermetic_core *core,
					    const char **json)
{
	if (!is_usable(core))
		return HERMETIC_USAGE;
	buf_reset(&core->json);
	return hand_out(core, device_sessions(core->device, &core->json), json);
}

enum hermetic_result hermetic_core_describe(struct hermetic_core *core,
					    const char *session,
					    const char **json)
{
	if (!is_usable(core))
		return HERMETIC_USAGE;
	buf_reset(&core->json);
	return hand_out(
	    core, device_describe(core->device, session, &core->json), json);
}

enum hermetic_result hermetic_core_entry(struct hermetic_core *core,
					 const char *session, uint64_t number,
					 const char **json)
{
	if (!is_usable(core))
		return HERMETIC_USAGE;
	buf_reset(&core->json);
	return hand_out(
	    core, device_entry(core->device, session, number, &core->json),
	    json);
}

enum hermetic_result hermetic_core_shown(struct hermetic_core *core,
					 const char *session,
					 const char *const *marks, size_t count)
{
	if (!is_usable(core))
		return HERMETIC_USAGE;
	return conclude(core,
			device_shown(core->device, session, marks, count));
}
