#include "hermetic/told.h"

#include <stdlib.h>
#include <string.h>

void told_free_event(struct told_event *event)
{
	if (event == NULL)
		return;
	json_decref(event->entry);
	free(event->text);
	free(event->json);
	free(event);
}

void told_clear(struct told *told)
{
	while (told->first != NULL) {
		struct told_event *next = told->first->next;

		told_free_event(told->first);
		told->first = next;
	}
	told_free_event(told->taken);
	*told = (struct told){ .first = NULL };
}

struct told_event *told_make_event(enum hermetic_event_kind kind,
				   const char *session)
{
	struct told_event *made = calloc(1, sizeof(*made));

	if (made == NULL)
		return NULL;
	if (session != NULL)
		memcpy(made->session, session, strlen(session) + 1);
	made->event = (struct hermetic_event){
		.kind = kind,
		.session = made->session,
		.from = "",
		.device = "",
		.text = "",
		.json = "",
		.topic = "",
	};
	return made;
}

void told_add(struct told *told, struct told_event *event)
{
	if (event == NULL)
		return;
	if (told->last != NULL)
		told->last->next = event;
	else
		told->first = event;
	told->last = event;
}

static bool is_entry_behind(const struct told_event *event, const char *session,
			    uint64_t after)
{
	return event->entry != NULL && strcmp(event->session, session) == 0 &&
	       event->event.number > after;
}

void told_drop_entries(struct told *told, const char *session, uint64_t after)
{
	struct told_event **at = &told->first;

	told->last = NULL;
	while (*at != NULL) {
		struct told_event *event = *at;

		if (is_entry_behind(event, session, after)) {
			*at = event->next;
			told_free_event(event);
		} else {
			told->last = event;
			at = &event->next;
		}
	}
}

const struct hermetic_event *told_take(struct told *told)
{
	struct told_event *event = told->first;

	told_free_event(told->taken);
	told->taken = event;
	if (event == NULL)
		return NULL;
	told->first = event->next;
	if (told->first == NULL)
		told->last = NULL;
	return &event->event;
}

/* ---- entries ---- */

const char *told_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "";
}

static enum hermetic_event_kind kind_of(const json_t *entry)
{
	static const struct {
		const char *name;
		enum hermetic_event_kind kind;
	} table[] = {
		{ "text", HERMETIC_EVENT_TEXT },
		{ "edit", HERMETIC_EVENT_EDIT },
		{ "delete", HERMETIC_EVENT_DELETE },
		{ "reaction", HERMETIC_EVENT_REACTION },
		{ "receipt", HERMETIC_EVENT_RECEIPT },
	};
	const char *name = told_text(entry, "kind");

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (strcmp(table[i].name, name) == 0)
			return table[i].kind;
	return HERMETIC_EVENT_ENTRY;
}

static uint64_t number_of(const json_t *entry, const char *name)
{
	json_int_t number = json_integer_value(json_object_get(entry, name));

	return number > 0 ? (uint64_t)number : 0;
}

struct told_event *told_make_entry(const char *session, const json_t *entry)
{
	struct told_event *made = told_make_event(kind_of(entry), session);
	uint64_t of = number_of(entry, "of");

	if (made == NULL)
		return NULL;
	made->entry = json_incref((json_t *)(uintptr_t)entry);
	made->json = json_dumps(entry, JSON_COMPACT);
	if (made->json == NULL) {
		told_free_event(made);
		return NULL;
	}
	made->event.number = number_of(entry, "seq");
	made->event.from = told_text(entry, "from");
	made->event.device = told_text(entry, "device");
	made->event.own = json_is_true(json_object_get(entry, "own"));
	made->event.text = told_text(entry, "text");
	made->event.about = of != 0 ? of : number_of(entry, "reply_to");
	made->event.sent_at = number_of(entry, "sent_at");
	made->event.json = made->json;
	made->event.topic = told_text(entry, "topic");
	made->event.mentioned =
	    json_is_true(json_object_get(entry, "mentioned"));
	return made;
}

void told_add_event(struct told *told, const struct device_event *event)
{
	static const enum hermetic_event_kind kinds[] = {
		[EVENT_ENTRY] = HERMETIC_EVENT_ENTRY,
		[EVENT_SENT] = HERMETIC_EVENT_SENT,
		[EVENT_REFUSED] = HERMETIC_EVENT_REFUSED,
		[EVENT_ENDED] = HERMETIC_EVENT_ENDED,
	};
	struct told_event *made =
	    told_make_event(kinds[event->kind], event->session);

	if (made == NULL)
		return;
	made->event.number = event->seq;
	made->event.item = event->item;
	told_add(told, made);
}
