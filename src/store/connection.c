#include "store/connection.h"
#include "store/bucket.h"
#include "store/cluster.h"
#include "store/hosts.h"
#include "store/prepare.h"
#include "store/queue.h"
#include "store/reason.h"
#include "store/rows_internal.h"
#include "store/sqlstate.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/sec.h"

enum {
	TICK_MS = 500,
	CONNECT_MS = 10000,
	TURN_MS = 3000,	    /* instead, where there are other hosts to try */
	PREPARE_MS = 20000, /* a busy server takes its time, and must not begin
			       again and again */
	RETRY_FIRST_MS = 100,
	RETRY_MAX_MS = 2000,
	LOOK_MS = 2000,
	UNWELL_MS = 5000
};

enum state {
	STATE_DOWN,
	STATE_CONNECTING,
	STATE_MEETING, /* it is asked who it is */
	STATE_PREPARING,
	STATE_READY
};

struct connection {
	struct connection_settings settings;
	const struct store_loop *loop;
	enum state state;
	PGconn *pg;
	int fd;		  /* as registered with the loop; -1: none */
	unsigned watched; /* and for what */
	uint64_t retry_at, connect_by, unwell_until;
	unsigned retry_ms, turn;      /* whose turn it is to be tried first */
	uint32_t timeline;	      /* of the server */
	enum cluster_verdict verdict; /* on the last one that was met */
	/* why our buckets do not fit it, in words; "": they do */
	char misfit[BUCKETS_MISFIT_SIZE];
	bool has_no_place;			 /* it had none the last time */
	enum prepared prepared[STATEMENT_COUNT]; /* by this server process */
	struct store_queue waiting, sent;
	/* the answer that is being read */
	struct rows answer;
	enum err failure;
	struct connection *next;
};

/* Of this process. */
static struct connection *all;
static unsigned ready_count;
static bool schema_fits; /* as one of them has found */

/* ---- the socket ---- */

static void on_socket(void *arg, unsigned events);

static void forget(struct connection *c)
{
	if (c->fd >= 0)
		c->loop->forget(c->loop->context, c->fd);
	c->fd = -1;
}

static void disconnect(struct connection *c, const char *why);

static void on_closed(void *arg)
{
	struct connection *c = arg;

	if (c->pg != NULL && PQsocket(c->pg) < 0)
		disconnect(c, NULL);
}

/* While libpq connects, it may close the socket and get the same number for
 * the next one: then the loop is told again in any case. It closes the socket also when
 * it cannot write: of that no event will tell. */
static void watch(struct connection *c, unsigned events)
{
	int fd = PQsocket(c->pg);
	bool closed = fd < 0 && c->fd >= 0;

	if (fd != c->fd)
		forget(c);
	else if (c->watched == events && c->state != STATE_CONNECTING)
		return;
	c->fd = fd;
	c->watched = events;
	if (fd >= 0)
		c->loop->watch(c->loop->context, fd, events, on_socket, c);
	else if (closed)
		c->loop->later(c->loop->context, 0, on_closed, c);
}

static void drop_answer(struct connection *c)
{
	PQclear(c->answer.result);
	c->answer = (struct rows){ .result = NULL };
	c->failure = ERR_OK;
}

/* Half of the time for certain, the rest by chance: what broke together does
 * not come again together. */
static uint64_t retry_after(unsigned ms)
{
	return ms / 2 + metrics_now_us() % (ms / 2 + 1);
}

/* Whether what was sent has been done is unknown now. `why` NULL: libpq says
 * it. */
