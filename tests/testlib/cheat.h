/*
 * A member that cheats: objects that break one rule of RFC 9420 and are right
 * in all else, signed, tagged and encrypted with keys that its maker has. It
 * works beside the engine's checks, on the engine's parts.
 *
 * A hook changes what is being made just before it is signed; NULL leaves it.
 * All of these fail the test on an error.
 */
#ifndef HERMETIC_TESTS_CHEAT_H
#define HERMETIC_TESTS_CHEAT_H

#include "mls/epoch.h"
#include "tests/testlib/members.h"
#include "wire/group_info.h"
#include "wire/welcome.h"

/* ---- KeyPackages and leaves ---- */

struct cheat_key_package {
	void (*leaf)(struct wire_leaf_node *leaf);
	void (*package)(struct wire_key_package *package);
	bool bad_leaf_signature;
	bool bad_signature;
};

/* Puts it into m->key_package, with its secrets. */
void cheat_key_package(struct member *m, const struct cheat_key_package *how);

/* A LeafNode for an Update of a member, with a fresh key, signed by `signer`
 * (NULL: m); appended. */
void cheat_update_leaf(const struct member *m, const struct member *signer,
		       void (*edit)(struct wire_leaf_node *leaf),
		       bool bad_signature, struct buf *leaf);

/* ---- proposals ---- */

struct cheat_item {
	struct wire_proposal proposal;
	struct span ref;	   /* empty: by value */
	struct span psk;	   /* of a PSK proposal */
	struct wire_sender sender; /* by reference: who proposed */
};

struct cheat_item cheat_add(struct span key_package);
struct cheat_item cheat_update(struct span leaf);
struct cheat_item cheat_remove(uint32_t leaf);
struct cheat_item cheat_extensions(struct span extensions);
/* An external PSK; `nonce` of the suite's nh bytes to be right. */
struct cheat_item cheat_psk(struct span id, struct span psk, struct span nonce);

/* The ReInit that `reinit` says, encoded into `bytes`. */
struct cheat_item cheat_reinit(const struct wire_reinit *reinit,
			       struct buf *bytes);
/* An ExternalInit for the group of `from`, and the init_secret that goes with
 * it. */
struct cheat_item cheat_external_init(const struct member *from,
				      struct buf *kem_output,
				      struct sec *init_secret);

/* A Proposal in a PublicMessage of `by` as `sender`, for the epoch of `group`
 * plus `ahead`. With `ref`, appends its ProposalRef there. */
void cheat_propose(const struct member *by, const struct mls_group *group,
		   struct wire_sender sender, uint64_t ahead,
		   const struct wire_proposal *proposal, struct buf *message,
		   struct buf *ref);

/* A SelfRemove of a member as nobody honest frames it: encrypted, or with
 * authenticated data, so that it is another one; appended. */
void cheat_self_remove(const struct member *m, enum wire_format format,
		       struct span authenticated_data, struct buf *message);

/* ---- commits ---- */

struct cheat {
	struct member *by;
	/* The member whose epoch an external commit is for; NULL for the
	 * ordinary commit of a member. */
	const struct member *from;
	const struct cheat_item *items;
	size_t count;
	bool no_path;
	bool private_handshake;
	uint64_t ahead;		/* of the epoch */
	const struct rng *rng;	/* NULL: that of `by` */
	struct sec init_secret; /* in the place of what the RFC says */
	struct span extensions; /* of the next epoch; empty: those of before */
	void (*tree)(struct tree *tree); /* before the path */
	/* the public keys of the path, before the leaf is signed */
	void (*keys)(struct treekem_update *update);
	void (*leaf)(struct wire_leaf_node *leaf);	/* of the path */
	void (*secrets)(struct treekem_update *update); /* to be encrypted */
	void (*path)(struct wire_update_path *path);	/* encrypted */
	void (*sender)(struct wire_sender *sender);
	void (*tag)(uint8_t *confirmation_tag);
	const struct member *leaf_by; /* whose key signs the leaf; NULL: by */
	bool bad_leaf_signature;
	bool bad_signature;
	bool bad_membership_tag;
};

struct cheated {
	struct buf message; /* MLSMessage with the commit */
	struct mls_epoch *next;
	struct epoch_change change; /* what it added */
	struct treekem_update update;
	struct sec joiner;
};

void cheat_commit(const struct cheat *how, struct cheated *out);
void cheated_clear(struct cheated *made);

/* ---- Welcome and GroupInfo ---- */

struct cheat_info {
	void (*info)(struct wire_group_info *info); /* before its signature */
	void (*extensions)(struct buf *extensions); /* after the right ones */
	void (*tree)(struct buf *ratchet_tree);	    /* encoded */
	void (*secrets)(struct wire_group_secrets *secrets);
	bool bad_signature;
};

/* A GroupInfo (MLSMessage) of an epoch, signed by `by`. */
void cheat_group_info(const struct member *by, const struct mls_epoch *epoch,
		      const struct cheat_info *how, struct buf *message);

/* A Welcome for the first who was added. */
void cheat_welcome(const struct member *by, const struct cheated *made,
		   const struct cheat_info *how, struct buf *message);

#endif
