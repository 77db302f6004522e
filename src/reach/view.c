#include "reach/view.h"

#include "device/newer.h"
#include "device/record.h"
#include "reach/drive.h"

#include <stdlib.h>
#include <string.h>

enum err view_refresh(struct account *a, const char *id)
{
	static const char *const waiting[] = { "new-members",
					       "rotation-required", "kept" };
	enum err e = drive_session(a, ORDER_REFRESH, id);

	for (size_t i = 0; i < sizeof(waiting) / sizeof(*waiting); i++)
		if (e == ERR_STATE_PENDING &&
		    strcmp(a->why.slug, waiting[i]) == 0) {
			why_clear(&a->why);
			return ERR_OK;
		}
	return e;
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

static enum err explain(struct account *a, enum err e)
{
	return e == ERR_PEER_UNSUPPORTED ? newer_say(&a->why) : e;
}

static enum err parse(struct buf *text, json_t **out)
{
	enum err e;

	TRY(buf_end(text));
	*out = json_loadb((const char *)text->p, text->n, 0, NULL);
	ENSURE(*out != NULL, ERR_LOCAL_BUG);
out:
	return e;
}

enum err view_session(struct account *a, const char *id, json_t **session)
{
	struct buf text = BUF_INIT;
	enum err e;

	e = device_describe(a->device, id, &text);
	if (e == ERR_STATE_GONE)
		e = why_set(&a->why, e, "no-such-session",
			    "There is no session %.40s here. See: hermetic "
			    "sessions",
			    id);
	else if (err_class(e) == ERR_CLASS_PEER && e != ERR_PEER_UNSUPPORTED)
		e = newer_say_damaged(&a->why, e, id);
	TRY(explain(a, e));
	TRY(parse(&text, session));
out:
	buf_clear(&text);
	return e;
}

enum err view_entry(struct account *a, const char *id, uint64_t seq,
		    json_t **entry)
{
	struct buf text = BUF_INIT;
	enum err e;

	TRY(explain(a, device_entry(a->device, id, seq, &text)));
	TRY(parse(&text, entry));
out:
	buf_clear(&text);
	return e;
}

enum err view_outbox(struct account *a, const char *id, json_t **items)
{
	struct buf text = BUF_INIT;
	enum err e;

	TRY(explain(a, device_outbox(a->device, id, &text)));
	TRY(parse(&text, items));
out:
	buf_clear(&text);
	return e;
}

enum err view_person(struct account *a, const char *user, json_t **person)
{
	struct buf text = BUF_INIT;
	enum err e;

	*person = NULL;
	TRY(device_person(a->device, user, &text));
	TRY(parse(&text, person));
out:
	buf_clear(&text);
	return e == ERR_STATE_GONE ? ERR_OK : e;
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
	struct buf text = BUF_INIT;
	enum err e;

	TRY(device_names(a->device, &text));
	TRY(parse(&text, names));
out:
	buf_clear(&text);
	return e;
}

enum err view_sessions(struct account *a, json_t **ids)
{
	struct buf text = BUF_INIT;
	enum err e;

	TRY(device_sessions(a->device, &text));
	TRY(parse(&text, ids));
out:
	buf_clear(&text);
	return e;
}

enum err view_key_changes(struct account *a, const char *user, json_t **changes)
{
	struct buf text = BUF_INIT;
	enum err e;

	TRY(device_key_changes(a->device, user, &text));
	TRY(parse(&text, changes));
out:
	buf_clear(&text);
	return e;
}
