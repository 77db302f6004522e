/*
 * Accounts' logs that this process has verified. Who reads a log from a database again
 * reads the row of the last link that is kept, and those behind it: where its hash is the
 * one that is kept, all links before it are the same. Nothing is believed but hashes and
 * signatures: what a database shows otherwise is read from its first link, and verified.
 *
 * Logs are kept up to a number of bytes; the one that was used longest ago goes first. Of
 * a log that has gone it stays known up to which link it was verified, as far as there is
 * room for that: then it is loaded without a look at signatures (check/account.h).
 *
 *   kept_reading_begin(&reading, kept, fingerprint);
 *   …             ask the database, by reading.from
 *   kept_reading_row(&reading, branch, number, link);  … for each row
 *   kept_reading_close(&reading, kept);
 *   kept_reading_verify(&reading);                     … on any thread
 *   log = kept_reading_end(&reading, kept);
 */
#ifndef HERMETIC_CHECK_KEPT_LOGS_H
#define HERMETIC_CHECK_KEPT_LOGS_H

#include "base/buf.h"
#include "check/account.h"

/* A log that is verified, and nobody changes. */
struct kept_log {
	uint8_t fingerprint[ACCOUNT_HASH];
	struct account_log *log; /* the one that counts */
	struct buf links;	 /* of it, opaque link<V> each */
	struct buf branches; /* opaque links<V>: what it took the place of */
	int64_t branch;	     /* of its last row */
	size_t holders;
	struct kept_log *next;		/* in its bucket */
	struct kept_log *older, *newer; /* by use */
};

struct kept_logs;

/* `bytes`: of all logs together. */
MUST_CHECK enum err kept_logs_new(size_t bytes, struct kept_logs **kept);
void kept_logs_free(struct kept_logs *kept);
size_t kept_logs_bytes(const struct kept_logs *kept);

/* Ends one hold; NULL is allowed. */
void kept_log_release(struct kept_log *log);

/* ---- reading one ---- */

struct kept_part;

struct kept_reading {
	uint8_t fingerprint[ACCOUNT_HASH];
	struct kept_log *from;	     /* held: what is kept; NULL: nothing is */
	struct account_place place;  /* where that ends */
	struct account_place wanted; /* a place that a group has; or number 0 */
	bool begun, goes_on;	     /* rows came, and go on from there */
	struct buf links;	     /* of the part that is read */
	uint64_t verified; /* so many first links of it were, before */
	struct kept_part
	    *parts; /* owned; the last one is the log that counts */
	size_t count;
	int64_t branch;
	enum err failed;	 /* of what was verified */
	struct account_log *log; /* owned: the one that counts */
};

/* `wanted`: the place that the caller needs the links of; number 0: of none. Where what is
 * kept goes past it and does not have it, all is read, and of many branches the one that
 * has it stays. `whole`: also where what is kept ends before it, since what came behind
 * did not have it. The caller ends it with kept_reading_end() or kept_reading_clear(). */
void kept_reading_begin(struct kept_reading *reading, struct kept_logs *kept,
			struct span fingerprint,
			const struct account_place *wanted, bool whole);

bool kept_log_has(const struct kept_log *log,
		  const struct account_place *place);
void kept_reading_clear(struct kept_reading *reading);

/* The next row, by branch, then by number: of all, or from the last link on that is
 * kept, its branch's and those of the branches behind that one. ERR_PEER_INVALID: rows do
 * not stand so. */
MUST_CHECK enum err kept_reading_row(struct kept_reading *reading,
				     int64_t branch, int64_t number,
				     struct span link);

/* All rows came. */
MUST_CHECK enum err kept_reading_close(struct kept_reading *reading,
				       const struct kept_logs *kept);

/* How many links it will verify, and load: one that is loaded costs about a hundredth. */
size_t kept_reading_work(const struct kept_reading *reading);

/* Touches nothing but `reading`. */
void kept_reading_verify(struct kept_reading *reading);

/* *log, which the caller releases; NULL: there is no such log. ERR_PEER_INVALID: what the
 * rows say is no log, or another account's. Clears `reading` in any case. */
MUST_CHECK enum err kept_reading_end(struct kept_reading *reading,
				     struct kept_logs *kept,
				     struct kept_log **log);

#endif
