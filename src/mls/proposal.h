/* One proposal: RFC 9420 section 12.1, and draft-ietf-mls-extensions-10. */
#ifndef HERMETIC_MLS_PROPOSAL_H
#define HERMETIC_MLS_PROPOSAL_H

#include "mls/epoch.h"
#include "mls/group.h"

struct proposal_item {
	struct wire_proposal proposal; /* borrows */
	struct wire_sender sender;
	bool by_reference;
	const struct sec *private_key; /* of an Update of ours, borrowed */
};

/* Whether a proposal takes a leaf away, and which. */
bool proposal_removes(const struct proposal_item *item, uint32_t *leaf);

/* Whether the sender is the member at that leaf. */
static inline bool proposal_is_member(struct wire_sender sender, uint32_t leaf)
{
	return sender.type == WIRE_SENDER_MEMBER && sender.index == leaf;
}

/* For limits of what one sender may do: clients that are no members yet, whom nobody can
 * tell apart, are one. */
static inline bool proposal_same_sender(struct wire_sender a,
					struct wire_sender b)
{
	return a.type == b.type && ((a.type != WIRE_SENDER_MEMBER &&
				     a.type != WIRE_SENDER_EXTERNAL) ||
				    a.index == b.index);
}

/* What the application says, as it is encoded. */
static inline struct wire_app_data_update app_data_update(
    const struct mls_app_data *change)
{
	return (struct wire_app_data_update){
		.component = change->component,
		.op = change->remove ? WIRE_APP_DATA_REMOVE
				     : WIRE_APP_DATA_UPDATE,
		.update = change->update,
	};
}

/* Parts of proposal_check(), for where a list is applied: an Update under the
 * extensions that the list gives, extensions in the place of the group's (12.1.7), and
 * the content of a ReInit. */
MUST_CHECK enum err proposal_check_update(const struct mls_epoch *epoch,
					  const struct proposal_item *item,
					  struct span extensions);
MUST_CHECK enum err proposal_check_reset(struct span now, struct span next);
MUST_CHECK enum err proposal_check_reinit(const struct wire_reinit *reinit);

/* Before we ask for a ReInit: the group can only go on where every member has the
 * suite (11.2). What a leaf lists may be less than its member has, so nobody
 * refuses what was asked. */
MUST_CHECK enum err proposal_check_listed(const struct mls_epoch *epoch,
					  const struct mls_reinit *reinit);

/* Whether one proposal, received by itself, is worth keeping: it is valid as
 * far as that can be said without a Commit. `application` is asked what an
 * AppDataUpdate makes of the data that is there. */
MUST_CHECK enum err proposal_check(
    const struct mls_epoch *epoch, const struct proposal_item *item,
    const struct mls_authentication *application);

#endif
