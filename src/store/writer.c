#include "store/writer.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "store/batch.h"
#include "store/bucket.h"

enum {
	BATCH_TRIES = 4,    /* together, then one by one */
	UNKNOWN_MS = 15000, /* until an unknown fate is told as such */
	WAIT_MS = 10000
};

struct writer {
	const struct store_loop *loop;
	struct connection *connection;
	struct writer_settings settings;
	struct item *first, **end; /* waiting */
	size_t count, bytes;
	struct tails *tails;   /* NULL: nothing is expected */
	uint64_t expect_after; /* seconds, monotonic */
	struct batch batch;
	uint64_t batches; /* that were judged */
	uint64_t sent_us; /* when the batch went */
	bool in_flight;
	bool due; /* a batch goes at the end of this turn */
};

/* In all writers of this process, for its gauge. */
static size_t waiting;

static uint64_t now_s(void)
{
	return clock_steady_ms() / 1000;
}

/* ---- the queue ---- */

static void put_last(struct writer *w, struct item *item)
{
	item->next = NULL;
	*w->end = item;
	w->end = &item->next;
	w->count++;
	waiting++;
	w->bytes += item->message.envelope.n;
}

static void put_first(struct writer *w, struct item *item)
{
	item->next = w->first;
	if (w->first == NULL)
		w->end = &item->next;
	w->first = item;
	w->count++;
	waiting++;
	w->bytes += item->message.envelope.n;
}

static void take(struct writer *w, struct item **at)
{
	struct item *item = *at;

	*at = item->next;
	if (*at == NULL)
		w->end = at;
	w->count--;
	waiting--;
	w->bytes -= item->message.envelope.n;
}

static void answer(struct item *item, const struct append_result *result)
{
	item->done(item->arg, result);
	free(item);
}

/* ---- a batch ---- */

static bool is_expected(const struct writer *w, const struct item *item)
{
	const struct append *m = &item->message;

	return !item->judge &&
	       tails_expect(w->tails, m->session, m->epoch, m->device) != NULL;
}

static bool is_seen(const struct writer *w, const struct append *m)
{
	return w->tails != NULL &&
	       tails_has_head(w->tails, m->session, m->view_seq, m->view_head);
}

/* What is first in the queue says which kind of batch it is, and of which bucket.
 * Of one device and epoch all that waits is of the same kind, so nothing is
 * overtaken by what came later, but for copies of a nonce. */
static void gather(struct writer *w)
{
	bool believes = w->tails != NULL && now_s() >= w->expect_after;
	unsigned bucket = w->first->bucket;
	struct item **at = &w->first;

	batch_begin(&w->batch, believes && is_expected(w, w->first));
	while (*at != NULL && !batch_is_full(&w->batch)) {
		struct item *item = *at;
		bool alone = item->tries >= BATCH_TRIES;

		/* what has failed with others goes alone */
		if (alone && w->batch.count > 0)
			break;
		if (item->bucket != bucket ||
		    (believes && is_expected(w, item)) != w->batch.expected ||
		    !batch_add(&w->batch, item)) {
			at = &item->next;
			continue;
		}
		item->seen = is_seen(w, &item->message);
		take(w, at);
		if (alone)
			break;
	}
}

/* Back to the front of the queue, in their order. */
static void requeue(struct writer *w)
{
	while (w->batch.count > 0)
		put_first(w, w->batch.items[--w->batch.count]);
}

static void on_answer(void *arg, enum err e, struct rows *rows);

static void send_batch(struct writer *w)
{
	struct params params = PARAMS_INIT;
	enum statement statement;

	if (w->in_flight || w->first == NULL)
		return;
	gather(w);
	if (w->batch.expected &&
	    batch_expect(&w->batch, w->tails, w->settings.next_head) != ERR_OK)
		w->batch.expected = false;
	statement = batch_statement(&w->batch, w->settings.buckets);
	batch_encode(&w->batch, &w->settings.rotation, w->settings.buckets,
		     &params);
	w->sent_us = metrics_now_us();
	w->in_flight = connection_send(w->connection, statement, &params,
				       on_answer, w) == ERR_OK;
	if (!w->in_flight)
		requeue(w);
	else
		metrics_observe(METRIC_BATCH_MESSAGES, w->batch.count);
	metrics_set(METRIC_WRITER_QUEUE, waiting);
}

