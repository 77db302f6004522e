#include "mls/secret_tree.h"

#include <stdlib.h>
#include <string.h>

#include "mls/label.h"
#include "mls/secret_tree_node.h"

_Static_assert(SECRET_TREE_FORWARD_MAX <= SECRET_TREE_SKIPPED_MAX,
	       "one message's skipped keys must fit into an empty store");

static void keys_free(struct secret_tree_key *keys, size_t count)
{
	if (keys != NULL)
		sec_wipe(keys, count * sizeof(*keys));
	free(keys);
}

static void ratchets_free(struct secret_tree_ratchet_state *ratchets)
{
	if (ratchets == NULL)
		return;
	for (size_t i = 0; i < SECRET_TREE_RATCHETS; i++)
		keys_free(ratchets[i].skipped, ratchets[i].skipped_count);
	sec_wipe(ratchets, SECRET_TREE_RATCHETS * sizeof(*ratchets));
	free(ratchets);
}

void secret_tree_node_free(struct secret_tree_node *node)
{
	if (node == NULL)
		return;
	secret_tree_node_free(node->child[0]);
	secret_tree_node_free(node->child[1]);
	ratchets_free(node->ratchets);
	sec_wipe(node, sizeof(*node));
	free(node);
}

enum err secret_tree_init(struct secret_tree *tree, const struct suite *suite,
			  uint32_t leaf_count, struct span encryption_secret)
{
	struct secret_tree made = { .suite = suite };
	enum err e;

	ENSURE(leaf_count > 0 && leaf_count <= (uint32_t)1
						   << SECRET_TREE_HEIGHT_MAX,
	       ERR_LOCAL_BUG);
	while (((uint64_t)1 << made.height) < leaf_count)
		made.height++;
	made.root = calloc(1, sizeof(*made.root));
	ENSURE(made.root != NULL, ERR_LOCAL_MEMORY);
	TRY(sec_set(&made.root->secret, encryption_secret));
	*tree = made;
	made.root = NULL;
out:
	secret_tree_node_free(made.root);
	return e;
}

void secret_tree_clear(struct secret_tree *tree)
{
	secret_tree_node_free(tree->root);
	*tree = SECRET_TREE_INIT;
}

/* ---- down the tree (section 9) ---- */

/* The node's secret becomes its children's. */
static enum err node_split(const struct suite *suite,
			   struct secret_tree_node *node)
{
	static const char *const sides[2] = { "left", "right" };
	struct secret_tree_node *child[2] = { NULL, NULL };
	enum err e;

	for (size_t i = 0; i < 2; i++) {
		child[i] = calloc(1, sizeof(*child[i]));
		ENSURE(child[i] != NULL, ERR_LOCAL_MEMORY);
		TRY(label_expand(suite, sec_span(&node->secret), "tree",
				 span_str(sides[i]), suite->nh,
				 &child[i]->secret));
	}
	memcpy(node->child, child, sizeof(child));
	child[0] = child[1] = NULL;
	sec_clear(&node->secret);
out:
	secret_tree_node_free(child[0]);
	secret_tree_node_free(child[1]);
	return e;
}

static enum err leaf_split(const struct suite *suite,
			   struct secret_tree_node *leaf)
{
	struct secret_tree_ratchet_state *ratchets;
	enum err e;

	ratchets = calloc(SECRET_TREE_RATCHETS, sizeof(*ratchets));
	ENSURE(ratchets != NULL, ERR_LOCAL_MEMORY);
	TRY(label_expand(suite, sec_span(&leaf->secret), "handshake",
			 SPAN_EMPTY, suite->nh,
			 &ratchets[SECRET_TREE_HANDSHAKE].secret));
	TRY(label_expand(suite, sec_span(&leaf->secret), "application",
			 SPAN_EMPTY, suite->nh,
			 &ratchets[SECRET_TREE_APPLICATION].secret));
	leaf->ratchets = ratchets;
	ratchets = NULL;
	sec_clear(&leaf->secret);
out:
	ratchets_free(ratchets);
	return e;
}

/* The deepest node that exists above or at the leaf; *depth is its depth. */
static struct secret_tree_node *find(const struct secret_tree *tree,
				     uint32_t leaf, uint8_t *depth)
{
	struct secret_tree_node *node = tree->root;

	*depth = 0;
	while (node->child[0] != NULL) {
		*depth = (uint8_t)(*depth + 1);
		node = node->child[leaf >> (tree->height - *depth) & 1];
	}
	return node;
}

/* The ratchets of a leaf. Where they are new, so is the way to them: it stays
 * beside the tree until the key has served. */
