#include "mqtt_bridge/outflow.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "door/delivery.h"
#include "door/origin.h"
#include "door/typing_lane.h"
#include "mqtt/topic.h"
#include "mqtt_bridge/broker.h"
#include "store/store.h"

enum { BUCKETS = 65536, PAGE = 100, LOGS = 1000, SWEEP_MS = 2000 };

struct log {
	struct log *of_bucket, *next; /* next: in the queue */
	struct uuid session;
	uint64_t sent, last; /* told to the broker; known to be there */
	uint64_t asked_after;
	bool queued, asked;
};

static struct {
	struct outflow_settings settings;
	struct log *buckets[BUCKETS];
	struct log *first, **end; /* logs with something to tell */
	struct uuid after;
	bool connected, loaded; /* where each log stood when we came */
	bool listing, list_again, sweeping, rewind;
	size_t asked;
} out;

/* ---- logs ---- */

static size_t bucket_of(struct uuid session)
{
	return ((size_t)session.bytes[0] << 8 | session.bytes[1]) % BUCKETS;
}

static struct log *find(struct uuid session)
{
	size_t at = bucket_of(session);
	struct log *l = out.buckets[at];

	while (l != NULL && !uuid_equal(l->session, session))
		l = l->of_bucket;
	return l;
}

static struct log *add(struct uuid session, uint64_t sent)
{
	size_t at = bucket_of(session);
	struct log *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->session = session;
	l->sent = l->last = sent;
	l->of_bucket = out.buckets[at];
	out.buckets[at] = l;
	return l;
}

static void queue(struct log *l)
{
	if (l->queued || l->asked || l->sent >= l->last)
		return;
	l->queued = true;
	l->next = NULL;
	*out.end = l;
	out.end = &l->next;
}

static void grown(struct uuid session, uint64_t before, uint64_t last)
{
	struct log *l = find(session);

	if (l == NULL)
		l = add(session, before);
	if (l == NULL)
		return; /* the sweep finds it again */
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

void outflow_go_on(void)
{
	while (out.connected && out.first != NULL && out.asked < 4 &&
	       broker_has_room()) {
		struct params params = PARAMS_INIT;
		struct log *l = out.first;

		out.first = l->next;
		if (out.first == NULL)
			out.end = &out.first;
		l->queued = false;
		l->asked_after = l->sent;
		params_uuid(&params, l->session);
		params_i64(&params, (int64_t)l->sent);
		params_i32(&params, PAGE);
		l->asked = connection_send(out.settings.queries,
					   STATEMENT_MESSAGE_FAN_OUT, &params,
					   on_rows, l) == ERR_OK;
		if (!l->asked)
			return; /* the sweep queues it again */
		out.asked++;
	}
}

/* ---- positions ---- */

static void on_recent(void *arg, enum err e, struct rows *rows)
{
	bool rewind = arg != NULL;
	struct uuid session;

	out.sweeping = false;
	if (e != ERR_OK) {
		out.rewind |= rewind;
		return;
	}
	for (size_t i = 0; i < rows_count(rows); i++) {
		uint64_t first = (uint64_t)rows_i64(rows, i, "first_seq");
		uint64_t last = (uint64_t)rows_i64(rows, i, "last_seq");
		struct log *l;

		session = rows_uuid(rows, i, "session_id");
		if (rows_end(rows) != ERR_OK)
			return;
		l = find(session);
		if (rewind && l != NULL && l->sent >= first)
			l->sent = first - 1;
		grown(session, first - 1, last);
	}
	outflow_go_on();
}

/* Looks for what nobody told us; after a break also for what may be lost. */
static void on_sweep(void *arg)
{
	static char yes;
	struct params params = PARAMS_INIT;
	bool rewind = out.rewind;

	(void)arg;
	if (!out.loaded || out.sweeping || !out.connected)
		return;
	params_i64(&params, rewind ? (int64_t)out.settings.replay_seconds : 10);
	out.sweeping =
	    connection_send(out.settings.queries, STATEMENT_MQTT_RECENT,
			    &params, on_recent, rewind ? &yes : NULL) == ERR_OK;
	if (out.sweeping)
		out.rewind = false;
	for (size_t i = 0; rewind && i < BUCKETS; i++)
		for (struct log *l = out.buckets[i]; l != NULL;
		     l = l->of_bucket)
			queue(l);
}

static void ask_positions(void);

static void on_positions(void *arg, enum err e, struct rows *rows)
{
	size_t n = e == ERR_OK ? rows_count(rows) : 0;

	(void)arg;
	out.listing = false;
	if (e != ERR_OK) {
		out.list_again = true;
		return;
	}
	for (size_t i = 0; i < n; i++) {
		uint64_t last = (uint64_t)rows_i64(rows, i, "last_seq");

		out.after = rows_uuid(rows, i, "session_id");
		if (rows_end(rows) != ERR_OK)
			return;
		grown(out.after, out.loaded ? 0 : last, last);
	}
	if (n == LOGS) {
		ask_positions();
		return;
	}
	if (!out.loaded) {
		out.loaded = true;
		out.rewind = true;
	}
	on_sweep(NULL);
	outflow_go_on();
}

static void ask_positions(void)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, out.after);
	params_i32(&params, LOGS);
	out.listing =
	    connection_send(out.settings.queries, STATEMENT_MQTT_POSITIONS,
			    &params, on_positions, NULL) == ERR_OK;
	out.list_again = !out.listing;
}

