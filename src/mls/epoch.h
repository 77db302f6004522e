/*
 * One epoch of a group as one member sees it: GroupContext, ratchet tree,
 * secrets. Made from the epoch before it and what a Commit changes; never
 * changed afterwards, but for its message ratchets and the proposals received.
 */
#ifndef HERMETIC_MLS_EPOCH_H
#define HERMETIC_MLS_EPOCH_H

#include "mls/key_schedule.h"
#include "mls/limits.h"
#include "mls/secret_tree.h"
#include "mls/treekem.h"
#include "wire/context.h"
#include "wire/framing.h"

#define EPOCH_NO_LEAF UINT32_MAX
#define EPOCH_DIGEST 32

/* A Proposal that was received (12.1), to be committed by reference. */
struct epoch_proposal {
	struct buf ref;
	struct buf encoded;
	struct wire_sender sender;
	struct sec private_key; /* of an Update of ours: its leaf's */
};

struct mls_epoch {
	const struct suite *suite;
	struct buf encoded_context;
	struct wire_group_context context; /* borrows encoded_context */
	uint8_t interim[SUITE_HASH_MAX];
	uint8_t confirmation_tag[SUITE_HASH_MAX];
	struct tree tree;
	struct treekem_private private; /* .leaf: our own */
	struct mls_epoch_secrets secrets;
	struct secret_tree messages;
	struct epoch_proposal *proposals;
	size_t proposal_count;
	/* What items of it are stored (mls/group_items.c); none when !stored. */
	bool stored, messages_stored;
	uint8_t stored_digest[EPOCH_DIGEST];
	uint8_t stored_proposals[EPOCH_DIGEST];
	/* The ReInit that the epoch began with (12.1.5), encoded: it is the
	 * last one, nothing is sent in it. Otherwise empty. */
	struct buf reinit;
};

/* All empty, private.leaf EPOCH_NO_LEAF. */
MUST_CHECK enum err epoch_new(const struct suite *suite,
			      struct mls_epoch **epoch);
void epoch_free(struct mls_epoch *epoch);

MUST_CHECK enum err epoch_set_context(struct mls_epoch *epoch,
				      const struct wire_group_context *context);

/* From its secrets and the confirmed transcript hash in the context:
 * confirmation tag, interim hash, message keys. With `tag` given, it must be
 * the one computed: ERR_PEER_CRYPTO. */
MUST_CHECK enum err epoch_start(struct mls_epoch *epoch,
				const struct span *tag);

/* Keeps what late application messages and exports need; wipes the rest. */
void epoch_retire(struct mls_epoch *epoch);

/* `private_key` may be NULL. Keeps each ref once. */
MUST_CHECK enum err epoch_keep_proposal(struct mls_epoch *epoch,
					struct span ref, struct span encoded,
					struct wire_sender sender,
					const struct sec *private_key);
const struct epoch_proposal *epoch_find_proposal(const struct mls_epoch *epoch,
						 struct span ref);

/* Those from number `from` on, in the order in which they came. */
void epoch_forget_proposals(struct mls_epoch *epoch, size_t from);
/* The one with that ref; false when there is none. */
bool epoch_drop_proposal(struct mls_epoch *epoch, struct span ref);

/* ---- the way from one epoch to the next ---- */

/* What a Commit changes: filled by proposals_apply() and by the path. */
struct epoch_change {
	struct tree tree;
	struct treekem_private private;
	struct span extensions; /* GroupContext's; borrowed */
	struct buf app_data; /* these, where a list changed their dictionary */
	uint32_t *added;     /* new leaves, increasing */
	struct wire_key_package *added_packages;
	size_t added_count;
	struct sec init_secret; /* empty: that of the old epoch */
	struct sec psk_secret;	/* empty: none */
	struct buf psk_ids;
	struct sec commit_secret; /* empty: no path */
	struct span reinit;	  /* encoded proposal, borrowed; empty: none */
	bool path_required;
	bool removes_us;
};

MUST_CHECK enum err epoch_change_begin(const struct mls_epoch *old,
				       struct epoch_change *change);
void epoch_change_clear(struct epoch_change *change);

/* The provisional GroupContext (12.4.1), appended: the new epoch and tree, the
 * old transcript. */
MUST_CHECK enum err epoch_provisional_context(const struct mls_epoch *old,
					      const struct epoch_change *change,
					      struct buf *context);

/* The next epoch, up to its secrets; epoch_start() is left to do. Takes over
 * the tree and the private keys of `change`. */
MUST_CHECK enum err epoch_next(const struct mls_epoch *old,
			       struct epoch_change *change,
			       enum wire_format format,
			       const struct wire_content *content,
			       struct span signature, struct sec *joiner,
			       struct mls_epoch **next);

#endif
