/* What happens: a connection, and what it brings, as events. */
#include "base/clock.h"
#include "hermetic/inside.h"
#include "reach/directory.h"
#include "reach/drive.h"
#include "reach/view.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define TICK_MS 1000 /* a connection wants time at least so often */
#define AGAIN_MS 250
#define AGAIN_MAX_MS 8000
#define ROUNDS_MAX 64 /* of taking what came, in one step */

/* What the device has taken in, while nobody listens to it. An entry that cannot be read is
 * told without what is kept of it. */
static void tell_taken(struct hermetic *h)
{
	const struct why kept = h->a.why; /* of what goes on around this */
	struct device_event event;
	json_t *entry = NULL;

	if (h->live != NULL || !device_next_event(h->a.device, &event))
		return;
	if (event.kind == EVENT_ENTRY &&
	    view_entry(&h->a, event.session, event.seq, &entry) == ERR_OK)
		told_add(&h->told, told_make_entry(event.session, entry));
	else
		told_add_event(&h->told, &event);
	json_decref(entry);
	h->a.why = kept;
}

const struct hermetic_event *hermetic_next_event(struct hermetic *h)
{
	if (h == NULL || h->within > 0)
		return NULL;
	if (h->open && h->told.first == NULL)
		tell_taken(h);
	return told_take(&h->told);
}

enum hermetic_result hermetic_entry(struct hermetic *h, const char *session,
				    uint64_t number,
				    const struct hermetic_event **event)
{
	struct told_event *made;
	json_t *entry = NULL;
	enum err e;

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	INSIDE_TAKES(h, ARGUMENT_POINTER, event);
	TRY(inside_missing(&h->a.why, h->a.device,
			   view_entry(&h->a, session, number, &entry), session,
			   "that entry"));
	made = told_make_entry(session, entry);
	ENSURE(made != NULL, ERR_LOCAL_MEMORY);
	told_free_event(h->entry);
	h->entry = made;
	*event = &made->event;
out:
	json_decref(entry);
	return inside_result(h, e);
}

/* ---- what is told from below ---- */

/* One that cannot be told is told again: live.h counts it as not told. */
static bool on_entry(void *context, const char *id, const json_t *entry)
{
	struct told_event *made = told_make_entry(id, entry);
	struct hermetic *h = context;

	told_add(&h->told, made);
	return made != NULL;
}

static void on_event(void *context, const struct device_event *event)
{
	struct hermetic *h = context;

	told_add_event(&h->told, event);
}

/* A push only says that there is something to ask for. */
static void on_welcome(void *context, const char *id)
{
	(void)id;
	greeting_note(context, GREETING_INVITATIONS);
}

static void on_waits(void *context)
{
	greeting_note(context, GREETING_DEVICES);
}

static void on_typing(void *context, const char *id, const json_t *names)
{
	struct told_event *made = told_make_event(HERMETIC_EVENT_TYPING, id);
	struct hermetic *h = context;

	if (made == NULL)
		return;
	made->json = json_dumps(names, JSON_COMPACT);
	if (made->json != NULL)
		made->event.json = made->json;
	told_add(&h->told, made);
}

/* Gives the event its text and its JSON. Takes ownership of `json`, which may be NULL. */
static void say_why(struct told_event *made, const char *text, json_t *json)
{
	made->text = strdup(text);
	if (made->text != NULL)
		made->event.text = made->text;
	made->json = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
	if (made->json != NULL)
		made->event.json = made->json;
	json_decref(json);
}

static void on_connected(void *context, bool connected, const char *reason,
			 const char *slug)
{
	struct hermetic *h = context;
	struct told_event *made = told_make_event(
	    connected ? HERMETIC_EVENT_CONNECTED : HERMETIC_EVENT_DISCONNECTED,
	    NULL);

	h->again_at = 0;
	h->again_ms = AGAIN_MS;
	if (connected && h->greeting.each_connection)
		greeting_note(h, GREETING_ALL);
	if (made == NULL)
		return;
	say_why(made, reason,
		slug[0] != '\0' ? json_pack("{ss}", "slug", slug) : NULL);
	told_add(&h->told, made);
}

