#include "mls/treekem.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/hpke.h"
#include "mls/broken.h"
#include "mls/label.h"
#include "mls/leaf.h"
#include "mls/tree_node.h"

static const char node_label[] = "UpdatePathNode";

void treekem_private_clear(struct treekem_private *private)
{
	sec_wipe(private, sizeof(*private));
}

void treekem_private_prune(struct treekem_private *private,
			   const struct tree *tree)
{
	uint32_t top = tree_math_level(tree_math_root(tree->leaves));

	for (uint32_t level = 1; level < TREE_LEVELS_MAX; level++) {
		uint32_t node = tree_math_ancestor(private->leaf, level);

		if (level > top || tree_node_is_blank(tree_node(tree, node)))
			sec_clear(&private->keys[level]);
	}
}

/* Compares by use: what is sealed to the public key must open. */
static enum err check_pair(const struct suite *suite, struct span private_key,
			   struct span public_key)
{
	static const char label[] = "key pair check";
	struct buf enc = BUF_INIT, sealed = BUF_INIT, opened = BUF_INIT;
	enum err e;

	TRY(label_encrypt(suite, rng_system(), public_key, label, SPAN_EMPTY,
			  SPAN_EMPTY, &enc, &sealed));
	TRY(label_decrypt(suite, private_key, SPAN_EMPTY, label, SPAN_EMPTY,
			  buf_span(&enc), buf_span(&sealed), &opened));
out:
	buf_clear(&enc);
	buf_clear(&sealed);
	buf_clear(&opened);
	return e;
}

enum err treekem_private_check(const struct treekem_private *private,
			       const struct tree *tree)
{
	uint32_t top = tree_math_level(tree_math_root(tree->leaves));
	enum err e = ERR_OK;

	for (uint32_t level = 0; level < TREE_LEVELS_MAX; level++) {
		const struct tree_node *node;

		if (private->keys[level].n == 0)
			continue;
		ENSURE(level <= top, ERR_PEER_INVALID);
		node =
		    tree_node(tree, tree_math_ancestor(private->leaf, level));
		ENSURE(node != NULL && !tree_node_is_blank(node),
		       ERR_PEER_INVALID);
		TRY(check_pair(tree->suite, sec_span(&private->keys[level]),
			       tree_node_key(node)));
	}
out:
	return e;
}

void treekem_update_clear(struct treekem_update *update)
{
	for (size_t i = 0; i < TREE_LEVELS_MAX; i++)
		buf_clear(&update->public_keys[i]);
	buf_clear(&update->leaf_node);
	sec_wipe(update, sizeof(*update));
}

/* node_secret = DeriveSecret(path_secret, "node"), and its key pair (7.4). */
static enum err derive_pair(const struct suite *suite,
			    const struct sec *path_secret,
			    struct sec *private_key, struct buf *public_key)
{
	struct sec node_secret = { .n = 0 };
	enum err e;

	TRY(label_derive(suite, sec_span(path_secret), "node", &node_secret));
	TRY(hpke_derive_key_pair(suite, sec_span(&node_secret), private_key,
				 public_key));
out:
	sec_clear(&node_secret);
	return e;
}

/* ---- making a path ---- */

/* Path secrets and key pairs along the path; the commit_secret comes after the
 * last: "path_secret[n+1]" (12.4.1). */
static enum err derive_path(const struct suite *suite, const struct rng *rng,
			    struct treekem_private *private,
			    struct treekem_update *update)
{
	struct sec secret = { .n = suite->nh };
	enum err e;

	TRY(rng_fill(rng, secret.b, secret.n));
	for (uint32_t level = 1; level < TREE_LEVELS_MAX; level++)
		sec_clear(&private->keys[level]);
	for (size_t i = 0; i < update->path.count; i++) {
		update->path_secrets[i] = secret;
		TRY(derive_pair(suite, &secret,
				&private->keys[update->path.levels[i]],
				&update->public_keys[i]));
		TRY(label_derive(suite, sec_span(&secret), "path", &secret));
	}
	update->commit_secret = secret;
out:
	sec_clear(&secret);
	return e;
}

