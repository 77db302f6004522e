/*
 * Internal to the writer: the envelopes of one statement, and what it takes and
 * gives. They are of sessions of one bucket (store/bucket.h). A batch is expected when it is known where each envelope will be: then
 * numbers and heads go with it, and the database only compares where the logs
 * end (message_append_expected). Otherwise the database judges each envelope, and
 * numbers and chains them (message_append).
 */
#ifndef HERMETIC_STORE_BATCH_H
#define HERMETIC_STORE_BATCH_H

#include "store/append.h"
#include "store/params.h"
#include "store/rows.h"
#include "store/statements.h"
#include "store/tails.h"

enum {
	BATCH_MESSAGES = 256,
	BATCH_BYTES = 4 << 20,
	BATCH_SLOTS = 2 * BATCH_MESSAGES
};

struct item {
	struct item *next;
	struct append message;
	append_done *done;
	void *arg;
	uint64_t give_up; /* seconds, monotonic */
	unsigned tries;
	bool judge;	 /* whatever is known of its session */
	bool seen;	 /* its view is known to be in the log */
	unsigned bucket; /* of its session */
	size_t turn;	 /* of the batch: when it came */
	uint64_t seq;	 /* of an expected batch, as are these: its place */
	struct digest hash, head;
	uint8_t bytes[]; /* the envelope and the origin */
};

/* What an expected batch has for one session. */
struct batch_part {
	size_t first, count; /* of the items */
	uint64_t from_seq;
	struct digest from_head;
	bool moved;
};

struct batch {
	struct item *items[BATCH_MESSAGES];
	size_t count, bytes;
	bool expected;
	struct batch_part parts[BATCH_MESSAGES];
	size_t part_count;
	uint64_t sent_ms;	     /* of an expected one, when it has moved */
	uint16_t slots[BATCH_SLOTS]; /* its nonces: a place, plus 1 */
};

void batch_begin(struct batch *batch, bool expected);
bool batch_is_full(const struct batch *batch);

/* False: it is expected, and has that nonce already. There must be room. */
bool batch_add(struct batch *batch, struct item *item);

/* Numbers and chains an expected batch from the tails on; its items are then in
 * the order of their sessions. */
MUST_CHECK enum err batch_expect(struct batch *batch, struct tails *tails,
				 append_head *next_head);

/* The statement that takes the batch, and what it takes. */
enum statement batch_statement(const struct batch *batch, unsigned buckets);
void batch_encode(const struct batch *batch,
		  const struct rotation_limits *rotation, unsigned buckets,
		  struct params *p);

/* Which parts of an expected batch have moved. ERR_LOCAL_BUG: no telling. */
MUST_CHECK enum err batch_read_moved(struct batch *batch, struct rows *rows);

/* The answer to an item of a batch that was judged. False: there is none yet,
 * because its nonce was in the batch before it. */
bool batch_read_result(struct rows *rows, size_t i, struct append_result *r);

#endif