/* ---- what waits ---- */

void events_note_unsent(struct hermetic *h, const char *session, bool flush)
{
	flush |= json_is_true(json_object_get(h->unsent, session));
	(void)json_object_set_new(h->unsent, session, json_boolean(flush));
	h->again_ms = AGAIN_MS;
	h->again_at = clock_steady_ms() + AGAIN_MS;
}

static enum err note_waiting(struct hermetic *h)
{
	json_t *ids = json_object();
	const json_t *value;
	const char *id;
	enum err e;

	ENSURE(ids != NULL, ERR_LOCAL_MEMORY);
	TRY(view_waiting(&h->a, NULL, ids));
	json_object_foreach(ids, id, value) events_note_unsent(h, id, false);
	h->again_at = 0;
out:
	json_decref(ids);
	return e;
}

static void tell_waits(struct hermetic *h, const char *session,
		       const struct outcome *outcome)
{
	struct told_event *made =
	    told_make_event(HERMETIC_EVENT_WAITS, session);
	json_t *about;

	if (made == NULL)
		return;
	made->event.item = outcome->item;
	about = inside_about(outcome->why);
	(void)json_object_set_new(about, "slug",
				  json_string(outcome->why->slug));
	say_why(made, outcome->why->text, about);
	told_add(&h->told, made);
}

/* *passing: it is tried again. */
static enum err send_of(struct hermetic *h, const char *session, bool flush,
			bool *passing)
{
	const struct order order = { .kind = ORDER_REFRESH,
				     .session = session,
				     .flush = flush };
	const struct outcome *outcome;
	enum err e = drive_order(&h->a, &order, &outcome);

	*passing = drive_is_passing(&h->a, outcome, e);
	if (*passing) {
		why_clear(&h->a.why);
		return ERR_OK;
	}
	if (e == ERR_OK && outcome->kept)
		tell_waits(h, session, outcome);
	return e;
}

static bool is_time_to_send(const struct hermetic *h)
{
	return json_object_size(h->unsent) > 0 && live_fd(h->live) >= 0 &&
	       clock_steady_ms() >= h->again_at;
}

/* A server that goes on to lack something is asked less and less often. What waits
 * for a person is not tried again: hermetic_outbox() shows it. A session that is stopped
 * keeps none of the others: the failure of the last one is told. */
static enum err send_again(struct hermetic *h)
{
	const json_t *flush;
	const char *id;
	void *next;
	enum err e, failed = ERR_OK;

	if (!is_time_to_send(h))
		return ERR_OK;
	h->again_ms =
	    h->again_ms < AGAIN_MAX_MS / 2 ? 2 * h->again_ms : AGAIN_MAX_MS;
	h->again_at = clock_steady_ms() + h->again_ms;
	json_object_foreach_safe(h->unsent, next, id, flush)
	{
		bool passing;

		why_clear(&h->a.why);
		e = send_of(h, id, json_is_true(flush), &passing);
		if (e != ERR_OK)
			failed = e;
		if (!passing)
			(void)json_object_del(h->unsent, id);
	}
	return failed;
}

/* ---- listening ---- */

void events_entered(struct hermetic *h, const char *session, uint64_t before)
{
	if (h->live != NULL && live_follow(h->live, session, before) != ERR_OK)
		why_clear(&h->a.why);
}

void events_wake(struct hermetic *h)
{
	const struct itimerspec now = { .it_value = { 0, 1 } };

	(void)timerfd_settime(h->timer_fd, 0, &now, NULL);
}

