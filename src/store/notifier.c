#include "store/notifier.h"

#include <stdlib.h>

#include "store/telling.h"

struct notifier {
	const struct store_loop *loop;
	struct connection *connection;
	struct telling telling;
	bool in_flight;
	bool due; /* what waits goes at the end of this turn */
};

static void send_next(struct notifier *n);

static void on_sent(void *arg, enum err e, struct rows *rows)
{
	struct notifier *n = arg;

	(void)rows;
	(void)e; /* a lost wake-up is made good by the listeners */
	n->in_flight = false;
	send_next(n);
}

static void send_next(struct notifier *n)
{
	struct params params = PARAMS_INIT;
	struct buf payload = BUF_INIT;

	if (n->in_flight || telling_is_empty(&n->telling))
		return;
	telling_take(&n->telling, &payload);
	params_text(&params, buf_span(&payload));
	buf_clear(&payload);
	n->in_flight = connection_send(n->connection, STATEMENT_NOTIFY, &params,
				       on_sent, n) == ERR_OK;
}

static void on_turn_end(void *arg)
{
	struct notifier *n = arg;

	n->due = false;
	send_next(n);
}

/* All that was stored together is told together. */
static void send_soon(struct notifier *n)
{
	if (n->due || n->in_flight)
		return;
	n->due = true;
	n->loop->later(n->loop->context, 0, on_turn_end, n);
}

void notifier_name(struct notifier *n, uint64_t node,
		   const struct lines_seal *seal)
{
	n->telling.node = node;
	n->telling.seal = seal;
}

void notifier_tell(struct notifier *n, enum notice_kind kind, struct uuid id,
		   uint64_t seq)
{
	const struct notice notice = { .kind = kind, .id = id, .seq = seq };

	telling_add(&n->telling, &notice);
	send_soon(n);
}

void notifier_tell_stored(struct notifier *n, const struct message *message)
{
	telling_add_stored(&n->telling, message);
	send_soon(n);
}

void notifier_tell_typing(struct notifier *n, struct uuid session, uint64_t seq,
			  struct span bytes)
{
	if (telling_add_typing(&n->telling, session, seq, bytes))
		send_soon(n);
}

struct connection *notifier_connection(struct notifier *n)
{
	return n->connection;
}

bool notifier_is_idle(const struct notifier *n)
{
	return telling_is_empty(&n->telling) && !n->in_flight;
}

enum err notifier_open(const struct store_loop *loop, const char *conninfo,
		       bool pooled, struct notifier **out)
{
	struct connection_settings settings = { .conninfo = conninfo,
						.name = "hermetic notifier",
						.durable = false,
						.keeps_plans = true,
						.pooled = pooled,
						.queue_max = 2,
						.wait_ms = 5000 };
	struct connection *connection;
	enum err e;

	TRY(connection_open(loop, &settings, &connection));
	TRY(notifier_open_by(loop, connection, out));
out:
	return e;
}

enum err notifier_open_by(const struct store_loop *loop,
			  struct connection *connection, struct notifier **out)
{
	struct notifier *n = calloc(1, sizeof(*n));

	if (n == NULL)
		return ERR_LOCAL_MEMORY;
	n->loop = loop;
	n->connection = connection;
	n->telling = TELLING_INIT;
	*out = n;
	return ERR_OK;
}
