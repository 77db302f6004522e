#include "wasm/binding.h"

#include "base/sec.h"
#include "crypto/password.h"
#include "qr/qr.h"
#include "reach/libraries.h"
#include "reach/passphrase_form.h"
#include "wasm/binding_inside.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct hermetic_core *binding_core;
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
	[HERMETIC_ORDER_DEVICES] = "devices",
	[HERMETIC_ORDER_APPROVE] = "approve",
	[HERMETIC_ORDER_LINK] = "link",
	[HERMETIC_ORDER_REFUSE] = "refuse",
	[HERMETIC_ORDER_REVOKE] = "revoke",
	[HERMETIC_ORDER_BLOCKS] = "blocks",
	[HERMETIC_ORDER_BLOCK] = "block",
	[HERMETIC_ORDER_UNBLOCK] = "unblock",
	[HERMETIC_ORDER_LETTERS] = "letters",
	[HERMETIC_ORDER_DECLINE] = "decline",
	[HERMETIC_ORDER_NAME] = "name",
	[HERMETIC_ORDER_SUBJECT] = "subject",
	[HERMETIC_ORDER_RECEIPT] = "receipt",
	[HERMETIC_ORDER_ROLE] = "role",
	[HERMETIC_ORDER_BAN] = "ban",
	[HERMETIC_ORDER_UNBAN] = "unban",
	[HERMETIC_ORDER_RECOVERY_KEY] = "recovery-key",
	[HERMETIC_ORDER_RECOVERY] = "recovery",
	[HERMETIC_ORDER_RECOVER] = "recover",
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
	[HERMETIC_EVENT_RECEIPT] = "receipt",
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

/* The result, with its reason: {"result", "why"?, "slug"?, "about"?}. */
json_t *binding_say(enum hermetic_result result)
{
	const char *word = RESULTS[result];
	const char *about;

	if (result == HERMETIC_OK)
		return json_pack("{ss}", "result", word);
	about = hermetic_core_about(binding_core);
	return json_pack("{ss ss ss so*}", "result", word, "why",
			 hermetic_core_why(binding_core), "slug",
			 hermetic_core_slug(binding_core), "about",
			 about != NULL ? json_loads(about, 0, NULL) : NULL);
}

/* A call that never came to the device. */
json_t *binding_say_usage(const char *why)
{
	return json_pack("{ss ss ss}", "result", RESULTS[HERMETIC_USAGE], "why",
			 why, "slug", "usage");
}

/* Texts of JavaScript may have in them what JSON of ours has not. */
const char BINDING_UNREADABLE[] = "The call does not take this; a NUL, or half "
				  "of a surrogate pair, in a text "
				  "may be why.";

/* ---- numbers of JavaScript ---- */

#define MOST 9007199254740992.0 /* 2^53: up to it every whole number is one */

/* Others have no conversion that C defines. */
bool binding_whole(double given, uint64_t *number)
{
	bool is_one = given >= 0 && given <= MOST;

	*number = is_one ? (uint64_t)given : 0;
	return is_one && (double)*number == given;
}

const char BINDING_NOT_WHOLE[] =
    "The number is not a whole one from 0 to 9007199254740992.";

bool binding_number(const json_t *given, const char *name, uint64_t *number)
{
	const json_t *value = json_object_get(given, name);

	*number = 0;
	return value == NULL ||
	       (json_is_number(value) &&
		binding_whole(json_number_value(value), number));
}

/* ---- what is handed out ---- */

static void forget(void)
{
	if (handed_out != NULL)
		sec_wipe(handed_out, strlen(handed_out));
	free(handed_out);
	handed_out = NULL;
}

const char *binding_hand_out(json_t *object)
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
		(void)binding_hand_out(json_string(password));
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

static json_t *qr_rows(const struct qr *code)
{
	json_t *rows = json_array();
	char row[QR_BYTES];

	for (int y = 0; y < code->side; y++) {
		for (int x = 0; x < code->side; x++)
			row[x] = qr_is_dark(code, x, y) ? '1' : '0';
		(void)json_array_append_new(
		    rows, json_stringn(row, (size_t)code->side));
	}
	return rows;
}

const char *binding_qr(const char *text)
{
	struct qr code;

	if (qr_make(text, &code) != ERR_OK)
		return binding_hand_out(
		    binding_say_usage("The text is too long for a QR code."));
	return binding_hand_out(json_pack("{ss so}", "result",
					  RESULTS[HERMETIC_OK], "value",
					  qr_rows(&code)));
}

static const char *member(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

/* ---- a device ---- */

const char *binding_open(const char *username, const char *device_id,
			 const char *algorithms, uint32_t stock, int receipts)
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
		.receipts = receipts != 0,
	};

	hermetic_core_free(binding_core);
	binding_core = NULL;
	return binding_hand_out(
	    binding_say(hermetic_core_new(&config, &binding_core)));
}

void binding_close(void)
{
	hermetic_core_free(binding_core);
	binding_core = NULL;
}

/* ---- orders and turns ---- */

static enum hermetic_act act_of(const char *word)
{
	return word == NULL
		   ? HERMETIC_SAY
		   : (enum hermetic_act)number_of(word, ACTS, COUNT(ACTS));
}

