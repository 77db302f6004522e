/*
 * A ratchet tree without secrets (RFC 9420 sections 4 and 7): as it stands in a
 * GroupInfo, and as commits change it.
 *
 * A commit is applied to the tree itself, which notes what each changed node held
 * before: when the commit turns out to be wrong, the tree is put back. So a commit
 * costs as much as it changes. Tree hashes are kept until something below changes.
 */
#ifndef HERMETIC_CHECK_TREE_H
#define HERMETIC_CHECK_TREE_H

#include "base/buf.h"
#include "base/key_set.h"
#include "crypto/suite.h"
#include "wire/tree.h"
#include "wire/tree_math.h"

/* Leaves that a tree may have here: bounds what a peer can make us hold. */
#define CHECK_TREE_LEAVES_MAX (1u << 17)

struct check_leaf {
	struct wire_leaf_node node; /* borrows from `bytes` */
	uint8_t bytes[];
};

struct check_parent {
	struct wire_parent_node node; /* borrows from `bytes` */
	uint8_t bytes[];
};

/* What a node holds; NULL: it is blank. */
union check_content {
	struct check_leaf *leaf;     /* of an even node */
	struct check_parent *parent; /* of an odd node */
};

struct check_node {
	union check_content content;
	uint32_t members; /* leaves below that are not blank */
	bool hashed;
	uint8_t hash[SUITE_HASH_MAX]; /* tree hash, when `hashed` */
};

struct check_undo; /* check/tree_change.c */

struct check_tree {
	const struct suite *suite;
	struct check_node *nodes; /* 2 * leaf_count - 1, as in appendix C */
	uint32_t leaf_count;	  /* a power of two */
	uint32_t room;		  /* leaves that `nodes` has room for */
	bool indexed;
	struct key_set encryption_keys, signature_keys,
	    users;		 /* if `indexed` */
	struct check_undo *undo; /* NULL: nothing is noted */
};

/* From the extension's data (12.4.3.3). It checks the shape only;
 * check_tree_whole() does the rest. ERR_PEER_MALFORMED: no such tree, a parent
 * where a leaf should be, or a blank at the end. ERR_PEER_TOO_LARGE. */
MUST_CHECK enum err check_tree_read(struct span data, const struct suite *suite,
				    struct check_tree *tree);
void check_tree_clear(struct check_tree *tree);

/* Appends the extension's data. */
void check_tree_put(const struct check_tree *tree, struct buf *out);

/* NULL where it is blank, or beyond the end. */
const struct wire_leaf_node *check_tree_leaf(const struct check_tree *tree,
					     uint32_t leaf);
/* The same of a parent, by node index. */
const struct wire_parent_node *check_tree_parent(const struct check_tree *tree,
						 uint32_t node);

/* Leaves that are not blank. */
uint32_t check_tree_member_count(const struct check_tree *tree);

/* Whether some leaf below a node is not blank. */
bool check_tree_inhabited(const struct check_tree *tree, uint32_t node);

/* Whether one of the keys is the encryption_key of any node, or (the second) a key
 * the signature_key of any leaf. In an indexed tree neither grows with the tree. */
bool check_tree_has_encryption_key(const struct check_tree *tree,
				   const struct span *keys, size_t count);
bool check_tree_has_signature_key(const struct check_tree *tree,
				  struct span key);

/* The first leaf from *leaf on that may be of that user (wire/roles.h): in a tree that
 * is not indexed every leaf may. False: none is. */
bool check_tree_next_of(const struct check_tree *tree, struct span user,
			uint32_t *leaf);

/* ---- changing; on failure the tree may be half changed ---- */

/* From here on what changes is noted, until one of the two that follow. A large tree
 * is indexed first, once, which takes time that grows with it. */
MUST_CHECK enum err check_tree_begin(struct check_tree *tree);
/* The changes stay. */
void check_tree_keep(struct check_tree *tree);
/* The tree is as it was; of one that notes nothing, nothing changes. */
void check_tree_undo(struct check_tree *tree);

MUST_CHECK enum err check_tree_set_leaf(struct check_tree *tree, uint32_t leaf,
					struct span encoded);
MUST_CHECK enum err check_tree_set_parent(
    struct check_tree *tree, uint32_t node,
    const struct wire_parent_node *parent);

/* 7.7: the leftmost blank leaf; the tree is extended when there is none. */
MUST_CHECK enum err check_tree_free_leaf(struct check_tree *tree,
					 uint32_t *leaf);

/* 12.1.1: into the leftmost blank leaf, unmerged at its ancestors. */
MUST_CHECK enum err check_tree_add(struct check_tree *tree, struct span encoded,
				   uint32_t *leaf);

/* 12.1.3: blanks the leaf and its direct path, and truncates the tree. */
MUST_CHECK enum err check_tree_remove(struct check_tree *tree, uint32_t leaf);

MUST_CHECK enum err check_tree_blank_path(struct check_tree *tree,
					  uint32_t leaf);

/* ---- hashes ---- */

/* The tree hash (7.8) of a node; borrowed until the tree changes. */
MUST_CHECK enum err check_tree_hash_node(struct check_tree *tree, uint32_t node,
					 struct span *hash);
MUST_CHECK enum err check_tree_hash(struct check_tree *tree, struct span *hash);

/* The parent hash (7.9) of a node with this content, whose child `sibling` is
 * not on the path; out: nh bytes. Leaves of parent->unmerged_leaves count as
 * blank below the sibling. */
MUST_CHECK enum err check_tree_parent_hash(
    struct check_tree *tree, const struct wire_parent_node *parent,
    uint32_t sibling, uint8_t *out);

/* ---- lists of leaves, as ParentNode.unmerged_leaves ---- */

/* Those of the list below a node. */
struct span check_leaves_below(struct span list, uint32_t node);
bool check_leaves_has(struct span list, uint32_t leaf);
static inline size_t check_leaves_count(struct span list)
{
	return list.n / sizeof(uint32_t);
}

/* The resolution of a node (4.1.1): node indices. The caller frees *list. */
MUST_CHECK enum err check_tree_resolution(const struct check_tree *tree,
					  uint32_t node, uint32_t **list,
					  size_t *count);

#endif
