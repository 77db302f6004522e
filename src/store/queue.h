/* Internal to src/store: requests to the database, and queues of them. */
#ifndef HERMETIC_STORE_QUEUE_H
#define HERMETIC_STORE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "store/params.h"
#include "store/rows.h"
#include "store/statements.h"

struct store_request {
	struct store_request *next;
	enum statement statement;
	bool prepares; /* and the answer to that is not there yet */
	struct params params;
	void (*done)(void *arg, enum err e, struct rows *rows);
	void *arg;
	uint64_t deadline; /* ms */
};

/* Owns what is in it. */
struct store_queue {
	struct store_request *first, **end;
	size_t count;
};

void store_queue_init(struct store_queue *q);
void store_queue_put(struct store_queue *q, struct store_request *r);

/* The oldest one, which is the caller's then; NULL: there is none. */
struct store_request *store_queue_take(struct store_queue *q);

/* Tells whoever asked, and frees it. `rows` may be NULL, and stays the
 * caller's. */
void store_queue_finish(struct store_request *r, enum err e, struct rows *rows);

/* Empties the queue, then finishes each that was in it: who is told may put in more. */
void store_queue_fail(struct store_queue *q, enum err e);

#endif
