/* Proposals of types that capabilities have to list (12.2): those of the
 * application's own, and those of draft-ietf-mls-extensions. */
#ifndef HERMETIC_MLS_LISTED_H
#define HERMETIC_MLS_LISTED_H

#include "mls/proposals.h"

/* The leaf lists the type: ERR_PEER_UNSUPPORTED. */
MUST_CHECK enum err listed_check(const struct tree *tree, uint32_t leaf,
				 uint16_t type);

/* All leaves do. */
MUST_CHECK enum err listed_check_all(const struct tree *tree, uint16_t type);

/* Of a list that has been applied to `change`: all who stay list the types. */
MUST_CHECK enum err listed_check_list(const struct proposal_list *list,
				      const struct epoch_change *change);

#endif
