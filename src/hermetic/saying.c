/* Saying something, and the outbox. */
#include "hermetic/inside.h"
#include "reach/drive.h"
#include "reach/view.h"

/* What is kept is told with its reason, as a failure is. */
static enum hermetic_result kept(struct hermetic *h,
				 const struct outcome *outcome,
				 const char *session, bool flush)
{
	json_t *given = json_pack("{s:I}", "item", (json_int_t)outcome->item);

	inside_give(h, given);
	json_decref(given);
	if (outcome->why != NULL && h->a.why.text[0] == '\0')
		h->a.why = *outcome->why;
	(void)why_set(&h->a.why, ERR_STATE_PENDING, "waiting",
		      "It waits to be sent.");
	if (outcome->passing)
		events_note_unsent(h, session, flush);
	(void)inside_result(h, ERR_STATE_PENDING);
	return HERMETIC_KEPT;
}

enum hermetic_result saying_kept(struct hermetic *h, const struct order *order,
				 enum err e, const struct outcome *outcome,
				 struct hermetic_sent *sent)
{
	struct hermetic_sent nowhere;

	if (sent == NULL)
		sent = &nowhere;
	if (outcome != NULL && outcome->kept) {
		sent->item = outcome->item;
		return kept(h, outcome, order->session, false);
	}
	if (e == ERR_OK)
		sent->number = outcome->seq;
	return HERMETIC_OK;
}

static enum hermetic_result say(struct hermetic *h, const struct order *order,
				struct hermetic_sent *sent)
{
	const struct outcome *outcome;
	enum err e = view_send(&h->a, order, &outcome);
	enum hermetic_result result = saying_kept(h, order, e, outcome, sent);

	return result == HERMETIC_KEPT ? result : inside_result(h, e);
}

/* What is said of the session itself is said as the text of none is. */
static bool take_saying(const void *given, const char *text,
			struct order *order)
{
	struct hermetic_saying saying = { 0 };
	enum hermetic_act act;

	if (given != NULL && !inside_take(&saying, sizeof(saying), given))
		return false;
	act = saying.act;
	if (act != HERMETIC_NAME && act != HERMETIC_SUBJECT &&
	    act != HERMETIC_PICTURE) {
		order->text = span_str(text);
		return inside_saying(given, order);
	}
	saying.size = sizeof(saying);
	saying.act = HERMETIC_SAY;
	if (act == HERMETIC_NAME)
		order->name = text;
	else if (act == HERMETIC_SUBJECT)
		order->subject = text;
	else
		order->picture = span_of(saying.bytes, saying.count);
	order->says_picture = act == HERMETIC_PICTURE;
	return inside_saying(&saying, order);
}

enum hermetic_result hermetic_send(struct hermetic *h, const char *session,
				   const char *text,
				   const struct hermetic_saying *saying,
				   struct hermetic_sent *sent)
{
	struct order order = { .kind = ORDER_SEND, .session = session };

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	if (!take_saying(saying, text != NULL ? text : "", &order))
		return inside_refuse(h, "usage",
				     "struct hermetic_saying wants its size, "
				     "and an act that there is.");
	return say(h, &order, sent);
}

int64_t hermetic_clock_ahead(const struct hermetic *h)
{
	return h != NULL ? h->a.clock_ahead_ms : 0;
}

static bool ignore_entry(void *context, const char *id, const json_t *entry)
{
	(void)context;
	(void)id;
	(void)entry;
	return true;
}

enum hermetic_result hermetic_connect(struct hermetic *h)
{
	static struct live_listener nobody = { .entry = ignore_entry };

	INSIDE_OPEN(h);
	if (h->live != NULL || h->way != NULL)
		return HERMETIC_OK;
	return inside_result(h, live_open(&h->a, &nobody, &h->way));
}

/* ---- of the session itself ---- */

enum hermetic_result hermetic_set_name(struct hermetic *h, const char *session,
				       const char *name,
				       struct hermetic_sent *sent)
{
	const struct order order = { .kind = ORDER_SEND,
				     .session = session,
				     .name = name };

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	INSIDE_TAKES(h, ARGUMENT_POINTER, name);
	return say(h, &order, sent);
}

enum hermetic_result hermetic_set_subject(struct hermetic *h,
					  const char *session,
					  const char *subject,
					  struct hermetic_sent *sent)
{
	const struct order order = { .kind = ORDER_SEND,
				     .session = session,
				     .subject = subject };

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	INSIDE_TAKES(h, ARGUMENT_POINTER, subject);
	return say(h, &order, sent);
}

