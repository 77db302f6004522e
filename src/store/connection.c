#include "store/connection.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/metrics.h"
#include "base/sec.h"
#include "store/hosts.h"
#include "store/rows_internal.h"

enum {
	TICK_MS = 500,
	CONNECT_MS = 5000,
	RETRY_FIRST_MS = 100,
	RETRY_MAX_MS = 5000,
	UNWELL_MS = 5000
};

enum state { STATE_DOWN, STATE_CONNECTING, STATE_PREPARING, STATE_READY };

struct request {
	struct request *next;
	enum statement statement;
	struct params params;
	connection_done *done;
	void *arg;
	uint64_t deadline; /* ms */
};

struct queue {
	struct request *first, **end;
	size_t count;
};

struct connection {
	struct connection_settings settings;
	const struct store_loop *loop;
	enum state state;
	PGconn *pg;
	int fd;		  /* as registered with the loop; -1: none */
	unsigned watched; /* and for what */
	uint64_t retry_at, connect_by, unwell_until;
	unsigned retry_ms, turn; /* whose turn it is to be tried first */
	struct queue waiting, sent;
	/* the answer that is being read */
	struct rows answer;
	enum err failure;
};

static unsigned ready_count; /* of this process */

static uint64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- queues ---- */

static void queue_init(struct queue *q)
{
	*q = (struct queue){ NULL, &q->first, 0 };
}

static void queue_put(struct queue *q, struct request *r)
{
	r->next = NULL;
	*q->end = r;
	q->end = &r->next;
	q->count++;
}

static struct request *queue_take(struct queue *q)
{
	struct request *r = q->first;

	if (r == NULL)
		return NULL;
	q->first = r->next;
	if (q->first == NULL)
		q->end = &q->first;
	q->count--;
	return r;
}

static void finish(struct request *r, enum err e, struct rows *rows)
{
	r->done(r->arg, e, rows);
	params_clear(&r->params);
	free(r);
}

/* ---- the socket ---- */

static void on_socket(void *arg, unsigned events);

static void forget(struct connection *c)
{
	if (c->fd >= 0)
		c->loop->forget(c->loop->context, c->fd);
	c->fd = -1;
}

/* While libpq connects, it may close the socket and get the same number for
 * the next one: then the loop is told again in any case. */
static void watch(struct connection *c, unsigned events)
{
	int fd = PQsocket(c->pg);

	if (fd != c->fd)
		forget(c);
	else if (c->watched == events && c->state != STATE_CONNECTING)
		return;
	c->fd = fd;
	c->watched = events;
	if (fd >= 0)
		c->loop->watch(c->loop->context, fd, events, on_socket, c);
}

static void drop_answer(struct connection *c)
{
	PQclear(c->answer.result);
	c->answer = (struct rows){ .result = NULL };
	c->failure = ERR_OK;
}

/* Whether what was sent has been done is unknown now. */
static void disconnect(struct connection *c)
{
	struct queue lost = c->sent;

	metrics_count(METRIC_DATABASE_BREAKS, 1);
	if (c->state == STATE_READY)
		metrics_set(METRIC_DATABASE_CONNECTIONS, --ready_count);
	LOG(WARN, "database connection lost",
	    LOG_STR("connection", c->settings.name),
	    LOG_NUM("in_flight", c->sent.count));
	forget(c);
	PQfinish(c->pg);
	c->pg = NULL;
	c->turn += c->state == STATE_CONNECTING ? 1 : 0;
	c->state = STATE_DOWN;
	c->retry_at = now_ms() + c->retry_ms;
	c->retry_ms =
	    c->retry_ms * 2 < RETRY_MAX_MS ? c->retry_ms * 2 : RETRY_MAX_MS;
	drop_answer(c);
	if (lost.first == NULL)
		return;
	/* callbacks may send again, so the queue is emptied first */
	queue_init(&c->sent);
	for (struct request *r = lost.first, *next; r != NULL; r = next) {
		next = r->next;
		finish(r, ERR_LOCAL_IO, NULL);
	}
}

/* ---- sending ---- */

static bool flush(struct connection *c)
{
	int left = PQflush(c->pg);

	if (left < 0)
		return false;
	watch(c, left > 0 ? STORE_READ | STORE_WRITE : STORE_READ);
	return true;
}

static const char *synchronous_commit(const struct connection *c);

