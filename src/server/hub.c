#include "server/hub.h"

#include <stdlib.h>
#include <string.h>

#include "base/metrics.h"
#include "server/app.h"
#include "server/edge/loop.h"
#include "server/messages.h"

enum {
	BUCKETS = 4096,
	PAGE = 100,
	PAGE_FIRST = 16,
	READ_TOPICS = 64,
	TICK_MS = 100,
	AHEAD_MAX = 262144, /* bytes in a socket above which no page is read */
	SWEEP_TICKS = 50,
	SWEEP_TOPICS = 512
};

struct topic;

struct subscription {
	struct subscriber subscriber;
	struct topic *topic;
	uint64_t id, next; /* seq of the next message to give */
	unsigned page;	   /* rows to ask for: the fewer, the slower he reads */
	unsigned pending;  /* statements that will come back here */
	bool member;	   /* confirmed by the store, for the log up to: */
	uint64_t confirmed;
	bool unsure; /* the question could not be asked, or was lost */
	bool reading, over;
	struct subscription *sibling;
};

struct topic {
	uint8_t session[16];
	bool placed;	     /* `delivered` is known */
	uint64_t delivered;  /* up to here the followers have it */
	uint64_t known;	     /* the log reaches at least here */
	bool waits, reading; /* to be read, and being read */
	struct subscription *subscriptions;
	struct topic *next, *next_to_read;
};

static struct store *store;
static struct topic *buckets[BUCKETS];
static const struct subscription *giving;

static void read_topic(struct topic *topic);

/* ---- topics ---- */

static struct topic **bucket_of(const uint8_t session[16])
{
	return &buckets[((size_t)session[0] << 8 | session[1]) % BUCKETS];
}

static struct topic *find_topic(const uint8_t session[16])
{
	struct topic *t = *bucket_of(session);

	while (t != NULL && memcmp(t->session, session, 16) != 0)
		t = t->next;
	return t;
}

static struct topic *make_topic(const uint8_t session[16])
{
	struct topic *t = find_topic(session), **bucket = bucket_of(session);

	if (t != NULL)
		return t;
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return NULL;
	memcpy(t->session, session, 16);
	t->next = *bucket;
	*bucket = t;
	return t;
}

static void drop_topic_if_unused(struct topic *topic)
{
	struct topic **at = bucket_of(topic->session);

	if (topic->subscriptions != NULL || topic->waits || topic->reading)
		return;
	while (*at != topic)
		at = &(*at)->next;
	*at = topic->next;
	free(topic);
}

/* ---- giving ---- */

static void encode(const struct message *m, struct buf *frame)
{
	struct buf text = BUF_INIT;

	delivery_put(&text, m, true);
	if (buf_end(&text) == ERR_OK)
		websocket_frame(frame, buf_span(&text));
	buf_clear(&text);
}

static void recheck(struct subscription *s);

static void give(struct subscription *s, const struct message *m,
		 struct span frame)
{
	giving = s;
	websocket_send_frame(s->subscriber.ws, frame);
	metrics_count(METRIC_DELIVERED, 1);
	giving = NULL;
	s->next = m->seq + 1;
	if (m->kind == MESSAGE_COMMIT && m->seq > s->confirmed)
		recheck(s);
}

/* The topic's next message, to all who wait for just that one. */
static void deliver(struct topic *topic, const struct message *m)
{
	struct subscription *next;
	struct buf frame = BUF_INIT;

	topic->delivered = m->seq;
	if (topic->known < m->seq)
		topic->known = m->seq;
	encode(m, &frame);
	metrics_observe(
	    METRIC_DELIVERY_SECONDS,
	    app_now_ms() > m->sent_ms ? (app_now_ms() - m->sent_ms) * 1000 : 0);
	for (struct subscription *s = topic->subscriptions; s != NULL;
	     s = next) {
		next = s->sibling;
		if (s->over || !s->member || s->next != m->seq)
			continue;
		give(s, m, buf_span(&frame));
	}
	buf_clear(&frame);
}

/* ---- reading for all ---- */

/*
 * Topics that lack rows wait until the end of the turn, and while a statement
 * is on its way; then the next one reads for all of them.
 */
static struct {
	struct topic *first, **end;
	struct topic *topics[READ_TOPICS]; /* the statement's */
	size_t count;
	bool due;
} reads = { .end = &reads.first };

static void send_reads(void *unused);

