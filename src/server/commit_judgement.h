/*
 * A commit is judged by its group as it is: whether it is right, whether the group may be
 * what the commit makes of it, and what is stored of the next GroupInfo. Nothing is asked
 * of the database here: of a large group it is done off the event loop.
 */
#ifndef HERMETIC_SERVER_COMMIT_JUDGEMENT_H
#define HERMETIC_SERVER_COMMIT_JUDGEMENT_H

#include "check/commit.h"
#include "server/commit.h"
#include "server/groups.h"
#include "server/known_logs.h"

struct commit_judgement {
	/* The caller fills these in; what `check` has is borrowed. */
	struct check_commit check;
	struct group group; /* as it is; once it is `led`: as it will be */
	int64_t whole_bytes, since_bytes, since_count; /* of what is stored */

	/* What comes out. */
	struct check_verdict verdict;
	bool led;		/* by the commit, which was found right */
	bool too_large;		/* for its commits to be posted */
	struct span info, part; /* what is stored: one of the two */

	/* What these borrow from. */
	struct buf whole; /* the next GroupInfo, where its part was posted */
	struct buf made_part; /* its part, where the whole was */
	size_t said; /* bytes of the group's extensions before the commit */
};

/* May be called again, when `known` has more. */
void commit_judge(struct commit_judgement *j, const struct commit *commit,
		  const struct known_logs *known);

/* A group that was led further than what is stored is not kept for who comes next. */
void commit_judgement_end(struct commit_judgement *j);

#endif
