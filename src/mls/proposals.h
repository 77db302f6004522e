/* The list of proposals that a Commit covers: RFC 9420 sections 12.1 to 12.3,
 * validated and applied. */
#ifndef HERMETIC_MLS_PROPOSALS_H
#define HERMETIC_MLS_PROPOSALS_H

#include "mls/proposal.h"
#include "mls/psk.h"

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

/* What a list is applied with. */
struct proposal_means {
	struct psk_source psks;
	const struct mls_authentication *application;
};

/*
 * Validates the list (12.2) and applies it (12.3) to `change`, fresh from
 * epoch_change_begin(). `committer` is a member or new_member_commit.
 * ERR_PEER_INVALID for a broken rule, ERR_STATE_GONE for a PSK that is not
 * known. `change` is to be thrown away on failure.
 */
MUST_CHECK enum err proposals_apply(const struct mls_epoch *epoch,
				    const struct proposal_list *list,
				    struct wire_sender committer,
				    const struct proposal_means *means,
				    struct epoch_change *change);

#endif
