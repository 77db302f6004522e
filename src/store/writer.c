#include "store/writer.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/metrics.h"

enum {
	BATCH_MESSAGES = 256,
	NONCE_SLOTS = 2 * BATCH_MESSAGES, /* a power of two */
	BATCH_BYTES = 4 << 20,
	BATCH_TRIES = 4,    /* together, then one by one */
	UNKNOWN_MS = 15000, /* until an unknown fate is told as such */
	WAIT_MS = 10000
};

struct item {
	struct item *next;
	struct append message;
	append_done *done;
	void *arg;
	uint64_t give_up; /* seconds, monotonic */
	unsigned tries;
	bool doubted;	 /* refused once */
	uint8_t bytes[]; /* the envelope and the origin */
};

struct writer {
	const struct store_loop *loop;
	struct connection *connection;
	struct writer_settings settings;
	struct item *first, **end; /* waiting */
	size_t count, bytes;
	struct item *batch[BATCH_MESSAGES];
	size_t batch_count;
	uint64_t sent_us;	      /* when the batch went */
	uint16_t nonces[NONCE_SLOTS]; /* the batch's: a place in it, plus 1 */
	bool in_flight;
	bool due; /* a batch goes at the end of this turn */
};

static uint64_t now_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec;
}

/* ---- the queue ---- */

static void put_last(struct writer *w, struct item *item)
{
	item->next = NULL;
	*w->end = item;
	w->end = &item->next;
	w->count++;
	w->bytes += item->message.envelope.n;
}

static void put_first(struct writer *w, struct item *item)
{
	item->next = w->first;
	if (w->first == NULL)
		w->end = &item->next;
	w->first = item;
	w->count++;
	w->bytes += item->message.envelope.n;
}

static struct item *take_first(struct writer *w)
{
	struct item *item = w->first;

	w->first = item->next;
	if (w->first == NULL)
		w->end = &w->first;
	w->count--;
	w->bytes -= item->message.envelope.n;
	return item;
}

static void answer(struct item *item, const struct append_result *result)
{
	item->done(item->arg, result);
	free(item);
}

/* ---- a batch ---- */

/* Notes the nonce of what is to be next in the batch; false: it is there. */
static bool note_nonce(struct writer *w, const struct item *item)
{
	const uint8_t *nonce = item->message.nonce;
	/* from its random part */
	size_t at = (size_t)nonce[14] << 8 | nonce[15];

	for (;; at++) {
		uint16_t *slot = &w->nonces[at % NONCE_SLOTS];

		if (*slot == 0) {
			*slot = (uint16_t)(w->batch_count + 1);
			return true;
		}
		if (memcmp(w->batch[*slot - 1]->message.nonce, nonce, 16) == 0)
			return false;
	}
}

/* A nonce that the batch has already waits for the next one. */
static void gather(struct writer *w)
{
	size_t bytes = 0;

	memset(w->nonces, 0, sizeof(w->nonces));
	for (size_t left = w->count;
	     left > 0 && bytes < BATCH_BYTES && w->batch_count < BATCH_MESSAGES;
	     left--) {
		struct item *item;

		/* what has failed with others goes alone */
		if (w->first->tries >= BATCH_TRIES && w->batch_count > 0)
			break;
		item = take_first(w);
		if (!note_nonce(w, item)) {
			put_last(w, item);
			continue;
		}
		w->batch[w->batch_count++] = item;
		bytes += item->message.envelope.n;
		if (item->tries >= BATCH_TRIES)
			break;
	}
}

