/* Texts as people compare them: Unicode's NFKC_Casefold, without regard to case, to how
 * a letter is composed, and to signs that do not show. */
#ifndef HERMETIC_REACH_FOLD_H
#define HERMETIC_REACH_FOLD_H

#include "base/buf.h"

/* Appends; what is no UTF-8 is appended as it is. */
void fold_put(struct buf *out, struct span text);

bool fold_equal(struct span a, struct span b);

#endif
