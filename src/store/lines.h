/*
 * What a NOTIFY carries: lines. All but "s" are hints, which anybody who may connect to the
 * database can give, so they make a node look and never show anything.
 *
 * "m SESSION SEQ" (the log has grown to SEQ), "w DEVICE" (a Welcome waits), "r DEVICE" (it
 * is asked to rotate), "k DEVICE" (its KeyPackages run out), "x ID" (a device or a family of
 * tokens was revoked), "d SESSION" (a member of it departed), "a DEVICE" (another one of its
 * account waits to be approved), "t SESSION SEQ BASE64" (a typing notice for whoever has the
 * log up to SEQ: nothing else has it, and what is lost of these is lost).
 *
 * "n NODE" (16 hexadecimal digits) says who tells; then "s SESSION SEQ", as "m", is of what a
 * writer of that node stored, whose own workers have it. "s SESSION SEQ BASE64" has the row
 * itself, as message_put() makes it, sealed (docs/adr/0085).
 */
#ifndef HERMETIC_STORE_LINES_H
#define HERMETIC_STORE_LINES_H

#include "store/message.h"

enum notice_kind {
	NOTICE_MESSAGE = 1,
	NOTICE_WELCOME,
	NOTICE_ROTATION,
	NOTICE_KEY_PACKAGES,
	NOTICE_REVOKED,
	NOTICE_MEMBERS,
	NOTICE_APPROVAL,
	NOTICE_TYPING
};

enum {
	LINES_MAX = 7900,	/* PostgreSQL takes less than 8,000 bytes */
	LINES_ONE_MAX = 80,	/* of a line without bytes */
	LINES_TYPING_MAX = 256, /* bytes of a NOTICE_TYPING */
	LINES_SEAL_MAX = 32	/* bytes that a sealed row has more */
};

/* One line. */
struct notice {
	enum notice_kind kind;
	struct uuid id;	   /* session, device or family */
	uint64_t seq;	   /* NOTICE_MESSAGE and NOTICE_TYPING only */
	struct span bytes; /* borrowed: of a NOTICE_TYPING, or the row of a
			      NOTICE_MESSAGE (message_take()), if it has one */
	uint64_t node; /* NOTICE_MESSAGE: whose workers have it; 0: no node's */
};

/* How rows are sealed: only who has the key of the nodes can make one, or read it. The first
 * two append to `out`. */
struct lines_seal {
	enum err (*seal)(struct span row, struct buf *out);
	enum err (*open)(struct span sealed, struct buf *out);
	/* Whether the row of a notice, which is not in it yet, is of use. NULL: each is. */
	bool (*wants)(const struct notice *notice);
};

/* Appends "n NODE". */
void lines_put_node(struct buf *payload, uint64_t node);

/* How long at most the line of a notice is. */
size_t lines_length(const struct notice *notice);

/* Appends a line, without its row where that could not be sealed. A notice with a node
 * stands behind the line of that node. */
void lines_put(struct buf *payload, const struct notice *notice,
	       const struct lines_seal *seal);

/* Calls `each` for every line that parses; others are skipped, they may be of a newer
 * version. A row is given only when it opens, and is of that session and number; `seal` NULL:
 * none is. */
void lines_parse(const char *payload, const struct lines_seal *seal,
		 void (*each)(void *arg, const struct notice *notice),
		 void *arg);

#endif
