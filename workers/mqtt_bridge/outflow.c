#include "mqtt_bridge/outflow.h"

#include "base/clock.h"
#include "door/delivery.h"
#include "door/origin.h"
#include "door/typing_lane.h"
#include "mqtt/topic.h"
#include "mqtt_bridge/broker.h"
#include "mqtt_bridge/device_events.h"
#include "mqtt_bridge/logs.h"
#include "store/store.h"

/* A log whose place is not known begins where nothing was said for as long as a
 * message may be told again, and the margin: what it takes from the beginning of a
 * transaction until its messages are seen. It is forgotten later than that. */
enum { PAGE = 100, SWEEP_MS = 2000, FORGET_MS = 5000, MARGIN_S = 10 };

static struct {
	struct outflow_settings settings;
	struct log *first, **end; /* logs with something to tell */
	uint64_t swept_ms;	  /* when the last good sweep began; 0: none */
	uint64_t sweep_ms;	  /* and the one that goes on */
	bool connected, sweeping, sweep_again, rewind;
	size_t asked;
} out;

static void queue(struct log *l)
{
	if (l->queued || l->asked || (l->placed && l->sent >= l->last))
		return;
	l->queued = true;
	l->next = NULL;
	*out.end = l;
	out.end = &l->next;
}

/* NULL: no memory; a sweep finds it again. */
static struct log *known(struct uuid session)
{
	struct log *l = logs_find(session);

	return l != NULL ? l : logs_add(session, clock_steady_ms());
}

static void grown(struct log *l, uint64_t last)
{
	l->used_ms = clock_steady_ms();
	if (last > l->last)
		l->last = last;
	queue(l);
}

/* ---- reading and telling ---- */

static bool tell(const struct message *m)
{
	const struct broker_properties properties = {
		.expiry_seconds = out.settings.expiry_seconds,
		.seq = m->seq,
		.epoch = m->epoch
	};
	struct buf topic = BUF_INIT, json = BUF_INIT;
	bool taken;

	topic_put_messages(&topic, m->session);
	buf_put_u8(&topic, 0);
	delivery_put(&json, m, true);
	taken =
	    buf_end(&topic) == ERR_OK && buf_end(&json) == ERR_OK &&
	    broker_publish((const char *)topic.p, buf_span(&json), &properties);
	buf_clear(&topic);
	buf_clear(&json);
	if (taken)
		origin_log_delivered(m, 1);
	return taken;
}

static void on_rows(void *arg, enum err e, struct rows *rows)
{
	struct log *l = arg;
	struct message m;

	l->asked = false;
	out.asked--;
	if (l->sent != l->asked_after) /* a rewind: it starts from before */
		e = ERR_STATE_GONE;
	for (size_t i = 0; e == ERR_OK && i < rows_count(rows); i++) {
		store_read_message(rows, i, l->session, &m);
		m.origin = rows_text(rows, i, "origin");
		if (rows_end(rows) != ERR_OK || !tell(&m))
			break;
		l->sent = m.seq;
	}
	/* a log that has gone, or lost its start, is not asked for ever */
	if (e == ERR_OK && rows_count(rows) == 0)
		l->sent = l->last;
	queue(l);
	outflow_go_on();
}

static void on_place(void *arg, enum err e, struct rows *rows)
{
	struct log *l = arg;
	uint64_t after = 0;

	l->asked = false;
	out.asked--;
	if (e == ERR_OK && rows_count(rows) > 0) {
		after = (uint64_t)rows_i64(rows, 0, "seq");
		e = rows_end(rows);
	}
	if (e == ERR_OK && !l->placed) { /* a sweep may have been first */
		l->sent = after;
		l->placed = true;
	}
	queue(l);
	outflow_go_on();
}

static enum err ask_place(struct log *l)
{
	struct params params = PARAMS_INIT;
	uint64_t waited_s = (clock_steady_ms() - l->since_ms) / 1000;

	params_uuid(&params, l->session);
	params_i64(&params, (int64_t)l->last);
	params_i64(&params, (int64_t)(out.settings.replay_seconds + MARGIN_S +
				      waited_s));
	return connection_send(out.settings.queries, STATEMENT_MQTT_BEGINS,
			       &params, on_place, l);
}

static enum err ask_rows(struct log *l)
{
	struct params params = PARAMS_INIT;

	l->asked_after = l->sent;
	params_uuid(&params, l->session);
	params_i64(&params, (int64_t)l->sent);
	params_i32(&params, PAGE);
	return connection_send(out.settings.queries, STATEMENT_MESSAGE_FAN_OUT,
			       &params, on_rows, l);
}

void outflow_go_on(void)
{
	while (out.connected && out.first != NULL && out.asked < 4 &&
	       broker_has_room()) {
		struct log *l = out.first;

		l->asked = (l->placed ? ask_rows(l) : ask_place(l)) == ERR_OK;
		if (!l->asked)
			return; /* a tick asks again */
		out.first = l->next;
		if (out.first == NULL)
			out.end = &out.first;
		l->queued = false;
		out.asked++;
	}
}

