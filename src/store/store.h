/*
 * The store: everything that a worker asks of PostgreSQL, without blocking.
 * Three connections: the writer's, one for all other statements, and the notifier's,
 * which in one worker of a node listens, too; and one for what is large, once there is
 * any. With several buckets there are up to four writers, each for its share of them, so
 * that a batch waits for no other shard's disk. Each connection is to a server that is not
 * older than what was seen (store/cluster.h).
 */
#ifndef HERMETIC_STORE_STORE_H
#define HERMETIC_STORE_STORE_H

#include "store/connection.h"
#include "store/notifier.h"
#include "store/writer.h"

struct store;

struct store_settings {
	/* Borrowed for the store's life. When the first is a pool's, in
	 * transaction mode, the second leads past it; otherwise NULL. */
	const char *conninfo, *listen_conninfo;
	const char *read_conninfo;	    /* of a standby, or NULL */
	unsigned buckets;		    /* store/bucket.h */
	size_t queue_messages, queue_bytes; /* each writer's limits */
	size_t queue_statements;
	struct rotation_limits rotation;
	append_head *next_head; /* the writer's */
	uint64_t node;		/* a number of its own, see notifier_name() */
	const struct lines_seal *seal; /* of the rows that nodes tell */
	/* Each message that this worker stored; may be NULL. */
	void (*stored)(void *arg, const struct message *message);
	/* Each notice that is heard; NULL: this worker does not listen. `resync` says
	 * that notices may have been missed: whoever follows a session must look by
	 * himself. */
	void (*heard)(void *arg, const struct notice *notice);
	void (*resync)(void *arg);
	void *arg;
};

MUST_CHECK enum err store_open(const struct store_loop *loop,
			       const struct store_settings *settings,
			       struct store **out);

/* See connection_send(). */
MUST_CHECK enum err store_query(struct store *store, enum statement statement,
				struct params *params, connection_done *done,
				void *arg);

/* As store_query(), for what is so large that others would wait for it: one at a time,
 * with rests between them (store/mover.h). */
MUST_CHECK enum err store_move(struct store *store, enum statement statement,
			       struct params *params, connection_done *done,
			       void *arg);

/*
 * As store_query(), for what only reads: of the standby if it has replayed
 * everything before `position`, otherwise of the primary, also when the standby
 * fails. 0: of the primary.
 */
MUST_CHECK enum err store_read(struct store *store, enum statement statement,
			       struct params *params, uint64_t position,
			       connection_done *done, void *arg);

/* As bucket_of() and bucket_put(). */
unsigned store_bucket(const struct store *store, struct uuid session);
void store_put_bucket(const struct store *store, struct params *params,
		      struct uuid session);

/* See writer_append(). The other nodes are told by the store. */
MUST_CHECK enum err store_append(struct store *store,
				 const struct append *message,
				 append_done *done, void *arg);

/* Tells the other nodes what a statement of store_query() did. */
void store_tell(struct store *store, enum notice_kind kind, struct uuid id,
		uint64_t seq);

/* The same of a typing notice: notifier_tell_typing(). */
void store_tell_typing(struct store *store, struct uuid session, uint64_t seq,
		       struct span bytes);

/* So many statements wait that what can be left out is. */
bool store_is_busy(const struct store *store);

/* Both connections that answers need are up. */
bool store_is_ready(const struct store *store);

/* They are, and the database takes what it is asked (connection_is_well()). */
bool store_is_well(const struct store *store);

/* See connection_refusal(). */
const char *store_refusal(const struct store *store);

/* Nothing that was accepted waits for its answer, and the others know. */
bool store_is_idle(const struct store *store);

/* Reads row `i` of a message_* statement. Check rows_end() afterwards. */
void store_read_message(struct rows *rows, size_t i, struct uuid session,
			struct message *out);

#endif