enum err treekem_make(struct tree *tree, struct treekem_private *private,
		      const struct rng *rng, const struct wire_leaf_node *like,
		      const struct sign_key *signer, struct span group_id,
		      struct treekem_update *update)
{
	struct buf leaf_key = BUF_INIT, parent_hash = BUF_INIT;
	struct span keys[TREE_LEVELS_MAX];
	struct wire_leaf_node leaf = *like;
	enum err e;

	*update = (struct treekem_update){ 0 };
	tree_filtered_path(tree, private->leaf, &update->path);
	TRY(hpke_generate_key_pair(tree->suite, rng, &private->keys[0],
				   &leaf_key));
	TRY(derive_path(tree->suite, rng, private, update));
	for (size_t i = 0; i < update->path.count; i++)
		keys[i] = buf_span(&update->public_keys[i]);
	TRY(tree_set_path(tree, private->leaf, &update->path, keys,
			  &parent_hash));
	leaf.source = WIRE_LEAF_COMMIT;
	leaf.encryption_key = buf_span(&leaf_key);
	leaf.parent_hash = buf_span(&parent_hash);
	TRY(leaf_sign(signer, &leaf, group_id, private->leaf,
		      &update->leaf_node));
	TRY(tree_set_leaf(tree, private->leaf, buf_span(&update->leaf_node)));
out:
	if (e != ERR_OK)
		treekem_update_clear(update);
	buf_clear(&leaf_key);
	buf_clear(&parent_hash);
	return e;
}

/* One UpdatePathNode: the secret to each key of the resolution of the copath
 * child of `level`. */
static enum err encrypt_node(const struct tree *tree, uint32_t copath,
			     const struct rng *rng, struct span public_key,
			     const struct sec *path_secret,
			     const struct hpke_info *info,
			     struct leaf_list added, struct buf *out)
{
	struct buf enc = BUF_INIT, sealed = BUF_INIT;
	struct tree_resolved *list = NULL;
	size_t count = 0, vec;
	enum err e;

	/* 7.6: "MUST exclude all new leaf nodes added as part of the current
	 * Commit" */
	TRY(tree_resolution(tree, copath, added, &list, &count));
	buf_put_vec(out, public_key);
	vec = buf_open_vec(out);
	for (size_t i = 0; i < count; i++) {
		buf_reset(&enc);
		buf_reset(&sealed);
		TRY(hpke_seal_under(tree->suite, rng, list[i].encryption_key,
				    info, SPAN_EMPTY, sec_span(path_secret),
				    &enc, &sealed));
		struct wire_hpke_ciphertext ciphertext = { buf_span(&enc),
							   buf_span(&sealed) };
		wire_hpke_ciphertext_put(out, &ciphertext);
	}
	buf_close_vec(out, vec);
out:
	free(list);
	buf_clear(&enc);
	buf_clear(&sealed);
	return e;
}

static uint32_t copath_node(uint32_t leaf, uint32_t level)
{
	return tree_math_sibling(tree_math_ancestor(leaf, level - 1));
}

enum err treekem_encrypt(const struct tree *tree, uint32_t leaf,
			 const struct rng *rng,
			 const struct treekem_update *update,
			 struct span context, struct leaf_list added,
			 struct buf *update_path)
{
	struct hpke_info info;
	size_t vec;
	enum err e;

	TRY(label_encryption(tree->suite, node_label, context, &info));
	buf_put(update_path, buf_span(&update->leaf_node));
	vec = buf_open_vec(update_path);
	for (size_t i = 0; i < update->path.count; i++)
		TRY(encrypt_node(
		    tree, copath_node(leaf, update->path.levels[i]), rng,
		    buf_span(&update->public_keys[i]), &update->path_secrets[i],
		    &info, added, update_path));
	buf_close_vec(update_path, vec);
	TRY(buf_end(update_path));
out:
	return e;
}

/* The place of `level` in a path; false when it is not there. */
static bool path_find(const struct tree_path *path, uint32_t level, size_t *at)
{
	for (*at = 0; *at < path->count; (*at)++)
		if (path->levels[*at] == level)
			return true;
	return false;
}

