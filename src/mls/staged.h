/* What the application is shown before anything takes effect:
 * mls_authentication.check_staged. All return what it answers; without it,
 * ERR_OK and no work. */
#ifndef HERMETIC_MLS_STAGED_H
#define HERMETIC_MLS_STAGED_H

#include "mls/group_internal.h"
#include "mls/proposals.h"

/* A change that is ready to be staged. Borrowed. */
struct staged_view {
	enum mls_staged_kind kind;
	bool own;
	bool self_removed;
	const struct proposal_list *list;
	const uint32_t *added; /* a leaf for each Add, in their order */
	uint64_t epoch;	       /* that it leads to, and its extensions */
	struct span extensions;
	struct span authenticated_data;
	uint32_t committer; /* its leaf, after an external commit the new one;
			       EPOCH_NO_LEAF: none */
	const struct wire_leaf_node *path_leaf; /* NULL: no path */
};

MUST_CHECK enum err staged_check(const struct mls_group *group,
				 const struct staged_view *view);

/* Of a proposal by reference for the current epoch. */
MUST_CHECK enum err staged_check_proposal(const struct mls_group *group,
					  const struct proposal_item *item,
					  bool own,
					  struct span authenticated_data);

/* Of a group to join, whose GroupInfo `signer` signed: of all its credentials,
 * and of the whole. */
MUST_CHECK enum err staged_check_group(const struct mls_group *group,
				       uint32_t signer);

/* What others may know of a leaf. Borrows from `node`. */
struct mls_member staged_member(uint32_t leaf,
				const struct wire_leaf_node *node);

#endif
