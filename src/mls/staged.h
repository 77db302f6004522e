/* What the application is shown before anything takes effect:
 * mls_authentication.check_staged, and mls_group_staged() afterwards. The checks
 * return what the application answers; without it, ERR_OK and no work. */
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
	const struct mls_epoch *next; /* that it leads to; NULL: not for us */
};

/* `refusal`, which may be NULL: where the reason stands when it refuses. */
MUST_CHECK enum err staged_check(const struct mls_group *group,
				 const struct staged_view *view,
				 const char **refusal);

/* What mls_group_staged() will show is kept in the group: of a commit that is
 * about to be staged, whose sender and `proposals` (ProposalOrRefs) are these. */
MUST_CHECK enum err staged_keep(struct mls_group *group,
				const struct staged_view *view,
				struct wire_sender sender,
				struct span proposals);

void staged_story_clear(struct staged_story *story);
void staged_story_save(const struct staged_story *story, struct buf *out);
MUST_CHECK enum err staged_story_load(struct staged_story *story, struct rd *r);

/* Of a proposal by reference for the current epoch. */
MUST_CHECK enum err staged_check_proposal(const struct mls_group *group,
					  const struct proposal_item *item,
					  bool own,
					  struct span authenticated_data,
					  const char **refusal);

/* Of a group to join, whose GroupInfo `signer` signed: of all its credentials,
 * and of the whole. */
MUST_CHECK enum err staged_check_group(const struct mls_group *group,
				       uint32_t signer, const char **refusal);

/* What others may know of a leaf. Borrows from `node`. */
struct mls_member staged_member(uint32_t leaf,
				const struct wire_leaf_node *node);

/* mls_group_next_member() of an epoch. */
bool staged_next_member(const struct mls_epoch *epoch, uint32_t *leaf,
			struct mls_member *member);
/* mls_group_next_of() likewise. */
bool staged_next_of(const struct mls_epoch *epoch, struct span user,
		    uint32_t *leaf, struct mls_member *member);

#endif
