#include "reach/live.h"

#include "base/clock.h"
#include "reach/live_inside.h"
#include "reach/notice.h"
#include "reach/tokens.h"
#include "reach/typing.h"
#include "reach/view.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BACKOFF_FIRST_MS 250
#define BACKOFF_MAX_MS 15000
#define RENEW_AGAIN_MS 1000 /* however short a token lives */

/* ---- sending ---- */

static enum err send_envelope(void *context, const char *session, json_t *body,
			      struct why *why, char slug[48], json_t **answer)
{
	struct live *live = context;

	return channel_send(live->channel, session, body, why, slug, answer);
}

static bool is_open(void *context)
{
	const struct live *live = context;

	return live->channel != NULL && !channel_has_ended(live->channel);
}

/* ---- connection ---- */

static enum err subscribe(struct live *live, struct topic *topic)
{
	struct channel_subscription subscription;
	enum err e;

	e = channel_subscribe(live->channel, topic->id,
			      device_last_seq(live->a->device, topic->id),
			      &live->a->why, &subscription);
	TRY(live_judge(live, e, NULL));
	topic->due = subscription.due;
	topic->typing = subscription.typing;
	if (subscription.from_now)
		TRY(live_catch_up(live, topic->id));
out:
	return e;
}

static enum err dial(struct live *live, bool renew)
{
	const struct account *a = live->a;
	struct buf token = BUF_INIT;
	enum err e;

	TRY(tokens_access(live->a, renew, &token));
	TRY(channel_open(
	    &(const struct channel_target){ .api = api_url(a->api),
					    .mqtt = a->mqtt,
					    .ca = a->ca,
					    .username = a->username,
					    .device = a->device_id,
					    .token = (const char *)token.p },
	    &live->a->why, &live->channel));
out:
	buf_clear(&token);
	return e;
}

/* A session that is refused keeps no other from being listened to. */
static enum err subscribe_all(struct live *live)
{
	enum err e, refused = ERR_OK;

	for (struct topic *t = live->topics; t != NULL; t = t->next) {
		e = subscribe(live, t);
		if (e != ERR_OK && live->passing)
			return e;
		if (refused == ERR_OK)
			refused = e;
	}
	return refused;
}

/* On failure there is a channel only when a session was refused. */
static enum err connect_all(struct live *live)
{
	enum err e;

	e = dial(live, live->renew_token);
	if (e == ERR_PEER_DENIED && !live->renew_token) {
		why_clear(&live->a->why);
		e = dial(live, true);
	}
	TRY(live_judge(live, e, NULL));
	live->renew_token = false;
	TRY(subscribe_all(live));
	live->since = clock_steady_ms();
out:
	if (e != ERR_OK && live->passing) {
		channel_close(live->channel);
		live->channel = NULL;
	}
	return e;
}

/* The next try is later each time. */
static void back_off(struct live *live, uint64_t now)
{
	live->retry_at = now + live->backoff_ms;
	live->backoff_ms *= 2;
	if (live->backoff_ms > BACKOFF_MAX_MS)
		live->backoff_ms = BACKOFF_MAX_MS;
}

/* Once, however often it is tried again. */
static void tell_lost(struct live *live, const char *reason, const char *slug)
{
	if (live->told_lost)
		return;
	live->told_lost = true;
	if (live->listener->connected != NULL)
		live->listener->connected(live->listener->context, false,
					  reason, slug);
}

/* A connection that ends soon after it was made is as good as none. One that can be
 * made again at once, with another token, is nothing to be told of. */
static void hang_up(struct live *live, const char *reason, const char *slug)
{
	uint64_t now = clock_steady_ms();

	if (live->since > 0 && now - live->since >= BACKOFF_MAX_MS)
		live->backoff_ms = BACKOFF_FIRST_MS;
	if (live->since == 0 || live->channel == NULL ||
	    !channel_wants_token(live->channel))
		tell_lost(live, reason, slug);
	live->since = 0;
	live->renew_token =
	    live->channel != NULL && channel_wants_token(live->channel);
	channel_close(live->channel);
	live->channel = NULL;
	back_off(live, now);
}

static void tell_connected(struct live *live)
{
	if (live->channel == NULL || !live->told_lost)
		return;
	live->told_lost = false;
	if (live->listener->connected != NULL)
		live->listener->connected(live->listener->context, true, "",
					  "");
}

/* It is tried again later. */
static void wait_for_server(struct live *live)
{
	hang_up(live, live->a->why.text, live->a->why.slug);
	why_clear(&live->a->why);
}

