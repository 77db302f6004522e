/* The list of proposals that a Commit covers: RFC 9420 sections 12.1 to 12.3,
 * validated and applied. */
#ifndef HERMETIC_MLS_PROPOSALS_H
#define HERMETIC_MLS_PROPOSALS_H

#include "mls/epoch.h"
#include "mls/psk.h"

struct proposal_item {
	struct wire_proposal proposal; /* borrows */
	struct wire_sender sender;
	bool by_reference;
	const struct sec *private_key; /* of an Update of ours, borrowed */
};

struct proposal_list {
	struct proposal_item *items;
	size_t count;
};

void proposal_list_clear(struct proposal_list *list);
MUST_CHECK enum err proposal_list_add(struct proposal_list *list,
				      const struct proposal_item *item);

/* The proposals of a received Commit; references are looked up in `epoch`.
 * They borrow from the commit and from the epoch. ERR_PEER_INVALID for a
 * reference that is not known. */
MUST_CHECK enum err proposal_list_of_commit(const struct mls_epoch *epoch,
					    const struct wire_commit *commit,
					    struct wire_sender committer,
					    struct proposal_list *list);

/*
 * Validates the list (12.2) and applies it (12.3) to `change`, fresh from
 * epoch_change_begin(). `committer` is a member or new_member_commit.
 * ERR_PEER_INVALID for a broken rule, ERR_STATE_GONE for a PSK that is not
 * known. `change` is to be thrown away on failure.
 */
MUST_CHECK enum err proposals_apply(const struct mls_epoch *epoch,
				    const struct proposal_list *list,
				    struct wire_sender committer,
				    const struct psk_source *psks,
				    struct epoch_change *change);

/* Before we ask for a ReInit: the group can only go on where every member has the
 * suite (11.2). What a leaf lists may be less than its member has, so nobody
 * refuses what was asked. */
MUST_CHECK enum err proposal_check_listed(const struct mls_epoch *epoch,
					  const struct mls_reinit *reinit);

/* Whether one proposal, received by itself, is worth keeping: it is valid as
 * far as that can be said without a Commit. */
MUST_CHECK enum err proposal_check(const struct mls_epoch *epoch,
				   const struct proposal_item *item);

#endif