static enum hermetic_result start(const json_t *given, uint64_t about)
{
	const json_t *names = json_object_get(given, "users");
	size_t count = json_array_size(names);
	const char **users = calloc(count + 1, sizeof(*users));
	struct hermetic_saying saying = {
		.size = sizeof(saying),
		.act = act_of(member(given, "act")),
		.about = about,
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
		.file =
		    (const struct hermetic_file *)(uintptr_t)json_integer_value(
			json_object_get(given, "file")),
	};
	enum hermetic_result result;

	if (users == NULL)
		return HERMETIC_LOCAL;
	for (size_t i = 0; i < count; i++) {
		users[i] = json_string_value(json_array_get(names, i));
		if (users[i] == NULL)
			users[i] = "";
	}
	result = hermetic_core_start(binding_core, &order);
	free(users);
	return result;
}

const char *binding_start(const char *json)
{
	json_t *given = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
	uint64_t about;
	json_t *told;

	if (!json_is_object(given))
		told = binding_say_usage(BINDING_UNREADABLE);
	else if (!binding_number(given, "about", &about))
		told = binding_say_usage(BINDING_NOT_WHOLE);
	else
		told = binding_say(start(given, about));
	json_decref(given);
	return binding_hand_out(told);
}

const char *binding_turn(void)
{
	const struct hermetic_request *request = NULL;
	uint32_t ms = 0;

	switch (hermetic_core_turn(binding_core, &request, &ms)) {
	case HERMETIC_TURN_ASK:
		return binding_hand_out(
		    json_pack("{ss ss ss*}", "method", request->method, "path",
			      request->path, "body", request->body));
	case HERMETIC_TURN_WAIT:
		return binding_hand_out(
		    json_pack("{sI}", "wait", (json_int_t)ms));
	case HERMETIC_TURN_DONE:
		break;
	}
	return binding_hand_out(json_object());
}

/* A clock that is too far ahead for a number of ours says nothing. */
void binding_answer(int status, const char *body, size_t size,
		    double clock_ahead_ms)
{
	bool is_one = clock_ahead_ms >= -MOST && clock_ahead_ms <= MOST;

	hermetic_core_answer(binding_core, status, body, size,
			     is_one ? (int64_t)clock_ahead_ms : 0);
}

/* Adds what `json` is. */
static void set_json(json_t *to, const char *name, const char *json)
{
	json_t *value =
	    json != NULL ? json_loads(json, JSON_DECODE_ANY, NULL) : NULL;

	if (value != NULL)
		(void)json_object_set_new(to, name, value);
}

const char *binding_outcome(void)
{
	const struct hermetic_outcome *outcome = NULL;
	json_t *told =
	    binding_say(hermetic_core_outcome(binding_core, &outcome));

	if (outcome != NULL && told != NULL) {
		json_t *more = json_pack(
		    "{ss* sI sI sI ss* sb}", "session", outcome->session,
		    "number", (json_int_t)outcome->number, "item",
		    (json_int_t)outcome->item, "devices",
		    (json_int_t)outcome->devices, "code", outcome->code, "anew",
		    (int)outcome->anew);

		set_json(more, "value", outcome->json);
		(void)json_object_update_missing(told, more);
		json_decref(more);
	}
	return binding_hand_out(told);
}

/* ---- what was pushed, and what happened ---- */

static void set_order(json_t *told, const struct hermetic_order *order)
{
	if (order != NULL)
		(void)json_object_set_new(told, "order",
					  json_pack("{ss ss*}", "kind",
						    ORDERS[order->kind],
						    "session", order->session));
}

const char *binding_hear(const char *json, size_t size)
{
	const struct hermetic_order *order = NULL;
	json_t *told =
	    binding_say(hermetic_core_hear(binding_core, json, size, &order));

	set_order(told, order);
	return binding_hand_out(told);
}

const char *binding_due(void)
{
	const struct hermetic_order *order = NULL;
	uint64_t at = UINT64_MAX;
	json_t *told =
	    binding_say(hermetic_core_due(binding_core, &at, &order));

	set_order(told, order);
	if (at < (uint64_t)MOST)
		(void)json_object_set_new(told, "at",
					  json_integer((json_int_t)at));
	return binding_hand_out(told);
}

const char *binding_event(void)
{
	const struct hermetic_event *event =
	    hermetic_core_next_event(binding_core);

	if (event == NULL)
		return binding_hand_out(json_object());
	return binding_hand_out(json_pack(
	    "{ss ss sI sI ss ss sb ss sI sI ss ss sb}", "kind",
	    EVENTS[event->kind], "session", event->session, "number",
	    (json_int_t)event->number, "item", (json_int_t)event->item, "from",
	    event->from, "device", event->device, "own", (int)event->own,
	    "text", event->text, "about", (json_int_t)event->about, "sentAt",
	    (json_int_t)event->sent_at, "json", event->json, "topic",
	    event->topic != NULL ? event->topic : "", "mentioned",
	    (int)event->mentioned));
}

/* ---- what the device knows ---- */

const char *binding_tell(enum hermetic_result result, const char *json)
{
	static const char form[] = "{\"result\":\"ok\",\"value\":%s}";
	size_t size;

	if (result != HERMETIC_OK)
		return binding_hand_out(binding_say(result));
	forget();
	size = sizeof(form) + strlen(json);
	handed_out = malloc(size);
	if (handed_out != NULL)
		(void)snprintf(handed_out, size, form, json);
	return handed_out;
}