static void send_reads_later(void)
{
	if (!reads.due && reads.count == 0 && reads.first != NULL) {
		reads.due = true;
		loop_later(send_reads, NULL);
	}
}

static void read_topic(struct topic *topic)
{
	if (topic->reading || !topic->placed)
		return;
	if (!topic->waits) {
		topic->waits = true;
		topic->next_to_read = NULL;
		*reads.end = topic;
		reads.end = &topic->next_to_read;
	}
	send_reads_later(); /* also after one that could not be sent */
}

static void end_read(struct topic *topic, enum err e)
{
	topic->reading = false;
	if (topic->subscriptions == NULL)
		drop_topic_if_unused(topic);
	else if (e == ERR_OK && topic->delivered < topic->known)
		read_topic(topic);
	/* else the tick tries again */
}

/* Its rows, from `i` on; returns where the next topic's begin. */
static size_t take_topic_rows(size_t k, struct rows *rows, size_t i)
{
	struct topic *topic = reads.topics[k];
	size_t count = 0;
	struct message m;

	while (i < rows_count(rows) &&
	       rows_i64(rows, i, "ord") == (int64_t)k + 1) {
		store_read_message(rows, i++, topic->session, &m);
		count++;
		if (rows_end(rows) == ERR_OK && m.seq == topic->delivered + 1)
			deliver(topic, &m);
	}
	if (count == PAGE && topic->known <= topic->delivered)
		topic->known = topic->delivered + 1; /* likely */
	return i;
}

static void on_topic_rows(void *arg, enum err e, struct rows *rows)
{
	size_t count = reads.count, i = 0;

	(void)arg;
	for (size_t k = 0; e == ERR_OK && k < count; k++)
		i = take_topic_rows(k, rows, i);
	reads.count = 0;
	for (size_t k = 0; k < count; k++)
		end_read(reads.topics[k], e);
	send_reads_later();
}

/* The next topic that still lacks rows. */
static struct topic *take_waiting(void)
{
	struct topic *topic;

	while ((topic = reads.first) != NULL) {
		reads.first = topic->next_to_read;
		if (reads.first == NULL)
			reads.end = &reads.first;
		topic->waits = false;
		if (topic->subscriptions != NULL &&
		    topic->delivered < topic->known)
			return topic;
		drop_topic_if_unused(topic);
	}
	return NULL;
}

static void send_reads(void *unused)
{
	struct params params = PARAMS_INIT;
	struct topic *topic;
	size_t n = 0;

	(void)unused;
	reads.due = false;
	while (n < READ_TOPICS && (topic = take_waiting()) != NULL) {
		topic->reading = true;
		reads.topics[n++] = topic;
	}
	if (n == 0)
		return;
	params_open_array(&params, PARAMS_UUID, n);
	for (size_t i = 0; i < n; i++)
		params_put_bytes(&params, SPAN_ARRAY(reads.topics[i]->session));
	params_close_array(&params);
	params_open_array(&params, PARAMS_INT8, n);
	for (size_t i = 0; i < n; i++)
		params_put_i64(&params, (int64_t)reads.topics[i]->delivered);
	params_close_array(&params);
	params_i32(&params, PAGE);
	reads.count = n;
	if (store_query(store, STATEMENT_MESSAGE_FAN_OUT_MANY, &params,
			on_topic_rows, NULL) == ERR_OK)
		return;
	reads.count = 0;
	for (size_t i = 0; i < n; i++)
		end_read(reads.topics[i], ERR_LOCAL_BUSY);
}

void hub_grown(const uint8_t session[16], uint64_t seq)
{
	struct topic *topic = find_topic(session);

	if (topic == NULL)
		return;
	if (topic->known < seq)
		topic->known = seq;
	if (topic->delivered < topic->known)
		read_topic(topic);
}

void hub_follow(const struct message *m)
{
	struct topic *topic = find_topic(m->session);

	if (topic == NULL)
		return;
	/* what is being read may hold it, too: it is then passed over */
	if (topic->placed && m->seq == topic->delivered + 1)
		deliver(topic, m);
	else
		hub_grown(m->session, m->seq);
}

/* ---- reading for one who is behind ---- */

static enum err ask_rows(const uint8_t session[16], uint64_t after,
			 unsigned limit, connection_done *done, void *arg)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, session);
	params_i64(&params, (int64_t)after);
	params_i32(&params, (int32_t)limit);
	return store_query(store, STATEMENT_MESSAGE_FAN_OUT, &params, done,
			   arg);
}