struct span treekem_path_secret_for(const struct treekem_update *update,
				    uint32_t leaf, uint32_t other)
{
	size_t at;

	if (!path_find(&update->path, tree_math_common_level(leaf, other), &at))
		return SPAN_EMPTY;
	return sec_span(&update->path_secrets[at]);
}

/* ---- receiving a path ---- */

/* "Verify that none of the public keys in the UpdatePath appear in any node of
 * the new ratchet tree" (12.4.2), nor twice in the path. */
static enum err check_new_keys(const struct tree *tree, const struct span *keys,
			       size_t count)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < count; i++) {
		TRY(RULED(PATH_PUBLIC_KEY,
			  hpke_check_public_key(tree->suite, keys[i])));
		for (size_t j = 0; j < i; j++)
			ENSURE(!span_equal(keys[i], keys[j]),
			       RULE(PATH_KEYS_DIFFER));
	}
	/* 12.4.2: "public keys in the UpdatePath appear in any node" */
	/* 12.4.2: "is different from the committer's current leaf node" */
	for (size_t i = 0; i < count; i++)
		ENSURE(!tree_has_encryption_key(tree, keys[i]),
		       RULE(PATH_KEYS_NEW));
out:
	return e;
}

enum err treekem_merge(struct tree *tree, uint32_t sender,
		       const struct wire_update_path *update)
{
	struct span keys[TREE_LEVELS_MAX + 1], rest = update->nodes;
	struct buf parent_hash = BUF_INIT;
	struct wire_update_path_node node;
	struct tree_path path;
	size_t count = 0;
	enum err e;

	ENSURE(sender < tree->leaves, ERR_PEER_INVALID);
	tree_filtered_path(tree, sender, &path);
	ENSURE(update->node_count == path.count, RULE(PATH_LENGTH));
	while (wire_update_path_nodes_next(&rest, &node))
		keys[count++] = node.encryption_key;
	keys[count] = update->leaf_node.encryption_key;
	TRY(check_new_keys(tree, keys, count + 1));
	TRY(tree_set_path(tree, sender, &path, keys, &parent_hash));
	/* 7.5: "verify that the parent_hash field of the leaf node matches" */
	ENSURE(
	    span_equal(update->leaf_node.parent_hash, buf_span(&parent_hash)),
	    RULE(PATH_PARENT_HASH));
	TRY(tree_set_leaf(tree, sender, update->leaf_node.encoded));
out:
	buf_clear(&parent_hash);
	return e;
}

/* From the secret of the i-th node of a path up: key pairs, compared with the
 * tree's, and at the end the commit_secret. */
static enum err climb(const struct tree *tree, struct treekem_private *private,
		      const struct tree_path *path, size_t i,
		      struct span path_secret, struct sec *commit_secret)
{
	struct buf public_key = BUF_INIT;
	struct sec secret = { .n = 0 };
	enum err e;

	ENSURE(path_secret.n == tree->suite->nh, RULE(PATH_SECRET_LENGTH));
	TRY(sec_set(&secret, path_secret));
	for (; i < path->count; i++) {
		uint32_t level = path->levels[i];
		const struct tree_node *node =
		    tree_node(tree, tree_math_ancestor(private->leaf, level));

		buf_reset(&public_key);
		TRY(derive_pair(tree->suite, &secret, &private->keys[level],
				&public_key));
		/* 7.5: "Verify that the derived public keys are the same" */
		ENSURE(
		    !tree_node_is_blank(node) &&
			span_equal(buf_span(&public_key), tree_node_key(node)),
		    RULE(PATH_KEYS_DERIVED));
		TRY(label_derive(tree->suite, sec_span(&secret), "path",
				 &secret));
	}
	*commit_secret = secret;
out:
	sec_clear(&secret);
	buf_clear(&public_key);
	return e;
}