void outflow_resync(void)
{
	if (out.listing) {
		out.list_again = true;
		return;
	}
	out.after = (struct uuid){ { 0 } };
	ask_positions();
}

static void on_tick(void *arg)
{
	(void)arg;
	if (out.list_again && !out.listing)
		outflow_resync();
	outflow_go_on();
}

void outflow_connected(bool connected)
{
	out.connected = connected;
	out.rewind |= connected;
	on_sweep(NULL);
}

/* ---- events of a device ---- */

static void tell_device(struct uuid device, struct buf *json)
{
	const struct broker_properties properties = {
		.expiry_seconds = out.settings.expiry_seconds
	};
	struct buf topic = BUF_INIT;

	topic_put_events(&topic, device);
	buf_put_u8(&topic, 0);
	if (buf_end(&topic) == ERR_OK && buf_end(json) == ERR_OK)
		(void)broker_publish((const char *)topic.p, buf_span(json),
				     &properties);
	buf_clear(&topic);
	buf_clear(json);
}

static void put_id(struct buf *json, struct rows *rows, size_t i,
		   const char *column)
{
	buf_putf(json, ",\"%s\":\"", column);
	uuid_put(json, rows_uuid(rows, i, column));
	buf_put_u8(json, '"');
}

static void on_welcomes(void *arg, enum err e, struct rows *rows)
{
	struct uuid *device = arg;

	for (size_t i = 0; e == ERR_OK && i < rows_count(rows); i++) {
		struct buf json = BUF_INIT;

		buf_put_str(&json, "{\"type\":\"welcome\"");
		put_id(&json, rows, i, "session_id");
		put_id(&json, rows, i, "welcome_id");
		buf_put_u8(&json, '}');
		tell_device(*device, &json);
	}
	free(device);
}

static void on_asked(void *arg, enum err e, struct rows *rows)
{
	struct uuid *device = arg;

	for (size_t i = 0; e == ERR_OK && i < rows_count(rows); i++) {
		struct buf json = BUF_INIT;

		buf_put_str(&json, "{\"type\":\"rotation_due\"");
		put_id(&json, rows, i, "session_id");
		buf_put_str(&json, ",\"reason\":\"");
		buf_put(&json, rows_text(rows, i, "reason"));
		buf_put_str(&json, "\"}");
		tell_device(*device, &json);
	}
	free(device);
}

static void ask_for(struct uuid device, enum statement statement,
		    connection_done *done)
{
	struct params params = PARAMS_INIT;
	struct uuid *copy = malloc(sizeof(*copy));

	if (copy == NULL)
		return;
	*copy = device;
	params_uuid(&params, device);
	if (connection_send(out.settings.queries, statement, &params, done,
			    copy) != ERR_OK)
		free(copy);
}

/* The broker has the log as far as it stood when the notice was taken. */
static bool has_all_before(const struct notice *notice)
{
	const struct log *l = find(notice->id);

	return l != NULL && notice->seq <= l->sent;
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
	struct buf json = BUF_INIT;

	(void)unused;
	switch (notice->kind) {
	case NOTICE_MESSAGE:
		if (out.loaded) {
			grown(notice->id, 0, notice->seq);
			outflow_go_on();
		}
		break;
	case NOTICE_WELCOME:
		ask_for(notice->id, STATEMENT_MQTT_WELCOMES, on_welcomes);
		break;
	case NOTICE_ROTATION:
		ask_for(notice->id, STATEMENT_ROTATION_ASKED, on_asked);
		break;
	case NOTICE_KEY_PACKAGES:
		buf_put_str(&json, "{\"type\":\"key_packages_low\"}");
		tell_device(notice->id, &json);
		break;
	case NOTICE_APPROVAL:
		buf_put_str(&json, "{\"type\":\"device_waits\"}");
		tell_device(notice->id, &json);
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
	loop->every(loop->context, SWEEP_MS, on_sweep, NULL);
	loop->every(loop->context, 200, on_tick, NULL);
}