static void free_if_over(struct subscription *s)
{
	if (s->over && s->pending == 0)
		free(s);
}

static void bring_up(struct subscription *s);

/* Gives what the socket can take; the rest is read again later. */
static void give_rows(struct subscription *s, struct rows *rows)
{
	struct buf frame = BUF_INIT;
	struct message m;
	size_t i;

	for (i = 0; i < rows_count(rows); i++) {
		store_read_message(rows, i, s->topic->session, &m);
		if (rows_end(rows) != ERR_OK || m.seq != s->next ||
		    m.seq > s->topic->delivered || !s->member ||
		    websocket_queued(s->subscriber.ws) > AHEAD_MAX)
			break;
		buf_reset(&frame);
		encode(&m, &frame);
		give(s, &m, buf_span(&frame));
	}
	buf_clear(&frame);
	if (i < rows_count(rows))
		s->page = i > 0 ? (unsigned)i : 1;
	else
		s->page = s->page * 2 < PAGE ? s->page * 2 : PAGE;
}

static void on_own_rows(void *arg, enum err e, struct rows *rows)
{
	struct subscription *s = arg;

	s->pending--;
	s->reading = false;
	if (e == ERR_OK && !s->over) {
		give_rows(s, rows);
		bring_up(s);
	}
	free_if_over(s);
}

static void bring_up(struct subscription *s)
{
	if (s->over || !s->member || s->reading || !s->topic->placed ||
	    s->next > s->topic->delivered ||
	    websocket_queued(s->subscriber.ws) > AHEAD_MAX)
		return;
	if (ask_rows(s->topic->session, s->next - 1, s->page, on_own_rows, s) ==
	    ERR_OK) {
		s->reading = true;
		s->pending++;
	}
}

/* ---- notices that were missed ---- */

/*
 * A notice is only a hint: a node may die between a commit and its NOTIFY, and
 * a listener may have been away. So all logs that are followed are compared
 * with the database, from time to time and when somebody says so: bucket by
 * bucket, many sessions to a statement.
 */
static struct {
	bool due, asking;
	size_t from, to; /* buckets: the statement's are from..to-1 */
	unsigned round;	 /* a new one makes an answer on its way void */
	unsigned ticks;
} sweep;

static void on_positions(void *arg, enum err e, struct rows *rows)
{
	uint8_t session[16];

	sweep.asking = false;
	if (e != ERR_OK || (uintptr_t)arg != sweep.round)
		return; /* the tick asks again */
	for (size_t i = 0; i < rows_count(rows); i++) {
		rows_uuid(rows, i, "session_id", session);
		hub_grown(session, (uint64_t)rows_i64(rows, i, "last_seq"));
	}
	sweep.from = sweep.to;
	sweep.due = sweep.from < BUCKETS;
}

static void sweep_some(void)
{
	static uint8_t sessions[SWEEP_TOPICS][16];
	struct params params = PARAMS_INIT;
	size_t count = 0;

	for (sweep.to = sweep.from; sweep.to < BUCKETS; sweep.to++) {
		size_t before = count;
		const struct topic *t = buckets[sweep.to];

		for (; t != NULL && count < SWEEP_TOPICS; t = t->next)
			memcpy(sessions[count++], t->session, 16);
		if (t != NULL && before > 0) { /* not all of this one fit */
			count = before;
			break;
		}
	}
	if (count == 0) {
		sweep.due = false;
		return;
	}
	params_open_array(&params, PARAMS_UUID, count);
	for (size_t i = 0; i < count; i++)
		params_put_bytes(&params, SPAN_ARRAY(sessions[i]));
	params_close_array(&params);
	sweep.asking =
	    store_query(store, STATEMENT_SESSION_POSITIONS, &params,
			on_positions, (void *)(uintptr_t)sweep.round) == ERR_OK;
}

void hub_resync(void)
{
	sweep.due = true;
	sweep.from = 0;
	sweep.round++;
}

static void on_tick(void *arg)
{
	(void)arg;
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct topic *t = buckets[i]; t != NULL; t = t->next) {
			if (t->delivered < t->known)
				read_topic(t);
			for (struct subscription *s = t->subscriptions;
			     s != NULL; s = s->sibling) {
				if (s->unsure)
					recheck(s);
				bring_up(s);
			}
		}
	if (++sweep.ticks % SWEEP_TICKS == 0 && !sweep.due)
		hub_resync();
	if (sweep.due && !sweep.asking)
		sweep_some();
}

