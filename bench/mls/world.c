#include "bench/mls/world.h"

#include <stdio.h>
#include <stdlib.h>

#include "crypto/hpke.h"
#include "crypto/sign.h"
#include "mls/group_internal.h"
#include "mls/key_package.h"
#include "mls/leaf.h"
#include "mls/parent_hash.h"
#include "mls/tree_hash.h"
#include "mls/tree_node.h"

static const char group_id[] = "a group to measure";

void world_must(enum err e, const char *what)
{
	if (e == ERR_OK)
		return;
	(void)fprintf(stderr, "%s: %s\n", what, err_text(e));
	exit(1);
}

void world_client_init(struct world_client *c, const struct suite *suite,
		       uint32_t number)
{
	*c = (struct world_client){ .suite_id = suite->id };
	(void)snprintf(c->name, sizeof(c->name), "member%u/1", number);
	world_must(sign_generate(suite, rng_system(), &c->signature_private,
				 &c->signature_public),
		   "a signature key");
	c->me = (struct mls_identity){
		.suite = suite,
		.rng = rng_system(),
		.now = WORLD_NOW,
		.credential_identity = span_str(c->name),
		.signature_private = sec_span(&c->signature_private),
		.signature_public = buf_span(&c->signature_public),
		.cipher_suites = &c->suite_id,
		.cipher_suite_count = 1,
		.lifetime = 7776000,
	};
}

void world_client_clear(struct world_client *c)
{
	sec_clear(&c->signature_private);
	buf_clear(&c->signature_public);
	buf_clear(&c->key_package);
	mls_key_package_secrets_clear(&c->secrets);
}

/* ---- the tree, from the bottom ---- */

static bool is_above(uint32_t leaf, uint32_t level, uint32_t first)
{
	return leaf >> level == first >> level;
}

/* Who of the two that act lies below a node knows its private key. */
static void know(struct world *w, uint32_t level, uint32_t first,
		 const struct sec *private_key)
{
	if (is_above(0, level, first))
		w->first_keys.keys[level] = *private_key;
	if (is_above(w->members - 1, level, first))
		w->last_keys.keys[level] = *private_key;
}

/* A leaf as its commit left it. */
static void build_leaf(struct world *w, struct tree_node *node, uint32_t leaf,
		       struct span parent_hash)
{
	struct world_client other, *c = &other;
	struct key_package_profile profile = { .lists = BUF_INIT };
	struct buf key = BUF_INIT, encoded = BUF_INIT;
	struct sign_key *signer = NULL;
	struct sec private_key;

	if (leaf == 0)
		c = &w->first;
	else if (leaf == w->members - 1)
		c = &w->last;
	world_client_init(c, w->suite, leaf);
	if (w->people != NULL)
		w->people->name(leaf, c);
	world_must(
	    hpke_generate_key_pair(w->suite, rng_system(), &private_key, &key),
	    "a leaf's key");
	know(w, 0, leaf, &private_key);
	world_must(key_package_profile(&c->me, false, &profile), "a profile");
	profile.leaf.source = WIRE_LEAF_COMMIT;
	profile.leaf.encryption_key = buf_span(&key);
	profile.leaf.parent_hash = parent_hash;
	world_must(
	    sign_private_parse(w->suite, c->me.signature_private, &signer),
	    "a signer");
	world_must(leaf_sign(signer, &profile.leaf, SPAN_LIT(group_id), leaf,
			     &encoded),
		   "a leaf's signature");
	world_must(tree_node_set_leaf(node, buf_span(&encoded)), "a leaf");
	w->leaf_bytes += encoded.n;
	sec_clear(&private_key);
	sign_key_free(signer);
	key_package_profile_clear(&profile);
	buf_clear(&key);
	buf_clear(&encoded);
	if (c == &other)
		world_client_clear(&other);
}

static struct tree_node *build(struct world *w, uint32_t level, uint32_t first,
			       struct span parent_hash);

/* The right child is as an older commit left it: its parent hash is of a
 * parent that is gone. The left one committed last. */
static void build_parent(struct world *w, struct tree_node *node,
			 uint32_t level, uint32_t first,
			 struct span parent_hash)
{
	uint32_t half = (uint32_t)1 << (level - 1), middle = first + half;
	uint8_t stale[SUITE_HASH_MAX], hash[SUITE_HASH_MAX];
	uint32_t right = 2 * middle + half - 1;
	struct span gone = { stale, w->suite->nh };
	struct wire_parent_node parent = { .parent_hash = parent_hash };
	struct buf key = BUF_INIT;
	struct sec private_key;

