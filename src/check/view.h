/* A group as the rules see it, whoever keeps it: the server by a tree without
 * secrets, a member by its MLS group. */
#ifndef HERMETIC_CHECK_VIEW_H
#define HERMETIC_CHECK_VIEW_H

#include "base/span.h"
#include "crypto/suite.h"

struct check_accounts;
struct place_map;

/* A leaf that is not blank. Borrowed from the group. */
struct check_member {
	uint32_t leaf_index;
	struct span identity; /* empty where the credential is not basic */
	struct span signature_key;
	struct span encoded; /* LeafNode */
};

struct check_view {
	const struct suite *suite;
	struct span session_id;
	uint32_t generation;
	struct span extensions; /* GroupContext's; content */
	uint32_t leaf_count;	/* all leaves are below it */
	/* Whether the leaf is there; then `member` is filled. */
	bool (*leaf)(const void *group, uint32_t index,
		     struct check_member *member);
	const void *group;
	/* The first leaf from *leaf on that may be of that user; false: none is. NULL:
	 * each may be. check/leaf_of.h asks it. */
	bool (*next_of)(const void *group, struct span user, uint32_t *leaf);
	/* The departures that stand in the log: opaque departure<V> each. One
	 * whose leaf node is not there any more counts for nothing. */
	struct span departures;
	/* A member's commit that the rules took led here: exactly the accounts with
	 * a leaf have a place. False: that is not known. */
	bool exact;
	/* The places of a group that has their root (check/group_places.h). */
	const struct place_map *places;
	/* By what the group's places are judged (check/places.h). NULL: a group
	 * that has places cannot be judged. */
	struct check_accounts *accounts;
};

/* What is wrong with a commit, in a few words; NULL: nothing. */
struct check_verdict {
	const char *wrong;
	bool denied; /* its sender may not do that, or nobody may */
	bool local;  /* it was not judged: memory or the library failed */
};

#endif
