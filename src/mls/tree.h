/*
 * The ratchet tree, RFC 9420 sections 4, 7 and 12.1.
 *
 * Nodes are immutable once shared: a change copies the nodes between the root
 * and where it happens, O(log n), and leaves every other holder of the tree as
 * it was. So sharing a tree is one reference, a staged epoch and the past ones
 * cost only what they changed, and dropping a change is dropping a root. Each
 * node keeps its tree hash until it is copied for a change, so hashes are
 * computed again on changed paths only.
 */
#ifndef HERMETIC_MLS_TREE_H
#define HERMETIC_MLS_TREE_H

#include "base/buf.h"
#include "base/key_set.h"
#include "crypto/sign.h"
#include "crypto/suite.h"
#include "mls/leaf_list.h"
#include "mls/limits.h"
#include "wire/tree.h"
#include "wire/tree_math.h"

/* Credential types as bits, for asking a whole subtree at once. */
#define TREE_CREDENTIAL_BASIC 1u
#define TREE_CREDENTIAL_X509 2u

/* Extension types for which the tree knows at once whether all leaves list them. */
#define TREE_WATCHED_FIRST 0xF7F0
#define TREE_WATCHED_LAST 0xF7FF

/* A leaf's content: immutable, shared. */
struct tree_leaf {
	uint32_t refs;
	struct wire_leaf_node node; /* borrows from `bytes` */
	struct sign_key *key;	    /* parsed when first asked for */
	uint8_t bytes[];
};

/* A parent's content: immutable, shared. */
struct tree_parent {
	uint32_t refs;
	struct span encryption_key;
	struct span parent_hash;
	uint32_t *unmerged; /* leaf indices, increasing */
	size_t unmerged_count;
	uint8_t bytes[];
};

struct tree_node {
	uint32_t refs;
	uint32_t members;		/* leaves below that are not blank */
	struct tree_node *left, *right; /* NULL at a leaf */
	union {
		struct tree_leaf *leaf;	    /* NULL: blank */
		struct tree_parent *parent; /* NULL: blank */
	};
	uint8_t credentials_used;      /* by any leaf below */
	uint8_t credentials_supported; /* by all leaves below */
	uint16_t extensions_listed; /* by all leaves below: the watched ones, a
					  bit each */
	bool hashed;
	uint32_t sweep; /* who went over the tree last (mls/tree_items.h) */
	uint64_t id;	/* of the item that it is stored as; 0: of none */
	uint8_t hash[]; /* tree hash, suite->nh bytes, when `hashed` */
};

struct tree {
	const struct suite *suite; /* NULL: no tree here */
	uint32_t leaves;	   /* width, a power of two */
	struct tree_node *root;
	bool indexed; /* by tree_index() */
	struct key_set encryption_keys, signature_keys;
	struct key_set users; /* with their leaves */
};

#define TREE_INIT ((struct tree){ .suite = NULL })

/* A tree of one leaf. */
MUST_CHECK enum err tree_create(struct tree *tree, const struct suite *suite,
				struct span leaf_node);

/* `ratchet_tree`: the extension's data, optional<Node> ratchet_tree<V>.
 * Checks the shape only; tree_check() does the rest. */
MUST_CHECK enum err tree_decode(struct tree *tree, const struct suite *suite,
				struct span ratchet_tree);
void tree_encode(const struct tree *tree, struct buf *out);

/* Makes the questions after keys and users, below, quick for this tree and those
 * that come of it; O(n). Who has no changes before it goes without. */
MUST_CHECK enum err tree_index(struct tree *tree);

/* Another holder of the same tree. */
struct tree tree_share(const struct tree *tree);
void tree_clear(struct tree *tree);

/* NULL when blank or outside. */
const struct tree_leaf *tree_leaf(const struct tree *tree, uint32_t leaf);
/* NULL when outside. `node` is a node index. */
const struct tree_node *tree_node(const struct tree *tree, uint32_t node);

/* The parsed signature key of a member; borrowed. */
MUST_CHECK enum err tree_signature_key(const struct tree *tree, uint32_t leaf,
				       const struct sign_key **key);

/* Do all members list that extension type? At once for those that are watched. */
bool tree_all_list(const struct tree *tree, uint16_t extension_type);

/* The first leaf >= `leaf` that is not blank, or false. */
bool tree_next_member(const struct tree *tree, uint32_t leaf, uint32_t *found);

/* The leftmost blank leaf; extends the tree when there is none (12.1.1). */
MUST_CHECK enum err tree_free_leaf(struct tree *tree, uint32_t *leaf);

/* Apply an Add, an Update, a Remove. On failure the tree may be half changed:
 * work on a share of it. ERR_PEER_INVALID: no such member. */
MUST_CHECK enum err tree_add(struct tree *tree, struct span leaf_node,
			     uint32_t *leaf);
MUST_CHECK enum err tree_update(struct tree *tree, uint32_t leaf,
				struct span leaf_node);
MUST_CHECK enum err tree_remove(struct tree *tree, uint32_t leaf);

/* Replaces a leaf and nothing else: after tree_set_path(). */
MUST_CHECK enum err tree_set_leaf(struct tree *tree, uint32_t leaf,
				  struct span leaf_node);

/* The levels of a leaf's filtered direct path (4.1.2), from the lowest. */
struct tree_path {
	size_t count;
	uint32_t levels[TREE_LEVELS_MAX];
};

void tree_filtered_path(const struct tree *tree, uint32_t leaf,
			struct tree_path *path);

/* Merges the public part of an UpdatePath (7.5): blanks the direct path, then
 * gives the nodes of the filtered one their keys and parent hashes. The parent
 * hash for the leaf is appended. */
MUST_CHECK enum err tree_set_path(struct tree *tree, uint32_t leaf,
				  const struct tree_path *path,
				  const struct span *public_keys,
				  struct buf *leaf_parent_hash);

struct tree_resolved {
	uint32_t node;
	struct span encryption_key;
};

/* The resolution of a node (4.1.1) without the leaves of `without`. The caller
 * frees *list. */
MUST_CHECK enum err tree_resolution(const struct tree *tree, uint32_t node,
				    struct leaf_list without,
				    struct tree_resolved **list, size_t *count);

/* The tree hash of a node (7.8); borrowed until the tree changes. */
MUST_CHECK enum err tree_hash_node(const struct tree *tree, uint32_t node,
				   struct span *hash);
MUST_CHECK enum err tree_hash_root(const struct tree *tree, struct span *hash);

/* Whether a key is the encryption_key of any node, or (the second) the
 * signature_key of any member. */
bool tree_has_encryption_key(const struct tree *tree, struct span key);
bool tree_has_signature_key(const struct tree *tree, struct span key);

/* The first leaf >= `leaf` of a member whose identity is of that user (wire/roles.h),
 * or false. */
bool tree_next_of(const struct tree *tree, struct span user, uint32_t leaf,
		  uint32_t *found);

#endif