static void encode(const struct writer *w, struct params *p)
{
	size_t n = w->batch_count;

	params_open_array(p, PARAMS_UUID, n);
	for (size_t i = 0; i < n; i++)
		params_put_bytes(p, SPAN_ARRAY(w->batch[i]->message.session));
	params_close_array(p);
	params_open_array(p, PARAMS_UUID, n);
	for (size_t i = 0; i < n; i++)
		params_put_bytes(p, SPAN_ARRAY(w->batch[i]->message.device));
	params_close_array(p);
	params_open_array(p, PARAMS_INT8, n);
	for (size_t i = 0; i < n; i++)
		params_put_i64(p, (int64_t)w->batch[i]->message.epoch);
	params_close_array(p);
	params_open_array(p, PARAMS_BYTEA, n);
	for (size_t i = 0; i < n; i++)
		params_put_bytes(p, SPAN_ARRAY(w->batch[i]->message.nonce));
	params_close_array(p);
	params_open_array(p, PARAMS_BYTEA, n);
	for (size_t i = 0; i < n; i++)
		params_put_bytes(p, w->batch[i]->message.envelope);
	params_close_array(p);
	params_open_array(p, PARAMS_TEXT, n);
	for (size_t i = 0; i < n; i++)
		params_put_bytes(p, w->batch[i]->message.origin);
	params_close_array(p);
	params_i64(p, (int64_t)w->settings.rotation.messages);
	params_i64(p, (int64_t)w->settings.rotation.grace_seconds);
	params_i64(p, (int64_t)w->settings.rotation.hard_messages);
	params_i64(p, (int64_t)w->settings.rotation.hard_seconds);
}

/* Back to the front of the queue, in their order. */
static void requeue(struct writer *w)
{
	while (w->batch_count > 0)
		put_first(w, w->batch[--w->batch_count]);
}

static void on_answer(void *arg, enum err e, struct rows *rows);

static void send_batch(struct writer *w)
{
	struct params params = PARAMS_INIT;

	if (w->in_flight || w->first == NULL)
		return;
	gather(w);
	encode(w, &params);
	w->in_flight = connection_send(w->connection, STATEMENT_MESSAGE_APPEND,
				       &params, on_answer, w) == ERR_OK;
	w->sent_us = metrics_now_us();
	if (!w->in_flight)
		requeue(w);
	else
		metrics_observe(METRIC_BATCH_MESSAGES, w->batch_count);
	metrics_set(METRIC_WRITER_QUEUE, w->count);
}

static void read_row(struct rows *rows, size_t i, struct append_result *r)
{
	static const struct {
		const char *text;
		enum append_outcome outcome;
	} names[] = {
		{ "ok", APPEND_OK },
		{ "duplicate", APPEND_DUPLICATE },
		{ "nonce-reused", APPEND_NONCE_REUSED },
		{ "epoch-changed", APPEND_EPOCH_CHANGED },
		{ "not-a-member", APPEND_NOT_A_MEMBER },
		{ "no-session", APPEND_NO_SESSION },
		{ "rotation-required", APPEND_ROTATION_REQUIRED },
		{ "session-ended", APPEND_SESSION_ENDED },
	};
	struct span text = rows_text(rows, i, "outcome"), head;

	*r = (struct append_result){ .outcome = APPEND_UNAVAILABLE };
	for (size_t k = 0; k < sizeof(names) / sizeof(*names); k++) {
		if (!span_equal(text, span_str(names[k].text)))
			continue;
		r->outcome = names[k].outcome;
		if (r->outcome != APPEND_NO_SESSION)
			r->epoch = (uint64_t)rows_i64(rows, i, "epoch");
		if (r->outcome > APPEND_DUPLICATE)
			return;
		r->seq = (uint64_t)rows_i64(rows, i, "seq");
		r->sent_ms = (uint64_t)rows_i64(rows, i, "sent_ms");
		r->rotation_due = r->outcome == APPEND_OK &&
				  rows_bool(rows, i, "rotation_due");
		head = rows_bytes(rows, i, "head");
		if (head.n == sizeof(r->head))
			memcpy(r->head, head.p, head.n);
		return;
	}
}