	world_must(rng_fill(rng_system(), stale, gone.n), "random bytes");
	node->right = build(w, level - 1, middle, gone);
	world_must(tree_hash_update(w->suite, node->right, right), "a hash");
	world_must(
	    hpke_generate_key_pair(w->suite, rng_system(), &private_key, &key),
	    "a parent's key");
	know(w, level, first, &private_key);
	parent.encryption_key = buf_span(&key);
	world_must(
	    parent_hash_compute(w->suite, parent.encryption_key, parent_hash,
				span_of(node->right->hash, w->suite->nh), hash),
	    "a parent hash");
	node->left = build(w, level - 1, first, span_of(hash, w->suite->nh));
	world_must(tree_node_set_parent(node, &parent), "a parent");
	sec_clear(&private_key);
	buf_clear(&key);
}

static struct tree_node *build(struct world *w, uint32_t level, uint32_t first,
			       struct span parent_hash)
{
	struct tree_node *node = tree_node_new(w->suite);
	uint32_t middle = level > 0 ? first + ((uint32_t)1 << (level - 1)) : 0;

	world_must(node != NULL ? ERR_OK : ERR_LOCAL_MEMORY, "a node");
	if (level == 0) {
		build_leaf(w, node, first, parent_hash);
	} else if (middle >= w->members) { /* not in a filtered path */
		node->left = build(w, level - 1, first, parent_hash);
		node->right = tree_node_blank(w->suite, level - 1);
		world_must(node->right != NULL ? ERR_OK : ERR_LOCAL_MEMORY,
			   "a blank tree");
	} else {
		build_parent(w, node, level, first, parent_hash);
	}
	tree_node_refresh(node);
	return node;
}

/* ---- the epoch, for two ---- */

/* Takes over nothing: each has a tree of its own. */
static struct mls_group *enter(const struct world *w, struct span tree,
			       struct span secret, struct span confirmed,
			       const struct treekem_private *private)
{
	struct wire_group_context context = {
		.version = WIRE_VERSION_MLS10,
		.cipher_suite = w->suite->id,
		.group_id = SPAN_LIT(group_id),
		.epoch = 1,
		.confirmed_transcript_hash = confirmed,
	};
	struct mls_group *group = NULL;
	struct mls_epoch *epoch = NULL;

	if (w->people != NULL)
		context.extensions = w->people->extensions();
	world_must(epoch_new(w->suite, &epoch), "an epoch");
	world_must(tree_decode(&epoch->tree, w->suite, tree), "the tree");
	world_must(tree_index(&epoch->tree), "its index");
	world_must(tree_hash_root(&epoch->tree, &context.tree_hash), "a hash");
	world_must(epoch_set_context(epoch, &context), "the context");
	epoch->private = *private;
	world_must(key_schedule_expand(w->suite, secret, &epoch->secrets),
		   "the secrets");
	world_must(epoch_start(epoch, NULL), "the epoch's start");
	world_must(group_new(epoch, &group), "a group");
	return group;
}

void world_init(struct world *w, const struct suite *suite, uint32_t members,
		const struct world_people *people)
{
	uint8_t random[2 * SUITE_HASH_MAX];
	struct span secret = { random, suite->nh };
	struct span confirmed = { random + SUITE_HASH_MAX, suite->nh };
	struct tree tree = { .suite = suite,
			     .leaves = tree_math_round_up(members) };
	struct buf encoded = BUF_INIT;

	*w = (struct world){ .suite = suite,
			     .members = members,
			     .people = people };
	w->last_keys.leaf = members - 1;
	tree.root = build(w, tree_math_level(tree_math_root(tree.leaves)), 0,
			  SPAN_EMPTY);
	tree_encode(&tree, &encoded);
	world_must(buf_end(&encoded), "the tree");
	world_must(rng_fill(rng_system(), random, sizeof(random)), "secrets");
	w->first_group =
	    enter(w, buf_span(&encoded), secret, confirmed, &w->first_keys);
	w->last_group =
	    enter(w, buf_span(&encoded), secret, confirmed, &w->last_keys);
	tree_node_free(tree.root);
	buf_clear(&encoded);
	world_client_init(&w->joiner, suite, members);
	world_must(mls_key_package_create(&w->joiner.me, false,
					  &w->joiner.secrets,
					  &w->joiner.key_package),
		   "a KeyPackage");
}

void world_clear(struct world *w)
{
	mls_group_free(w->first_group);
	mls_group_free(w->last_group);
	world_client_clear(&w->first);
	world_client_clear(&w->last);
	world_client_clear(&w->joiner);
	treekem_private_clear(&w->first_keys);
	treekem_private_clear(&w->last_keys);
}
