#include "hermetic/inside.h"

#include "reach/look.h"
#include "reach/notice.h"
#include "reach/pause.h"
#include "reach/process.h"
#include "reach/tokens.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT(number) #number
#define TEXT_OF(number) TEXT(number)

const char *hermetic_version(void)
{
	return TEXT_OF(HERMETIC_VERSION_MAJOR) "." TEXT_OF(
	    HERMETIC_VERSION_MINOR) "." TEXT_OF(HERMETIC_VERSION_PATCH);
}

bool inside_take(void *to, size_t size, const void *from)
{
	size_t given = *(const size_t *)from;
	const uint8_t *bytes = from;

	if (given < sizeof(size_t))
		return false;
	for (size_t i = size; i < given; i++)
		if (bytes[i] != 0)
			return false;
	memset(to, 0, size);
	memcpy(to, from, given < size ? given : size);
	return true;
}

/* ---- the process ---- */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static enum err started = ERR_LOCAL_BUG;

static void start(void)
{
	started = process_start();
}

enum err inside_start(void)
{
	(void)pthread_once(&once, start);
	return started;
}

bool inside_act(enum hermetic_act act, enum said_act *out)
{
	static const enum said_act acts[] = {
		[HERMETIC_SAY] = SAID_TEXT,
		[HERMETIC_EDIT] = SAID_EDIT,
		[HERMETIC_DELETE] = SAID_DELETE,
		[HERMETIC_REACT] = SAID_REACTION,
	};

	if ((size_t)act >= sizeof(acts) / sizeof(*acts))
		return false;
	*out = acts[act];
	return true;
}

bool inside_saying(const void *given, struct order *order)
{
	struct hermetic_saying saying = { 0 };

	if (given != NULL && (!inside_take(&saying, sizeof(saying), given) ||
			      !inside_act(saying.act, &order->act)))
		return false;
	order->about = saying.about;
	order->key = saying.key;
	order->topic = saying.topic;
	order->expires_s = saying.expires_s;
	order->to_new_members = saying.to_new_members;
	return true;
}

/* ---- results ---- */

static const struct {
	const char *slug;
	enum hermetic_result result;
} SLUGS[] = {
	{ "usage", HERMETIC_USAGE },
	{ "username", HERMETIC_USAGE },
	{ "server", HERMETIC_USAGE },
	{ "first-username", HERMETIC_USAGE },
	{ "first-server", HERMETIC_USAGE },
	{ "other-account", HERMETIC_USAGE },
	{ "wrong-passphrase", HERMETIC_PASSPHRASE },
	{ "passphrase", HERMETIC_PASSPHRASE },
	{ "passphrase-needed", HERMETIC_PASSPHRASE },
	{ "bad-credentials", HERMETIC_PASSPHRASE },
	{ "no-state", HERMETIC_NO_ACCOUNT },
	{ "no-account", HERMETIC_NO_ACCOUNT },
	{ "logged-out", HERMETIC_NO_ACCOUNT },
	{ "device-gone", HERMETIC_NO_ACCOUNT },
};

static enum hermetic_result by_error(enum err e)
{
	switch (e) {
	case ERR_OK:
		return HERMETIC_OK;
	case ERR_PEER_DENIED:
		return HERMETIC_DENIED;
	case ERR_PEER_FORK:
	case ERR_PEER_DOWNGRADE:
	case ERR_STATE_PENDING:
		return HERMETIC_LOOK;
	case ERR_STATE_GONE:
	case ERR_STATE_EXPIRED:
		return HERMETIC_GONE;
	case ERR_LOCAL_BUSY:
		return HERMETIC_BUSY;
	case ERR_PEER_MALFORMED:
	case ERR_PEER_TOO_LARGE:
	case ERR_PEER_UNSUPPORTED:
	case ERR_PEER_INVALID:
	case ERR_PEER_CRYPTO:
		return HERMETIC_REFUSED;
	case ERR_STATE_EPOCH:
	case ERR_STATE_REPLAY:
	case ERR_STATE_CONFLICT:
	case ERR_STATE_UNCOMMITTED:
	case ERR_STATE_ACCOUNTS:
		return HERMETIC_CONFLICT;
	case ERR_LOCAL_MEMORY:
	case ERR_LOCAL_CRYPTO:
	case ERR_LOCAL_IO:
	case ERR_LOCAL_CONFIG:
	case ERR_LOCAL_BUG:
	case ERR_LOCAL_DATABASE: /* of a server alone */
		break;
	}
	return HERMETIC_LOCAL;
}

