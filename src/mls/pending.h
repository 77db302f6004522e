/* Which of the proposals that were received go into a commit of ours: RFC 9420
 * section 12.4, "as long as this results in a valid proposal list". */
#ifndef HERMETIC_MLS_PENDING_H
#define HERMETIC_MLS_PENDING_H

#include "mls/proposals.h"

/* Proposals tried one by one when they do not go together: each costs as much
 * as a commit. Senders have equal shares of them, and what one does not need is the
 * others'. What is left out can be sent again in the next epoch. */
#define PENDING_TRIED_MAX 64

bool pending_is_self_remove(const struct epoch_proposal *kept);
/* The first SelfRemove by which the member at a leaf waits to leave; NULL: none. */
const struct epoch_proposal *pending_self_remove(const struct mls_epoch *epoch,
						 uint32_t leaf);
/* Whether somebody other than the committer waits to leave by one. */
bool pending_any_leaves(const struct mls_epoch *epoch,
			struct wire_sender committer);

/*
 * Appends to `list`, which holds what the committer wants himself, and to
 * `encoded` as references: all that wait, or without `all` the SelfRemoves, which no
 * committer leaves out. `committer` is a member, or who joins from outside. `one_by_one`: takes only
 * what goes with all before it, so that no proposal, nor two that exclude each
 * other, can keep a group from committing.
 */
MUST_CHECK enum err pending_gather(const struct mls_epoch *epoch,
				   struct wire_sender committer, uint64_t now,
				   const struct proposal_means *means, bool all,
				   bool one_by_one, struct proposal_list *list,
				   struct buf *encoded);

#endif
