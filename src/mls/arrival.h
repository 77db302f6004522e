/* A message that arrives: which epoch it is for, and who sent it (section 6). */
#ifndef HERMETIC_MLS_ARRIVAL_H
#define HERMETIC_MLS_ARRIVAL_H

#include "mls/framing.h"
#include "mls/group_internal.h"

/* A message whose sender is authenticated. */
struct arrival {
	uint64_t now; /* seconds since 1970 */
	struct mls_epoch *epoch;
	enum wire_format format;
	struct wire_content content;
	struct wire_auth auth;
	struct buf plaintext;	       /* content borrows from it */
	struct secret_tree_staged key; /* of a PrivateMessage */
	/* The content type (section 6) of whose PublicMessage the membership tag is
	 * not looked at; 0: none. */
	uint8_t untagged;
};

MUST_CHECK enum err arrival_open_public(const struct mls_group *group,
					const struct wire_public_message *m,
					struct arrival *arrival);

/* The key is used up when nothing can fail any more, and that of a commit not at
 * all: one that is refused later, or discarded, can be processed again. */
MUST_CHECK enum err arrival_open_private(const struct mls_group *group,
					 const struct wire_private_message *m,
					 struct arrival *arrival);

#endif
