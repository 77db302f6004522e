/* What is pushed to a device without input and output, and what it tells. */
#include "hermetic/core_inside.h"

#include "device/accounts/approval.h"
#include "reach/notice.h"
#include "reach/reply.h"

#include <string.h>

/* *gap: the log is to be read instead: bytes of the message or entries before it are not
 * here. Nothing was taken then. */
static enum err push(struct hermetic_core *core, const json_t *message,
		     bool *gap)
{
	const char *session = told_text(message, "session_id");
	struct reply reply = { 0 };
	json_t *list = json_array();
	enum err e;

	*gap = false;
	ENSURE(list != NULL &&
		   json_array_append(list, (json_t *)(uintptr_t)message) == 0,
	       ERR_LOCAL_MEMORY);
	TRY(reply_entries(list, &reply));
	*gap = reply_lacks_bytes(&reply);
	if (*gap)
		goto out;
	e = device_push(core->device, session, reply.answer.entries,
			reply.answer.entry_count, &core->why);
	core_live_changed(core, session);
	*gap = e == ERR_STATE_CONFLICT;
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
	bool gap = false;

	if (!core_inside_is_usable(core))
		return HERMETIC_USAGE;
	CORE_TAKES(core, ARGUMENT_POINTER, json);
	message = json_loadb(json, size, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(message))
		e = push(core, message, &gap);
	if (e == ERR_OK && gap) /* hermetic.h says so */
		e = ERR_STATE_CONFLICT;
	json_decref(message);
	return core_inside_conclude(core, e);
}

/* ---- whatever is pushed ---- */

static void want(struct hermetic_core *core, enum hermetic_order_kind kind,
		 const char *session)
{
	struct hermetic_order *order = &core->heard.order;

	*order =
	    (struct hermetic_order){ .size = sizeof(*order), .kind = kind };
	if (session != NULL) {
		memcpy(core->heard.session, session, TEXT_UUID_SIZE);
		order->session = core->heard.session;
	}
}

/* What stops a session is found by a push, and what is done about it by an order. */
static enum err see_stop(struct hermetic_core *core, const char *id)
{
	bool stopped, before;
	enum err e;

	if (core->heard.stopped == NULL)
		core->heard.stopped = json_object();
	ENSURE(core->heard.stopped != NULL, ERR_LOCAL_MEMORY);
	before = json_object_get(core->heard.stopped, id) != NULL;
	TRY(notice_is_stopped(core->device, id, &stopped));
	if (stopped && !before) {
		ENSURE(json_object_set_new(core->heard.stopped, id,
					   json_true()) == 0,
		       ERR_LOCAL_MEMORY);
		want(core, HERMETIC_ORDER_REFRESH, id);
	} else if (!stopped && before) {
		(void)json_object_del(core->heard.stopped, id);
	}
out:
	return e;
}

static enum err hear_message(struct hermetic_core *core, const json_t *message,
			     const char *id)
{
	bool gap;
	enum err e = push(core, message, &gap);

	if (gap) {
		want(core, HERMETIC_ORDER_REFRESH, id);
		e = ERR_OK;
	} else if (e == ERR_STATE_GONE) { /* no session of this device */
		e = ERR_OK;
	} else if (e == ERR_OK) {
		e = see_stop(core, id);
	}
	if (e == ERR_OK)
		why_clear(&core->why);
	return e;
}

/* Whether the device that has approved this one brings it there. Once it was there, a
 * person is asked. */
static enum err is_coming(struct hermetic_core *core, const char *id,
			  bool *coming)
{
	struct buf text = BUF_INIT;
	json_t *list = NULL;
	size_t i;
	const json_t *one;
	enum err e;

	*coming = false;
	TRY(device_describe(core->device, id, &text));
out:
	buf_clear(&text);
	if (e != ERR_STATE_GONE)
		return e;
	e = device_coming(core->device, &text);
	if (e == ERR_OK)
		list = json_loadb((const char *)text.p, text.n, 0, NULL);
	json_array_foreach(list, i, one) *coming |=
	    json_is_string(one) && strcmp(json_string_value(one), id) == 0;
	json_decref(list);
	buf_clear(&text);
	return e;
}