/* Settings of one transaction, which the pool's next one does not get. */
static bool send_local_settings(struct connection *c)
{
	const char *value = synchronous_commit(c);

	return PQsendQueryParams(
		   c->pg,
		   "SELECT set_config('search_path', 'hermetic', true), "
		   "set_config('enable_seqscan', 'off', true), "
		   "set_config('statement_timeout', '10s', true), "
		   "set_config('synchronous_commit', $1, true)",
		   1, NULL, &value, NULL, NULL, 0) == 1;
}

static bool send_one(struct connection *c, const struct request *r)
{
	const struct statement_text *s = &statement_texts[r->statement];
	const struct params *p = &r->params;
	const char *values[PARAMS_MAX];
	int formats[PARAMS_MAX];

	for (int i = 0; i < p->count; i++) {
		values[i] = p->start[i] < 0
				? NULL
				: (const char *)p->bytes.p + p->start[i];
		formats[i] = 1;
	}
	if (c->settings.pooled)
		return send_local_settings(c) &&
		       PQsendQueryParams(c->pg, s->sql, p->count, NULL, values,
					 p->length, formats, 1) == 1 &&
		       PQpipelineSync(c->pg) == 1;
	return PQsendQueryPrepared(c->pg, s->name, p->count, values, p->length,
				   formats, 1) == 1 &&
	       PQpipelineSync(c->pg) == 1;
}

static void send_waiting(struct connection *c)
{
	while (c->waiting.first != NULL) {
		struct request *r = queue_take(&c->waiting);

		queue_put(&c->sent, r);
		if (!send_one(c, r)) {
			disconnect(c);
			return;
		}
	}
	if (!flush(c))
		disconnect(c);
}

enum err connection_send(struct connection *c, enum statement statement,
			 struct params *params, connection_done *done,
			 void *arg)
{
	struct request *r = NULL;
	enum err e;

	TRY(params_end(params));
	ENSURE(c->waiting.count + c->sent.count < c->settings.queue_max,
	       ERR_LOCAL_BUSY);
	r = malloc(sizeof(*r));
	ENSURE(r != NULL, ERR_LOCAL_MEMORY);
	*r = (struct request){ .statement = statement,
			       .params = *params,
			       .done = done,
			       .arg = arg,
			       .deadline = now_ms() + c->settings.wait_ms };
	*params = PARAMS_INIT;
	queue_put(&c->waiting, r);
	if (c->state == STATE_READY) {
		/* a break is noticed on the loop, not within this call */
		r = queue_take(&c->waiting);
		queue_put(&c->sent, r);
		watch(c, send_one(c, r) && PQflush(c->pg) == 0
			     ? STORE_READ
			     : STORE_READ | STORE_WRITE);
	}
	return ERR_OK;
out:
	params_clear(params);
	return e;
}

/* ---- connecting ---- */

static void connect_to(struct connection *c, const struct hosts *hosts)
{
	const char *const keys[] = { "dbname", "application_name",
				     "host",   "hostaddr",
				     "port",   NULL };
	const char *const values[] = {
		c->settings.conninfo,	     c->settings.name,
		(const char *)hosts->host.p, (const char *)hosts->hostaddr.p,
		(const char *)hosts->port.p, NULL
	};

	c->pg = PQconnectStartParams(keys, values, 1);
	if (c->pg == NULL || PQstatus(c->pg) == CONNECTION_BAD) {
		disconnect(c);
		return;
	}
	c->state = STATE_CONNECTING;
	c->connect_by = now_ms() + CONNECT_MS;
	watch(c, STORE_WRITE);
}

static void start_connecting(struct connection *c)
{
	struct hosts hosts = { BUF_INIT, BUF_INIT, BUF_INIT, 0 };
	bool found;

	if (hosts_find(c->settings.conninfo, c->turn, &hosts, &found) !=
		ERR_OK ||
	    found)
		connect_to(c, &hosts);
	hosts_clear(&hosts); /* not found: the next tick asks again */
}

/* Acknowledges what a crash may take back: tests/chaos must find it out. */
#ifdef HERMETIC_PLANTED_ACK_BEFORE_COMMIT
enum { PLANTED = true };
#else
enum { PLANTED = false };
#endif

static const char *synchronous_commit(const struct connection *c)
{
	return c->settings.durable && !PLANTED ? "on" : "off";
}

static bool set(struct connection *c, const char *setting)
{
	return PQsendQueryParams(c->pg, setting, 0, NULL, NULL, NULL, NULL,
				 0) == 1;
}

/*
 * Every statement has an index for its work. The planner must not read a whole
 * table instead because it was empty when it was last looked at: such a plan
 * is kept while the table grows. A statement whose plans are not kept takes
 * longer to plan than to run.
 */
