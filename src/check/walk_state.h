/* The inside of a walk, for its own files. */
#ifndef HERMETIC_CHECK_WALK_STATE_H
#define HERMETIC_CHECK_WALK_STATE_H

#include "check/group_places.h"
#include "check/tree.h"
#include "check/walk.h"

struct check_walk {
	const struct suite *suite;
	struct span session_id; /* borrows from `context` */
	uint32_t generation;
	struct buf encoded; /* GroupContext */
	struct wire_group_context context;
	struct buf tag;			 /* confirmation tag */
	uint8_t interim[SUITE_HASH_MAX]; /* transcript hash (8.2) */
	struct check_tree tree;
	struct place_map places;	 /* of a group that has their root */
	struct buf departures;		 /* opaque departure<V> each */
	struct check_accounts *accounts; /* borrowed */
	struct buf reinit; /* encoded Proposal; empty: the group goes on */
	uint32_t committer;
	bool stepped; /* `committer` made the last commit that was taken */
	bool joined;  /* by an external commit */
	bool was_in;  /* it had a leaf before */
	bool exact;   /* check/view.h */
};

static inline struct check_verdict check_verdict_of(enum err e,
						    const char *wrong)
{
	return (struct check_verdict){ e == ERR_OK ? NULL : wrong, false,
				       err_class(e) == ERR_CLASS_LOCAL };
}

static inline struct check_verdict check_wrong(const char *wrong)
{
	return (struct check_verdict){ wrong, false, false };
}

/* Context and confirmation tag of another epoch; the tree is not looked at. */
MUST_CHECK enum err check_walk_enter(struct check_walk *walk,
				     const struct wire_group_context *context,
				     struct span confirmation_tag);

#endif
