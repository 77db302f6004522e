/* What the server can check of a GroupInfo that a member posts. */
#ifndef HERMETIC_SERVER_GROUP_INFO_H
#define HERMETIC_SERVER_GROUP_INFO_H

#include "base/span.h"
#include "crypto/suite.h"

/* Is it an MLSMessage with a GroupInfo of that session and epoch, and of that
 * suite (NULL: any)? */
bool group_info_fits(struct span bytes, const uint8_t session[16],
		     uint64_t epoch, const struct suite *suite);

#endif
