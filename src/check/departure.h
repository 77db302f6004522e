/* Departures (wire/departure.h): which of them are good, and which stand. */
#ifndef HERMETIC_CHECK_DEPARTURE_H
#define HERMETIC_CHECK_DEPARTURE_H

#include "check/view.h"
#include "wire/departure.h"

/* SHA-256 of an encoded LeafNode, as a departure names it. */
MUST_CHECK enum err check_leaf_hash(struct span encoded,
				    uint8_t hash[DEPARTURE_HASH]);

/* Whether a departure of exactly this leaf node stands in the log; then
 * `departure` (may be NULL) is the first one. */
bool check_departed(const struct check_view *view,
		    const struct check_member *leaf,
		    struct departure *departure);

/*
 * Whether an entry of the log is a good departure at its place: it is of this
 * session and generation, its leaf stands there and has not departed yet, it is
 * signed by that leaf or by another leaf of the same user that has not departed
 * either, and no user is its own heir. `departure` borrows from `bytes`; `leaf`
 * is the leaf that departs. Both are filled when the verdict has nothing wrong.
 */
struct check_verdict check_departure(const struct check_view *view,
				     struct span bytes,
				     struct departure *departure,
				     struct check_member *leaf);

/* Takes those out of `departures`, encoded as view->departures (which is not
 * looked at), whose leaf nodes are not there any more: after a commit. It
 * allocates nothing. */
void check_departures_prune(const struct check_view *view,
			    struct buf *departures);

/* Takes those out of `departures` whose leaves `commit`, an MLSMessage, removes:
 * a departure is over with the removal, also where the same leaf node is added
 * again, as a last-resort KeyPackage does. Another message changes nothing. It
 * allocates nothing. */
void check_departures_spend(struct span commit, struct buf *departures);

#endif
