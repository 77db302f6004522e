/*
 * The secret tree, RFC 9420 section 9: from an epoch's encryption_secret to
 * the keys of single messages.
 *
 * Node secrets are derived when a leaf is first used, O(log n), each replaced
 * by its children's. A key is taken in two steps, so that a message that does
 * not authenticate changes nothing:
 *
 *   secret_tree_take()     gives the key, leaves every ratchet as it is
 *   secret_tree_confirm()  after it has served: the ratchet moves, the key and
 *                          all that it came from are gone (9.2)
 *   secret_tree_abandon()  it did not: nothing has happened
 *
 * Generations that are skipped are kept as key and nonce, never as a ratchet
 * secret: at most SECRET_TREE_SKIPPED_MAX a ratchet, the oldest fall out.
 */
#ifndef HERMETIC_MLS_SECRET_TREE_H
#define HERMETIC_MLS_SECRET_TREE_H

#include "base/buf.h"
#include "base/rd.h"
#include "base/sec.h"
#include "crypto/suite.h"

#define SECRET_TREE_FORWARD_MAX 1000 /* steps ahead for one message */
#define SECRET_TREE_SKIPPED_MAX 1000 /* keys kept a ratchet */
#define SECRET_TREE_KEY_MAX 32	     /* nk of every suite fits */

enum secret_tree_ratchet { SECRET_TREE_HANDSHAKE, SECRET_TREE_APPLICATION };
#define SECRET_TREE_RATCHETS 2

struct secret_tree_node;

struct secret_tree {
	const struct suite *suite; /* NULL: no tree here */
	uint8_t height;		   /* the tree is 2^height leaves wide */
	struct secret_tree_node *root;
};

#define SECRET_TREE_INIT ((struct secret_tree){ NULL, 0, NULL })

/* One message's key (9.1). */
struct secret_tree_key {
	uint32_t generation;
	uint8_t key[SECRET_TREE_KEY_MAX]; /* suite->nk bytes of it */
	uint8_t nonce[SUITE_NONCE];
};

/* A key that was taken and waits for its fate. */
struct secret_tree_staged {
	struct secret_tree_key key;
	struct secret_tree_ratchet_state *ratchet; /* borrowed from the tree,
						      or from `grown` */
	/* The way down to a leaf that is new, owned; for the node `at`, which
	 * is borrowed. NULL when the tree has it already. */
	struct secret_tree_node *grown, *at;
	struct sec next;		 /* ratchet secret after `key` */
	struct secret_tree_key *skipped; /* owned: the store afterwards */
	size_t skipped_count;
	bool from_store; /* `key` was a skipped one */
};

#define SECRET_TREE_STAGED_INIT ((struct secret_tree_staged){ 0 })

/* leaf_count: 1 to 2^31, rounded up to a power of two. The caller clears the
 * encryption_secret. */
MUST_CHECK enum err secret_tree_init(struct secret_tree *tree,
				     const struct suite *suite,
				     uint32_t leaf_count,
				     struct span encryption_secret);

/* Wipes and frees; SECRET_TREE_INIT afterwards. */
void secret_tree_clear(struct secret_tree *tree);

/*
 * To read generation `generation` of `leaf`. ERR_STATE_GONE: used already, or
 * fallen out of the store. ERR_PEER_INVALID: no such leaf, or more than
 * SECRET_TREE_FORWARD_MAX ahead (found before anything is derived).
 * Between take and confirm or abandon the tree is not touched otherwise.
 */
MUST_CHECK enum err secret_tree_take(struct secret_tree *tree, uint32_t leaf,
				     enum secret_tree_ratchet which,
				     uint32_t generation,
				     struct secret_tree_staged *staged);

/* To send: the next unused generation of `leaf`. */
MUST_CHECK enum err secret_tree_next(struct secret_tree *tree, uint32_t leaf,
				     enum secret_tree_ratchet which,
				     struct secret_tree_staged *staged);

/* Never fail; both wipe `staged`. On SECRET_TREE_STAGED_INIT they do nothing. */
void secret_tree_confirm(struct secret_tree_staged *staged);
void secret_tree_abandon(struct secret_tree_staged *staged);

/* sender_data_key and _nonce (6.3.2) for a ciphertext. */
MUST_CHECK enum err secret_tree_sender_data_key(const struct suite *suite,
						struct span sender_data_secret,
						struct span ciphertext,
						struct sec *key,
						struct sec *nonce);

/* What is held, secrets included; and back. Loading reads from `r` (its
 * failure is also reported by `r`); the tree is SECRET_TREE_INIT on failure. */
void secret_tree_save(const struct secret_tree *tree, struct buf *out);
MUST_CHECK enum err secret_tree_load(struct secret_tree *tree,
				     const struct suite *suite, struct rd *r);

/* ---- item by item ---- */

/* The nodes that hold something, numbered as in a heap: the root is 1, the
 * children of n are 2n and 2n + 1. An item is what such a node holds. */
struct secret_tree_items {
	enum err (*put)(void *context, uint32_t node, struct span value);
	enum err (*drop)(void *context, uint32_t node);
	/* Appends; ERR_STATE_GONE: there is none. */
	enum err (*get)(void *context, uint32_t node, struct buf *value);
	void *context;
};

/* Puts what has changed since the last time, drops what is used up. After a
 * failure: secret_tree_forget_items(). */
MUST_CHECK enum err secret_tree_put_items(
    struct secret_tree *tree, const struct secret_tree_items *items);

/* Nothing is stored: the next time puts everything. */
void secret_tree_forget_items(struct secret_tree *tree);

/* SECRET_TREE_INIT on failure. */
MUST_CHECK enum err secret_tree_get_items(
    struct secret_tree *tree, const struct suite *suite, uint8_t height,
    const struct secret_tree_items *items);

#endif
