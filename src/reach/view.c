#include "reach/view.h"

#include "device/record.h"
#include "reach/drive.h"
#include "reach/look.h"

#include <string.h>

enum err view_refresh(struct account *a, const char *id)
{
	return look_forgives(&a->why, drive_session(a, ORDER_REFRESH, id));
}

enum err view_send(struct account *a, const struct order *order,
		   const struct outcome **outcome)
{
	enum err e = drive_order(a, order, outcome);

	if (strcmp(a->why.slug, "not-read-by-all") != 0 &&
	    strcmp(a->why.slug, "no-such-message") != 0)
		return e;
	why_clear(&a->why);
	TRY(view_refresh(a, order->session));
	TRY(drive_order(a, order, outcome));
out:
	return e;
}

enum err view_session(struct account *a, const char *id, json_t **session)
{
	return look_session(a->device, id, &a->why, session);
}

enum err view_entry(struct account *a, const char *id, uint64_t seq,
		    json_t **entry)
{
	return look_entry(a->device, id, seq, &a->why, entry);
}

enum err view_outbox(struct account *a, const char *id, json_t **items)
{
	return look_outbox(a->device, id, &a->why, items);
}

enum err view_person(struct account *a, const char *user, json_t **person)
{
	return look_person(a->device, user, person);
}

bool view_is_closed(struct account *a, const char *user)
{
	json_t *person = NULL;
	bool closed = view_person(a, user, &person) == ERR_OK &&
		      json_is_true(json_object_get(person, "closed"));

	json_decref(person);
	return closed;
}

bool view_item_waits(const json_t *item)
{
	const char *state = record_string(item, "state");

	return state != NULL && strcmp(state, "waiting") == 0;
}

enum err view_waiting(struct account *a, const char *id, json_t *ids)
{
	json_t *items = NULL;
	const json_t *item;
	size_t i;
	enum err e;

	TRY(view_outbox(a, id, &items));
	json_array_foreach(items, i, item) if (view_item_waits(item))
	    ENSURE(json_object_set_new(ids, record_string(item, "session_id"),
				       json_true()) == 0,
		   ERR_LOCAL_MEMORY);
out:
	json_decref(items);
	return e;
}

enum err view_names(struct account *a, json_t **names)
{
	return look_names(a->device, names);
}

enum err view_sessions(struct account *a, json_t **ids)
{
	return look_sessions(a->device, ids);
}

enum err view_key_changes(struct account *a, const char *user, json_t **changes)
{
	return look_key_changes(a->device, user, &a->why, changes);
}
