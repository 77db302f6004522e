#include "wasm/binding.h"

#include "hermetic/hermetic.h"

#include "base/sec.h"
#include "crypto/password.h"
#include "reach/libraries.h"
#include "reach/passphrase_form.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct hermetic_core *core;
static char *handed_out; /* what was handed out last */

static enum hermetic_result store_begin(void *context, bool *changed)
{
	int told = host_begin();

	(void)context;
	*changed = told == 1;
	return told >= 0 ? HERMETIC_OK : HERMETIC_LOCAL;
}

static enum hermetic_result store_commit(void *context)
{
	(void)context;
	return host_commit() == 0 ? HERMETIC_OK : HERMETIC_LOCAL;
}

static void store_rollback(void *context)
{
	(void)context;
	host_rollback();
}

static enum hermetic_result store_get(void *context, const char *name,
				      void (*give)(void *to, const void *bytes,
						   size_t size),
				      void *to)
{
	int size = host_get(name);
	uint8_t *bytes;

	(void)context;
	if (size < 0)
		return size == -1 ? HERMETIC_GONE : HERMETIC_LOCAL;
	bytes = malloc((size_t)size + 1);
	if (bytes == NULL)
		return HERMETIC_LOCAL;
	host_read(bytes);
	give(to, bytes, (size_t)size);
	sec_wipe(bytes, (size_t)size);
	free(bytes);
	return HERMETIC_OK;
}

static enum hermetic_result store_put(void *context, const char *name,
				      const void *bytes, size_t size)
{
	(void)context;
	return host_put(name, bytes, size) == 0 ? HERMETIC_OK : HERMETIC_LOCAL;
}

static enum hermetic_result store_remove(void *context, const char *name)
{
	(void)context;
	return host_remove(name) == 0 ? HERMETIC_OK : HERMETIC_LOCAL;
}

/* ---- words in the place of numbers ---- */

static const char *const RESULTS[] = {
	[HERMETIC_OK] = "ok",
	[HERMETIC_KEPT] = "kept",
	[HERMETIC_USAGE] = "usage",
	[HERMETIC_PASSPHRASE] = "passphrase",
	[HERMETIC_NO_ACCOUNT] = "no-account",
	[HERMETIC_GONE] = "gone",
	[HERMETIC_CONFLICT] = "conflict",
	[HERMETIC_DENIED] = "denied",
	[HERMETIC_LOOK] = "look",
	[HERMETIC_REFUSED] = "refused",
	[HERMETIC_UNREACHABLE] = "unreachable",
	[HERMETIC_BUSY] = "busy",
	[HERMETIC_LOCAL] = "local",
};

static const char *const ORDERS[] = {
	[HERMETIC_ORDER_REFRESH] = "refresh",
	[HERMETIC_ORDER_SEND] = "send",
	[HERMETIC_ORDER_CREATE] = "create",
	[HERMETIC_ORDER_JOIN] = "join",
	[HERMETIC_ORDER_INVITE] = "invite",
	[HERMETIC_ORDER_REMOVE] = "remove",
	[HERMETIC_ORDER_ROTATE] = "rotate",
	[HERMETIC_ORDER_LEAVE] = "leave",
	[HERMETIC_ORDER_RESOLVE] = "resolve",
	[HERMETIC_ORDER_STOCK] = "stock",
	[HERMETIC_ORDER_ACCOUNT] = "account",
	[HERMETIC_ORDER_MEET] = "meet",
	[HERMETIC_ORDER_FLUSH] = "flush",
	[HERMETIC_ORDER_ASK] = "ask",
	[HERMETIC_ORDER_UNINVITE] = "uninvite",
	[HERMETIC_ORDER_ASKED] = "asked",
	[HERMETIC_ORDER_ENROL] = "enrol",
};

static const char *const ACTS[] = {
	[HERMETIC_SAY] = "say",
	[HERMETIC_EDIT] = "edit",
	[HERMETIC_DELETE] = "delete",
	[HERMETIC_REACT] = "react",
};

