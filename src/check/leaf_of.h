/* The leaves of one user (wire/roles.h), found without a look at all leaves. */
#ifndef HERMETIC_CHECK_LEAF_OF_H
#define HERMETIC_CHECK_LEAF_OF_H

#include "check/view.h"
#include "wire/places.h"

/* The first leaf from *index on that is that user's; moves *index past it. False: there
 * is none. */
bool check_leaf_next(const struct check_view *view, struct span user,
		     uint32_t *index, struct check_member *leaf);

/* Has the user a leaf? `gone` says of each leaf whether the commit removes it; NULL: it
 * removes none. */
bool check_leaf_of(const struct check_view *view, const bool *gone,
		   struct span user);

/* The leaves of the devices of one account, one after the other. */
struct check_leaf_search {
	const struct check_view *view;
	char user[PLACES_USER];
	uint32_t index;
	uint64_t device; /* whose the last one is that was found */
};
void check_leaf_search(struct check_leaf_search *search,
		       const struct check_view *view, struct span fingerprint);
bool check_leaf_found(struct check_leaf_search *search,
		      struct check_member *leaf);

#endif
