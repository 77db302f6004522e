/*
 * The places of a group, and which leaves they let in (docs/protocol.md, "Leaves
 * and places"): a part of the rules (check/rules.h), so server, members and walks
 * judge alike. A group without the extension is of the rules before.
 *
 * A verdict depends on the group and the commit. What it takes to come to one is
 * check/accounts.h; where links are lacking there is none.
 */
#ifndef HERMETIC_CHECK_PLACES_H
#define HERMETIC_CHECK_PLACES_H

#include "check/branch.h"
#include "wire/framing.h"

/* One commit. */
struct check_move {
	const struct check_view *view;
	const struct wire_content *content;
	bool external;
	const struct check_member *committer;
	const bool *gone;  /* by leaf: the commit removes it */
	bool settled;	   /* it neither adds nor removes a leaf */
	struct span after; /* extensions of the group behind it */
	const struct check_branches *branches; /* that it carries */
	bool local;			       /* out: it is we who failed */
};

/*
 * "After a member's commit exactly the accounts with a leaf have a place; none is
 * lowered; links that are carried are those between the old place and the new
 * one; a leaf that comes in is a device's of its account at its place behind the
 * commit." Of an account of which the commit carries a branch: "its place is where
 * that branch ends, and its leaves are of devices that stand there; of a fork none is
 * left." NULL, or which of these is broken.
 */
const char *check_places(struct check_move *move);

/* The device of that leaf has ended up to the group's place of its account:
 * everybody may remove it. False, too, where that is not known here. */
bool check_places_ended(const struct check_view *view,
			const struct check_member *leaf);

/* "A device that its account has removed up to the group's place, or in the branch that
 * the commit carries, commits nothing any more." NULL: it stands, or the group has no
 * places; otherwise *ended, or it cannot be told here. */
const char *check_places_committer(const struct check_view *view,
				   const struct check_branches *branches,
				   const struct check_member *leaf, bool *ended,
				   bool *local);

/* Each leaf is a device's of its account, that stands or stood at its place, and
 * each place is one of an account with a leaf: of a group that somebody gives.
 * `exact`: each account has a place, and each device stands. */
struct check_verdict check_places_whole(const struct check_view *view,
					bool exact);

/* A group with places has one for each account with a leaf. */
struct check_verdict check_places_exact(const struct check_view *view);

#endif