/* One that is as it was at the last try was told then. */
static enum err tell_refusal(struct live *live, enum err e)
{
	struct why *why = &live->a->why;
	bool again = e != ERR_OK && why->slug[0] != '\0' &&
		     strcmp(why->slug, live->refused) == 0;

	(void)snprintf(live->refused, sizeof(live->refused), "%s",
		       e != ERR_OK ? why->slug : "");
	if (!again)
		return e;
	why_clear(why);
	return ERR_OK;
}

static enum err reconnect(struct live *live)
{
	enum err e = connect_all(live);

	if (e != ERR_OK && live->passing) {
		wait_for_server(live);
		return ERR_OK;
	}
	if (live->channel == NULL) /* refused: whoever listens may go on */
		back_off(live, clock_steady_ms());
	tell_connected(live);
	return tell_refusal(live, e);
}

enum err live_open(struct account *a, const struct live_listener *listener,
		   struct live **out)
{
	struct live *live = calloc(1, sizeof(*live));
	enum err e;

	ENSURE(live != NULL, ERR_LOCAL_MEMORY);
	live->a = a;
	live->listener = listener;
	live->backoff_ms = BACKOFF_FIRST_MS;
	live->sender = (struct drive_sender){ send_envelope, is_open, live };
	a->sender = &live->sender;
	e = connect_all(live);
	if (e != ERR_OK && live->passing && listener->patient) {
		wait_for_server(live);
		e = ERR_OK;
	}
	TRY(e);
	*out = live;
	live = NULL;
out:
	live_close(live);
	return e;
}

void live_close(struct live *live)
{
	if (live == NULL)
		return;
	live->a->sender = NULL;
	channel_close(live->channel);
	while (live->topics != NULL) {
		struct topic *next = live->topics->next;

		json_decref(live->topics->types);
		free(live->topics);
		live->topics = next;
	}
	free(live);
}

/* ---- telling ---- */

static void note_said(struct live *live, const char *id, const json_t *entry)
{
	const char *from = json_string_value(json_object_get(entry, "from"));

	if (from != NULL)
		device_has_said(live->a->device, id, from);
}

static enum err tell_topic(struct live *live, struct topic *topic,
			   bool *stopped)
{
	uint64_t last = device_last_seq(live->a->device, topic->id);
	uint64_t first = device_first_seq(live->a->device, topic->id);
	enum err e = ERR_OK;

	if (topic->told + 1 < first)
		topic->told = first - 1;
	while (topic->told < last && !*stopped) {
		json_t *entry = NULL;

		e = view_entry(live->a, topic->id, topic->told + 1, &entry);
		if (e == ERR_OK) {
			note_said(live, topic->id, entry);
			*stopped = !live->listener->entry(
			    live->listener->context, topic->id, entry);
		}
		json_decref(entry);
		if (e == ERR_STATE_GONE)
			e = ERR_OK; /* before this device joined */
		TRY(e);
		topic->told++;
		topic->receipt_at = 0;
	}
out:
	return e;
}

/* The entries are told from what is kept, so that those of another process
 * come, too. */
static void tell_events(struct live *live)
{
	struct device_event event;

	while (device_next_event(live->a->device, &event))
		if (event.kind != EVENT_ENTRY && live->listener->event != NULL)
			live->listener->event(live->listener->context, &event);
}

enum err live_tell(struct live *live, bool *stopped)
{
	enum err e = ERR_OK;

	*stopped = false;
	for (struct topic *t = live->topics; t != NULL && !*stopped;
	     t = t->next)
		TRY(tell_topic(live, t, stopped));
	tell_events(live);
out:
	return e;
}

void live_tell_after(struct live *live, const char *id, uint64_t after)
{
	struct topic *topic = live_find_topic(live, id);

	if (topic != NULL)
		topic->told = after;
}

void live_note_read(struct live *live, const char *id)
{
	struct topic *topic = live_find_topic(live, id);

	if (topic != NULL)
		topic->receipt_at = 0;
}

enum err live_follow(struct live *live, const char *id, uint64_t after)
{
	struct topic *topic;
	enum err e = ERR_OK;

	if (live_find_topic(live, id) != NULL)
		return ERR_OK;
	topic = calloc(1, sizeof(*topic));
	ENSURE(topic != NULL, ERR_LOCAL_MEMORY);
	memcpy(topic->id, id, strlen(id) + 1);
	topic->told = after;
	topic->next = live->topics;
	live->topics = topic;
	if (live->channel != NULL)
		TRY(subscribe(live, topic));
out:
	return e;
}

