/* When the application is asked about credentials: RFC 9420 section 5.3.1.
 * All return what it answers; without a check, ERR_OK. */
#ifndef HERMETIC_MLS_CREDENTIALS_H
#define HERMETIC_MLS_CREDENTIALS_H

#include "mls/group.h"
#include "mls/proposals.h"

/* Of all members and external senders of a group that one is to join. */
MUST_CHECK enum err credentials_check_tree(
    const struct mls_authentication *authentication, const struct tree *tree,
    struct span group_extensions);

/* Of what these proposals bring to `epoch`. */
MUST_CHECK enum err credentials_check_list(
    const struct mls_authentication *authentication,
    const struct mls_epoch *epoch, const struct proposal_list *list);

/* Of a leaf; `replaced` NULL: of a new member. One that says the same as the
 * leaf that it replaces is not new. */
MUST_CHECK enum err credentials_check_leaf(
    const struct mls_authentication *authentication,
    const struct wire_leaf_node *leaf, const struct wire_leaf_node *replaced);

#endif