static const char *const EVENTS[] = {
	[HERMETIC_EVENT_TEXT] = "text",
	[HERMETIC_EVENT_EDIT] = "edit",
	[HERMETIC_EVENT_DELETE] = "delete",
	[HERMETIC_EVENT_REACTION] = "reaction",
	[HERMETIC_EVENT_ENTRY] = "entry",
	[HERMETIC_EVENT_SENT] = "sent",
	[HERMETIC_EVENT_REFUSED] = "refused",
	[HERMETIC_EVENT_ENDED] = "ended",
	[HERMETIC_EVENT_INVITED] = "invited",
	[HERMETIC_EVENT_DEVICE_WAITS] = "device-waits",
	[HERMETIC_EVENT_CONNECTED] = "connected",
	[HERMETIC_EVENT_DISCONNECTED] = "disconnected",
	[HERMETIC_EVENT_TYPING] = "typing",
};

#define COUNT(words) (sizeof(words) / sizeof(*(words)))

/* The number of a word; as many as there are: it is none. */
static size_t number_of(const char *word, const char *const *words,
			size_t count)
{
	size_t i = 0;

	while (i < count && (word == NULL || strcmp(words[i], word) != 0))
		i++;
	return i;
}

/* The result, with its reason: {"result", "why"?, "slug"?}. */
static json_t *say(enum hermetic_result result)
{
	const char *word = RESULTS[result];

	return result == HERMETIC_OK
		   ? json_pack("{ss}", "result", word)
		   : json_pack("{ss ss ss}", "result", word, "why",
			       hermetic_core_why(core), "slug",
			       hermetic_core_slug(core));
}

/* A call that never came to the device. */
static json_t *say_usage(const char *why)
{
	return json_pack("{ss ss ss}", "result", RESULTS[HERMETIC_USAGE], "why",
			 why, "slug", "usage");
}

/* Texts of JavaScript may have in them what JSON of ours has not. */
static const char UNREADABLE[] = "The call does not take this; a NUL, or half "
				 "of a surrogate pair, in a text "
				 "may be why.";

/* ---- numbers of JavaScript ---- */

#define MOST 9007199254740992.0 /* 2^53: up to it every whole number is one */

/* Others have no conversion that C defines. */
static bool whole(double given, uint64_t *number)
{
	bool is_one = given >= 0 && given <= MOST;

	*number = is_one ? (uint64_t)given : 0;
	return is_one && (double)*number == given;
}

static const char NOT_WHOLE[] =
    "The number is not a whole one from 0 to 9007199254740992.";

/* ---- what is handed out ---- */

static void forget(void)
{
	if (handed_out != NULL)
		sec_wipe(handed_out, strlen(handed_out));
	free(handed_out);
	handed_out = NULL;
}

static const char *hand_out(json_t *object)
{
	forget();
	handed_out = json_dumps(object, JSON_COMPACT | JSON_ENCODE_ANY);
	json_decref(object);
	return handed_out;
}

/* ---- without a device ---- */

void *binding_take(size_t size)
{
	return malloc(size);
}

void binding_give(void *taken, size_t size)
{
	sec_wipe(taken, size);
	free(taken);
}

const char *binding_advice(const char *result)
{
	size_t number = number_of(result, RESULTS, COUNT(RESULTS));

	return hermetic_advice((enum hermetic_result)number);
}

const char *binding_version(void)
{
	return hermetic_version();
}

const char *binding_password(const char *username, const char *passphrase)
{
	char password[HERMETIC_PASSWORD_SIZE] = "";
	enum hermetic_result result =
	    hermetic_password(username, passphrase, password);

	if (result == HERMETIC_OK)
		(void)hand_out(json_string(password));
	sec_wipe(password, sizeof(password));
	return result == HERMETIC_OK ? handed_out : NULL;
}

int binding_record_key(const char *passphrase, const uint8_t salt[32],
		       uint32_t n, uint8_t key[32])
{
	struct password_cost cost = { n, 8, 1 };
	struct buf form = BUF_INIT;
	struct sec made = { 0 };
	enum err e;

	TRY(libraries_start());
	TRY(passphrase_form(span_str(passphrase), &form));
	TRY(password_derive(buf_span(&form), span_of(salt, 32), cost, 32,
			    &made));
	memcpy(key, made.b, 32);
out:
	sec_clear(&made);
	buf_clear(&form);
	return e == ERR_OK ? 0 : -1;
}

