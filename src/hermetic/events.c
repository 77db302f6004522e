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
#define AGAIN_MS 1000
#define AGAIN_MAX_MS 60000
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
	TRY(view_entry(&h->a, session, number, &entry));
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

static void on_welcome(void *context, const char *id)
{
	struct hermetic *h = context;

	told_add(&h->told, told_make_event(HERMETIC_EVENT_INVITED, id));
}

static void on_waits(void *context)
{
	struct hermetic *h = context;

	told_add(&h->told, told_make_event(HERMETIC_EVENT_DEVICE_WAITS, NULL));
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

static void on_connected(void *context, bool connected, const char *reason)
{
	struct hermetic *h = context;
	struct told_event *made = told_make_event(
	    connected ? HERMETIC_EVENT_CONNECTED : HERMETIC_EVENT_DISCONNECTED,
	    NULL);

	h->again_at = 0;
	h->again_ms = AGAIN_MS;
	if (made == NULL)
		return;
	made->text = strdup(reason);
	if (made->text != NULL)
		made->event.text = made->text;
	told_add(&h->told, made);
}

/* ---- what waits ---- */

void events_note_unsent(struct hermetic *h, const char *session)
{
	(void)json_object_set_new(h->unsent, session, json_true());
	h->again_ms = AGAIN_MS;
	h->again_at = clock_steady_ms() + AGAIN_MS;
}

/* A server that goes on to lack something is asked less and less often. What waits
 * for a person is not tried again: hermetic_outbox() shows it. */
static void send_again(struct hermetic *h)
{
	uint64_t now = clock_steady_ms();
	const json_t *value;
	const char *id;
	void *next;

	if (json_object_size(h->unsent) == 0 || now < h->again_at ||
	    live_fd(h->live) < 0)
		return;
	h->again_ms =
	    h->again_ms < AGAIN_MAX_MS / 2 ? 2 * h->again_ms : AGAIN_MAX_MS;
	h->again_at = now + h->again_ms;
	json_object_foreach_safe(h->unsent, next, id, value)
	{
		const struct order order = { .kind = ORDER_REFRESH,
					     .session = id };
		const struct outcome *outcome;
		enum err e = drive_order(&h->a, &order, &outcome);

		if (!drive_is_passing(&h->a, outcome, e))
			(void)json_object_del(h->unsent, id);
		why_clear(&h->a.why);
	}
}

/* ---- listening ---- */

void events_entered(struct hermetic *h, const char *session, uint64_t before)
{
	if (h->live != NULL && live_follow(h->live, session, before) != ERR_OK)
		why_clear(&h->a.why);
}

/* How long poll() may wait, for who is outside of a step. */
static uint64_t tick_ms(const struct hermetic *h)
{
	if (h->told.first != NULL)
		return 0;
	if (live_fd(h->live) >= 0 || live_retry_ms(h->live) > TICK_MS)
		return TICK_MS;
	return live_retry_ms(h->live);
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

static enum err follow_asked(struct hermetic *h)
{
	const json_t *after;
	const char *id;
	enum err e = ERR_OK;

	json_object_foreach(h->follow, id, after)
	    TRY(follow(h, id, (uint64_t)json_integer_value(after)));
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

static enum err tell_invitations(struct hermetic *h)
{
	json_t *list = NULL;
	const json_t *row;
	size_t i;
	enum err e;

	TRY(directory_invitations(&h->a, &list));
	json_array_foreach(list, i, row)
	    on_welcome(h, told_text(row, "session_id"));
out:
	json_decref(list);
	return e;
}

static enum err listen(struct hermetic *h)
{
	bool stopped;
	enum err e;

	h->listener = (struct live_listener){ .entry = on_entry,
					      .event = on_event,
					      .welcome = on_welcome,
					      .waits = on_waits,
					      .typing = on_typing,
					      .connected = on_connected,
					      .context = h };
	TRY(make_fds(h));
	TRY(live_open(&h->a, &h->listener, &h->live));
	on_connected(h, true, "");
	TRY(follow_asked(h));
	TRY(follow_all(h));
	TRY(tell_invitations(h));
	TRY(view_waiting(&h->a, NULL, h->unsent));
	TRY(live_tell(h->live, &stopped));
	TRY(watch(h));
out:
	return e;
}

enum hermetic_result hermetic_listen(struct hermetic *h)
{
	enum err e;

	INSIDE_OPEN(h);
	if (h->live != NULL)
		return inside_refuse(h, "usage",
				     "This handle listens already.");
	live_close(h->way);
	h->way = NULL;
	e = listen(h);
	if (e != ERR_OK) {
		live_close(h->live);
		h->live = NULL;
		told_clear(&h->told);
	}
	return inside_result(h, e);
}

enum hermetic_result hermetic_follow(struct hermetic *h, const char *session,
				     uint64_t after)
{
	bool stopped;
	enum err e = ERR_OK;

	INSIDE_OPEN(h);
	if (after > INT64_MAX || !uuid_is_text(span_str(session)))
		return inside_refuse(h, "usage", "That is no session's id.");
	ENSURE(json_object_set_new(h->follow, session,
				   json_integer((json_int_t)after)) == 0,
	       ERR_LOCAL_MEMORY);
	if (h->live == NULL)
		goto out;
	TRY(live_follow(h->live, session, after));
	live_tell_after(h->live, session, after);
	TRY(live_tell(h->live, &stopped));
	TRY(watch(h));
out:
	return inside_result(h, e);
}

int hermetic_fd(const struct hermetic *h)
{
	return h->live != NULL ? h->poll_fd : -1;
}

/* A session that is stopped, or refused, keeps none of the others. */
static enum err rounds(struct hermetic *h, int timeout_ms)
{
	bool readable, stopped;
	const struct told_event *before;
	enum err e = ERR_OK;

	for (unsigned i = 0; i < ROUNDS_MAX; i++) {
		before = h->told.last;
		e = live_wait(h->live, -1, before == NULL ? timeout_ms : 0,
			      &readable, &stopped);
		if (e != ERR_OK || h->told.last == before)
			break;
	}
	return e;
}

enum hermetic_result hermetic_step(struct hermetic *h, int timeout_ms)
{
	enum err e;

	INSIDE_OPEN(h);
	if (h->live == NULL)
		return inside_refuse(h, "usage",
				     "hermetic_listen() comes "
				     "before hermetic_step().");
	send_again(h);
	e = rounds(h, timeout_ms > 0 ? timeout_ms : 0);
	if (e == ERR_OK)
		e = watch(h);
	else
		(void)watch(h);
	return inside_result(h, e);
}