static enum err stage_leaf(const struct secret_tree *tree, uint32_t leaf,
			   enum secret_tree_ratchet which,
			   struct secret_tree_staged *staged)
{
	uint8_t depth;
	struct secret_tree_node *node = find(tree, leaf, &depth);
	enum err e = ERR_OK;

	if (node->ratchets == NULL) {
		staged->at = node;
		staged->grown = calloc(1, sizeof(*staged->grown));
		ENSURE(staged->grown != NULL, ERR_LOCAL_MEMORY);
		staged->grown->secret = node->secret;
		node = staged->grown;
		for (; depth < tree->height; depth++) {
			TRY(node_split(tree->suite, node));
			node =
			    node->child[leaf >> (tree->height - depth - 1) & 1];
		}
		TRY(leaf_split(tree->suite, node));
	}
	staged->ratchet = &node->ratchets[which];
out:
	return e;
}

/* ---- along a ratchet (9.1) ---- */

/* The key of `generation` from its ratchet secret. */
static enum err derive_key(const struct suite *suite, const struct sec *secret,
			   uint32_t generation, struct secret_tree_key *key)
{
	struct sec part = { 0 };
	enum err e;

	key->generation = generation;
	TRY(label_derive_tree(suite, sec_span(secret), "key", generation,
			      suite->nk, &part));
	memcpy(key->key, part.b, suite->nk);
	TRY(label_derive_tree(suite, sec_span(secret), "nonce", generation,
			      SUITE_NONCE, &part));
	memcpy(key->nonce, part.b, SUITE_NONCE);
out:
	sec_clear(&part);
	return e;
}

/* One generation: its key, and the secret becomes the next one's. */
static enum err step(const struct suite *suite, struct sec *secret,
		     uint32_t generation, struct secret_tree_key *key)
{
	enum err e;

	TRY(derive_key(suite, secret, generation, key));
	TRY(label_derive_tree(suite, sec_span(secret), "secret", generation,
			      suite->nh, secret));
out:
	return e;
}

static struct secret_tree_key *find_skipped(
    const struct secret_tree_ratchet_state *ratchet, uint32_t generation)
{
	for (size_t i = 0; i < ratchet->skipped_count; i++) {
		if (ratchet->skipped[i].generation == generation)
			return &ratchet->skipped[i];
	}
	return NULL;
}

/* The store as it would be: what is kept of the old one, and room for `ahead`
 * more, so that confirming cannot fail. */
static enum err stage_store(const struct secret_tree_ratchet_state *ratchet,
			    size_t ahead, struct secret_tree_staged *staged)
{
	size_t kept = ratchet->skipped_count;

	if (kept + ahead > SECRET_TREE_SKIPPED_MAX)
		kept = SECRET_TREE_SKIPPED_MAX - ahead;
	staged->skipped = calloc(kept + ahead, sizeof(*staged->skipped));
	if (staged->skipped == NULL)
		return ERR_LOCAL_MEMORY;
	if (kept > 0)
		memcpy(staged->skipped,
		       ratchet->skipped + (ratchet->skipped_count - kept),
		       kept * sizeof(*staged->skipped));
	staged->skipped_count = kept;
	return ERR_OK;
}

static enum err stage_forward(const struct suite *suite,
			      struct secret_tree_ratchet_state *ratchet,
			      uint32_t generation,
			      struct secret_tree_staged *staged)
{
	uint32_t g = ratchet->generation;
	enum err e;

	staged->next = ratchet->secret;
	if (g < generation)
		TRY(stage_store(ratchet, generation - g, staged));
	for (; g < generation; g++) {
		TRY(step(suite, &staged->next, g,
			 &staged->skipped[staged->skipped_count++]));
	}
	TRY(step(suite, &staged->next, g, &staged->key));
out:
	return e;
}

enum err secret_tree_take(struct secret_tree *tree, uint32_t leaf,
			  enum secret_tree_ratchet which, uint32_t generation,
			  struct secret_tree_staged *staged)
{
	struct secret_tree_staged made = SECRET_TREE_STAGED_INIT;
	const struct secret_tree_key *skipped;
	struct secret_tree_node *node;
	uint32_t current;
	uint8_t depth;
	enum err e;