/* ---- answers ---- */

static void tell_stored(const struct writer *w, const struct item *item,
			const struct append_result *r)
{
	struct message m = { .seq = r->seq,
			     .session = item->message.session,
			     .sender = item->message.device,
			     .epoch = item->message.epoch,
			     .kind = MESSAGE_APPLICATION,
			     .head = r->head,
			     .hash = r->hash,
			     .sent_ms = r->sent_ms,
			     .bytes = item->message.envelope,
			     .origin = item->message.origin };

	if (r->outcome == APPEND_OK)
		metrics_count(METRIC_STORED, 1);
	if (r->outcome != APPEND_OK || w->settings.stored == NULL)
		return;
	w->settings.stored(w->settings.arg, &m);
}

static void give_answer(struct writer *w, struct item *item,
			const struct append_result *result)
{
	tell_stored(w, item, result);
	answer(item, result);
}

/* Of an envelope that was stored: the database has found its view right. */
static void note_view(struct writer *w, const struct item *item)
{
	const struct append *m = &item->message;

	if (!item->seen)
		tails_note_view(w->tails, m->session, m->view_seq,
				m->view_head);
}

static void learn(struct writer *w, const struct item *item,
		  const struct append_result *r)
{
	const struct append *m = &item->message;

	if (w->tails == NULL || r->outcome != APPEND_OK)
		return;
	tails_learn(w->tails, w->batches, m->session, m->epoch, r->seq, r->head,
		    m->device);
	note_view(w, item);
}

static void give_judged(struct writer *w, struct rows *rows)
{
	w->batches++;
	for (size_t i = 0; i < w->batch.count; i++) {
		struct item *item = w->batch.items[i];
		struct append_result result;
		bool done = batch_read_result(rows, i, &result);

		if (rows_end(rows) != ERR_OK) {
			result.outcome = APPEND_UNAVAILABLE;
			done = true;
		}
		learn(w, item, &result);
		if (!done) {
			item->judge = true;
			put_last(w, item);
		} else {
			give_answer(w, item, &result);
		}
	}
}

static void give_part(struct writer *w, const struct batch_part *part)
{
	struct item *const *items = w->batch.items + part->first;
	const struct append *last = &items[part->count - 1]->message;
	struct append_result result = { .outcome = APPEND_OK,
					.epoch = last->epoch,
					.sent_ms = w->batch.sent_ms };

	metrics_count(METRIC_STORED_EXPECTED, part->count);
	for (size_t i = 0; i < part->count; i++) {
		result.seq = items[i]->seq;
		result.head = items[i]->head;
		result.hash = items[i]->hash;
		tails_note_head(w->tails, last->session, result.seq,
				result.head);
		note_view(w, items[i]);
		if (i + 1 == part->count)
			tails_learn(w->tails, 0, last->session, last->epoch,
				    result.seq, result.head, last->device);
		give_answer(w, items[i], &result);
	}
}

/* What was not as expected goes again, to be judged. */
static void give_moved(struct writer *w)
{
	struct batch *b = &w->batch;

	for (size_t k = b->part_count; k > 0; k--) {
		const struct batch_part *part = &b->parts[k - 1];

		if (part->moved)
			continue;
		tails_doubt(w->tails, b->items[part->first]->message.session);
		for (size_t i = part->count; i > 0; i--)
			put_first(w, b->items[part->first + i - 1]);
	}
	for (size_t k = 0; k < b->part_count; k++)
		if (b->parts[k].moved)
			give_part(w, &b->parts[k]);
}

/* Of a batch that was judged: an expected one was not tried in earnest. */
static void count_try(struct item *item, enum err e)
{
	if (e == ERR_LOCAL_BUG)
		item->tries = BATCH_TRIES;
	else if (e == ERR_STATE_CONFLICT)
		item->tries++;
}

/* A batch that was not stored, or whose fate is unknown, goes again until its
 * time is over. */