/* How long poll() may wait, for who is outside of a step. */
static uint64_t tick_ms(const struct hermetic *h)
{
	uint64_t now = clock_steady_ms(), ms = TICK_MS, at;

	if (h->told.first != NULL)
		return 0;
	if (live_fd(h->live) < 0 && live_retry_ms(h->live) < ms)
		ms = live_retry_ms(h->live);
	if (json_object_size(h->unsent) > 0 && h->again_at < now + ms &&
	    live_fd(h->live) >= 0)
		ms = h->again_at > now ? h->again_at - now : 0;
	if (greeting_is_due(h, &at) && at < now + ms)
		ms = at > now ? at - now : 0;
	return ms;
}

static enum err watch(struct hermetic *h)
{
	struct epoll_event wanted = { .events = EPOLLIN };
	uint64_t ms = tick_ms(h);
	struct itimerspec at = { .it_value = { (time_t)(ms / 1000),
					       (long)(ms % 1000) * 1000000 } };
	enum err e = ERR_OK;

	if (ms == 0)
		at.it_value.tv_nsec = 1;
	ENSURE(timerfd_settime(h->timer_fd, 0, &at, NULL) == 0, ERR_LOCAL_IO);
	/* a number that was closed may be another socket's now */
	if (h->channel_fd >= 0)
		(void)epoll_ctl(h->poll_fd, EPOLL_CTL_DEL, h->channel_fd, NULL);
	h->channel_fd = live_fd(h->live);
	if (h->channel_fd >= 0)
		ENSURE(epoll_ctl(h->poll_fd, EPOLL_CTL_ADD, h->channel_fd,
				 &wanted) == 0,
		       ERR_LOCAL_IO);
out:
	return e;
}

static enum err make_fds(struct hermetic *h)
{
	struct epoll_event wanted = { .events = EPOLLIN };
	enum err e = ERR_OK;

	if (h->poll_fd >= 0)
		return ERR_OK;
	h->poll_fd = epoll_create1(EPOLL_CLOEXEC);
	h->timer_fd =
	    timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	ENSURE(h->poll_fd >= 0 && h->timer_fd >= 0 &&
		   epoll_ctl(h->poll_fd, EPOLL_CTL_ADD, h->timer_fd, &wanted) ==
		       0,
	       ERR_LOCAL_IO);
out:
	return e;
}

/* A session that is refused keeps no other from being listened to: its log, read
 * once more, says whether this device is still in it. */
static enum err follow(struct hermetic *h, const char *id, uint64_t after)
{
	enum err e = live_follow(h->live, id, after);

	if (e == ERR_OK || err_class(e) == ERR_CLASS_LOCAL)
		return e;
	why_clear(&h->a.why);
	e = view_refresh(&h->a, id);
	if (err_class(e) == ERR_CLASS_LOCAL)
		return e;
	why_clear(&h->a.why);
	return ERR_OK;
}

static enum err follow_asked(struct hermetic *h, bool alone)
{
	const json_t *after;
	const char *id;
	enum err e = ERR_OK;

	json_object_foreach(h->follow, id, after)
	{
		uint64_t number = (uint64_t)json_integer_value(after);

		TRY(alone ? live_follow(h->live, id, number)
			  : follow(h, id, number));
	}
out:
	return e;
}

static enum err follow_all(struct hermetic *h)
{
	json_t *list = NULL;
	const json_t *row;
	size_t i;
	enum err e;

	TRY(directory_own(&h->a, false, &list));
	json_array_foreach(list, i, row)
	{
		if (strcmp(told_text(row, "state"), "member") == 0)
			TRY(follow(h, told_text(row, "session_id"),
				   (uint64_t)json_integer_value(
				       json_object_get(row, "last_seq"))));
	}
out:
	json_decref(list);
	return e;
}

/* That the server does not say now what waits there is no failure of who can wait for it. */
static enum err greet(struct hermetic *h, bool patient)
{
	enum err e = greeting_go_on(h);

	if (e == ERR_OK || !patient || !drive_is_passing(&h->a, NULL, e))
		return e;
	why_clear(&h->a.why);
	return ERR_OK;
}