	ENSURE(tree->root != NULL, ERR_LOCAL_BUG);
	ENSURE((uint64_t)leaf < (uint64_t)1 << tree->height, ERR_PEER_INVALID);
	/* "Applications SHOULD also define a policy limiting the maximum number
	 * of steps" (15.3): decided before any derivation. */
	node = find(tree, leaf, &depth);
	current = node->ratchets != NULL ? node->ratchets[which].generation : 0;
	ENSURE(generation < current ||
		   generation - current <= SECRET_TREE_FORWARD_MAX,
	       ERR_PEER_INVALID);
	ENSURE(generation < UINT32_MAX, ERR_PEER_INVALID);

	TRY(stage_leaf(tree, leaf, which, &made));
	if (generation < current) {
		skipped = find_skipped(made.ratchet, generation);
		ENSURE(skipped != NULL, ERR_STATE_GONE);
		made.key = *skipped;
		made.from_store = true;
	} else {
		TRY(stage_forward(tree->suite, made.ratchet, generation,
				  &made));
	}
	*staged = made;
	made = SECRET_TREE_STAGED_INIT;
out:
	secret_tree_abandon(&made);
	return e;
}

enum err secret_tree_next(struct secret_tree *tree, uint32_t leaf,
			  enum secret_tree_ratchet which,
			  struct secret_tree_staged *staged)
{
	struct secret_tree_node *node;
	uint32_t generation;
	uint8_t depth;
	enum err e;

	ENSURE(tree->root != NULL, ERR_LOCAL_BUG);
	node = find(tree, leaf, &depth);
	generation =
	    node->ratchets != NULL ? node->ratchets[which].generation : 0;
	/* The last generation stays unused: its successor has no number. */
	ENSURE(generation < UINT32_MAX, ERR_STATE_GONE);
	TRY(secret_tree_take(tree, leaf, which, generation, staged));
out:
	return e;
}

static void remove_skipped(struct secret_tree_ratchet_state *ratchet,
			   uint32_t generation)
{
	struct secret_tree_key *key = find_skipped(ratchet, generation);
	size_t after;

	if (key == NULL)
		return;
	after = (size_t)(ratchet->skipped + ratchet->skipped_count - key) - 1;
	memmove(key, key + 1, after * sizeof(*key));
	ratchet->skipped_count--;
	sec_wipe(&ratchet->skipped[ratchet->skipped_count], sizeof(*key));
	if (ratchet->skipped_count == 0) {
		free(ratchet->skipped);
		ratchet->skipped = NULL;
	}
}

/* What has grown beside the tree becomes a part of it. */
static void attach(struct secret_tree_staged *staged)
{
	struct secret_tree_node *grown = staged->grown, *at = staged->at;

	if (grown == NULL)
		return;
	memcpy(at->child, grown->child, sizeof(at->child));
	at->ratchets = grown->ratchets; /* which are `changed` */
	sec_clear(&at->secret);
	sec_wipe(grown, sizeof(*grown));
	free(grown);
	staged->grown = NULL;
}

void secret_tree_confirm(struct secret_tree_staged *staged)
{
	struct secret_tree_ratchet_state *ratchet = staged->ratchet;

	attach(staged);
	if (ratchet != NULL)
		ratchet->changed = true;
	/* "As soon as a group member consumes a value, they MUST immediately
	 * delete (all representations of) that value" (9.2). */
	if (ratchet != NULL && staged->from_store) {
		remove_skipped(ratchet, staged->key.generation);
	} else if (ratchet != NULL) {
		if (staged->skipped != NULL) {
			keys_free(ratchet->skipped, ratchet->skipped_count);
			ratchet->skipped = staged->skipped;
			ratchet->skipped_count = staged->skipped_count;
			staged->skipped = NULL;
		}
		ratchet->secret = staged->next;
		ratchet->generation = staged->key.generation + 1;
	}
	secret_tree_abandon(staged);
}

void secret_tree_abandon(struct secret_tree_staged *staged)
{
	secret_tree_node_free(staged->grown);
	keys_free(staged->skipped, staged->skipped_count);
	sec_wipe(staged, sizeof(*staged));
}

enum err secret_tree_sender_data_key(const struct suite *suite,
				     struct span sender_data_secret,
				     struct span ciphertext, struct sec *key,
				     struct sec *nonce)
{
	/* "the first KDF.Nh bytes of the ciphertext" (6.3.2) */
	struct span sample = span_of(
	    ciphertext.p, ciphertext.n < suite->nh ? ciphertext.n : suite->nh);
	enum err e;

	TRY(label_expand(suite, sender_data_secret, "key", sample, suite->nk,
			 key));
	TRY(label_expand(suite, sender_data_secret, "nonce", sample,
			 SUITE_NONCE, nonce));
out:
	if (e != ERR_OK) {
		sec_clear(key);
		sec_clear(nonce);
	}
	return e;
}
