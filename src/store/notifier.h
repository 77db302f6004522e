/*
 * Wakes the other nodes: NOTIFY, coalesced, on a connection whose commits do not
 * wait for the disk. A transaction with a NOTIFY in it takes a
 * lock that all such commits of the cluster wait for, so none is ever in a
 * transaction that stores a message. What is lost here costs time, never a
 * message: listeners compare sequence numbers.
 */
#ifndef HERMETIC_STORE_NOTIFIER_H
#define HERMETIC_STORE_NOTIFIER_H

#include "store/connection.h"
#include "store/lines.h"

struct notifier;

/* `pooled`: see struct connection_settings. */
MUST_CHECK enum err notifier_open(const struct store_loop *loop,
				  const char *conninfo, bool pooled,
				  struct notifier **out);

/* The same by a connection of another's, of which it has two places of the queue: one that
 * listens hears its own notices with its answer, and nobody is woken for them. */
MUST_CHECK enum err notifier_open_by(const struct store_loop *loop,
				     struct connection *connection,
				     struct notifier **out);

/* Who tells, from now on: a node, whose workers have by another way what
 * notifier_tell_stored() tells. With a `seal`, which is borrowed, rows go along. */
void notifier_name(struct notifier *n, uint64_t node,
		   const struct lines_seal *seal);

/* `seq`: of a NOTICE_MESSAGE. */
void notifier_tell(struct notifier *n, enum notice_kind kind, struct uuid id,
		   uint64_t seq);

/* A message that was stored, and is durable: its row goes along while all that waits fits
 * into one payload. */
void notifier_tell_stored(struct notifier *n, const struct message *message);

/* A NOTICE_TYPING, behind all others; dropped where much waits, or when it is longer than
 * LINES_TYPING_MAX. */
void notifier_tell_typing(struct notifier *n, struct uuid session, uint64_t seq,
			  struct span bytes);

/* What it tells by; has room for one statement of another's, when it is one at
 * a time (store/listener.h). */
struct connection *notifier_connection(struct notifier *n);

/* Nothing waits to be told. */
bool notifier_is_idle(const struct notifier *n);

#endif