enum hermetic_result inside_conclude(struct why *why, struct why *last,
				     enum err e)
{
	if (e == ERR_OK) {
		why_clear(why);
		return HERMETIC_OK;
	}
	(void)why_set(why, e, "failed", "This failed: %s.", err_text(e));
	*last = *why;
	why_clear(why);
	if (last->unreachable)
		return HERMETIC_UNREACHABLE;
	for (size_t i = 0; i < sizeof(SLUGS) / sizeof(*SLUGS); i++)
		if (strcmp(last->slug, SLUGS[i].slug) == 0)
			return SLUGS[i].result;
	return by_error(e);
}

enum hermetic_result inside_result(struct hermetic *h, enum err e)
{
	if (e != ERR_OK)
		h->failed = e;
	if (h->home != NULL)
		state_explain(h->home, e, &h->a.why);
	return inside_conclude(&h->a.why, &h->last, e);
}

enum hermetic_result inside_refuse(struct hermetic *h, const char *slug,
				   const char *format, ...)
{
	char text[sizeof(h->last.text)];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	h->failed = why_replace(&h->last, ERR_PEER_INVALID, slug, "%s", text);
	return HERMETIC_USAGE;
}

bool inside_is_barred(struct hermetic *h)
{
	if (h == NULL)
		return true;
	if (h->within > 0)
		(void)inside_refuse(h, "in-callback",
				    "A function that was called by this handle "
				    "calls it.");
	return h->within > 0;
}

static bool is_over(void *context, uint64_t waited_ms)
{
	struct hermetic *h = context;
	bool over;

	h->within++;
	over = h->is_over(h->is_over_with, waited_ms);
	h->within--;
	return over;
}

void inside_pause(struct hermetic *h)
{
	pause_ask(h->is_over != NULL ? is_over : NULL, h);
}

void inside_begin(struct hermetic *h)
{
	why_clear(&h->a.why);
	inside_pause(h);
	json_decref(h->given);
	h->given = NULL;
}

void inside_give(struct hermetic *h, const json_t *value)
{
	h->given = json_incref((json_t *)(uintptr_t)value);
}

const char *hermetic_why(const struct hermetic *h)
{
	return h != NULL ? h->last.text : INSIDE_NO_HANDLE;
}

const char *hermetic_slug(const struct hermetic *h)
{
	return h != NULL ? h->last.slug : "usage";
}

json_t *inside_about(const struct why *why)
{
	json_t *about = json_object();

	if (about != NULL && why->session[0] != '\0')
		(void)json_object_set_new(about, "session",
					  json_string(why->session));
	if (about != NULL && why->name[0] != '\0')
		(void)json_object_set_new(about, "name",
					  json_string(why->name));
	if (about != NULL && why->item != 0)
		(void)json_object_set_new(about, "item",
					  json_integer((json_int_t)why->item));
	return about;
}

const char *hermetic_advice(enum hermetic_result result)
{
	static const char *const texts[] = {
		[HERMETIC_OK] = "There is nothing to do.",
		[HERMETIC_KEPT] =
		    "It is sent by itself once what it waits for has come. "
		    "Where that is a person who has to look, show the members "
		    "and call hermetic_shown() and hermetic_flush().",
		[HERMETIC_USAGE] =
		    "Mend the call: the sentence says what is wrong with it.",
		[HERMETIC_PASSPHRASE] =
		    "Ask for the passphrase again. Where the sentence names "
		    "the "
		    "server, the user name may be wrong, too.",
		[HERMETIC_NO_ACCOUNT] =
		    "Call hermetic_login(), or hermetic_register() for a new "
		    "account.",
		[HERMETIC_GONE] =
		    "Look at the list again: the name, id or number may be of "
		    "before.",
		[HERMETIC_CONFLICT] =
		    "Look at how it stands now, and try again if it is still "
		    "wanted.",
		[HERMETIC_DENIED] = "Ask somebody who may: an admin of the "
				    "session, or another of your devices.",
		[HERMETIC_LOOK] =
		    "Show the sentence to a person. The session, its members "
		    "or the account have to be looked at before it goes on.",
		[HERMETIC_REFUSED] =
		    "Do not try the same again: it is refused again. The "
		    "sentence says why.",
		[HERMETIC_UNREACHABLE] =
		    "Try again later. What was said is kept, and sent then.",
		[HERMETIC_BUSY] = "Wait some seconds, and try again.",
		[HERMETIC_LOCAL] = "Look at this machine: the disk, the rights "
				   "of the folder, the memory.",
	};

	if ((size_t)result >= sizeof(texts) / sizeof(*texts))
		return "This result is of a later version of the library.";
	return texts[result];
}

