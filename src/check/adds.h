/* Whom a commit adds: for check/rules.c. */
#ifndef HERMETIC_CHECK_ADDS_H
#define HERMETIC_CHECK_ADDS_H

#include "check/view.h"
#include "wire/commit.h"

struct check_adds {
	const struct check_view *view;
	const struct wire_commit *commit;
	struct span committer; /* identity */
	const bool *gone;      /* by leaf: the commit removes it */
};

/* "No identity stands twice, and a device of a user who has leaves in the group
 * comes by a device of that user." *wrong says which is broken, or NULL.
 * ERR_LOCAL_MEMORY. */
MUST_CHECK enum err check_adds(const struct check_adds *adds,
			       const char **wrong);

#endif
