#include "server/hub.h"

#include <stdlib.h>
#include <string.h>

#include "server/edge/loop.h"
#include "server/messages.h"
#include "server/ws.h"

enum {
	BUCKETS = 4096,
	PAGE = 100,
	TICK_MS = 100,
	AHEAD_MAX = 262144 /* bytes in a socket above which no page is read */
};

struct topic;

struct subscription {
	struct subscriber subscriber;
	struct topic *topic;
	uint64_t id, next; /* seq of the next message to give */
	unsigned pending;  /* statements that will come back here */
	bool member;	   /* confirmed by the store */
	bool reading, over;
	struct subscription *sibling;
};

struct topic {
	uint8_t session[16];
	bool placed;	    /* `delivered` is known */
	uint64_t delivered; /* up to here the followers have it */
	uint64_t known;	    /* the log reaches at least here */
	bool reading;
	struct subscription *subscriptions;
	struct topic *next;
};

static struct store *store;
static struct topic *buckets[BUCKETS];

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

	if (topic->subscriptions != NULL || topic->reading)
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

	messages_put(&text, m, true);
	if (buf_end(&text) == ERR_OK)
		websocket_frame(frame, buf_span(&text));
	buf_clear(&text);
}

static void give(struct subscription *s, uint64_t seq, struct span frame)
{
	s->next = seq + 1;
	websocket_send_frame(s->subscriber.ws, frame);
}

static void recheck(struct subscription *s);

/* The topic's next message, to all who wait for just that one. */
static void deliver(struct topic *topic, const struct message *m)
{
	struct subscription *next;
	struct buf frame = BUF_INIT;

	topic->delivered = m->seq;
	if (topic->known < m->seq)
		topic->known = m->seq;
	encode(m, &frame);
	for (struct subscription *s = topic->subscriptions; s != NULL;
	     s = next) {
		next = s->sibling;
		if (s->over || !s->member || s->next != m->seq)
			continue;
		give(s, m->seq, buf_span(&frame));
		if (m->kind == MESSAGE_COMMIT)
			recheck(s);
	}
	buf_clear(&frame);
}

/* ---- reading for all ---- */

static void on_topic_rows(void *arg, enum err e, struct rows *rows)
{
	struct topic *topic = arg;
	size_t count = e == ERR_OK ? rows_count(rows) : 0;
	struct message m;

	/* `reading` keeps the topic alive while its last follower leaves */
	for (size_t i = 0; i < count; i++) {
		store_read_message(rows, i, topic->session, &m);
		if (rows_end(rows) == ERR_OK && m.seq == topic->delivered + 1)
			deliver(topic, &m);
	}
	topic->reading = false;
	if (topic->subscriptions == NULL)
		drop_topic_if_unused(topic);
	else if (e == ERR_OK &&
		 (topic->delivered < topic->known || count == PAGE))
		read_topic(topic);
	/* else the tick tries again */
}

static enum err ask_rows(const uint8_t session[16], uint64_t after,
			 connection_done *done, void *arg)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, session);
	params_i64(&params, (int64_t)after);
	params_i32(&params, PAGE);
	return store_query(store, STATEMENT_MESSAGE_FAN_OUT, &params, done,
			   arg);
}

static void read_topic(struct topic *topic)
{
	if (!topic->reading && topic->placed)
		topic->reading = ask_rows(topic->session, topic->delivered,
					  on_topic_rows, topic) == ERR_OK;
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

void hub_stored(void *unused, const struct message *m)
{
	struct topic *topic = find_topic(m->session);

	(void)unused;
	if (topic == NULL)
		return;
	if (topic->placed && !topic->reading && m->seq == topic->delivered + 1)
		deliver(topic, m);
	else
		hub_grown(m->session, m->seq);
}

/* ---- reading for one who is behind ---- */

static void free_if_over(struct subscription *s)
{
	if (s->over && s->pending == 0)
		free(s);
}

static void on_own_rows(void *arg, enum err e, struct rows *rows)
{
	struct subscription *s = arg;
	struct buf frame = BUF_INIT;
	struct message m;

	s->pending--;
	s->reading = false;
	for (size_t i = 0; e == ERR_OK && !s->over && i < rows_count(rows);
	     i++) {
		store_read_message(rows, i, s->topic->session, &m);
		if (rows_end(rows) != ERR_OK || m.seq != s->next ||
		    m.seq > s->topic->delivered)
			break;
		buf_reset(&frame);
		encode(&m, &frame);
		give(s, m.seq, buf_span(&frame));
	}
	buf_clear(&frame);
	free_if_over(s);
}

static void bring_up(struct subscription *s)
{
	if (s->over || !s->member || s->reading || !s->topic->placed ||
	    s->next > s->topic->delivered ||
	    websocket_queued(s->subscriber.ws) > AHEAD_MAX)
		return;
	if (ask_rows(s->topic->session, s->next - 1, on_own_rows, s) ==
	    ERR_OK) {
		s->reading = true;
		s->pending++;
	}
}

static void on_tick(void *arg)
{
	(void)arg;
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct topic *t = buckets[i]; t != NULL; t = t->next) {
			if (t->delivered < t->known)
				read_topic(t);
			for (struct subscription *s = t->subscriptions;
			     s != NULL; s = s->sibling)
				bring_up(s);
		}
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
	bool member = true;

	s->pending--;
	if (e == ERR_OK)
		member = rows_count(rows) == 1 && rows_bool(rows, 0, "member");
	if (!s->over && !member)
		s->subscriber.on_ended(s->subscriber.arg, s->topic->session,
				       "not-a-member");
	else
		free_if_over(s);
}

/* A commit has passed: is this device still in? */
static void recheck(struct subscription *s)
{
	if (ask_membership(s, on_rechecked) != ERR_OK)
		s->subscriber.on_ended(s->subscriber.arg, s->topic->session,
				       "unavailable");
}

static void on_first_answer(void *arg, enum err e, struct rows *rows)
{
	struct subscription *s = arg;
	uint64_t last = 0;
	bool member = false;

	s->pending--;
	if (s->over) {
		free_if_over(s);
		return;
	}
	if (e == ERR_OK && rows_count(rows) == 1) {
		last = (uint64_t)rows_i64(rows, 0, "last_seq");
		member = rows_bool(rows, 0, "member");
	}
	if (member && !s->topic->placed) {
		s->topic->placed = true;
		s->topic->delivered = last;
	}
	s->member = member;
	if (member && s->topic->known < last)
		s->topic->known = last;
	s->subscriber.on_subscribed(s->subscriber.arg, s->topic->session, s->id,
				    member, last, e);
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

uint64_t hub_position(const struct subscription *s)
{
	return s->next - 1;
}

/* ---- notices ---- */

static void on_heard(void *arg, const struct notice *notice)
{
	(void)arg;
	if (notice->kind == NOTICE_MESSAGE)
		hub_grown(notice->id, notice->seq);
	else
		hub_welcome(notice->id);
}

/* Notices may have been missed: every log that is followed is looked at. */
static void on_resync(void *arg)
{
	(void)arg;
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct topic *t = buckets[i]; t != NULL; t = t->next)
			read_topic(t);
}

void hub_welcome(const uint8_t device[16])
{
	ws_welcome(device);
}

enum err hub_start(struct store *s)
{
	store = s;
	loop_every(TICK_MS, on_tick, NULL);
	return store_listen(store, on_heard, on_resync, NULL);
}
