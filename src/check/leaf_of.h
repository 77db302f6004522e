/* Internal to src/check: whether a user has a leaf. */
#ifndef HERMETIC_CHECK_LEAF_OF_H
#define HERMETIC_CHECK_LEAF_OF_H

#include "check/view.h"

/* `gone` says of each leaf whether the commit removes it; NULL: it removes none. */
bool check_leaf_of(const struct check_view *view, const bool *gone,
		   struct span user);

#endif
