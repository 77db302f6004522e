/* What happens to a device without input and output while time passes: who types, and
 * receipts that are due. */
#include "hermetic/core_inside.h"

#include "reach/look.h"
#include "reach/notice.h"
#include "reach/typing.h"

#include <string.h>

void core_live_clear(struct hermetic_core *core)
{
	json_decref(core->live.at);
	json_decref(core->live.takes);
	json_decref(core->live.types);
}

/* That a member was not noted, as memory is lacking, is nothing that anybody waits for. */
static void note(json_t **object, const char *id, json_t *value)
{
	if (*object == NULL)
		*object = json_object();
	(void)json_object_set_new(*object, id, value);
}

/* ---- who types ---- */

void core_live_followed(struct hermetic_core *core, const json_t *answer,
			const char *id)
{
	note(&core->live.takes, id,
	     json_boolean(json_is_true(json_object_get(answer, "typing"))));
}

void core_live_hear_typing(struct hermetic_core *core, const json_t *push,
			   const char *id)
{
	typing_hear(core->device, push);
	if (json_object_get(core->live.types, id) == NULL)
		note(&core->live.types, id, json_array());
}

static void tell_typing(struct hermetic_core *core, const char *id,
			const json_t *names)
{
	struct told_event *made = told_make_event(HERMETIC_EVENT_TYPING, id);

	if (made == NULL)
		return;
	made->json = json_dumps(names, JSON_COMPACT);
	if (made->json != NULL)
		made->event.json = made->json;
	told_add(&core->told, made);
}

void core_live_tell(struct hermetic_core *core)
{
	json_t *was;
	const json_t *names;
	const char *id;
	void *next;

	json_object_foreach_safe(core->live.types, next, id, was)
	{
		json_t *told = json_incref(was);

		names = typing_changed(core->device, id, &told);
		if (names != NULL) {
			tell_typing(core, id, names);
			(void)json_object_set(core->live.types, id, told);
		}
		json_decref(told);
	}
}

enum hermetic_result hermetic_core_type(struct hermetic_core *core,
					const char *session, bool types,
					const char **json)
{
	struct buf notice = BUF_INIT;
	enum err e = ERR_OK;

	if (!core_inside_is_usable(core))
		return HERMETIC_USAGE;
	CORE_TAKES(core, ARGUMENT_SESSION, session);
	CORE_TAKES(core, ARGUMENT_POINTER, json);
	*json = NULL;
	buf_reset(&core->json);
	if (!json_is_true(json_object_get(core->live.takes, session)))
		goto out;
	TRY(device_tell_typing(core->device, session, types, &notice));
	if (notice.n == 0)
		goto out;
	typing_put(&core->json, session, buf_span(&notice));
	TRY(buf_end(&core->json));
	*json = (const char *)core->json.p;
out:
	buf_clear(&notice);
	return core_inside_conclude(core, e);
}

/* ---- what is due ---- */

void core_live_changed(struct hermetic_core *core, const char *id)
{
	(void)json_object_del(core->live.at, id);
}

/* Looking loads the session, so it is done once after each change. */
static uint64_t receipt_at(struct hermetic_core *core, const char *id)
{
	const json_t *known = json_object_get(core->live.at, id);
	uint64_t at;

	if (known != NULL)
		return (uint64_t)json_integer_value(known);
	at = device_receipt_at(core->device, id);
	if (at > INT64_MAX)
		at = INT64_MAX;
	note(&core->live.at, id, json_integer((json_int_t)at));
	return at;
}

static void want_receipt(struct hermetic_core *core, const char *id,
			 uint64_t now)
{
	struct hermetic_order *order = &core->live.order;
	uint64_t again = now + NOTICE_RECEIPT_AGAIN_MS;

	memcpy(core->live.session, id, TEXT_UUID_SIZE);
	*order = (struct hermetic_order){ .size = sizeof(*order),
					  .kind = HERMETIC_ORDER_RECEIPT,
					  .session = core->live.session };
	note(&core->live.at, id, json_integer((json_int_t)again));
}

static enum err look_for_receipts(struct hermetic_core *core, uint64_t now,
				  uint64_t *next)
{
	json_t *ids = NULL;
	const json_t *id;
	size_t i;
	enum err e;

	TRY(look_sessions(core->device, &ids));
	json_array_foreach(ids, i, id)
	{
		const char *text = json_string_value(id);
		uint64_t at = receipt_at(core, text);

		if (at <= now && core->live.order.size == 0)
			want_receipt(core, text, now);
		else if (at < *next && at < INT64_MAX)
			*next = at;
	}
out:
	json_decref(ids);
	return e;
}

enum hermetic_result hermetic_core_due(struct hermetic_core *core,
				       uint64_t *at_ms,
				       const struct hermetic_order **order)
{
	uint64_t now, next;
	enum err e;

	if (!core_inside_is_usable(core))
		return HERMETIC_USAGE;
	CORE_TAKES(core, ARGUMENT_POINTER, at_ms);
	CORE_TAKES(core, ARGUMENT_POINTER, order);
	core->live.order.size = 0;
	now = core->ports.now_ms(core->ports.clock);
	next = device_typing_ends_at(core->device);
	TRY(device_sweep(core->device));
	if (core->receipts)
		TRY(look_for_receipts(core, now, &next));
	*at_ms = next;
	*order = core->live.order.size != 0 ? &core->live.order : NULL;
out:
	return core_inside_conclude(core, e);
}
