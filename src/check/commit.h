/*
 * Does a commit follow from a group, and is the next GroupInfo the one that it
 * leads to? What the server asks before it takes a commit: one step of a walk
 * (check/walk.h), so that a broken or hostile member cannot stall the others
 * with a commit that none of them takes, or a GroupInfo by which nobody can
 * join.
 */
#ifndef HERMETIC_CHECK_COMMIT_H
#define HERMETIC_CHECK_COMMIT_H

#include "check/walk.h"

struct check_commit {
	struct span before; /* GroupInfo (MLSMessage, with ratchet_tree) of the
			       commit's epoch or of one before, verified when
			       it came */
	/* The commits that lead from there, or from a walk that is given, to the
	 * commit's epoch, verified when they came: uint32 length and bytes each. */
	struct span since;
	struct span commit; /* PublicMessage */
	struct span after;  /* GroupInfo of the next epoch; empty: none */
	struct span part;   /* the same as a PartialGroupInfo; empty: none */
	/* The first GroupInfo of the group that the commit, a ReInit, asks for;
	 * empty: none. */
	struct span successor;
	/* Seconds since 1970: a KeyPackage that has expired is refused at the
	 * door. 0: not asked; members do not ask. */
	uint64_t now;
	/* The departures that stand in the log, opaque departure<V> each
	 * (wire/departure.h): anybody may remove their leaves. */
	struct span departed;
	/* By what the places are judged (check/places.h); may be NULL where the
	 * group has none. Where check_accounts_lacks() is true afterwards, the
	 * commit was not judged. */
	struct check_accounts *accounts;
};

struct check_verdict check_commit(const struct check_commit *what);

/*
 * The same for who keeps the group: check_group_now() comes first.
 * Where nothing is wrong, *walk is at the next epoch (which a successor's is, too).
 * Where something is wrong, *walk is as it was, or freed and NULL: the latter only
 * where no account's log was lacking. The caller frees it.
 */
struct check_verdict check_commit_step(const struct check_commit *what,
				       struct check_walk **walk);

/* The group to which `since` leads, from where *walk is, or from `before` where that is
 * NULL. Wrong is what was kept; *walk is NULL then. */
struct check_verdict check_group_now(struct span before, struct span since,
				     struct check_walk **walk);

/* The first GroupInfo of a group: one leaf, `identity`'s, who signed it and is
 * the only owner; in a group with places it is a device of its account. NULL, or
 * what is wrong. */
const char *check_first(struct span group_info, struct span identity,
			struct check_accounts *accounts);

#endif