/* ---- who types ---- */

static void tell_typing(struct live *live)
{
	const json_t *names;

	for (struct topic *t = live->topics;
	     t != NULL && live->listener->typing != NULL; t = t->next) {
		names = typing_changed(live->a->device, t->id, &t->types);
		if (names != NULL)
			live->listener->typing(live->listener->context, t->id,
					       names);
	}
}

void live_type(struct live *live, const char *id, bool types)
{
	const struct topic *topic = live_find_topic(live, id);
	struct buf notice = BUF_INIT;

	if (live->channel != NULL && topic != NULL && topic->typing &&
	    device_tell_typing(live->a->device, id, types, &notice) == ERR_OK &&
	    notice.n > 0)
		channel_type(live->channel, id, buf_span(&notice));
	buf_clear(&notice);
}

/* ---- waiting ---- */

/* What is missing is read when there is a connection again: a server that lacks an
 * answer for now keeps nobody from following. */
static enum err take_what_came(struct live *live)
{
	enum err e = live_take_pushes(live);

	if (e != ERR_OK && live->passing) {
		wait_for_server(live);
		e = ERR_OK;
	} else if (channel_has_ended(live->channel)) {
		hang_up(live, channel_end_reason(live->channel), "");
	}
	return e;
}

int live_fd(const struct live *live)
{
	return live->channel != NULL ? channel_fd(live->channel) : -1;
}

uint64_t live_retry_ms(const struct live *live)
{
	uint64_t now = clock_steady_ms();

	return live->retry_at > now ? live->retry_at - now : 0;
}

static void wait_disconnected(const struct live *live, int timeout_ms)
{
	uint64_t left = live_retry_ms(live);

	if (timeout_ms > (int)left)
		timeout_ms = (int)left;
	(void)poll(NULL, 0, timeout_ms);
}

static void write_due_receipts(struct live *live)
{
	struct device *device = live->a->device;

	for (struct topic *t = live->topics; t != NULL; t = t->next) {
		if (t->receipt_at > clock_now_ms())
			continue;
		t->receipt_at = device_receipt_at(device, t->id);
		if (t->receipt_at > clock_now_ms())
			continue;
		drive_receipt(live->a, t->id);
		t->receipt_at = clock_now_ms() + NOTICE_RECEIPT_AGAIN_MS;
	}
}

/* The server ends a connection with its token, so one with another token takes its
 * place before. What is pushed meanwhile is in the log. */
static enum err renew_connection(struct live *live)
{
	if (live->channel == NULL ||
	    clock_now_ms() <= live->a->renew_token_at ||
	    clock_steady_ms() - live->since < RENEW_AGAIN_MS)
		return ERR_OK;
	channel_close(live->channel);
	live->channel = NULL;
	return reconnect(live);
}

/* No later than the next receipt, or another token, is due, or somebody types no more. */
static int bound_wait(const struct live *live, int timeout_ms)
{
	uint64_t now = clock_now_ms(), wait = (uint64_t)timeout_ms;
	uint64_t renew_at = live->a->renew_token_at;
	uint64_t ends_at = device_typing_ends_at(live->a->device);

	if (ends_at < now + wait)
		wait = ends_at > now ? ends_at - now : 0;
	if (live->channel != NULL && renew_at < now + wait)
		wait = renew_at >= now ? renew_at - now + 1 : RENEW_AGAIN_MS;
	for (const struct topic *t = live->topics; t != NULL; t = t->next)
		if (t->receipt_at < now + wait)
			wait = t->receipt_at > now ? t->receipt_at - now : 0;
	return (int)wait;
}

static void renew_due_keys(struct live *live)
{
	for (struct topic *t = live->topics; t != NULL; t = t->next)
		if (t->due) {
			t->due = false;
			live_oblige(live,
				    drive_session(live->a, ORDER_ASKED, t->id));
		}
}

enum err live_wait(struct live *live, int timeout_ms, bool *stopped)
{
	enum err e = ERR_OK;

	*stopped = false;
	TRY(renew_connection(live));
	write_due_receipts(live);
	timeout_ms = bound_wait(live, timeout_ms);
	if (live->channel == NULL) {
		wait_disconnected(live, timeout_ms);
		if (clock_steady_ms() >= live->retry_at)
			TRY(reconnect(live));
	} else {
		channel_wait(live->channel, timeout_ms);
		TRY(take_what_came(live));
	}
	TRY(device_sweep(live->a->device));
	renew_due_keys(live);
	TRY(live_tell(live, stopped));
	tell_typing(live);
out:
	return e;
}
