#include "store/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/metrics.h"
#include "store/bucket.h"
#include "store/listener.h"
#include "store/mover.h"

/* A standby that is silent for so long is not waited for. */
enum { STANDBY_MS = 1000, STANDBY_QUEUE = 1024 };

enum { WRITERS_MAX = 4 };

/* The part of the statements' queue from which on the store is busy. */
enum { BUSY_PART = 8 };

struct store {
	const struct store_loop *loop;
	struct store_settings settings;
	struct writer *writers[WRITERS_MAX];
	unsigned writer_count;
	struct notifier *notifier;
	struct connection *queries, *standby; /* NULL: none */
	struct mover *mover;		      /* NULL: not yet */
	size_t asked; /* statements without an answer yet */
};

static void on_stored(void *arg, const struct message *message)
{
	struct store *s = arg;

	notifier_tell_stored(s->notifier, message);
	if (s->settings.stored != NULL)
		s->settings.stored(s->settings.arg, message);
}

static enum err open_standby(struct store *s)
{
	const struct connection_settings settings = {
		.conninfo = s->settings.read_conninfo,
		.name = "hermetic reads",
		.keeps_plans = true,
		.queue_max = STANDBY_QUEUE,
		.wait_ms = STANDBY_MS
	};

	return settings.conninfo == NULL
		   ? ERR_OK
		   : connection_open(s->loop, &settings, &s->standby);
}

/* `name` is a literal. */
static struct connection_settings for_statements(const struct store *s,
						 const char *name)
{
	return (struct connection_settings){
		.conninfo = s->settings.conninfo,
		.name = name,
		.durable = true,
		.keeps_plans = true,
		.pooled = s->settings.listen_conninfo != NULL,
		.buckets = s->settings.buckets,
		.queue_max = s->settings.queue_statements,
		.wait_ms = 10000
	};
}

static void on_notify(void *arg, const char *payload)
{
	const struct store *s = arg;

	lines_parse(payload, s->settings.seal, s->settings.heard,
		    s->settings.arg);
}

static void on_listening(void *arg)
{
	const struct store *s = arg;

	s->settings.resync(s->settings.arg);
}

/* Who listens tells by the same connection. */
static enum err open_listener(struct store *s)
{
	const char *direct = s->settings.listen_conninfo;
	const struct listener_settings settings = {
		.conninfo = direct != NULL ? direct : s->settings.conninfo,
		.name = "hermetic listener",
		.teller = s->queries,
		.on_ready = on_listening,
		.on_notify = on_notify,
		.arg = s
	};
	struct listener *listener;
	enum err e;

	TRY(listener_open(s->loop, &settings, &listener));
	TRY(notifier_open_by(s->loop, listener_connection(listener),
			     &s->notifier));
out:
	return e;
}

static enum err open_notifier(struct store *s)
{
	enum err e = s->settings.heard != NULL
			 ? open_listener(s)
			 : notifier_open(s->loop, s->settings.conninfo,
					 s->settings.listen_conninfo != NULL,
					 &s->notifier);

	if (e == ERR_OK)
		notifier_name(s->notifier, s->settings.node, s->settings.seal);
	return e;
}

enum err store_open(const struct store_loop *loop,
		    const struct store_settings *settings, struct store **out)
{
	bool pooled = settings->listen_conninfo != NULL;
	struct writer_settings writer = { .conninfo = settings->conninfo,
					  .pooled = pooled,
					  .rotation = settings->rotation,
					  .buckets = settings->buckets,
					  .next_head = settings->next_head,
					  .queue_messages =
					      settings->queue_messages,
					  .queue_bytes = settings->queue_bytes,
					  .stored = on_stored };
	struct store *s = calloc(1, sizeof(*s));
	struct connection_settings queries;
	enum err e;

	/* the parts live as long as the process: no way back from here */
	ENSURE(s != NULL, ERR_LOCAL_MEMORY);
	s->loop = loop;
	s->settings = *settings;
	writer.arg = s;
	queries = for_statements(s, "hermetic queries");
	TRY(connection_open(loop, &queries, &s->queries));
	TRY(open_notifier(s));
	while (s->writer_count == 0 || (s->writer_count < settings->buckets &&
					s->writer_count < WRITERS_MAX))
		TRY(writer_open(loop, &writer, &s->writers[s->writer_count++]));
	TRY(open_standby(s));
	*out = s;
out:
	return e;
}

struct question {
	struct store *store;
	connection_done *done;
	void *arg;
};

static void on_answer(void *arg, enum err e, struct rows *rows)
{
	struct question q = *(struct question *)arg;

	free(arg);
	q.store->asked--;
	metrics_set(METRIC_STATEMENT_QUEUE, q.store->asked);
	q.done(q.arg, e, rows);
}

/* NULL: no memory; `params` are cleared. */
static struct question *new_question(struct store *s, struct params *params,
				     connection_done *done, void *arg)
{
	struct question *q = malloc(sizeof(*q));

	if (q == NULL) {
		params_clear(params);
		return NULL;
	}
	*q = (struct question){ s, done, arg };
	s->asked++;
	return q;
}

/* e: whether the question was sent. */
static enum err count_question(struct question *q, enum err e)
{
	struct store *s = q->store;

	if (e != ERR_OK) {
		s->asked--;
		free(q);
	}
	metrics_set(METRIC_STATEMENT_QUEUE, s->asked);
	return e;
}

enum err store_query(struct store *s, enum statement statement,
		     struct params *params, connection_done *done, void *arg)
{
	struct question *q = new_question(s, params, done, arg);

	return q == NULL
		   ? ERR_LOCAL_MEMORY
		   : count_question(q, connection_send(s->queries, statement,
						       params, on_answer, q));
}