/* Decrypts the copy of the path secret that is for a key of ours. */
static enum err open_node(const struct tree *tree,
			  const struct treekem_private *private,
			  uint32_t copath,
			  const struct wire_update_path_node *node,
			  struct span context, struct leaf_list added,
			  struct buf *path_secret)
{
	struct wire_hpke_ciphertext ciphertext;
	struct span rest = node->encrypted_path_secrets;
	struct tree_resolved *list = NULL;
	const struct sec *key = NULL;
	struct span public_key = SPAN_EMPTY;
	size_t count = 0;
	enum err e;

	TRY(tree_resolution(tree, copath, added, &list, &count));
	for (size_t i = 0; i < count && key == NULL; i++) {
		uint32_t level = tree_math_level(list[i].node);

		if (!wire_hpke_ciphertexts_next(&rest, &ciphertext))
			break;
		if (list[i].node == tree_math_ancestor(private->leaf, level) &&
		    private->keys[level].n > 0)
			key = &private->keys[level];
		public_key = list[i].encryption_key;
	}
	ENSURE(key != NULL, RULE(PATH_SECRETS));
	TRY(label_decrypt(tree->suite, sec_span(key), public_key, node_label,
			  context, ciphertext.kem_output, ciphertext.ciphertext,
			  path_secret));
out:
	free(list);
	return e;
}

/* 7.6: "The length of the encrypted_path_secret vector MUST be equal to the
 * length of the resolution of the copath node" */
static enum err check_lengths(const struct tree *tree, uint32_t sender,
			      const struct tree_path *path, struct span nodes,
			      struct leaf_list added)
{
	struct wire_update_path_node node;
	enum err e = ERR_OK;

	for (size_t i = 0; wire_update_path_nodes_next(&nodes, &node); i++) {
		struct tree_resolved *list = NULL;
		size_t count = 0;

		TRY(tree_resolution(tree, copath_node(sender, path->levels[i]),
				    added, &list, &count));
		free(list);
		ENSURE(count == node.encrypted_path_secret_count,
		       RULE(PATH_SECRETS));
	}
out:
	return e;
}

enum err treekem_decrypt(const struct tree *tree,
			 struct treekem_private *private, uint32_t sender,
			 const struct wire_update_path *update,
			 struct span context, struct leaf_list added,
			 struct sec *commit_secret)
{
	struct buf path_secret = BUF_INIT;
	struct wire_update_path_node node;
	struct span rest = update->nodes;
	struct tree_path path;
	uint32_t common;
	size_t at;
	enum err e;

	ENSURE(sender != private->leaf && sender < tree->leaves,
	       ERR_PEER_INVALID);
	common = tree_math_common_level(sender, private->leaf);
	tree_filtered_path(tree, sender, &path);
	ENSURE(update->node_count == path.count &&
		   path_find(&path, common, &at),
	       RULE(PATH_LENGTH));
	TRY(check_lengths(tree, sender, &path, rest, added));
	for (size_t i = 0; i <= at; i++)
		(void)wire_update_path_nodes_next(&rest, &node);
	for (uint32_t level = common; level < TREE_LEVELS_MAX; level++)
		sec_clear(&private->keys[level]);
	TRY(open_node(tree, private, copath_node(sender, common), &node,
		      context, added, &path_secret));
	TRY(climb(tree, private, &path, at, buf_span(&path_secret),
		  commit_secret));
out:
	buf_clear(&path_secret);
	return e;
}

enum err treekem_join(const struct tree *tree, struct treekem_private *private,
		      uint32_t signer, struct span path_secret)
{
	struct sec unused = { .n = 0 };
	struct tree_path path;
	size_t at;
	enum err e;

	ENSURE(signer != private->leaf && signer < tree->leaves,
	       RULE(WELCOME_PATH_SECRET));
	tree_filtered_path(tree, signer, &path);
	ENSURE(path_find(&path, tree_math_common_level(signer, private->leaf),
			 &at),
	       RULE(WELCOME_PATH_SECRET));
	/* 12.4.3.1: "MUST be the private key that corresponds" */
	TRY(climb(tree, private, &path, at, path_secret, &unused));
out:
	sec_clear(&unused);
	return e;
}
