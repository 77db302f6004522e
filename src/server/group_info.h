/* What the server can check of a GroupInfo that a member posts. */
#ifndef HERMETIC_SERVER_GROUP_INFO_H
#define HERMETIC_SERVER_GROUP_INFO_H

#include "base/uuid.h"
#include "crypto/suite.h"

/* Is it an MLSMessage with a GroupInfo of that session and epoch, and of that
 * suite (NULL: any)? */
bool group_info_fits(struct span bytes, struct uuid session, uint64_t epoch,
		     const struct suite *suite);

/* The leaves of its ratchet tree, which it must have inside: calls `each` with
 * the leaf's index and the credential's identity. False: no such tree, or
 * `each` said so. */
bool group_info_leaves(struct span bytes,
		       bool (*each)(void *arg, uint32_t leaf,
				    struct span identity),
		       void *arg);

#endif
