/*
 * Does a commit follow from a group, and is the next GroupInfo the one that it
 * leads to? All that can be seen without a key (RFC 9420, 12.4.2): so that a
 * broken or hostile member cannot stall the others with a commit that none of
 * them takes, or a GroupInfo by which nobody can join.
 *
 * What cannot be seen: whether confirmation_tag and path secrets are right.
 */
#ifndef HERMETIC_CHECK_COMMIT_H
#define HERMETIC_CHECK_COMMIT_H

#include "check/group_info.h"
#include "check/view.h"

struct check_commit {
	struct span before; /* GroupInfo (MLSMessage) of the commit's epoch */
	struct span commit; /* PublicMessage; proposals by value */
	struct span after;  /* GroupInfo of the next epoch; empty: none */
	uint64_t now;	    /* seconds since 1970 */
	/* The departures that stand in the log, opaque departure<V> each
	 * (wire/departure.h): anybody may remove their leaves. */
	struct span departed;
};

struct check_verdict check_commit(const struct check_commit *what);

/* A GroupInfo by itself: signature and tree hash. NULL, or what is wrong. */
const char *check_whole(struct span group_info);

/* The first GroupInfo of a group: one leaf, `identity`'s, who signed it and is
 * the only owner. NULL, or what is wrong. */
const char *check_first(struct span group_info, struct span identity);

#endif