enum hermetic_result hermetic_set_picture(struct hermetic *h,
					  const char *session,
					  const void *bytes, size_t count,
					  struct hermetic_sent *sent)
{
	const struct order order = { .kind = ORDER_SEND,
				     .session = session,
				     .says_picture = true,
				     .picture = span_of(bytes, count) };

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	if (count > 0)
		INSIDE_TAKES(h, ARGUMENT_POINTER, bytes);
	return say(h, &order, sent);
}

enum hermetic_result hermetic_picture(struct hermetic *h, const char *session,
				      const void **bytes, size_t *count)
{
	enum err e;

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	INSIDE_TAKES(h, ARGUMENT_POINTER, bytes);
	INSIDE_TAKES(h, ARGUMENT_POINTER, count);
	buf_reset(&h->picture);
	TRY(inside_missing(&h->a.why, h->a.device,
			   device_picture(h->a.device, session, &h->picture),
			   session, "a picture"));
	TRY(buf_end(&h->picture));
	*bytes = h->picture.p;
	*count = h->picture.n;
out:
	return inside_result(h, e);
}

/* ---- the outbox ---- */

static void read_item(const json_t *row, void *out)
{
	*(struct hermetic_item *)out = (struct hermetic_item){
		.session = told_text(row, "session_id"),
		.text = told_text(row, "text"),
		.key = inside_text_or_null(row, "key"),
		.item =
		    (uint64_t)json_integer_value(json_object_get(row, "item")),
		.queued_at = (uint64_t)json_integer_value(
		    json_object_get(row, "queued_at")),
		.refused = !view_item_waits(row),
		.reason = inside_text_or_null(row, "reason"),
	};
}

enum hermetic_result hermetic_outbox(struct hermetic *h, const char *session,
				     const struct hermetic_item *const **list,
				     size_t *count)
{
	json_t *source = NULL;
	enum err e;

	INSIDE_OPEN(h);
	if (session != NULL)
		INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	INSIDE_TAKES_LIST(h, list, count);
	TRY(inside_missing(&h->a.why, h->a.device,
			   view_outbox(&h->a, session, &source), session,
			   "an outbox"));
	TRY(inside_list_read(&h->outbox, source, source,
			     sizeof(struct hermetic_item), read_item));
	*list = inside_list_give(&h->outbox, count);
out:
	json_decref(source);
	return inside_result(h, e);
}

enum hermetic_result hermetic_flush(struct hermetic *h, const char *session)
{
	const struct order order = { .kind = ORDER_REFRESH,
				     .session = session,
				     .flush = true };
	const struct outcome *outcome;
	enum err e;

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	e = drive_order(&h->a, &order, &outcome);
	if (outcome != NULL && outcome->kept)
		return kept(h, outcome, session, true);
	/* a server that is away now has not been asked what it is about */
	if (e != ERR_OK && drive_is_passing(&h->a, outcome, e))
		events_note_unsent(h, session, true);
	return inside_result(h, e);
}

enum hermetic_result hermetic_drop(struct hermetic *h, const char *session,
				   uint64_t item)
{
	size_t dropped = 0;
	json_t *given;
	enum err e;

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	_Static_assert(HERMETIC_ALL_ITEMS == DEVICE_OUTBOX_ALL,
		       "the name for all of them is handed on");
	TRY(inside_missing(
	    &h->a.why, h->a.device,
	    device_outbox_drop(h->a.device, session, item, &dropped), session,
	    "an outbox"));
	ENSURE(dropped > 0, inside_no_item(&h->a.why, session));
	given = json_pack("{s:I}", "dropped", (json_int_t)dropped);
	inside_give(h, given);
	json_decref(given);
out:
	return inside_result(h, e);
}

enum hermetic_result hermetic_type(struct hermetic *h, const char *session,
				   bool types)
{
	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	if (h->live != NULL) {
		live_type(h->live, session, types);
		events_wake(h);
	}
	return HERMETIC_OK;
}

enum hermetic_result hermetic_wish(struct hermetic *h, enum hermetic_wish wish,
				   bool *on)
{
	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_POINTER, on);
	return inside_result(h, inside_wish(&h->a.why, h->a.device, wish, on));
}

enum hermetic_result hermetic_set_wish(struct hermetic *h,
				       enum hermetic_wish wish, bool on)
{
	INSIDE_OPEN(h);
	return inside_result(h,
			     inside_set_wish(&h->a.why, h->a.device, wish, on));
}
