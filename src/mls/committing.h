/* A commit of ours in the making (12.4.1), and what its list of proposals is
 * made of; for mls/group_commit.c. */
#ifndef HERMETIC_MLS_COMMITTING_H
#define HERMETIC_MLS_COMMITTING_H

#include "mls/group_internal.h"
#include "mls/key_package.h"
#include "mls/proposals.h"

struct committing {
	const struct mls_identity *me;
	const struct sign_key *signer; /* of the commit: the leaf's of before */
	const struct mls_epoch *old;
	enum wire_format format;
	struct wire_sender sender;
	struct span authenticated_data;
	struct proposal_list list;
	struct buf proposals; /* encoded ProposalOrRefs */
	struct proposal_means means;
	const struct mls_epoch *epochs[GROUP_EPOCHS]; /* for `means` */
	struct buf parent_psk; /* encoded PreSharedKeyID */
	uint8_t parent_nonce[SUITE_HASH_MAX];
	struct buf nonces;  /* of PSKs of ours */
	struct buf psk_ids; /* of PSKs of ours, encoded */
	struct buf reinit;  /* encoded */
	struct epoch_change change;
	/* A leaf that is made anew, or joins: its content, and its key. */
	struct key_package_profile profile;
	struct sign_key *next_signer; /* NULL: `signer` */
	struct treekem_update update;
	bool has_path;
	bool tree_beside; /* not in the Welcome */
	bool info_beside; /* not in the GroupInfo */
	struct span info_extensions, welcome_extensions;
	bool succeeds; /* another group: its Welcome is made for nobody, too */
	bool without_info;
	struct buf signature;
	struct buf content; /* encoded FramedContent */
	struct sec joiner;
	struct mls_epoch *next;
};

void committing_clear(struct committing *m);

/* Appends a proposal by value to the list and to `proposals`; the list borrows
 * what `p` borrows. */
MUST_CHECK enum err committing_put_value(struct committing *m,
					 const struct wire_proposal *p);

/* Appends a PreSharedKey proposal for `id`, with a fresh nonce of the suite's
 * nh bytes. The list borrows `encoded`, which must not move any more, and
 * `nonce`. */
MUST_CHECK enum err committing_put_psk(struct committing *m,
				       struct wire_psk_id *id,
				       struct buf *encoded, uint8_t *nonce);

/* Appends what `change` asks for, but for the pending proposals. */
MUST_CHECK enum err committing_put_change(struct committing *m,
					  const struct mls_change *change);

/* Whose key signs the new leaf and the GroupInfo of the epoch to come. */
const struct sign_key *committing_leaf_signer(const struct committing *m);

#endif
