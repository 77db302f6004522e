/*
 * What RFC 9420 makes necessary, counted operation by operation. Encoding,
 * comparing, looking up and memory are not in it, nor what a client may keep:
 * parsed keys, its own public keys, tree hashes of what did not change.
 */
#ifndef HERMETIC_BENCH_COUNTS_H
#define HERMETIC_BENCH_COUNTS_H

#include "bench/mls/floor.h"

/* What the counts are made from: taken from the group that is measured. */
struct shape {
	const struct suite *suite;
	size_t members;
	size_t levels;	     /* of the tree, above the leaves */
	size_t path;	     /* nodes of the committer's filtered path */
	size_t resolution;   /* nodes that path secrets are sealed to */
	size_t climb;	     /* path nodes that the receiver derives */
	size_t parents;	     /* of the tree, not blank */
	size_t width;	     /* nodes of the tree, blank ones included */
	size_t leaf_bytes;   /* one encoded leaf */
	size_t commit_bytes; /* the message */
	size_t info_bytes;   /* the GroupInfo in the Welcome */
};

void counts_create(const struct shape *shape, struct floor_count *c);
/* By value, without a path; the tree goes beside the Welcome. */
void counts_add(const struct shape *shape, struct floor_count *c);
void counts_commit(const struct shape *shape, struct floor_count *c);
void counts_process(const struct shape *shape, struct floor_count *c);
void counts_join(const struct shape *shape, struct floor_count *c);
void counts_send(const struct shape *shape, size_t bytes,
		 struct floor_count *c);
void counts_receive(const struct shape *shape, size_t bytes,
		    struct floor_count *c);

#endif
