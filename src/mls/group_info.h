/* Making and checking GroupInfos, RFC 9420 section 12.4.3. */
#ifndef HERMETIC_MLS_GROUP_INFO_H
#define HERMETIC_MLS_GROUP_INFO_H

#include "mls/epoch.h"
#include "mls/identity.h"
#include "wire/group_info.h"

/* Appends a GroupInfo (no MLSMessage) of `epoch`, signed by our leaf, with
 * external_pub, the extensions `more` and, if asked, the ratchet tree, which stands
 * last. */
MUST_CHECK enum err group_info_make(const struct mls_epoch *epoch,
				    const struct sign_key *signer,
				    bool with_tree, struct span more,
				    struct buf *group_info);

/*
 * Checks a GroupInfo and its tree (12.4.3.1): signature, tree hash, the whole
 * tree. `tree` is the tree beside it; empty: the ratchet_tree extension's.
 * Takes of `me` the suite and the runner. Gives an epoch with context, tree, interim hash and confirmation tag, and no
 * secrets yet.
 */
MUST_CHECK enum err group_info_open(const struct mls_identity *me,
				    const struct wire_group_info *info,
				    struct span tree, struct mls_epoch **epoch);

#endif