/* ---- membership ---- */

static enum err ask_membership(struct subscription *s, connection_done *done)
{
	struct params params = PARAMS_INIT;
	enum err e;

	params_uuid(&params, s->topic->session);
	params_uuid(&params, s->subscriber.device);
	e = store_query(store, STATEMENT_SESSION_SUBSCRIBE, &params, done, s);
	if (e == ERR_OK)
		s->pending++;
	return e;
}

static void on_rechecked(void *arg, enum err e, struct rows *rows)
{
	struct subscription *s = arg;

	s->pending--;
	if (s->over) {
		free_if_over(s);
	} else if (e != ERR_OK) {
		s->unsure = true; /* the tick asks again */
	} else if (rows_count(rows) == 1 && rows_bool(rows, 0, "member")) {
		s->member = true;
		s->confirmed = (uint64_t)rows_i64(rows, 0, "last_seq");
		bring_up(s);
	} else {
		s->subscriber.on_ended(s->subscriber.arg, s->topic->session,
				       "not-a-member");
	}
}

/* A commit was given: is this device still in? Until that is known it gets
 * nothing more. */
static void recheck(struct subscription *s)
{
	s->member = false;
	s->unsure = ask_membership(s, on_rechecked) != ERR_OK;
}

void hub_members(const uint8_t session[16])
{
	const struct topic *topic = find_topic(session);
	struct subscription *s = topic != NULL ? topic->subscriptions : NULL;

	for (; s != NULL; s = s->sibling)
		if (s->member)
			recheck(s);
}

static void on_first_answer(void *arg, enum err e, struct rows *rows)
{
	struct subscription *s = arg;
	struct hub_place place = { 0 };
	uint64_t last;
	bool member;

	s->pending--;
	if (s->over) {
		free_if_over(s);
		return;
	}
	if (e == ERR_OK && rows_count(rows) == 1) {
		place.last_seq = (uint64_t)rows_i64(rows, 0, "last_seq");
		place.first_seq = (uint64_t)rows_i64(rows, 0, "first_seq");
		place.member = rows_bool(rows, 0, "member");
		place.rotation_due = rows_bool(rows, 0, "rotation_due");
		place.gone = place.member && s->next < place.first_seq;
	}
	member = place.member && !place.gone;
	last = place.last_seq;
	if (member && !s->topic->placed) {
		s->topic->placed = true;
		s->topic->delivered = last;
	}
	s->member = member;
	s->confirmed = last;
	if (member && s->topic->known < last)
		s->topic->known = last;
	s->subscriber.on_subscribed(s->subscriber.arg, s->topic->session, s->id,
				    &place, e);
	/* a refused one is unsubscribed by then: `s` may be gone */
	if (member) {
		read_topic(s->topic);
		bring_up(s);
	}
}

/* ---- subscriptions ---- */

struct subscription *hub_subscribe(const struct subscriber *subscriber,
				   const uint8_t session[16], uint64_t after,
				   uint64_t id)
{
	struct subscription *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->subscriber = *subscriber;
	s->id = id;
	s->next = after + 1;
	s->page = PAGE_FIRST;
	/* the topic is there before the question is asked: what happens in
	 * between is noticed */
	s->topic = make_topic(session);
	if (s->topic == NULL || ask_membership(s, on_first_answer) != ERR_OK) {
		if (s->topic != NULL)
			drop_topic_if_unused(s->topic);
		free(s);
		return NULL;
	}
	s->sibling = s->topic->subscriptions;
	s->topic->subscriptions = s;
	return s;
}

void hub_unsubscribe(struct subscription *s)
{
	struct subscription **at = &s->topic->subscriptions;

	while (*at != s)
		at = &(*at)->sibling;
	*at = s->sibling;
	s->over = true;
	drop_topic_if_unused(s->topic);
	s->topic = NULL;
	free_if_over(s);
}

const uint8_t *hub_session(const struct subscription *s)
{
	return s->topic->session;
}

uint64_t hub_next(const struct subscription *s)
{
	return s->next;
}

const struct subscription *hub_giving(void)
{
	return giving;
}

/* ---- the start ---- */

void hub_start(struct store *s)
{
	store = s;
	loop_every(TICK_MS, on_tick, NULL);
}