/* `alone`: what hermetic_follow() was told, and nothing besides. */
static enum err listen(struct hermetic *h, bool alone)
{
	bool stopped;
	enum err e;

	h->listener = (struct live_listener){ .entry = on_entry,
					      .event = on_event,
					      .welcome = on_welcome,
					      .waits = on_waits,
					      .typing = on_typing,
					      .connected = on_connected,
					      .patient = h->patient,
					      .context = h };
	h->greeting.each_connection = !alone;
	TRY(make_fds(h));
	TRY(live_open(&h->a, &h->listener, &h->live));
	if (live_fd(h->live) >= 0)
		on_connected(h, true, "", "");
	TRY(follow_asked(h, alone));
	if (!alone) {
		TRY(follow_all(h));
		TRY(greet(h, h->patient));
		TRY(note_waiting(h));
	}
	TRY(live_tell(h->live, &stopped));
	TRY(watch(h));
out:
	return e;
}

static enum hermetic_result begin_to_listen(struct hermetic *h, bool alone)
{
	enum err e;

	INSIDE_OPEN(h);
	if (h->live != NULL)
		return inside_refuse(h, "usage",
				     "This handle listens already.");
	live_close(h->way);
	h->way = NULL;
	e = listen(h, alone);
	if (e != ERR_OK) {
		live_close(h->live);
		h->live = NULL;
		greeting_clear(h);
		told_clear(&h->told);
	}
	return inside_result(h, e);
}

enum hermetic_result hermetic_listen(struct hermetic *h)
{
	return begin_to_listen(h, false);
}

enum hermetic_result hermetic_listen_to_followed(struct hermetic *h)
{
	return begin_to_listen(h, true);
}

enum hermetic_result hermetic_follow(struct hermetic *h, const char *session,
				     uint64_t after)
{
	bool stopped;
	enum err e = ERR_OK;

	INSIDE_OPEN(h);
	INSIDE_TAKES(h, ARGUMENT_SESSION, session);
	if (after > INT64_MAX)
		return inside_refuse(h, "usage", "There is no such number.");
	ENSURE(json_object_set_new(h->follow, session,
				   json_integer((json_int_t)after)) == 0,
	       ERR_LOCAL_MEMORY);
	if (h->live == NULL)
		goto out;
	TRY(live_follow(h->live, session, after));
	told_drop_entries(&h->told, session, after);
	live_tell_after(h->live, session, after);
	TRY(live_tell(h->live, &stopped));
	TRY(watch(h));
out:
	return inside_result(h, e);
}

int hermetic_fd(const struct hermetic *h)
{
	return h != NULL && h->live != NULL ? h->poll_fd : -1;
}

static enum err rounds(struct hermetic *h, int timeout_ms)
{
	const struct told_event *before;
	bool stopped;
	enum err e = ERR_OK;

	for (unsigned i = 0; i < ROUNDS_MAX; i++) {
		before = h->told.last;
		e = live_wait(h->live, before == NULL ? timeout_ms : 0,
			      &stopped);
		if (e != ERR_OK || h->told.last == before)
			break;
	}
	return e;
}

/* A session that is stopped, or refused, keeps none of the others. */
enum hermetic_result hermetic_step(struct hermetic *h, int timeout_ms)
{
	enum err e;

	INSIDE_OPEN(h);
	if (h->live == NULL)
		return inside_refuse(h, "usage",
				     "hermetic_listen() comes "
				     "before hermetic_step().");
	e = send_again(h);
	if (e == ERR_OK)
		e = greet(h, true);
	if (e == ERR_OK)
		e = rounds(h, timeout_ms > 0 ? timeout_ms : 0);
	if (e == ERR_OK)
		e = greet(h, true);
	if (e == ERR_OK)
		e = watch(h);
	else
		(void)watch(h);
	return inside_result(h, e);
}
