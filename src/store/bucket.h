/*
 * The bucket of a session, by a hash of its id (docs/adr/0074). Where the log is spread over
 * several machines all of a bucket is in one shard, so what is stored or read with one
 * statement is of one bucket. Where it is not there is one bucket.
 */
#ifndef HERMETIC_STORE_BUCKET_H
#define HERMETIC_STORE_BUCKET_H

#include <stdbool.h>

#include "store/params.h"

enum { BUCKETS_MAX = 1024 };

/* Of so many buckets, at least 1: 0, 1, … It is PostgreSQL's hash of a uuid, in as many equal
 * ranges, which are the ranges of Citus where it has as many shards. Twice as many buckets
 * have each bucket in two. */
unsigned bucket_of(struct uuid session, unsigned buckets);

/* The parameter of a statement over sessions of one bucket: one of them, or NULL where there
 * is one bucket. */
void bucket_put(struct params *params, struct uuid session, unsigned buckets);

/* Whether batches of one of so many buckets are each of one of so many shards; 0: the sessions
 * are not spread. A batch over two shards is refused each time it is sent, and one that leads
 * to none ends Citus 13's server process, and all others with it: so a process whose buckets
 * do not fit asks and writes nothing. */
bool buckets_fit(unsigned buckets, uint64_t shards);

/* Why not, in words: what has to be set, and to what. */
enum { BUCKETS_MISFIT_SIZE = 160 };
void buckets_misfit(char out[BUCKETS_MISFIT_SIZE], unsigned buckets,
		    uint64_t shards);

#endif