static void disconnect(struct connection *c, const char *why)
{
	char said[REASON_SIZE];

	c->has_no_place = reason_read(c->pg, said);
	metrics_count(METRIC_DATABASE_BREAKS, 1);
	if (why == NULL && reason_sqlstate(said) != NULL)
		metrics_refusal(reason_sqlstate(said));
	if (c->state == STATE_READY)
		metrics_set(METRIC_DATABASE_CONNECTIONS, --ready_count);
	LOG(WARN, "database connection lost",
	    LOG_STR("connection", c->settings.name),
	    LOG_NUM("in_flight", c->sent.count),
	    LOG_STR("reason", why != NULL ? why : said));
	forget(c);
	PQfinish(c->pg);
	c->pg = NULL;
	/* the next one is tried first if this one was silent, or is not it */
	c->turn += c->state == STATE_CONNECTING || c->state == STATE_MEETING;
	c->state = STATE_DOWN;
	memset(c->prepared, PREPARED_NO, sizeof(c->prepared));
	c->retry_at = clock_steady_ms() + retry_after(c->retry_ms);
	c->retry_ms =
	    c->retry_ms * 2 < RETRY_MAX_MS ? c->retry_ms * 2 : RETRY_MAX_MS;
	drop_answer(c);
	store_queue_fail(&c->sent, ERR_LOCAL_IO);
}

/* ---- sending ---- */

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

static bool flush(struct connection *c)
{
	int left = PQflush(c->pg);

	if (left < 0)
		return false;
	watch(c, left > 0 ? STORE_READ | STORE_WRITE : STORE_READ);
	return true;
}

static bool send_one(struct connection *c, struct store_request *r)
{
	enum prepared *state = &c->prepared[r->statement], before = *state;
	bool sent = prepare_send(c->pg, &c->settings, synchronous_commit(c),
				 r->statement, &r->params, state);

	r->prepares = *state != before;
	r->deadline = clock_steady_ms() + c->settings.wait_ms;
	return sent;
}

static void send_waiting(struct connection *c)
{
	while (c->waiting.first != NULL) {
		struct store_request *r = store_queue_take(&c->waiting);

		store_queue_put(&c->sent, r);
		if (!send_one(c, r)) {
			disconnect(c, NULL);
			return;
		}
	}
	if (!flush(c))
		disconnect(c, NULL);
}

enum err connection_send(struct connection *c, enum statement statement,
			 struct params *params, connection_done *done,
			 void *arg)
{
	struct store_request *r = NULL;
	enum err e;

	TRY(params_end(params));
	ENSURE(c->waiting.count + c->sent.count < c->settings.queue_max,
	       ERR_LOCAL_BUSY);
	r = malloc(sizeof(*r));
	ENSURE(r != NULL, ERR_LOCAL_MEMORY);
	*r = (struct store_request){ .statement = statement,
				     .params = *params,
				     .done = done,
				     .arg = arg,
				     .deadline = clock_steady_ms() +
						 c->settings.wait_ms };
	*params = PARAMS_INIT;
	store_queue_put(&c->waiting, r);
	if (c->state == STATE_READY) {
		/* a break is noticed on the loop, not within this call */
		r = store_queue_take(&c->waiting);
		store_queue_put(&c->sent, r);
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
	c->pg = prepare_connect(&c->settings, hosts);
	if (c->pg == NULL || PQstatus(c->pg) == CONNECTION_BAD) {
		disconnect(c, NULL);
		return;
	}
	c->state = STATE_CONNECTING;
	c->connect_by =
	    clock_steady_ms() + (hosts->count > 1 ? TURN_MS : CONNECT_MS);
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
		c->state = STATE_MEETING;
		if (!prepare_identity(c->pg, &c->settings) || !flush(c))
			disconnect(c, NULL);
		return;
	case PGRES_POLLING_FAILED:
	case PGRES_POLLING_ACTIVE:
		disconnect(c, NULL);
	}
}

/* NULL, or why nothing is to be asked of, or told to, this server. */
static const char *refuse(struct connection *c, const PGresult *result)
{
	uint64_t system = strtoull(PQgetvalue(result, 0, 0), NULL, 10);
	uint64_t shards = strtoull(PQgetvalue(result, 0, 2), NULL, 10);

	c->misfit[0] = '\0';
	c->timeline = (uint32_t)strtoul(PQgetvalue(result, 0, 1), NULL, 10);
	c->verdict = cluster_meet(system, c->timeline);
	if (c->verdict != CLUSTER_FITS) {
		metrics_count(METRIC_DATABASE_REFUSED, 1);
		return cluster_text(c->verdict);
	}
	if (c->settings.buckets == 0 ||
	    buckets_fit(c->settings.buckets, shards))
		return NULL;
	metrics_count(METRIC_DATABASE_MISFITS, 1);
	buckets_misfit(c->misfit, c->settings.buckets, shards);
	return c->misfit;
}

