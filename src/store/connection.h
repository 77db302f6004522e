/*
 * One connection to PostgreSQL in pipeline mode on the store's loop. It
 * connects and reconnects by itself, to a server that is not older than what
 * was seen before, prepares each statement with the first request for it, and
 * keeps requests in order. Each request is a transaction of its own: its answer
 * is given when the transaction has been committed, never before.
 *
 * The first one of a process looks whether all statements fit the schema; the
 * others begin after it, or two seconds later.
 */
#ifndef HERMETIC_STORE_CONNECTION_H
#define HERMETIC_STORE_CONNECTION_H

#include "base/err.h"
#include "store/connection_settings.h"
#include "store/loop.h"
#include "store/params.h"
#include "store/rows.h"
#include "store/statements.h"

struct connection;

/*
 * Called once for each accepted request. `rows` only with ERR_OK.
 * ERR_STATE_CONFLICT: a constraint refused it, nothing was done;
 * ERR_LOCAL_BUG: the database refused the statement, nothing was done;
 * ERR_LOCAL_IO: the connection broke, and whether it was done is unknown;
 * ERR_LOCAL_BUSY: it was never sent, or the database refused it for a reason
 * that passes (a lock, a conflict, no room); nothing was done.
 */
typedef void connection_done(void *arg, enum err e, struct rows *rows);

/* Starts to connect; failures are retried, so this fails for memory only. */
MUST_CHECK enum err connection_open(const struct store_loop *loop,
				    const struct connection_settings *settings,
				    struct connection **out);

/* Takes the content of `params` on success and on failure.
 * ERR_LOCAL_BUSY: the queue is full; `done` is then not called. */
MUST_CHECK enum err connection_send(struct connection *connection,
				    enum statement statement,
				    struct params *params,
				    connection_done *done, void *arg);

bool connection_is_ready(const struct connection *connection);

/* It is ready, and for some seconds the database refused nothing for a reason
 * that passes. */
bool connection_is_well(const struct connection *connection);

/* The number of its server process; 0: it is not ready. */
int connection_backend(const struct connection *connection);

/* In words: why the server that answers is not taken (store/cluster.h,
 * store/bucket.h), or does not take this connection (store/reason.h). NULL: neither is so, or none
 * answers. */
const char *connection_refusal(const struct connection *connection);

/* Breaks it, as if the network had. `why` is logged. Not from within one of
 * its own callbacks. */
void connection_cut(struct connection *connection, const char *why);

#endif