static bool send_settings(struct connection *c)
{
	return set(c, "SET search_path = hermetic") &&
	       set(c, "SET enable_seqscan = off") && set(c, "SET jit = off") &&
	       set(c, strcmp(synchronous_commit(c), "on") == 0
			  ? "SET synchronous_commit = on"
			  : "SET synchronous_commit = off") &&
	       set(c, "SET statement_timeout = '10s'") &&
	       (!c->settings.keeps_plans ||
		(set(c, "SET plan_cache_mode = force_generic_plan") &&
		 set(c, "SET enable_bitmapscan = off")));
}

/* Everything that a connection needs, in one round trip. In a pool statements
 * are parsed without a name: to see that the schema fits. */
static bool send_preparation(struct connection *c)
{
	if (PQsetnonblocking(c->pg, 1) != 0 || PQenterPipelineMode(c->pg) != 1)
		return false;
	if (!(c->settings.pooled ? send_local_settings(c) : send_settings(c)))
		return false;
	for (size_t i = 0; i < STATEMENT_COUNT; i++) {
		const struct statement_text *s = &statement_texts[i];

		if (i != STATEMENT_LISTEN &&
		    PQsendPrepare(c->pg, c->settings.pooled ? "" : s->name,
				  s->sql, 0, NULL) != 1)
			return false;
	}
	if (c->settings.listens &&
	    PQsendQueryParams(c->pg, statement_texts[STATEMENT_LISTEN].sql, 0,
			      NULL, NULL, NULL, NULL, 0) != 1)
		return false;
	return PQpipelineSync(c->pg) == 1;
}

static void go_on_connecting(struct connection *c)
{
	switch (PQconnectPoll(c->pg)) {
	case PGRES_POLLING_READING:
		watch(c, STORE_READ);
		return;
	case PGRES_POLLING_WRITING:
		watch(c, STORE_WRITE);
		return;
	case PGRES_POLLING_OK:
		c->state = STATE_PREPARING;
		if (!send_preparation(c) || !flush(c))
			disconnect(c);
		return;
	case PGRES_POLLING_FAILED:
	case PGRES_POLLING_ACTIVE:
		disconnect(c);
	}
}

/* ---- receiving ---- */

/* What passes by itself and says nothing about the statement: a conflict of
 * transactions (class 40, a deadlock too), a lock that is not to be had
 * (55P03), a statement that was cancelled or took too long (57014), a server
 * that ends or begins (57P0x), one without room (class 53), a connection's own
 * (class 08). */
static bool is_passing(const char *state)
{
	static const char *const passing[] = { "40",   "55P03", "57014",
					       "57P0", "53",	"08" };

	for (size_t i = 0; i < sizeof(passing) / sizeof(*passing); i++)
		if (strncmp(state, passing[i], strlen(passing[i])) == 0)
			return true;
	return false;
}

/* Two transactions that got into each other's way are no news of the database:
 * everything else that passes is. */
static enum err passing(struct connection *c, const char *state)
{
	if (strncmp(state, "40", 2) != 0)
		c->unwell_until = now_ms() + UNWELL_MS;
	LOG(WARN, "the database refuses for now", LOG_STR("sqlstate", state),
	    LOG_STR("connection", c->settings.name));
	return ERR_LOCAL_BUSY;
}

/* SQLSTATE may be missing (NULL). Class 23: a constraint. */
static enum err failure_of(struct connection *c, const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	if (state != NULL && strncmp(state, "23", 2) == 0)
		return ERR_STATE_CONFLICT;
	if (state != NULL && is_passing(state))
		return passing(c, state);
	metrics_count(METRIC_DATABASE_ERRORS, 1);
	LOG(ERROR, "statement refused",
	    LOG_STR("sqlstate", state != NULL ? state : "none"));
	return ERR_LOCAL_BUG;
}

/* The end of a transaction: now, and only now, it has been committed. */
static void on_sync(struct connection *c)
{
	struct rows answer = c->answer;
	enum err failure = c->failure;
	struct request *r;

	c->answer = (struct rows){ .result = NULL };
	c->failure = ERR_OK;
	if (c->state == STATE_PREPARING) {
		if (failure != ERR_OK) {
			if (failure != ERR_LOCAL_BUSY)
				LOG(ERROR,
				    "database does not fit; is it migrated?",
				    LOG_STR("connection", c->settings.name));
			PQclear(answer.result);
			disconnect(c);
			return;
		}
		c->state = STATE_READY;
		metrics_set(METRIC_DATABASE_CONNECTIONS, ++ready_count);
		c->retry_ms = RETRY_FIRST_MS;
		LOG(INFO, "database connected",
		    LOG_STR("connection", c->settings.name));
		if (c->settings.on_ready != NULL)
			c->settings.on_ready(c->settings.arg);
	} else if ((r = queue_take(&c->sent)) != NULL) {
		if (failure == ERR_OK && answer.result == NULL)
			failure = ERR_LOCAL_BUG;
		finish(r, failure, failure == ERR_OK ? &answer : NULL);
	}
	PQclear(answer.result);
}

