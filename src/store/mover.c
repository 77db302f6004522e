#include "store/mover.h"

#include <stdlib.h>

#include "base/clock.h"

/* The rest, as a multiple of the time that the statement before took; and the longest. */
enum { REST_TIMES = 1, REST_MS_MAX = 100 };

struct move {
	struct move *next;
	struct mover *mover;
	enum statement statement;
	struct params params;
	connection_done *done;
	void *arg;
};

struct mover {
	const struct store_loop *loop;
	struct connection *connection;
	struct move *first, **end;
	size_t waiting, max;
	uint64_t since_ms; /* when the one that is on its way was sent */
	bool busy;	   /* one is on its way, or it rests */
};

enum err mover_open(const struct store_loop *loop,
		    const struct connection_settings *settings,
		    struct mover **out)
{
	struct mover *m = calloc(1, sizeof(*m));
	enum err e;

	ENSURE(m != NULL, ERR_LOCAL_MEMORY);
	m->loop = loop;
	m->end = &m->first;
	m->max = settings->queue_max;
	TRY(connection_open(loop, settings, &m->connection));
	*out = m;
	m = NULL;
out:
	free(m);
	return e;
}

static void go_on(void *arg);

static void on_moved(void *arg, enum err e, struct rows *rows)
{
	struct move move = *(struct move *)arg;
	struct mover *m = move.mover;
	uint64_t rest = REST_TIMES * (clock_steady_ms() - m->since_ms);

	free(arg);
	m->loop->later(m->loop->context,
		       rest < REST_MS_MAX ? (unsigned)rest : REST_MS_MAX, go_on,
		       m);
	move.done(move.arg, e, rows);
}

static enum err send_first(struct mover *m)
{
	struct move *move = m->first;
	enum err e;

	m->first = move->next;
	if (m->first == NULL)
		m->end = &m->first;
	m->waiting--;
	m->busy = true;
	m->since_ms = clock_steady_ms();
	e = connection_send(m->connection, move->statement, &move->params,
			    on_moved, move);
	if (e != ERR_OK) {
		m->busy = false;
		free(move);
	}
	return e;
}

static void go_on(void *arg)
{
	struct mover *m = arg;

	m->busy = false;
	while (m->first != NULL && !m->busy) {
		struct move move = *m->first;
		enum err e = send_first(m);

		if (e != ERR_OK)
			move.done(move.arg, e, NULL);
	}
}

enum err mover_send(struct mover *m, enum statement statement,
		    struct params *params, connection_done *done, void *arg)
{
	struct move *move = m->waiting < m->max ? malloc(sizeof(*move)) : NULL;

	if (move == NULL) {
		params_clear(params);
		return m->waiting < m->max ? ERR_LOCAL_MEMORY : ERR_LOCAL_BUSY;
	}
	*move = (struct move){ NULL, m, statement, *params, done, arg };
	*params = PARAMS_INIT;
	*m->end = move;
	m->end = &move->next;
	m->waiting++;
	return m->busy ? ERR_OK : send_first(m);
}