static const char *member(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

/* ---- a device ---- */

const char *binding_open(const char *username, const char *device_id,
			 const char *algorithms, uint32_t stock)
{
	static const struct hermetic_store store = {
		.size = sizeof(store),
		.begin = store_begin,
		.commit = store_commit,
		.rollback = store_rollback,
		.get = store_get,
		.put = store_put,
		.remove = store_remove,
	};
	struct hermetic_core_config config = {
		.size = sizeof(config),
		.username = username,
		.device_id = device_id,
		.algorithms = algorithms[0] != '\0' ? algorithms : NULL,
		.store = &store,
		.stock = stock,
	};

	hermetic_core_free(core);
	core = NULL;
	return hand_out(say(hermetic_core_new(&config, &core)));
}

void binding_close(void)
{
	hermetic_core_free(core);
	core = NULL;
}

/* ---- orders and turns ---- */

static enum hermetic_act act_of(const char *word)
{
	return word == NULL
		   ? HERMETIC_SAY
		   : (enum hermetic_act)number_of(word, ACTS, COUNT(ACTS));
}

static enum hermetic_result start(const json_t *given)
{
	const json_t *names = json_object_get(given, "users");
	size_t count = json_array_size(names);
	const char **users = calloc(count + 1, sizeof(*users));
	struct hermetic_saying saying = {
		.size = sizeof(saying),
		.act = act_of(member(given, "act")),
		.about = (uint64_t)json_integer_value(
		    json_object_get(given, "about")),
		.key = member(given, "key"),
		.topic = member(given, "topic"),
		.to_new_members =
		    json_is_true(json_object_get(given, "toNewMembers")),
	};
	struct hermetic_creation creation = {
		.size = sizeof(creation),
		.name = member(given, "name"),
		.users = users,
		.user_count = count,
		.open = json_is_true(json_object_get(given, "open")),
		.verified_only =
		    json_is_true(json_object_get(given, "verifiedOnly")),
	};
	struct hermetic_order order = {
		.size = sizeof(order),
		.kind = (enum hermetic_order_kind)number_of(
		    member(given, "kind"), ORDERS, COUNT(ORDERS)),
		.session = member(given, "session"),
		.text = member(given, "text"),
		.whom = member(given, "whom"),
		.saying = &saying,
		.creation = &creation,
	};
	enum hermetic_result result;

	if (users == NULL)
		return HERMETIC_LOCAL;
	for (size_t i = 0; i < count; i++) {
		users[i] = json_string_value(json_array_get(names, i));
		if (users[i] == NULL)
			users[i] = "";
	}
	result = hermetic_core_start(core, &order);
	free(users);
	return result;
}

const char *binding_start(const char *json)
{
	json_t *given = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
	json_t *told =
	    json_is_object(given) ? say(start(given)) : say_usage(UNREADABLE);

	json_decref(given);
	return hand_out(told);
}

const char *binding_turn(void)
{
	const struct hermetic_request *request = NULL;
	uint32_t ms = 0;

	switch (hermetic_core_turn(core, &request, &ms)) {
	case HERMETIC_TURN_ASK:
		return hand_out(
		    json_pack("{ss ss ss*}", "method", request->method, "path",
			      request->path, "body", request->body));
	case HERMETIC_TURN_WAIT:
		return hand_out(json_pack("{sI}", "wait", (json_int_t)ms));
	case HERMETIC_TURN_DONE:
		break;
	}
	return hand_out(json_object());
}

/* A clock that is too far ahead for a number of ours says nothing. */
void binding_answer(int status, const char *body, size_t size,
		    double clock_ahead_ms)
{
	bool is_one = clock_ahead_ms >= -MOST && clock_ahead_ms <= MOST;

	hermetic_core_answer(core, status, body, size,
			     is_one ? (int64_t)clock_ahead_ms : 0);
}

const char *binding_outcome(void)
{
	const struct hermetic_outcome *outcome = NULL;
	json_t *told = say(hermetic_core_outcome(core, &outcome));

	if (outcome != NULL && told != NULL) {
		json_t *more = json_pack(
		    "{ss* sI sI sI ss*}", "session", outcome->session, "number",
		    (json_int_t)outcome->number, "item",
		    (json_int_t)outcome->item, "devices",
		    (json_int_t)outcome->devices, "code", outcome->code);

		(void)json_object_update_missing(told, more);
		json_decref(more);
	}
	return hand_out(told);
}

/* ---- what was pushed, and what happened ---- */

const char *binding_hear(const char *json, size_t size)
{
	const struct hermetic_order *order = NULL;
	json_t *told = say(hermetic_core_hear(core, json, size, &order));

	if (order != NULL)
		(void)json_object_set_new(told, "order",
					  json_pack("{ss ss*}", "kind",
						    ORDERS[order->kind],
						    "session", order->session));
	return hand_out(told);
}

const char *binding_event(void)
{
	const struct hermetic_event *event = hermetic_core_next_event(core);

	if (event == NULL)
		return hand_out(json_object());
	return hand_out(json_pack(
	    "{ss ss sI sI ss ss sb ss sI sI ss ss sb}", "kind",
	    EVENTS[event->kind], "session", event->session, "number",
	    (json_int_t)event->number, "item", (json_int_t)event->item, "from",
	    event->from, "device", event->device, "own", (int)event->own,
	    "text", event->text, "about", (json_int_t)event->about, "sentAt",
	    (json_int_t)event->sent_at, "json", event->json, "topic",
	    event->topic != NULL ? event->topic : "", "mentioned",
	    (int)event->mentioned));
}

/* ---- asking: {"result", …, "value"} ---- */

static const char *tell(enum hermetic_result result, const char *json)
{
	static const char form[] = "{\"result\":\"ok\",\"value\":%s}";
	size_t size;

	if (result != HERMETIC_OK)
		return hand_out(say(result));
	forget();
	size = sizeof(form) + strlen(json);
	handed_out = malloc(size);
	if (handed_out != NULL)
		(void)snprintf(handed_out, size, form, json);
	return handed_out;
}

const char *binding_sessions(void)
{
	const char *json = NULL;
	enum hermetic_result result = hermetic_core_sessions(core, &json);

	return tell(result, json);
}

const char *binding_describe(const char *session)
{
	const char *json = NULL;
	enum hermetic_result result =
	    hermetic_core_describe(core, session, &json);

	return tell(result, json);
}

const char *binding_entry(const char *session, double number)
{
	const char *json = NULL;
	enum hermetic_result result;
	uint64_t n;

	if (!whole(number, &n))
		return hand_out(say_usage(NOT_WHOLE));
	result = hermetic_core_entry(core, session, n, &json);
	return tell(result, json);
}

static const char *or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

const char *binding_outbox(const char *session)
{
	const char *json = NULL;
	enum hermetic_result result =
	    hermetic_core_outbox(core, or_null(session), &json);

	return tell(result, json);
}

const char *binding_person(const char *user)
{
	const char *json = NULL;
	enum hermetic_result result = hermetic_core_person(core, user, &json);

	return tell(result, json);
}

const char *binding_invitations(const char *answer, size_t size)
{
	const char *json = NULL;
	enum hermetic_result result =
	    hermetic_core_invitations(core, answer, size, &json);

	return tell(result, json);
}

/* ---- what the person says ---- */

const char *binding_shown(const char *session, const char *marks)
{
	json_t *list = json_loads(marks, 0, NULL);
	size_t count = json_array_size(list);
	const char **texts = calloc(count + 1, sizeof(*texts));
	enum hermetic_result result = HERMETIC_LOCAL;
	json_t *told;

	for (size_t i = 0; texts != NULL && i < count; i++) {
		const char *mark = json_string_value(json_array_get(list, i));

		texts[i] = mark != NULL ? mark : "";
	}
	if (texts != NULL && json_is_array(list))
		result = hermetic_core_shown(core, session, texts, count);
	free(texts);
	told = json_is_array(list) ? say(result) : say_usage(UNREADABLE);
	json_decref(list);
	return hand_out(told);
}

const char *binding_drop(const char *session, double item)
{
	uint64_t n = HERMETIC_ALL_ITEMS;

	if (!(item < 0) && !whole(item, &n))
		return hand_out(say_usage(NOT_WHOLE));
	return hand_out(say(hermetic_core_drop(core, session, n)));
}

const char *binding_compared(const char *user)
{
	return hand_out(say(hermetic_core_compared(core, user)));
}

const char *binding_read_to(const char *session, double number)
{
	uint64_t n;

	if (!whole(number, &n))
		return hand_out(say_usage(NOT_WHOLE));
	return hand_out(say(hermetic_core_read_to(core, session, n)));
}