static void on_met(struct connection *c, const PGresult *result)
{
	const char *refusal;

	if (PQntuples(result) != 1) {
		disconnect(c, "the server does not say who it is");
		return;
	}
	refusal = refuse(c, result);
	if (refusal != NULL) {
		disconnect(c, refusal);
		return;
	}
	c->state = STATE_PREPARING;
	c->connect_by = clock_steady_ms() + PREPARE_MS;
	if (!prepare_session(c->pg, &c->settings, synchronous_commit(c),
			     !schema_fits) ||
	    !flush(c))
		disconnect(c, NULL);
}

/* Those that wait for the first one have nothing to look for any more. */
static void start_others(void)
{
	schema_fits = true;
	for (struct connection *c = all; c != NULL; c = c->next)
		if (c->state == STATE_DOWN)
			start_connecting(c);
}

static void on_prepared(struct connection *c)
{
	c->state = STATE_READY;
	if (!schema_fits)
		start_others();
	metrics_set(METRIC_DATABASE_CONNECTIONS, ++ready_count);
	c->retry_ms = RETRY_FIRST_MS;
	LOG(INFO, "database connected", LOG_STR("connection", c->settings.name),
	    LOG_NUM("timeline", c->timeline));
	if (c->settings.on_ready != NULL)
		c->settings.on_ready(c->settings.arg);
}

/* A newer primary has been seen: an answer of this one is none. */
static bool is_outdated(const struct connection *c)
{
	return c->timeline < cluster_timeline();
}

/* ---- receiving ---- */

static enum err failure_of(struct connection *c, const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *said = NULL;
	enum err e = sqlstate_err(state);

	metrics_refusal(state);
	if (sqlstate_is_news(state))
		c->unwell_until = clock_steady_ms() + UNWELL_MS;
	if (e == ERR_LOCAL_BUSY)
		LOG(WARN, "the database refuses for now",
		    LOG_STR("sqlstate", state),
		    LOG_STR("connection", c->settings.name));
	if (e != ERR_LOCAL_BUG)
		return e;
	metrics_count(METRIC_DATABASE_ERRORS, 1);
	/* a statement with parameters may be quoted in it: those come later */
	if (c->state == STATE_PREPARING)
		said = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	LOG(ERROR, "statement refused",
	    LOG_STR("sqlstate", state != NULL ? state : "none"),
	    LOG_STR("reason", said != NULL ? said : ""));
	return e;
}

/* The end of a transaction: now, and only now, it has been committed. */
static void on_sync(struct connection *c)
{
	struct rows answer = c->answer;
	enum err failure = c->failure;
	struct store_request *r;

	c->answer = (struct rows){ .result = NULL };
	c->failure = ERR_OK;
	if (c->state != STATE_READY && failure != ERR_OK) {
		if (failure != ERR_LOCAL_BUSY)
			LOG(ERROR, "database does not fit; is it migrated?",
			    LOG_STR("connection", c->settings.name));
		disconnect(c, NULL);
	} else if (c->state == STATE_MEETING) {
		on_met(c, answer.result);
	} else if (c->state == STATE_PREPARING) {
		on_prepared(c);
	} else if (is_outdated(c)) {
		disconnect(c, cluster_text(CLUSTER_OLDER));
	} else if ((r = store_queue_take(&c->sent)) != NULL) {
		if (failure == ERR_OK && answer.result == NULL)
			failure = ERR_LOCAL_BUG;
		store_queue_finish(r, failure,
				   failure == ERR_OK ? &answer : NULL);
	}
	PQclear(answer.result);
}

