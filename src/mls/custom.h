/* Proposals of the application's own: their types are of private use (12.2). */
#ifndef HERMETIC_MLS_CUSTOM_H
#define HERMETIC_MLS_CUSTOM_H

#include "mls/proposals.h"

/* The leaf lists the type: ERR_PEER_UNSUPPORTED. */
MUST_CHECK enum err custom_check(const struct tree *tree, uint32_t leaf,
				 uint16_t type);

/* Of a list that has been applied to `change`: all who stay list the types. */
MUST_CHECK enum err custom_check_list(const struct proposal_list *list,
				      const struct epoch_change *change);

#endif