static void on_result(struct connection *c, PGresult *result)
{
	switch (PQresultStatus(result)) {
	case PGRES_TUPLES_OK:
	case PGRES_COMMAND_OK:
		PQclear(c->answer.result);
		c->answer.result = result;
		return;
	case PGRES_PIPELINE_SYNC:
		PQclear(result);
		on_sync(c);
		return;
	case PGRES_PIPELINE_ABORTED:
		if (c->failure == ERR_OK)
			c->failure = ERR_LOCAL_BUG;
		break;
	case PGRES_FATAL_ERROR:
	case PGRES_BAD_RESPONSE:
		if (c->failure == ERR_OK)
			c->failure = failure_of(c, result);
		break;
	case PGRES_EMPTY_QUERY:
	case PGRES_COPY_OUT:
	case PGRES_COPY_IN:
	case PGRES_COPY_BOTH:
	case PGRES_NONFATAL_ERROR:
	case PGRES_SINGLE_TUPLE:
		break;
	}
	PQclear(result);
}

static bool expects_answer(const struct connection *c)
{
	return c->state == STATE_PREPARING || c->sent.first != NULL;
}

static void give_notifications(struct connection *c)
{
	PGnotify *n;

	while (c->pg != NULL && (n = PQnotifies(c->pg)) != NULL) {
		if (c->settings.on_notify != NULL)
			c->settings.on_notify(c->settings.arg, n->extra);
		PQfreemem(n);
	}
}

static void receive(struct connection *c)
{
	if (PQconsumeInput(c->pg) != 1) {
		disconnect(c);
		return;
	}
	/* NULL parts one statement's results from the next one's */
	for (int nulls = 0; nulls < 2 && c->pg != NULL && expects_answer(c) &&
			    !PQisBusy(c->pg);) {
		PGresult *result = PQgetResult(c->pg);

		nulls = result == NULL ? nulls + 1 : 0;
		if (result != NULL)
			on_result(c, result);
	}
	if (c->pg == NULL)
		return;
	if (PQstatus(c->pg) == CONNECTION_BAD) {
		disconnect(c);
		return;
	}
	give_notifications(c);
}

static void on_socket(void *arg, unsigned events)
{
	struct connection *c = arg;

	if (c->state == STATE_CONNECTING) {
		go_on_connecting(c);
		return;
	}
	if (c->pg != NULL && (events & STORE_READ) != 0)
		receive(c);
	if (c->pg != NULL && c->state == STATE_READY)
		send_waiting(c);
	else if (c->pg != NULL && !flush(c))
		disconnect(c);
}

/* ---- time ---- */

static void fail_overdue(struct connection *c, uint64_t now)
{
	while (c->waiting.first != NULL && c->waiting.first->deadline < now)
		finish(queue_take(&c->waiting), ERR_LOCAL_BUSY, NULL);
}

static void on_tick(void *arg)
{
	struct connection *c = arg;
	uint64_t now = now_ms();

	if (c->state == STATE_DOWN && now >= c->retry_at)
		start_connecting(c);
	else if ((c->state == STATE_CONNECTING ||
		  c->state == STATE_PREPARING) &&
		 now >= c->connect_by)
		disconnect(c);
	else if (c->sent.first != NULL && c->sent.first->deadline < now)
		disconnect(c); /* it hangs: what it does is unknown */
	if (c->state != STATE_READY)
		fail_overdue(c, now);
}

enum err connection_open(const struct store_loop *loop,
			 const struct connection_settings *settings,
			 struct connection **out)
{
	struct connection *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return ERR_LOCAL_MEMORY;
	c->settings = *settings;
	c->loop = loop;
	c->fd = -1;
	c->retry_ms = RETRY_FIRST_MS;
	queue_init(&c->waiting);
	queue_init(&c->sent);
	loop->every(loop->context, TICK_MS, on_tick, c);
	start_connecting(c);
	*out = c;
	return ERR_OK;
}

bool connection_is_ready(const struct connection *c)
{
	return c->state == STATE_READY;
}

bool connection_is_well(const struct connection *c)
{
	return c->state == STATE_READY && now_ms() >= c->unwell_until;
}
