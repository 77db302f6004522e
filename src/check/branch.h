/*
 * A branch of an account's log that a commit carries (docs/protocol.md, "Two
 * branches"): links that do not go on from the group's place of that account, but part
 * from its log before it. It is for a group that stands at a branch which does not count,
 * and for an account whose log nothing decides.
 */
#ifndef HERMETIC_CHECK_BRANCH_H
#define HERMETIC_CHECK_BRANCH_H

#include "check/accounts.h"
#include "check/view.h"
#include "wire/framing.h"

struct check_branch {
	uint8_t fingerprint[ACCOUNT_HASH];
	bool counts; /* before the log up to the group's place; false: a fork */
	struct account_place end;
};

struct check_branches {
	struct check_branch *list; /* owned */
	size_t count;
};

/* Those of a commit. NULL, or what is wrong: one does not count, or links are broken or
 * lacking; *local: it is we who failed. The caller clears *branches, also then. */
const char *check_branches_read(const struct check_view *view,
				const struct wire_content *content,
				struct check_branches *branches, bool *local);
void check_branches_clear(struct check_branches *branches);

/* The one of that account; NULL: the commit carries none of it. */
const struct check_branch *check_branches_find(
    const struct check_branches *branches, struct span fingerprint);
/* The same of the account that a leaf's identity names. */
const struct check_branch *check_branches_of(
    const struct check_branches *branches, struct span identity);

/* The leaf's device stands where the branch ends. Of a fork none does: all its leaves
 * go. */
bool check_branch_keeps(const struct check_view *view,
			const struct check_branch *branch,
			const struct check_member *leaf);

#endif
