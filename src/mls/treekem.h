/*
 * TreeKEM: the secret side of the ratchet tree, RFC 9420 sections 7.4 to 7.6.
 *
 * All functions work on a tree and a private state of the epoch to come, which
 * the caller throws away on failure.
 */
#ifndef HERMETIC_MLS_TREEKEM_H
#define HERMETIC_MLS_TREEKEM_H

#include "crypto/rng.h"
#include "mls/tree.h"
#include "wire/commit.h"

/* The private keys that one member holds: of its leaf (level 0) and of those
 * ancestors whose key it knows. */
struct treekem_private {
	uint32_t leaf;
	struct sec keys[TREE_LEVELS_MAX]; /* by level; empty: none */
};

void treekem_private_clear(struct treekem_private *private);

/* Forgets the keys of nodes that are blank or no longer there: after
 * proposals have been applied. */
void treekem_private_prune(struct treekem_private *private,
			   const struct tree *tree);

/* Every key held is that of its node: ERR_PEER_INVALID otherwise. */
MUST_CHECK enum err treekem_private_check(const struct treekem_private *private,
					  const struct tree *tree);

/* A new path of our own (7.5). */
struct treekem_update {
	struct tree_path path;
	struct sec path_secrets[TREE_LEVELS_MAX]; /* along `path` */
	struct buf public_keys[TREE_LEVELS_MAX];  /* along `path` */
	struct buf leaf_node;
	struct sec commit_secret;
};

void treekem_update_clear(struct treekem_update *update);

/*
 * Step 1: fresh keys for leaf private->leaf and its filtered direct path, in
 * the tree and in `private`. `like` gives the leaf's signature key, credential,
 * capabilities and extensions; it may borrow from the leaf being replaced.
 */
MUST_CHECK enum err treekem_make(
    struct tree *tree, struct treekem_private *private, const struct rng *rng,
    const struct wire_leaf_node *like, const struct sign_key *signer,
    struct span group_id, struct treekem_update *update);

/* Step 2: appends the UpdatePath, its secrets encrypted under `context`, the
 * provisional GroupContext, to all but the `added` leaves. */
MUST_CHECK enum err treekem_encrypt(const struct tree *tree, uint32_t leaf,
				    const struct rng *rng,
				    const struct treekem_update *update,
				    struct span context, struct leaf_list added,
				    struct buf *update_path);

/* The path secret that leaf `other` needs in its Welcome; empty when there is
 * none. */
struct span treekem_path_secret_for(const struct treekem_update *update,
				    uint32_t leaf, uint32_t other);

/* Receiving, step 1: merges the public part of a path of `sender`, and checks
 * its parent hash and that its keys are new. The leaf's own validity (7.3) is
 * the caller's check. ERR_PEER_INVALID. */
MUST_CHECK enum err treekem_merge(struct tree *tree, uint32_t sender,
				  const struct wire_update_path *path);

/* Step 2: decrypts the path secret meant for us, and derives our new private
 * keys and the commit_secret. ERR_PEER_INVALID, ERR_PEER_CRYPTO. */
MUST_CHECK enum err treekem_decrypt(const struct tree *tree,
				    struct treekem_private *private,
				    uint32_t sender,
				    const struct wire_update_path *path,
				    struct span context, struct leaf_list added,
				    struct sec *commit_secret);

/* Joining by Welcome: the path secret of the lowest common ancestor with the
 * signer, and from it the keys above. */
MUST_CHECK enum err treekem_join(const struct tree *tree,
				 struct treekem_private *private,
				 uint32_t signer, struct span path_secret);

#endif
