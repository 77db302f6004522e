#include "server/hub/reading.h"

#include "door/origin.h"
#include "server/edge/loop.h"
#include "server/edge/shared.h"
#include "server/hub/giving.h"
#include "server/hub/membership.h"

enum {
	PAGE = 100,
	READ_TOPICS = 64,
	AHEAD_MAX = 262144 /* bytes in a socket above which no page is read */
};

static struct store *store;

void reading_start(struct store *s)
{
	store = s;
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
		loop_later(0, send_reads, NULL);
	}
}

void reading_for_all(struct topic *topic)
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

void reading_grown(struct topic *topic, uint64_t seq)
{
	if (topic->known < seq)
		topic->known = seq;
	if (topic->delivered < topic->known)
		reading_for_all(topic);
}

static void end_read(struct topic *topic, enum err e)
{
	topic->reading = false;
	if (topic->subscriptions == NULL)
		topics_drop_if_unused(topic);
	else if (e == ERR_OK && topic->delivered < topic->known)
		reading_for_all(topic);
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
		store_read_message(rows, i, topic->session, &m);
		m.origin = rows_text(rows, i++, "origin");
		count++;
		if (rows_end(rows) == ERR_OK && m.seq == topic->delivered + 1)
			giving_deliver(topic, &m);
	}
	if (count == PAGE && topic->known <= topic->delivered)
		topic->known = topic->delivered + 1; /* likely */
	/* who told of more was wrong, and nothing was told since */
	if (count < PAGE && topic->known == topic->asked &&
	    rows_end(rows) == ERR_OK)
		topic->known = topic->delivered;
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

/* The next topic from *at on that still lacks rows, of the bucket of those that the
 * statement has. */
static struct topic *take_waiting(struct topic ***at, size_t n)
{
	struct topic *topic;

	while ((topic = **at) != NULL) {
		if (n > 0 &&
		    store_bucket(store, topic->session) !=
			store_bucket(store, reads.topics[0]->session)) {
			*at = &topic->next_to_read;
			continue;
		}
		**at = topic->next_to_read;
		if (**at == NULL)
			reads.end = *at;
		topic->waits = false;
		if (topic->subscriptions != NULL &&
		    topic->delivered < topic->known)
			return topic;
		topics_drop_if_unused(topic);
	}
	return NULL;
}

static void send_reads(void *unused)
{
	struct params params = PARAMS_INIT;
	struct topic *topic, **at = &reads.first;
	size_t n = 0;

	(void)unused;
	reads.due = false;
	while (n < READ_TOPICS && (topic = take_waiting(&at, n)) != NULL) {
		topic->reading = true;
		topic->asked = topic->known;
		reads.topics[n++] = topic;
	}
	if (n == 0)
		return;
	params_open_array(&params, PARAMS_UUID, n);
	for (size_t i = 0; i < n; i++)
		params_put_uuid(&params, reads.topics[i]->session);
	params_close_array(&params);
	params_open_array(&params, PARAMS_INT8, n);
	for (size_t i = 0; i < n; i++)
		params_put_i64(&params, (int64_t)reads.topics[i]->delivered);
	params_close_array(&params);
	params_i32(&params, PAGE);
	store_put_bucket(store, &params, reads.topics[0]->session);
	reads.count = n;
	if (store_query(store, STATEMENT_MESSAGE_FAN_OUT_MANY, &params,
			on_topic_rows, NULL) == ERR_OK)
		return;
	reads.count = 0;
	for (size_t i = 0; i < n; i++)
		end_read(reads.topics[i], ERR_LOCAL_BUSY);
}

/* ---- reading for one who is behind ---- */

static enum err ask_rows(struct uuid session, uint64_t after, unsigned limit,
			 connection_done *done, void *arg)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, session);
	params_i64(&params, (int64_t)after);
	params_i32(&params, (int32_t)limit);
	return store_query(store, STATEMENT_MESSAGE_FAN_OUT, &params, done,
			   arg);
}

/* Gives what the socket can take; the rest is read again later. */
static void give_rows(struct subscription *s, struct rows *rows)
{
	struct shared *frame;
	struct message m;
	size_t i;

	for (i = 0; i < rows_count(rows); i++) {
		store_read_message(rows, i, s->topic->session, &m);
		m.origin = rows_text(rows, i, "origin");
		if (rows_end(rows) != ERR_OK || m.seq != s->next ||
		    m.seq > s->topic->delivered || !s->member ||
		    websocket_queued(s->subscriber.ws) > AHEAD_MAX)
			break;
		frame = giving_encode(&m);
		if (frame == NULL)
			break;
		giving_give(s, &m, frame);
		shared_drop(frame);
		origin_log_delivered(&m, 1);
	}
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
		reading_for_one(s);
	}
	membership_free_if_over(s);
}

void reading_for_one(struct subscription *s)
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