/* Adds an event for an invitation, unless there was one already, or as many invitations as a
 * list may have wait for the person's answer. */
static enum err tell_invited(struct hermetic_core *core, const char *id)
{
	enum err e = ERR_OK;

	if (core->heard.invited == NULL)
		core->heard.invited = json_object();
	ENSURE(core->heard.invited != NULL, ERR_LOCAL_MEMORY);
	if (json_object_get(core->heard.invited, id) != NULL ||
	    json_object_size(core->heard.invited) >= NOTICE_INVITATIONS_MAX)
		goto out;
	ENSURE(json_object_set_new(core->heard.invited, id, json_true()) == 0,
	       ERR_LOCAL_MEMORY);
	told_add(&core->told, told_make_event(HERMETIC_EVENT_INVITED, id));
out:
	return e;
}

void core_hear_answered(struct hermetic_core *core, const char *session)
{
	if (session != NULL)
		(void)json_object_del(core->heard.invited, session);
}

/* A Welcome is to a session that another device of the account has added this one to, and this
 * device joins; or it is an invitation. Of that the list tells, which names who invites, if
 * the program asks for it after a push. */
static enum err hear_welcome(struct hermetic_core *core, const char *id,
			     bool pushed)
{
	bool coming, member;
	enum err e;

	TRY(is_coming(core, id, &coming));
	TRY(notice_is_member(core->device, id, &member));
	if (coming)
		want(core, HERMETIC_ORDER_JOIN, id);
	else if (!member && !pushed)
		TRY(tell_invited(core, id));
out:
	return e;
}

static enum err hear(struct hermetic_core *core, const json_t *message)
{
	const char *id;

	switch (notice_of(message, &id)) {
	case NOTICE_MESSAGE:
		return hear_message(core, message, id);
	case NOTICE_STOCK:
		want(core, HERMETIC_ORDER_STOCK, NULL);
		break;
	case NOTICE_ROTATE:
		want(core, HERMETIC_ORDER_ASKED, id);
		break;
	case NOTICE_WELCOME:
		return hear_welcome(
		    core, id, json_is_true(json_object_get(message, "pushed")));
	case NOTICE_WAITS:
		told_add(&core->told,
			 told_make_event(HERMETIC_EVENT_DEVICE_WAITS, NULL));
		break;
	case NOTICE_TYPING:
		core_live_hear_typing(core, message, id);
		break;
	case NOTICE_FOLLOWED:
		core_live_followed(core, message, id);
		if (json_is_true(json_object_get(message, "rotation_due")))
			want(core, HERMETIC_ORDER_ASKED, id);
		break;
	case NOTICE_NONE:
		break;
	}
	return ERR_OK;
}

enum hermetic_result hermetic_core_hear(struct hermetic_core *core,
					const char *json, size_t size,
					const struct hermetic_order **order)
{
	enum err e = ERR_PEER_MALFORMED;
	json_t *message;

	if (!core_inside_is_usable(core))
		return HERMETIC_USAGE;
	CORE_TAKES(core, ARGUMENT_POINTER, json);
	CORE_TAKES(core, ARGUMENT_POINTER, order);
	core->heard.order.size = 0;
	message = json_loadb(json, size, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(message))
		e = hear(core, message);
	json_decref(message);
	if (e == ERR_PEER_MALFORMED)
		e = why_set(&core->why, e, "bad-answer",
			    "The server has pushed something that means "
			    "nothing.");
	if (e == ERR_OK)
		*order =
		    core->heard.order.size != 0 ? &core->heard.order : NULL;
	return core_inside_conclude(core, e);
}

/* ---- what happened ---- */

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

	while (core_inside_is_usable(core) &&
	       device_next_event(core->device, &event)) {
		if (event.kind == EVENT_ENTRY)
			told_add(&core->told, read_entry(core, &event));
		else
			told_add_event(&core->told, &event);
	}
	if (core_inside_is_usable(core))
		core_live_tell(core);
	return core != NULL ? told_take(&core->told) : NULL;
}
