#include "store/listener.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/metrics.h"

/* A server that is that slow delays notices, too: to begin anew is no loss. */
enum { TICK_MS = 500, PROBE_US = 2000000, DEAF_US = 5000000, WORD_SIZE = 48 };

enum state {
	STATE_QUIET, /* until the next probe */
	STATE_ASKED, /* the teller was asked, and has not answered */
	STATE_TOLD,  /* it has told: now the listener must hear it */
	STATE_OVER   /* as ASKED, but nothing is expected of it any more */
};

struct listener {
	struct listener_settings settings;
	struct connection *connection;
	enum state state;
	char
	    word[WORD_SIZE]; /* of the last probe: nobody else's, never again */
	uint64_t count, since; /* probes; microseconds, of the last change */
};

static void become(struct listener *l, enum state state)
{
	l->state = state;
	l->since = metrics_now_us();
}

static void on_told(void *arg, enum err e, struct rows *rows)
{
	struct listener *l = arg;

	(void)rows;
	if (l->state == STATE_ASKED && e == ERR_OK)
		become(l, STATE_TOLD);
	else if (l->state == STATE_ASKED || l->state == STATE_OVER)
		become(l, STATE_QUIET); /* or not told: the teller's trouble */
}

static void on_probe(void *arg, const char *payload)
{
	struct listener *l = arg;

	if (strcmp(payload, l->word) != 0)
		return;
	metrics_set(METRIC_LISTENERS, 1);
	if (l->state == STATE_ASKED)
		become(l, STATE_OVER);
	else if (l->state == STATE_TOLD)
		become(l, STATE_QUIET);
}

static void probe(struct listener *l)
{
	struct params params = PARAMS_INIT;

	(void)snprintf(l->word, sizeof(l->word), "%ld %" PRIu64 " %" PRIu64,
		       (long)getpid(), metrics_now_us(), ++l->count);
	params_i64(&params, connection_backend(l->connection));
	params_text(&params, span_str(l->word));
	if (connection_send(l->settings.teller, STATEMENT_LISTENER_PROBE,
			    &params, on_told, l) == ERR_OK)
		become(l, STATE_ASKED);
}

static void on_tick(void *arg)
{
	struct listener *l = arg;
	uint64_t past = metrics_now_us() - l->since;

	if (!connection_is_ready(l->connection)) {
		metrics_set(METRIC_LISTENERS, 0);
	} else if (l->state == STATE_TOLD && past > DEAF_US) {
		metrics_count(METRIC_LISTENER_DEAF, 1);
		LOG(WARN, "listener is deaf",
		    LOG_STR("connection", l->settings.name),
		    LOG_NUM("after_ms", past / 1000));
		connection_cut(l->connection, "it does not hear its probe");
	} else if (l->state == STATE_QUIET && past > PROBE_US &&
		   connection_is_ready(l->settings.teller)) {
		probe(l);
	}
}

/* What the connection before it was to hear, this one will not. A probe that
 * the teller still has ends with its answer. */
static void on_ready(void *arg)
{
	struct listener *l = arg;

	l->word[0] = '\0';
	if (l->state == STATE_TOLD)
		become(l, STATE_QUIET);
	else if (l->state == STATE_ASKED)
		become(l, STATE_OVER);
	l->settings.on_ready(l->settings.arg);
}

static void on_notify(void *arg, const char *payload)
{
	struct listener *l = arg;

	l->settings.on_notify(l->settings.arg, payload);
}

enum err listener_open(const struct store_loop *loop,
		       const struct listener_settings *settings,
		       struct listener **out)
{
	struct listener *l = calloc(1, sizeof(*l));
	struct connection_settings to = { .conninfo = settings->conninfo,
					  .name = settings->name,
					  .listens = true,
					  .keeps_plans = true,
					  .queue_max = 2,
					  .wait_ms = 10000,
					  .on_ready = on_ready,
					  .on_notify = on_notify,
					  .on_probe = on_probe,
					  .arg = l };
	enum err e;

	ENSURE(l != NULL, ERR_LOCAL_MEMORY);
	l->settings = *settings;
	TRY(connection_open(loop, &to, &l->connection));
	loop->every(loop->context, TICK_MS, on_tick, l);
	*out = l;
	return ERR_OK;
out:
	free(l);
	return e;
}

bool listener_is_ready(const struct listener *l)
{
	return connection_is_ready(l->connection);
}

struct connection *listener_connection(struct listener *l)
{
	return l->connection;
}
