/* What the device is asked between orders, and what its person tells it. */
#include "wasm/binding_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *binding_sessions(void)
{
	const char *json = NULL;
	enum hermetic_result result =
	    hermetic_core_sessions(binding_core, &json);

	return binding_tell(result, json);
}

const char *binding_describe(const char *session)
{
	const char *json = NULL;
	enum hermetic_result result =
	    hermetic_core_describe(binding_core, session, &json);

	return binding_tell(result, json);
}

const char *binding_entry(const char *session, double number)
{
	const char *json = NULL;
	enum hermetic_result result;
	uint64_t n;

	if (!binding_whole(number, &n))
		return binding_hand_out(binding_say_usage(BINDING_NOT_WHOLE));
	result = hermetic_core_entry(binding_core, session, n, &json);
	return binding_tell(result, json);
}

static const char *or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

const char *binding_outbox(const char *session)
{
	const char *json = NULL;
	enum hermetic_result result =
	    hermetic_core_outbox(binding_core, or_null(session), &json);

	return binding_tell(result, json);
}

const char *binding_person(const char *user)
{
	const char *json = NULL;
	enum hermetic_result result =
	    hermetic_core_person(binding_core, user, &json);

	return binding_tell(result, json);
}

const char *binding_invitations(const char *answer, size_t size)
{
	const char *json = NULL;
	enum hermetic_result result =
	    hermetic_core_invitations(binding_core, answer, size, &json);

	return binding_tell(result, json);
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
		result =
		    hermetic_core_shown(binding_core, session, texts, count);
	free(texts);
	told = json_is_array(list) ? binding_say(result)
				   : binding_say_usage(BINDING_UNREADABLE);
	json_decref(list);
	return binding_hand_out(told);
}

const char *binding_drop(const char *session, double item)
{
	uint64_t n = HERMETIC_ALL_ITEMS;

	if (!(item < 0) && !binding_whole(item, &n))
		return binding_hand_out(binding_say_usage(BINDING_NOT_WHOLE));
	return binding_hand_out(
	    binding_say(hermetic_core_drop(binding_core, session, n)));
}

const char *binding_compared(const char *user)
{
	return binding_hand_out(
	    binding_say(hermetic_core_compared(binding_core, user)));
}

const char *binding_read_to(const char *session, double number)
{
	uint64_t n;

	if (!binding_whole(number, &n))
		return binding_hand_out(binding_say_usage(BINDING_NOT_WHOLE));
	return binding_hand_out(
	    binding_say(hermetic_core_read_to(binding_core, session, n)));
}

const char *binding_accept(const char *user, const char *fingerprint)
{
	return binding_hand_out(
	    binding_say(hermetic_core_accept(binding_core, user, fingerprint)));
}

static enum hermetic_wish wish_of(const char *word)
{
	return strcmp(word, "typing") == 0 ? HERMETIC_WISH_TYPING
					   : HERMETIC_WISH_RECEIPTS;
}

const char *binding_wish(const char *wish)
{
	bool on = false;
	enum hermetic_result result =
	    hermetic_core_wish(binding_core, wish_of(wish), &on);

	return binding_tell(result, on ? "true" : "false");
}

const char *binding_set_wish(const char *wish, double on)
{
	return binding_hand_out(binding_say(
	    hermetic_core_set_wish(binding_core, wish_of(wish), on != 0)));
}

/* ---- finding ---- */

static const char *text_of(const json_t *given, const char *name)
{
	return json_string_value(json_object_get(given, name));
}

static const char *search(const json_t *given)
{
	struct hermetic_search wanted = {
		.size = sizeof(wanted),
		.session = text_of(given, "session"),
		.words = text_of(given, "words"),
		.topic = text_of(given, "topic"),
	};
	const char *json = NULL;
	enum hermetic_result result;

	if (!binding_number(given, "after", &wanted.after) ||
	    !binding_number(given, "before", &wanted.before) ||
	    !binding_number(given, "since", &wanted.since_ms) ||
	    !binding_number(given, "last", &wanted.last))
		return binding_hand_out(binding_say_usage(BINDING_NOT_WHOLE));
	result = hermetic_core_search(binding_core, &wanted, &json);
	return binding_tell(result, json);
}

const char *binding_search(const char *json)
{
	json_t *given = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
	const char *told =
	    json_is_object(given)
		? search(given)
		: binding_hand_out(binding_say_usage(BINDING_UNREADABLE));

	json_decref(given);
	return told;
}

const char *binding_find(const char *word)
{
	char id[HERMETIC_ID_SIZE] = "", json[HERMETIC_ID_SIZE + 2];
	enum hermetic_result result =
	    hermetic_core_find(binding_core, word, id);

	(void)snprintf(json, sizeof(json), "\"%s\"", id);
	return binding_tell(result, json);
}

const char *binding_unread(const char *session)
{
	uint64_t read = 0, count = 0;
	json_t *told = binding_say(
	    hermetic_core_unread(binding_core, session, &read, &count));
	json_t *more = json_pack("{sI sI}", "read", (json_int_t)read, "count",
				 (json_int_t)count);

	(void)json_object_update_missing(told, more);
	json_decref(more);
	return binding_hand_out(told);
}

const char *binding_type(const char *session, double types)
{
	const char *frame = NULL;
	json_t *told = binding_say(
	    hermetic_core_type(binding_core, session, types != 0, &frame));

	if (frame != NULL)
		(void)json_object_set_new(told, "frame", json_string(frame));
	return binding_hand_out(told);
}