/* Whether the request's statement is there from now on, under its name. */
static bool answers_preparation(struct connection *c, ExecStatusType status)
{
	struct store_request *r =
	    c->state == STATE_READY ? c->sent.first : NULL;

	if (r == NULL || !r->prepares)
		return false;
	r->prepares = false;
	c->prepared[r->statement] =
	    status == PGRES_COMMAND_OK ? PREPARED_YES : PREPARED_NO;
	return status == PGRES_COMMAND_OK;
}

static void on_result(struct connection *c, PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	if (answers_preparation(c, status)) {
		PQclear(result);
		return;
	}
	if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
		PQclear(c->answer.result);
		c->answer.result = result;
		return;
	}
	if (status == PGRES_PIPELINE_SYNC) {
		PQclear(result);
		on_sync(c);
		return;
	}
	/* no statement here asks for the other kinds */
	if (c->failure == ERR_OK && status == PGRES_PIPELINE_ABORTED)
		c->failure = ERR_LOCAL_BUG;
	else if (c->failure == ERR_OK &&
		 (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE))
		c->failure = failure_of(c, result);
	PQclear(result);
}

static bool expects_answer(const struct connection *c)
{
	return c->state == STATE_MEETING || c->state == STATE_PREPARING ||
	       c->sent.first != NULL;
}

static void give_notifications(struct connection *c)
{
	PGnotify *n;

	while (c->pg != NULL && (n = PQnotifies(c->pg)) != NULL) {
		bool probe = strncmp(n->relname, PREPARE_PROBES,
				     strlen(PREPARE_PROBES)) == 0;

		if (probe && c->settings.on_probe != NULL)
			c->settings.on_probe(c->settings.arg, n->extra);
		else if (!probe && c->settings.on_notify != NULL)
			c->settings.on_notify(c->settings.arg, n->extra);
		PQfreemem(n);
	}
}

static void receive(struct connection *c)
{
	if (PQconsumeInput(c->pg) != 1) {
		disconnect(c, NULL);
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
		disconnect(c, NULL);
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
		disconnect(c, NULL);
}

/* ---- time ---- */

static void fail_overdue(struct connection *c, uint64_t now)
{
	while (c->waiting.first != NULL && c->waiting.first->deadline < now)
		store_queue_finish(store_queue_take(&c->waiting),
				   ERR_LOCAL_BUSY, NULL);
}

static void on_tick(void *arg)
{
	struct connection *c = arg;
	uint64_t now = clock_steady_ms();

	if (c->state == STATE_DOWN) {
		if (now >= c->retry_at)
			start_connecting(c);
	} else if (c->state != STATE_READY) {
		if (now >= c->connect_by)
			disconnect(c, "the server does not answer in time");
	} else if (is_outdated(c)) {
		disconnect(c, cluster_text(CLUSTER_OLDER));
	} else if (c->sent.first != NULL && c->sent.first->deadline < now) {
		/* it hangs: what it does is unknown */
		disconnect(c, "a statement has no answer in time");
	}
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
	store_queue_init(&c->waiting);
	store_queue_init(&c->sent);
	loop->every(loop->context, TICK_MS, on_tick, c);
	/* the first one looks whether the schema fits, and the others begin
	 * after it; when that takes long, they look, too */
	if (all == NULL || schema_fits)
		start_connecting(c);
	else
		c->retry_at = clock_steady_ms() + LOOK_MS;
	c->next = all;
	all = c;
	*out = c;
	return ERR_OK;
}

bool connection_is_ready(const struct connection *c)
{
	return c->state == STATE_READY;
}

bool connection_is_well(const struct connection *c)
{
	return c->state == STATE_READY && clock_steady_ms() >= c->unwell_until;
}

int connection_backend(const struct connection *c)
{
	return c->state == STATE_READY ? PQbackendPID(c->pg) : 0;
}

const char *connection_refusal(const struct connection *c)
{
	if (c->state == STATE_READY)
		return NULL;
	if (c->has_no_place)
		return REASON_NO_PLACE;
	return c->misfit[0] != '\0' ? c->misfit : cluster_text(c->verdict);
}

void connection_cut(struct connection *c, const char *why)
{
	if (c->state != STATE_DOWN)
		disconnect(c, why);
}