enum err inside_no_item(struct why *why, const char *session)
{
	return why_set(why, ERR_STATE_GONE, "no-such-item",
		       "Nothing of that number is in the outbox of %s.",
		       session);
}

enum err inside_no_log(struct why *why, const char *user)
{
	return why_set(why, ERR_STATE_GONE, "no-account-log",
		       "%.40s has no account log yet.", user);
}

enum err inside_missing(struct why *why, struct device *device, enum err e,
			const char *session, const char *what)
{
	json_t *there = NULL;

	if (e != ERR_STATE_GONE || why->text[0] != '\0')
		return e;
	TRY(look_session(device, session, why, &there));
	e = why_set(why, ERR_STATE_GONE, "not-kept",
		    "Nothing is kept here of %s of the session %.40s.", what,
		    session);
out:
	json_decref(there);
	return e;
}

enum err inside_compared(struct why *why, struct device *device,
			 const char *user)
{
	enum err e = device_compared(device, user);

	return e == ERR_STATE_GONE ? inside_no_log(why, user) : e;
}

/* ---- lists ---- */

void inside_list_clear(struct inside_list *list)
{
	json_decref(list->source);
	free(list->rows);
	free(list->pointers);
	*list = (struct inside_list){ .count = 0 };
}

enum err inside_list_make(struct inside_list *list, json_t *source,
			  size_t count, size_t size)
{
	struct inside_list made = { .source = json_incref(source),
				    .count = count };
	enum err e = ERR_OK;

	made.rows = calloc(count + 1, size);
	made.pointers = calloc(count + 1, sizeof(*made.pointers));
	ENSURE(made.rows != NULL && made.pointers != NULL, ERR_LOCAL_MEMORY);
	for (size_t i = 0; i < count; i++)
		made.pointers[i] = (uint8_t *)made.rows + i * size;
	inside_list_clear(list);
	*list = made;
	made = (struct inside_list){ .count = 0 };
out:
	inside_list_clear(&made);
	return e;
}

enum err inside_list_read(struct inside_list *list, json_t *source,
			  const json_t *rows, size_t size, inside_row *read)
{
	const json_t *row;
	size_t i;
	enum err e;

	TRY(inside_list_make(list, source, json_array_size(rows), size));
	json_array_foreach(rows, i, row)
	    read(row, (uint8_t *)list->rows + i * size);
out:
	return e;
}

void *inside_list_give(const struct inside_list *list, size_t *count)
{
	*count = list->count;
	return list->pointers;
}

const char *inside_text_or_null(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

enum hermetic_comparison inside_comparison(const json_t *object)
{
	const char *word = told_text(object, "compared");

	if (strcmp(word, "yes") == 0)
		return HERMETIC_COMPARED_YES;
	return strcmp(word, "changed") == 0 ? HERMETIC_COMPARED_CHANGED
					    : HERMETIC_COMPARED_NO;
}

void inside_found_clear(struct inside_found *found)
{
	for (size_t i = 0; i < found->count; i++)
		told_free_event(found->events[i]);
	free(found->events);
	free(found->pointers);
	*found = (struct inside_found){ .count = 0 };
}

struct past inside_past(const struct hermetic_search *search)
{
	return (struct past){ .after = search->after,
			      .before = search->before,
			      .since_ms = search->since_ms,
			      .last = search->last,
			      .words = search->words,
			      .topic = search->topic };
}

/* ---- wishes ---- */

static enum err no_wish(struct why *why)
{
	return why_set(why, ERR_PEER_INVALID, "usage",
		       "There is no such wish.");
}

enum err inside_wish(struct why *why, struct device *device,
		     enum hermetic_wish wish, bool *on)
{
	switch (wish) {
	case HERMETIC_WISH_RECEIPTS:
		return device_receipts(device, on);
	case HERMETIC_WISH_TYPING:
		return device_typing(device, on);
	}
	return no_wish(why);
}

enum err inside_set_wish(struct why *why, struct device *device,
			 enum hermetic_wish wish, bool on)
{
	switch (wish) {
	case HERMETIC_WISH_RECEIPTS:
		return device_set_receipts(device, on);
	case HERMETIC_WISH_TYPING:
		return device_set_typing(device, on);
	}
	return no_wish(why);
}

enum err inside_ask_requests(struct hermetic *h, json_t **requests)
{
	struct api_answer answer = { 0 };
	json_t *list;
	enum err e;

	TRY(tokens_call(&h->a, "GET", "/devices/requests", NULL, &answer));
	list = json_object_get(answer.body, "requests");
	ENSURE(json_is_array(list),
	       notice_no_list(&h->a.why, "devices that wait"));
	*requests = json_incref(list);
out:
	api_answer_clear(&answer);
	return e;
}