enum err store_move(struct store *s, enum statement statement,
		    struct params *params, connection_done *done, void *arg)
{
	const struct connection_settings settings =
	    for_statements(s, "hermetic files");
	struct question *q;

	if (s->mover == NULL &&
	    mover_open(s->loop, &settings, &s->mover) != ERR_OK) {
		params_clear(params);
		return ERR_LOCAL_MEMORY;
	}
	q = new_question(s, params, done, arg);
	return q == NULL ? ERR_LOCAL_MEMORY
			 : count_question(q, mover_send(s->mover, statement,
							params, on_answer, q));
}

/* ---- reading of a standby ---- */

struct reading {
	struct store *store;
	enum statement statement;
	struct params params; /* kept, for the primary */
	connection_done *done;
	void *arg;
};

static void end_reading(struct reading *r, enum err e, struct rows *rows)
{
	r->store->asked--;
	r->done(r->arg, e, rows);
	params_clear(&r->params);
	free(r);
}

static void read_primary(struct reading *r)
{
	enum err e =
	    store_query(r->store, r->statement, &r->params, r->done, r->arg);

	if (e != ERR_OK) {
		end_reading(r, e, NULL);
		return;
	}
	r->store->asked--; /* the question counts by itself */
	free(r);
}

static void on_read(void *arg, enum err e, struct rows *rows)
{
	if (e == ERR_OK)
		end_reading(arg, e, rows);
	else
		read_primary(arg);
}

/* The connection is the one that answered: what it has replayed, it has. */
static void on_reached(void *arg, enum err e, struct rows *rows)
{
	struct reading *r = arg;
	struct params params = PARAMS_INIT;
	bool reached = e == ERR_OK && rows_count(rows) == 1 &&
		       rows_bool(rows, 0, "reached");

	if (reached && rows_end(rows) == ERR_OK &&
	    connection_is_ready(r->store->standby)) {
		params = params_copy(&r->params);
		if (connection_send(r->store->standby, r->statement, &params,
				    on_read, r) == ERR_OK)
			return;
	}
	read_primary(r);
}

enum err store_read(struct store *s, enum statement statement,
		    struct params *params, uint64_t position,
		    connection_done *done, void *arg)
{
	struct params asks = PARAMS_INIT;
	struct reading *r = NULL;

	if (position > 0 && s->standby != NULL &&
	    connection_is_ready(s->standby))
		r = malloc(sizeof(*r));
	if (r == NULL)
		return store_query(s, statement, params, done, arg);
	*r = (struct reading){ s, statement, *params, done, arg };
	params_i64(&asks, (int64_t)position);
	if (connection_send(s->standby, STATEMENT_POSITION_REACHED, &asks,
			    on_reached, r) != ERR_OK) {
		free(r);
		return store_query(s, statement, params, done, arg);
	}
	*params = PARAMS_INIT;
	s->asked++;
	return ERR_OK;
}

enum err store_append(struct store *s, const struct append *message,
		      append_done *done, void *arg)
{
	unsigned bucket = bucket_of(message->session, s->settings.buckets);

	return writer_append(s->writers[bucket % s->writer_count], message,
			     done, arg);
}

unsigned store_bucket(const struct store *s, struct uuid session)
{
	return bucket_of(session, s->settings.buckets);
}

void store_put_bucket(const struct store *s, struct params *params,
		      struct uuid session)
{
	bucket_put(params, session, s->settings.buckets);
}

void store_tell(struct store *s, enum notice_kind kind, struct uuid id,
		uint64_t seq)
{
	notifier_tell(s->notifier, kind, id, seq);
}

void store_tell_typing(struct store *s, struct uuid session, uint64_t seq,
		       struct span bytes)
{
	notifier_tell_typing(s->notifier, session, seq, bytes);
}

bool store_is_busy(const struct store *s)
{
	return s->asked * BUSY_PART > s->settings.queue_statements ||
	       !store_is_ready(s);
}

/* Of all writers. */
static bool writers_are(const struct store *s,
			bool (*so)(const struct writer *writer))
{
	for (unsigned i = 0; i < s->writer_count; i++)
		if (!so(s->writers[i]))
			return false;
	return true;
}

bool store_is_ready(const struct store *s)
{
	return writers_are(s, writer_is_ready) &&
	       connection_is_ready(s->queries);
}

bool store_is_well(const struct store *s)
{
	return writers_are(s, writer_is_well) && connection_is_well(s->queries);
}

const char *store_refusal(const struct store *s)
{
	const char *why = NULL;

	for (unsigned i = 0; why == NULL && i < s->writer_count; i++)
		why = writer_refusal(s->writers[i]);
	return why != NULL ? why : connection_refusal(s->queries);
}

bool store_is_idle(const struct store *s)
{
	return s->asked == 0 && writers_are(s, writer_is_idle) &&
	       notifier_is_idle(s->notifier);
}

void store_read_message(struct rows *rows, size_t i, struct uuid session,
			struct message *out)
{
	*out =
	    (struct message){ .seq = (uint64_t)rows_i64(rows, i, "seq"),
			      .epoch = (uint64_t)rows_i64(rows, i, "epoch"),
			      .kind =
				  (enum message_kind)rows_i64(rows, i, "kind"),
			      .session = session,
			      .sender = rows_uuid(rows, i, "sender"),
			      .head = rows_digest(rows, i, "head"),
			      .hash = rows_digest(rows, i, "hash"),
			      .sent_ms = (uint64_t)rows_i64(rows, i, "sent_ms"),
			      .bytes = rows_bytes(rows, i, "envelope") };
}