static void tell_stored(const struct writer *w, const struct item *item,
			const struct append_result *r)
{
	struct message m = { .seq = r->seq,
			     .epoch = item->message.epoch,
			     .kind = MESSAGE_APPLICATION,
			     .sent_ms = r->sent_ms,
			     .bytes = item->message.envelope,
			     .origin = item->message.origin };

	if (r->outcome == APPEND_OK)
		metrics_count(METRIC_STORED, 1);
	if (r->outcome != APPEND_OK || w->settings.stored == NULL)
		return;
	memcpy(m.session, item->message.session, 16);
	memcpy(m.sender, item->message.device, 16);
	memcpy(m.head, r->head, sizeof(m.head));
	w->settings.stored(w->settings.arg, &m);
}

/*
 * While the statement waited for the session's lock, the same envelope may have
 * been stored by another node, and the epoch changed after it: the lock shows
 * the new epoch, but the snapshot is too old for the message. So who is refused
 * for a change is looked up again, before a client believes that it was not
 * stored and seals it anew.
 */
static bool is_doubtful(struct item *item, const struct append_result *r)
{
	bool first = !item->doubted;

	if (r->outcome != APPEND_EPOCH_CHANGED &&
	    r->outcome != APPEND_ROTATION_REQUIRED &&
	    r->outcome != APPEND_NOT_A_MEMBER &&
	    r->outcome != APPEND_SESSION_ENDED)
		return false;
	item->doubted = true;
	return first;
}

static void give_answers(struct writer *w, struct rows *rows)
{
	size_t count = w->batch_count;

	w->batch_count = 0;
	for (size_t i = 0; i < count; i++) {
		struct item *item = w->batch[i];
		struct append_result result;

		read_row(rows, i, &result);
		if (rows_end(rows) != ERR_OK)
			result.outcome = APPEND_UNAVAILABLE;
		if (is_doubtful(item, &result)) {
			put_last(w, item);
		} else {
			tell_stored(w, item, &result);
			answer(item, &result);
		}
	}
}

/* A batch that was not stored, or whose fate is unknown, goes again until its
 * time is over. */
static void try_again(struct writer *w, enum err e)
{
	static const struct append_result unavailable = {
		.outcome = APPEND_UNAVAILABLE
	};
	bool alone = w->batch_count == 1;
	uint64_t now = now_s();

	for (size_t i = w->batch_count; i > 0; i--) {
		struct item *item = w->batch[i - 1];
		bool refused = e == ERR_LOCAL_BUG && alone;

		if (e == ERR_LOCAL_BUG)
			item->tries = BATCH_TRIES;
		else if (e == ERR_STATE_CONFLICT)
			item->tries++;
		if (refused || now >= item->give_up)
			answer(item, &unavailable);
		else
			put_first(w, item);
	}
	w->batch_count = 0;
}

static void on_answer(void *arg, enum err e, struct rows *rows)
{
	struct writer *w = arg;

	w->in_flight = false;
	metrics_observe(METRIC_COMMIT_SECONDS, metrics_now_us() - w->sent_us);
	if (e == ERR_OK && rows_count(rows) == w->batch_count)
		give_answers(w, rows);
	else
		try_again(w, e == ERR_OK ? ERR_LOCAL_BUG : e);
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
	w->loop->later(w->loop->context, on_turn_end, w);
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
			       .give_up = now_s() + UNKNOWN_MS / 1000 };
	item->message.envelope = span_copy(item->bytes, envelope);
	item->message.origin = span_copy(item->bytes + envelope.n, origin);
	put_last(w, item);
	metrics_set(METRIC_WRITER_QUEUE, w->count);
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
					  .queue_max = 2,
					  .wait_ms = WAIT_MS };
	struct writer *w = calloc(1, sizeof(*w));
	enum err e;

	ENSURE(w != NULL, ERR_LOCAL_MEMORY);
	w->loop = loop;
	w->settings = *settings;
	w->end = &w->first;
	TRY(connection_open(loop, &to, &w->connection));
	*out = w;
	return ERR_OK;
out:
	free(w);
	return e;
}

bool writer_is_ready(const struct writer *w)
{
	return connection_is_ready(w->connection);
}

bool writer_is_idle(const struct writer *w)
{
	return !w->in_flight && w->first == NULL;
}
