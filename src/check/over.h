/*
 * A session of the rules before goes over to places (docs/protocol.md, "Going over
 * from before"): by a ReInit whose extensions have places, where those of its group
 * have none. Which device of which account a leaf becomes says the leaf's signature
 * key: it stands in that account's log, and has signed the link that brought it there.
 */
#ifndef HERMETIC_CHECK_OVER_H
#define HERMETIC_CHECK_OVER_H

#include "base/buf.h"
#include "check/view.h"
#include "wire/places.h"
#include "wire/roles.h"

/* A group with the extensions `before` goes over by a ReInit with `after`. */
bool check_over_is(struct span before, struct span after);

struct check_over_leaf {
	uint32_t leaf_index;
	size_t row; /* of its account, in the places; internal */
	char identity[LEAF_NAME_MAX +
		      1]; /* in the next group; "": it has none */
};

struct check_over {
	struct check_over_leaf *list; /* owned, by leaf_index, ascending */
	size_t count;
	/* A user whose devices would be of two accounts; borrowed from the view's
	 * group. Empty: there is none. */
	struct span parted;
};

void check_over_clear(struct check_over *over);

/*
 * What each leaf of the view's group becomes, by the logs of these accounts at their
 * places (`rows`, as in wire/places.h). `carried`: the field `links` of the commit, in
 * full from each first link on; what it does not have comes from view->accounts.
 * `wrong`: a leaf has none, or two of one user would be of two accounts; then `over` has
 * the leaves all the same, unless the logs are not known. The caller clears it.
 */
struct check_verdict check_over_leaves(const struct check_view *view,
				       struct span rows, struct span carried,
				       struct check_over *over);

/* The identity of that leaf in the next group. Empty: it has none. */
struct span check_over_identity(const struct check_over *over,
				uint32_t leaf_index);

/* Appends the extension of the roles in the next group: each account has the highest
 * role that a user of its leaves counts by (check/rights.h). Nothing where the group
 * has no roles. */
MUST_CHECK enum err check_over_put_roles(const struct check_view *view,
					 const struct check_over *over,
					 struct span rows,
					 struct buf *extension);

/*
 * The rule for such a ReInit, beside those for all: an owner makes it; each leaf becomes
 * a device of an account, and exactly these accounts have a place; roles follow their
 * users; no user is banned by name.
 */
struct check_verdict check_over(const struct check_view *view,
				struct span committer, struct span after,
				struct span carried);

#endif