static void try_again(struct writer *w, enum err e)
{
	static const struct append_result unavailable = {
		.outcome = APPEND_UNAVAILABLE
	};
	bool alone = w->batch.count == 1 && !w->batch.expected;
	uint64_t now = now_s();

	/* somebody repeats nonces: for a while each envelope is judged */
	if (w->batch.expected)
		w->expect_after = now + 2;
	for (size_t i = w->batch.count; i > 0; i--) {
		struct item *item = w->batch.items[i - 1];
		bool refused = e == ERR_LOCAL_BUG && alone;

		if (w->tails != NULL)
			tails_forget(w->tails, item->message.session);
		if (!w->batch.expected)
			count_try(item, e);
		if (refused || now >= item->give_up)
			answer(item, &unavailable);
		else
			put_first(w, item);
	}
}

static void on_answer(void *arg, enum err e, struct rows *rows)
{
	struct writer *w = arg;
	bool expected = w->batch.expected;

	w->in_flight = false;
	metrics_observe(METRIC_COMMIT_SECONDS, metrics_now_us() - w->sent_us);
	if (e == ERR_OK && expected)
		e = batch_read_moved(&w->batch, rows);
	else if (e == ERR_OK && rows_count(rows) != w->batch.count)
		e = ERR_LOCAL_BUG;
	if (e != ERR_OK)
		try_again(w, e);
	else if (expected)
		give_moved(w);
	else
		give_judged(w, rows);
	send_batch(w);
}

static void on_turn_end(void *arg)
{
	struct writer *w = arg;

	w->due = false;
	send_batch(w);
}

/* All that this turn of the loop brings goes together. */
static void send_soon(struct writer *w)
{
	if (w->due || w->in_flight)
		return;
	w->due = true;
	w->loop->later(w->loop->context, 0, on_turn_end, w);
}

enum err writer_append(struct writer *w, const struct append *message,
		       append_done *done, void *arg)
{
	struct span envelope = message->envelope, origin = message->origin;
	struct item *item;

	if (w->count >= w->settings.queue_messages ||
	    w->bytes + envelope.n > w->settings.queue_bytes)
		return ERR_LOCAL_BUSY;
	item = malloc(sizeof(*item) + envelope.n + origin.n);
	if (item == NULL)
		return ERR_LOCAL_MEMORY;
	*item = (struct item){ .message = *message,
			       .done = done,
			       .arg = arg,
			       .give_up = now_s() + UNKNOWN_MS / 1000,
			       .bucket = bucket_of(message->session,
						   w->settings.buckets) };
	item->message.envelope = span_copy(item->bytes, envelope);
	item->message.origin = span_copy(item->bytes + envelope.n, origin);
	put_last(w, item);
	metrics_set(METRIC_WRITER_QUEUE, waiting);
	send_soon(w);
	return ERR_OK;
}

enum err writer_open(const struct store_loop *loop,
		     const struct writer_settings *settings,
		     struct writer **out)
{
	struct connection_settings to = { .conninfo = settings->conninfo,
					  .name = "hermetic writer",
					  .durable = true,
					  .keeps_plans = true,
					  .pooled = settings->pooled,
					  .buckets = settings->buckets,
					  .queue_max = 2,
					  .wait_ms = WAIT_MS };
	struct writer *w = calloc(1, sizeof(*w));
	enum err e;

	ENSURE(w != NULL, ERR_LOCAL_MEMORY);
	w->loop = loop;
	w->settings = *settings;
	w->end = &w->first;
	/* a pool's plans are made for each batch, perhaps such that sessions
	 * are locked in another order */
	if (settings->next_head != NULL && !settings->pooled)
		TRY(tails_new(&w->tails));
	TRY(connection_open(loop, &to, &w->connection));
	*out = w;
	return ERR_OK;
out:
	if (w != NULL)
		tails_free(w->tails);
	free(w);
	return e;
}

bool writer_is_well(const struct writer *w)
{
	return connection_is_well(w->connection);
}

bool writer_is_ready(const struct writer *w)
{
	return connection_is_ready(w->connection);
}

const char *writer_refusal(const struct writer *w)
{
	return connection_refusal(w->connection);
}

bool writer_is_idle(const struct writer *w)
{
	return !w->in_flight && w->first == NULL;
}
