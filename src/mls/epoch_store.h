/* The parts of an epoch as stored state, for mls/group_store.c, which writes the
 * whole group, and mls/group_items.c, which writes items. */
#ifndef HERMETIC_MLS_EPOCH_STORE_H
#define HERMETIC_MLS_EPOCH_STORE_H

#include "base/rd.h"
#include "mls/epoch.h"

/* Context, interim hash and confirmation tag. */
void epoch_save_head(const struct mls_epoch *epoch, struct buf *out);
MUST_CHECK enum err epoch_load_head(struct rd *r, struct mls_epoch *epoch);

/* Our keys of the tree, and the secrets of the epoch. What fails is said by
 * `r`. */
void epoch_save_secrets(const struct mls_epoch *epoch, struct buf *out);
void epoch_load_secrets(struct rd *r, struct mls_epoch *epoch);

void epoch_save_proposals(const struct mls_epoch *epoch, struct buf *out);
MUST_CHECK enum err epoch_load_proposals(struct rd *r, struct mls_epoch *epoch);

/* Its parts fit each other: ERR_PEER_MALFORMED. */
MUST_CHECK enum err epoch_check_loaded(const struct mls_epoch *epoch);

#endif
