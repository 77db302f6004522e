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

#include "store/connection.h"
#include "store/message.h"

struct writer;

enum append_outcome {
	APPEND_OK,
	APPEND_DUPLICATE, /* the same nonce and bytes: the first answer */
	APPEND_NONCE_REUSED,
	APPEND_VIEW_DIFFERS,  /* its view is not in the log */
	APPEND_EPOCH_CHANGED, /* `epoch` is the session's */
	APPEND_NOT_A_MEMBER,
	APPEND_NO_SESSION,
	APPEND_ROTATION_REQUIRED, /* a commit first, then seal again */
	APPEND_SESSION_ENDED,
	APPEND_UNAVAILABLE /* may or may not be stored: ask again */
};

struct append_result {
	enum append_outcome outcome;
	uint64_t seq, sent_ms; /* OK and DUPLICATE */
	uint8_t head[32];
	uint8_t hash[32]; /* OK: of the envelope */
	uint64_t epoch;
	bool rotation_due; /* OK: the sender should renew the keys */
};

struct append {
	uint8_t session[16], device[16], nonce[16];
	uint64_t epoch;
	uint64_t view_seq; /* what its sender has seen (wire/log_view.h) */
	uint8_t view_head[32];
	struct span envelope; /* copied, as is the origin */
	struct span origin;   /* of its request, for logs; may be empty */
};

typedef void append_done(void *arg, const struct append_result *result);

/* When a session's keys are due for rotation; zero: never. The seconds that
 * make them due are the rotation worker's matter. */
struct rotation_limits {
	uint64_t messages;	/* from then on they are due, */
	uint64_t grace_seconds; /* so much later old ones are refused */
	uint64_t hard_messages; /* refused in any case after so many, */
	uint64_t hard_seconds;	/* and after so long */
};

/* The hash of one more envelope, and the head of a log's chain after it
 * (docs/protocol.md, "Transcript"). */
typedef enum err append_head(const uint8_t before[32], uint64_t seq,
			     struct span envelope, uint8_t hash[32],
			     uint8_t after[32]);

struct writer_settings {
	const char *conninfo;
	bool pooled; /* see struct connection_settings */
	struct rotation_limits rotation;
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