/* ---- what nobody told us ---- */

static void on_recent(void *arg, enum err e, struct rows *rows)
{
	bool rewind = arg != NULL;

	out.sweeping = false;
	if (e != ERR_OK) {
		out.rewind |= rewind;
		return;
	}
	for (size_t i = 0; i < rows_count(rows); i++) {
		uint64_t first = (uint64_t)rows_i64(rows, i, "first_seq");
		uint64_t last = (uint64_t)rows_i64(rows, i, "last_seq");
		struct uuid session = rows_uuid(rows, i, "session_id");
		struct log *l;

		if (rows_end(rows) != ERR_OK)
			return;
		l = known(session);
		if (l == NULL)
			return;
		if (!l->placed || (rewind && l->sent >= first)) {
			l->sent = first - 1;
			l->placed = true;
		}
		grown(l, last);
	}
	out.swept_ms = out.sweep_ms;
	outflow_go_on();
}

/* What was said since the last good sweep began; after a break of the broker also what
 * it may have lost, and at the beginning what it may not have got. */
static uint64_t sweep_seconds(uint64_t now_ms)
{
	uint64_t unseen = (now_ms - out.swept_ms) / 1000 + 1 + MARGIN_S;
	uint64_t replay = out.settings.replay_seconds;

	if (out.swept_ms == 0)
		return replay;
	return out.rewind && replay > unseen ? replay : unseen;
}

static void on_sweep(void *arg)
{
	static char yes;
	struct params params = PARAMS_INIT;
	bool rewind = out.rewind;

	(void)arg;
	if (out.sweeping || (!out.connected && out.swept_ms == 0))
		return;
	rewind &= out.connected;
	out.sweep_ms = clock_steady_ms();
	params_i64(&params, (int64_t)sweep_seconds(out.sweep_ms));
	out.sweeping =
	    connection_send(out.settings.queries, STATEMENT_MQTT_RECENT,
			    &params, on_recent, rewind ? &yes : NULL) == ERR_OK;
	if (!out.sweeping)
		return;
	out.sweep_again = false;
	if (rewind) {
		out.rewind = false;
		logs_each(queue);
	}
}

void outflow_resync(void)
{
	out.sweep_again = true;
	on_sweep(NULL);
}

static void on_tick(void *arg)
{
	(void)arg;
	if (out.sweep_again)
		on_sweep(NULL);
	outflow_go_on();
}

static void on_forget(void *arg)
{
	uint64_t kept_ms = (out.settings.replay_seconds + 2 * MARGIN_S) * 1000;
	uint64_t now_ms = clock_steady_ms();

	(void)arg;
	if (now_ms > kept_ms)
		logs_forget(now_ms - kept_ms);
}

void outflow_connected(bool connected)
{
	out.connected = connected;
	out.rewind |= connected;
	on_sweep(NULL);
}

/* ---- what was heard ---- */

/* The broker has the log as far as it stood when the notice was taken, and all of one in
 * which nothing was said lately. */
static bool has_all_before(const struct notice *notice)
{
	const struct log *l = logs_find(notice->id);

	if (l == NULL)
		return out.swept_ms != 0;
	return l->placed && notice->seq <= l->sent;
}

/* One that comes before what was said before it is lost, and so is one that finds no room. */
static void tell_typing(const struct notice *notice)
{
	const struct broker_properties properties = { .expiry_seconds = 5,
						      .may_be_lost = true };
	struct buf topic = BUF_INIT, json = BUF_INIT;

	if (!has_all_before(notice))
		return;
	topic_put_typing(&topic, notice->id);
	buf_put_u8(&topic, 0);
	typing_lane_put(&json, notice);
	if (buf_end(&topic) == ERR_OK && buf_end(&json) == ERR_OK)
		(void)broker_publish((const char *)topic.p, buf_span(&json),
				     &properties);
	buf_clear(&topic);
	buf_clear(&json);
}

void outflow_heard(void *unused, const struct notice *notice)
{
	struct log *l;

	(void)unused;
	switch (notice->kind) {
	case NOTICE_MESSAGE:
		l = known(notice->id);
		if (l != NULL)
			grown(l, notice->seq);
		outflow_go_on();
		break;
	case NOTICE_WELCOME:
	case NOTICE_ROTATION:
	case NOTICE_KEY_PACKAGES:
	case NOTICE_APPROVAL:
		device_events_tell(notice);
		break;
	case NOTICE_TYPING:
		tell_typing(notice);
		break;
	case NOTICE_REVOKED:
	case NOTICE_MEMBERS:
		break; /* the plugin's matter */
	}
}

void outflow_start(const struct outflow_settings *settings,
		   const struct store_loop *loop)
{
	out.settings = *settings;
	out.end = &out.first;
	device_events_start(settings->queries, settings->expiry_seconds);
	loop->every(loop->context, SWEEP_MS, on_sweep, NULL);
	loop->every(loop->context, 200, on_tick, NULL);
	loop->every(loop->context, FORGET_MS, on_forget, NULL);
}
