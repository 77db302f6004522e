/* What is pushed over a channel: messages, of which those in sequence are taken in
 * together, and notices. */
#include "reach/live_inside.h"

#include "reach/notice.h"
#include "reach/reply.h"
#include "reach/typing.h"

#include <string.h>

#define BATCH_MAX 256 /* pushes taken in in one transaction */

enum err live_judge(struct live *live, enum err e,
		    const struct outcome *outcome)
{
	live->passing = e != ERR_OK && drive_is_passing(live->a, outcome, e);
	return e;
}

enum err live_catch_up(struct live *live, const char *id)
{
	const struct order order = { .kind = ORDER_REFRESH, .session = id };
	struct account *a = live->a;
	const struct outcome *outcome;
	enum err e = drive_order(a, &order, &outcome);

	if (e == ERR_STATE_PENDING) {
		why_clear(&a->why);
		e = ERR_OK;
	}
	return live_judge(live, e, outcome);
}

struct topic *live_find_topic(const struct live *live, const char *id)
{
	struct topic *topic = live->topics;

	while (topic != NULL && strcmp(topic->id, id) != 0)
		topic = topic->next;
	return topic;
}

void live_oblige(struct live *live, enum err e)
{
	if (e != ERR_OK)
		why_clear(&live->a->why);
}

static bool is_message_of(const json_t *push, const char *id)
{
	const char *session;

	return notice_of(push, &session) == NOTICE_MESSAGE &&
	       (id == NULL || strcmp(session, id) == 0);
}

/* What stops a session is found by a push, and what is done about it, or told,
 * by an order. */
static enum err see_stop(struct live *live, const char *id)
{
	struct topic *topic = live_find_topic(live, id);
	bool before;
	enum err e;

	if (topic == NULL)
		return ERR_OK;
	before = topic->stopped;
	TRY(notice_is_stopped(live->a->device, id, &topic->stopped));
	if (topic->stopped && !before)
		return live_catch_up(live, id);
out:
	return live_judge(live, e, NULL);
}

static enum err push(struct live *live, const char *id, const json_t *batch)
{
	struct account *a = live->a;
	struct reply reply;
	bool gap;
	enum err e;

	e = reply_entries(batch, &reply);
	if (err_class(e) == ERR_CLASS_PEER)
		e = why_set(&a->why, e, "bad-answer",
			    "%s does not push what a server of Hermetic does.",
			    api_url(a->api));
	TRY(live_judge(live, e, NULL));
	gap = reply_lacks_bytes(&reply);
	if (!gap) {
		e = device_push(a->device, id, reply.answer.entries,
				reply.answer.entry_count, &a->why);
		gap = e == ERR_STATE_CONFLICT; /* one is missing before them */
	}
	if (gap) {
		why_clear(&a->why);
		e = live_catch_up(live, id);
	} else if (e == ERR_STATE_GONE) { /* no session of this device */
		why_clear(&a->why);
		e = ERR_OK;
	} else if (e == ERR_OK) {
		e = see_stop(live, id);
	} else {
		e = live_judge(live, e, NULL);
	}
out:
	reply_clear(&reply);
	return e;
}

/* Those in sequence for one session are taken in together. *after is the push
 * that ended the batch, or NULL. */
static enum err take_messages(struct live *live, json_t *first, json_t **after)
{
	const char *id =
	    json_string_value(json_object_get(first, "session_id"));
	json_t *batch = json_array();
	enum err e;

	(void)json_array_append(batch, first);
	for (;;) {
		*after = channel_take(live->channel);
		if (*after == NULL || !is_message_of(*after, id) ||
		    json_array_size(batch) >= BATCH_MAX)
			break;
		(void)json_array_append_new(batch, *after);
	}
	e = push(live, id, batch);
	json_decref(batch);
	return e;
}

static void take_notice(struct live *live, const json_t *push)
{
	const struct live_listener *listener = live->listener;
	const char *id;

	switch (notice_of(push, &id)) {
	case NOTICE_STOCK:
		live_oblige(live, drive_session(live->a, ORDER_STOCK, NULL));
		break;
	case NOTICE_ROTATE:
		live_oblige(live, drive_session(live->a, ORDER_ASKED, id));
		break;
	case NOTICE_TYPING:
		if (listener->typing != NULL)
			typing_hear(live->a->device, push);
		break;
	case NOTICE_WAITS:
		if (listener->waits != NULL)
			listener->waits(listener->context);
		break;
	case NOTICE_WELCOME:
		if (listener->welcome != NULL)
			listener->welcome(listener->context, id);
		break;
	case NOTICE_NONE:
	case NOTICE_MESSAGE:
	case NOTICE_FOLLOWED:
		break;
	}
}

enum err live_take_pushes(struct live *live)
{
	json_t *push = channel_take(live->channel), *next;
	enum err e = ERR_OK;

	while (push != NULL) {
		if (is_message_of(push, NULL)) {
			e = take_messages(live, push, &next);
		} else {
			take_notice(live, push);
			next = channel_take(live->channel);
		}
		json_decref(push);
		push = next;
		TRY(e);
	}
out:
	json_decref(push);
	return e;
}
