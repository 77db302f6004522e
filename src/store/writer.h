/*
 * The writer: gathers the envelopes that arrive while the last batch is being
 * committed, and commits them as one statement. The answer to each is given
 * when the commit is durable.
 *
 * Where the writer believes to know how a log ends, it numbers and chains by
 * itself, and the database only compares (docs/adr/0018).
 *
 * When the connection breaks the fate of a batch is unknown; it is sent again,
 * and the nonces tell which of it had been stored. A batch that another one
 * disturbed is sent again too, then one by one.
 */
#ifndef HERMETIC_STORE_WRITER_H
#define HERMETIC_STORE_WRITER_H

#include "store/append.h"
#include "store/connection.h"
#include "store/message.h"

struct writer;

struct writer_settings {
	const char *conninfo;
	bool pooled; /* see struct connection_settings */
	struct rotation_limits rotation;
	unsigned buckets; /* store/bucket.h: a batch is of one */
	size_t queue_messages, queue_bytes; /* limits of what may wait */
	append_head *next_head;		    /* NULL: the database computes it */
	/* Each newly stored message, in order of seq, before its answer. */
	void (*stored)(void *arg, const struct message *message);
	void *arg;
};

MUST_CHECK enum err writer_open(const struct store_loop *loop,
				const struct writer_settings *settings,
				struct writer **out);

/* ERR_LOCAL_BUSY: the queue is full; `done` is then not called. */
MUST_CHECK enum err writer_append(struct writer *writer,
				  const struct append *message,
				  append_done *done, void *arg);

bool writer_is_ready(const struct writer *writer);
bool writer_is_well(const struct writer *writer);

/* See connection_refusal(). */
const char *writer_refusal(const struct writer *writer);

/* Nothing waits and nothing is in flight. */
bool writer_is_idle(const struct writer *writer);

#endif
