/* Files: their bytes pass through the module in pieces. */
#include "wasm/binding_inside.h"

#include <stdlib.h>

static const char *text_of(const json_t *given, const char *name)
{
	return json_string_value(json_object_get(given, name));
}

/* With the handle, and what is known of the file. */
static const char *hand_out_file(enum hermetic_result result,
				 struct hermetic_file *file)
{
	json_t *told = binding_say(result), *more;
	const struct hermetic_file_facts *facts;

	if (result != HERMETIC_OK)
		return binding_hand_out(told);
	facts = hermetic_file_facts(file);
	more =
	    json_pack("{sI ss ss ss sI}", "file", (json_int_t)(uintptr_t)file,
		      "id", facts->id, "name", facts->name, "type", facts->type,
		      "size", (json_int_t)facts->size);
	(void)json_object_update_missing(told, more);
	json_decref(more);
	return binding_hand_out(told);
}

const char *binding_file_seal(const char *json)
{
	json_t *given = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
	const struct hermetic_file_wish wish = {
		.size = sizeof(wish),
		.session = text_of(given, "session"),
		.name = text_of(given, "name"),
		.type = text_of(given, "type"),
		.key = text_of(given, "key"),
	};
	struct hermetic_file *file = NULL;
	enum hermetic_result result = HERMETIC_OK;
	const char *told;

	if (json_is_object(given))
		result = hermetic_core_file_seal(binding_core, &wish, &file);
	told = json_is_object(given)
		   ? hand_out_file(result, file)
		   : binding_hand_out(binding_say_usage(BINDING_UNREADABLE));
	json_decref(given);
	return told;
}

const char *binding_file_open(const char *session, double number)
{
	struct hermetic_file *file = NULL;
	uint64_t n;

	if (!binding_whole(number, &n))
		return binding_hand_out(binding_say_usage(BINDING_NOT_WHOLE));
	return hand_out_file(
	    hermetic_core_file_open(binding_core, session, n, &file), file);
}

void binding_file_free(struct hermetic_file *file)
{
	hermetic_file_free(file);
}

const char *binding_file_pass(uint8_t *bytes, size_t size,
			      struct hermetic_file *file)
{
	return binding_hand_out(binding_say(
	    hermetic_core_file_pass(binding_core, file, bytes, size, bytes)));
}

const char *binding_file_end(uint8_t tag[HERMETIC_FILE_TAG],
			     struct hermetic_file *file)
{
	return binding_hand_out(
	    binding_say(hermetic_core_file_end(binding_core, file, tag)));
}

const char *binding_file_turn(struct hermetic_file *file)
{
	const struct hermetic_transfer *t = NULL;
	json_t *headers, *told;
	uint32_t ms = 0;

	switch (hermetic_core_file_turn(binding_core, file, &t, &ms)) {
	case HERMETIC_TURN_ASK:
		headers = json_array();
		for (size_t i = 0; t->headers[i] != NULL; i++)
			(void)json_array_append_new(headers,
						    json_string(t->headers[i]));
		told =
		    json_pack("{ss ss sI sI so}", "method", t->method, "path",
			      t->path, "from", (json_int_t)t->from, "count",
			      (json_int_t)t->count, "headers", headers);
		return binding_hand_out(told);
	case HERMETIC_TURN_WAIT:
		return binding_hand_out(
		    json_pack("{sI}", "wait", (json_int_t)ms));
	case HERMETIC_TURN_DONE:
		break;
	}
	return binding_hand_out(json_object());
}

void binding_file_answer(const char *body, size_t size,
			 struct hermetic_file *file, int status, double offset,
			 double fetched)
{
	uint64_t at = HERMETIC_NO_OFFSET, count = 0;

	if (!binding_whole(offset, &at))
		at = HERMETIC_NO_OFFSET;
	(void)binding_whole(fetched, &count);
	hermetic_core_file_answer(binding_core, file, status, body, size, at,
				  count);
}

const char *binding_file_outcome(struct hermetic_file *file)
{
	return binding_hand_out(
	    binding_say(hermetic_core_file_outcome(binding_core, file)));
}
