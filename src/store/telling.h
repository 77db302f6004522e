/*
 * Internal to the notifier: what waits to be told, and how much of it goes into one payload.
 *
 * Of a log's growth only the newest number waits, but what was stored waits row by row as
 * long as all of it fits into one payload: then nobody has to read. When more waits, numbers
 * alone do, and whoever follows reads many rows at once.
 */
#ifndef HERMETIC_STORE_TELLING_H
#define HERMETIC_STORE_TELLING_H

#include "store/lines.h"

enum { TELLING_TYPING_MAX = 64 };

struct telling_typing {
	struct uuid session;
	uint64_t seq;
	size_t n;
	uint8_t bytes[LINES_TYPING_MAX];
};

struct telling {
	uint64_t node;		       /* whose; 0: no node's */
	const struct lines_seal *seal; /* NULL: no row goes along */
	struct notice *waiting;	       /* `bytes` has the length of the row */
	size_t count, cap;
	struct buf rows;   /* of those that have one, in their order */
	size_t rows_lines; /* bytes of their lines */
	bool plain;	   /* what waits now has no rows */
	struct telling_typing typing[TELLING_TYPING_MAX];
	size_t typing_count;
};

#define TELLING_INIT ((struct telling){ .rows = BUF_INIT })

void telling_clear(struct telling *t);

/* Without memory, and when far too much waits, what is new is lost: a hint. */
void telling_add(struct telling *t, const struct notice *notice);

/* A message that was stored. */
void telling_add_stored(struct telling *t, const struct message *message);

/* False: it is lost. */
bool telling_add_typing(struct telling *t, struct uuid session, uint64_t seq,
			struct span bytes);

bool telling_is_empty(const struct telling *t);

/* Appends the next payload, which no longer waits then. */
void telling_take(struct telling *t, struct buf *payload);

#endif
