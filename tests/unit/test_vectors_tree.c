/* The working group's vectors of the ratchet tree and TreeKEM. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "mls/key_package.h"
#include "mls/label.h"
#include "mls/leaf.h"
#include "mls/parent_hash.h"
#include "mls/tree.h"
#include "mls/tree_check.h"
#include "mls/tree_store.h"
#include "mls/treekem.h"
#include "tests/testlib/vector_case.h"
#include "wire/context.h"

/* ---- tree-math ---- */

/* null, or the number that the function gives. */
static bool is_index(const json_t *list, size_t i, bool there, uint32_t value)
{
	const json_t *want = json_array_get(list, i);

	return there ? json_integer_value(want) == value : json_is_null(want);
}

static bool tree_math(const struct suite *none, const json_t *item)
{
	uint32_t leaves = (uint32_t)number(item, "n_leaves");
	uint32_t width = tree_math_width(leaves);
	uint32_t root = tree_math_root(leaves);
	bool ok = false;

	(void)none;
	CHECK(number(item, "n_nodes") == width);
	CHECK(number(item, "root") == root);
	for (uint32_t i = 0; i < width; i++) {
		bool parent = tree_math_level(i) > 0;

		CHECK(is_index(at(item, "left"), i, parent,
			       parent ? tree_math_left(i) : 0));
		CHECK(is_index(at(item, "right"), i, parent,
			       parent ? tree_math_right(i) : 0));
		CHECK(is_index(at(item, "parent"), i, i != root,
			       tree_math_parent(i)));
		CHECK(is_index(at(item, "sibling"), i, i != root,
			       tree_math_sibling(i)));
		CHECK(tree_math_ancestor(tree_math_first_leaf(i),
					 tree_math_level(i)) == i);
	}
	ok = true;
out:
	return ok;
}

static void test_tree_math(void **state)
{
	(void)state;
	run_plain("mls/tree-math.json", tree_math);
}

/* ---- tree-operations ---- */

static bool is_tree(const struct tree *tree, struct span want)
{
	struct buf encoded = BUF_INIT;
	bool same;

	tree_encode(tree, &encoded);
	same =
	    buf_end(&encoded) == ERR_OK && span_equal(buf_span(&encoded), want);
	buf_clear(&encoded);
	return same;
}

static bool is_tree_hash(const struct tree *tree, struct span want)
{
	struct span hash;

	return tree_hash_root(tree, &hash) == ERR_OK && span_equal(hash, want);
}

static enum err apply(struct tree *tree, const struct wire_proposal *p,
		      uint32_t sender)
{
	uint32_t leaf;

	if (p->type == WIRE_PROPOSAL_ADD)
		return tree_add(tree, p->add.leaf_node.encoded, &leaf);
	if (p->type == WIRE_PROPOSAL_UPDATE)
		return tree_update(tree, sender, p->update.encoded);
	return p->type == WIRE_PROPOSAL_REMOVE ? tree_remove(tree, p->removed)
					       : ERR_LOCAL_BUG;
}

static bool tree_operations(const struct suite *suite, const json_t *item)
{
	struct tree before = TREE_INIT, after = TREE_INIT;
	struct wire_proposal proposal;
	bool ok = false;

	CHECK_OK(tree_decode(&before, suite, HEX(item, "tree_before")));
	CHECK(is_tree_hash(&before, HEX(item, "tree_hash_before")));
	CHECK_OK(wire_proposal_decode(HEX(item, "proposal"), &proposal));
	after = tree_share(&before);
	CHECK_OK(apply(&after, &proposal,
		       (uint32_t)number(item, "proposal_sender")));
	CHECK(is_tree(&after, HEX(item, "tree_after")));
	CHECK(is_tree_hash(&after, HEX(item, "tree_hash_after")));
	CHECK(is_tree(&before, HEX(item, "tree_before")));
	CHECK(is_tree_hash(&before, HEX(item, "tree_hash_before")));
	ok = true;
out:
	tree_clear(&before);
	tree_clear(&after);
	return ok;
}

static void test_tree_operations(void **state)
{
	(void)state;
	run("mls/tree-operations.json", tree_operations);
}

/* ---- tree-validation ---- */

static bool is_resolution(const struct tree *tree, uint32_t node,
			  const json_t *want)
{
	struct tree_resolved *list = NULL;
	size_t count = 0;
	bool ok = false;

	CHECK_OK(tree_resolution(tree, node, LEAF_LIST_EMPTY, &list, &count));
	CHECK(count == json_array_size(want));
	for (size_t i = 0; i < count; i++)
		CHECK(list[i].node ==
		      json_integer_value(json_array_get(want, i)));
	ok = true;
out:
	free(list);
	return ok;
}

/* Stored beside another tree and alone, and back. */
static bool is_stored(const struct tree *tree, const struct tree *like)
{
	struct tree again = TREE_INIT;
	struct buf stored = BUF_INIT;
	struct span hash;
	struct rd r;
	bool ok = false;

	CHECK_OK(tree_hash_root(tree, &hash));
	tree_save(tree, like, &stored);
	CHECK_OK(buf_end(&stored));
	r = rd_init(buf_span(&stored));
	CHECK_OK(tree_load(&again, tree->suite, like, &r));
	CHECK_OK(rd_end(&r));
	CHECK(is_tree_hash(&again, hash));
	ok = true;
out:
	tree_clear(&again);
	buf_clear(&stored);
	return ok;
}

static bool tree_validation(const struct suite *suite, const json_t *item)
{
	struct tree tree = TREE_INIT, other = TREE_INIT;
	uint32_t leaf;
	bool ok = false;

	CHECK_OK(tree_decode(&tree, suite, HEX(item, "tree")));
	CHECK(json_array_size(at(item, "resolutions")) ==
	      tree_math_width(tree.leaves));
	for (uint32_t i = 0; i < tree_math_width(tree.leaves); i++) {
		struct span hash;

		CHECK(is_resolution(
		    &tree, i, json_array_get(at(item, "resolutions"), i)));
		CHECK_OK(tree_hash_node(&tree, i, &hash));
		CHECK(span_equal(
		    hash, vectors_text_bytes(json_string_value(
			      json_array_get(at(item, "tree_hashes"), i)))));
	}
	CHECK_OK(tree_check(&tree, HEX(item, "group_id"), SPAN_EMPTY, NULL));
	CHECK(is_tree(&tree, HEX(item, "tree")));
	CHECK(is_stored(&tree, NULL));
	CHECK(is_stored(&tree, &tree));
	other = tree_share(&tree);
	CHECK(tree_next_member(&other, 1, &leaf));
	CHECK_OK(tree_remove(&other, leaf));
	CHECK(is_stored(&tree, &other));
	CHECK(is_stored(&other, &tree));
	ok = true;
out:
	tree_clear(&tree);
	tree_clear(&other);
	return ok;
}

static void test_tree_validation(void **state)
{
	(void)state;
	run("mls/tree-validation.json", tree_validation);
}

/* ---- treekem ---- */

static bool path_key(const struct suite *suite, struct span path_secret,
		     struct sec *key)
{
	struct sec node_secret = { 0 };
	struct buf public_key = BUF_INIT;
	bool ok = false;

	CHECK_OK(label_derive(suite, path_secret, "node", &node_secret));
	CHECK_OK(hpke_derive_key_pair(suite, sec_span(&node_secret), key,
				      &public_key));
	ok = true;
out:
	sec_clear(&node_secret);
	buf_clear(&public_key);
	return ok;
}

static bool read_private(const struct tree *tree, const json_t *o,
			 struct treekem_private *private)
{
	const json_t *secrets = at(o, "path_secrets");
	bool ok = false;

	*private =
	    (struct treekem_private){ .leaf = (uint32_t)number(o, "index") };
	CHECK_OK(sec_set(&private->keys[0], HEX(o, "encryption_priv")));
	for (size_t i = 0; i < json_array_size(secrets); i++) {
		const json_t *secret = json_array_get(secrets, i);
		uint32_t node = (uint32_t)number(secret, "node");
		uint32_t level = tree_math_level(node);

		CHECK(level < TREE_LEVELS_MAX);
		CHECK(tree_math_ancestor(private->leaf, level) == node);
		CHECK(path_key(tree->suite, HEX(secret, "path_secret"),
			       &private->keys[level]));
	}
	ok = true;
out:
	return ok;
}

/* "for every node in the private state, the corresponding node in the tree is
 * not blank and contains the public key corresponding to the private key" */
static bool privates_agree(const struct tree *tree, const json_t *members)
{
	struct treekem_private private;
	bool ok = false;

	for (size_t i = 0; i < json_array_size(members); i++) {
		CHECK(read_private(tree, json_array_get(members, i), &private));
		CHECK_OK(treekem_private_check(&private, tree));
	}
	ok = true;
out:
	return ok;
}

static bool provisional(const struct tree *tree, const json_t *item,
			struct buf *encoded)
{
	struct wire_group_context context = {
		.version = WIRE_VERSION_MLS10,
		.cipher_suite = tree->suite->id,
		.group_id = HEX(item, "group_id"),
		.epoch = number(item, "epoch"),
		.confirmed_transcript_hash =
		    HEX(item, "confirmed_transcript_hash"),
	};

	if (tree_hash_root(tree, &context.tree_hash) != ERR_OK)
		return false;
	buf_reset(encoded);
	wire_group_context_put(encoded, &context);
	return buf_end(encoded) == ERR_OK;
}

/* Everybody but the sender processes a path: `want` lists the path secrets and
 * is NULL for a path of ours; commit_secret is compared with `commit`. */
static bool all_process(const struct tree *before, const json_t *item,
			uint32_t sender, const struct wire_update_path *path,
			struct span commit, struct span tree_hash)
{
	const json_t *members = at(item, "leaves_private");
	struct tree after = tree_share(before);
	struct buf context = BUF_INIT;
	struct treekem_private private;
	struct sec secret = { 0 };
	bool ok = false;

	CHECK_OK(treekem_merge(&after, sender, path));
	CHECK(tree_hash.n == 0 || is_tree_hash(&after, tree_hash));
	CHECK(provisional(&after, item, &context));
	for (size_t i = 0; i < json_array_size(members); i++) {
		CHECK(
		    read_private(before, json_array_get(members, i), &private));
		if (private.leaf == sender)
			continue;
		CHECK_OK(treekem_decrypt(&after, &private, sender, path,
					 buf_span(&context), LEAF_LIST_EMPTY,
					 &secret));
		CHECK(span_equal(sec_span(&secret), commit));
	}
	CHECK_OK(parent_hash_check(&after));
	ok = true;
out:
	tree_clear(&after);
	buf_clear(&context);
	return ok;
}

static const json_t *member(const json_t *item, uint32_t leaf)
{
	const json_t *members = at(item, "leaves_private");

	for (size_t i = 0; i < json_array_size(members); i++)
		if (number(json_array_get(members, i), "index") == leaf)
			return json_array_get(members, i);
	return NULL;
}

/* A path of ours from the same tree. */
static bool make_path(const struct tree *before, const json_t *item,
		      uint32_t sender)
{
	const json_t *o = member(item, sender);
	struct tree after = tree_share(before);
	struct buf context = BUF_INIT, encoded = BUF_INIT;
	struct treekem_update update = { 0 };
	struct treekem_private private;
	struct sign_key *signer = NULL;
	struct wire_update_path path;
	bool ok = false;

	CHECK(read_private(before, o, &private));
	CHECK_OK(sign_private_parse(
	    before->suite,
	    vectors_signature_key(before->suite, o, "signature_priv"),
	    &signer));
	CHECK_OK(treekem_make(&after, &private, rng_system(),
			      &tree_leaf(before, sender)->node, signer,
			      HEX(item, "group_id"), &update));
	CHECK(provisional(&after, item, &context));
	CHECK_OK(treekem_encrypt(&after, sender, rng_system(), &update,
				 buf_span(&context), LEAF_LIST_EMPTY,
				 &encoded));
	CHECK_OK(wire_update_path_decode(buf_span(&encoded), &path));
	CHECK_OK(leaf_verify_alone(before->suite, &path.leaf_node,
				   HEX(item, "group_id"), sender));
	CHECK(all_process(before, item, sender, &path,
			  sec_span(&update.commit_secret), SPAN_EMPTY));
	ok = true;
out:
	tree_clear(&after);
	treekem_update_clear(&update);
	sign_key_free(signer);
	buf_clear(&context);
	buf_clear(&encoded);
	return ok;
}

static bool treekem(const struct suite *suite, const json_t *item)
{
	const json_t *paths = at(item, "update_paths");
	struct tree tree = TREE_INIT;
	bool ok = false;

	CHECK_OK(tree_decode(&tree, suite, HEX(item, "ratchet_tree")));
	CHECK(privates_agree(&tree, at(item, "leaves_private")));
	for (size_t i = 0; i < json_array_size(paths); i++) {
		const json_t *o = json_array_get(paths, i);
		uint32_t sender = (uint32_t)number(o, "sender");
		struct wire_update_path path;

		CHECK_OK(wire_update_path_decode(HEX(o, "update_path"), &path));
		CHECK(all_process(&tree, item, sender, &path,
				  HEX(o, "commit_secret"),
				  HEX(o, "tree_hash_after")));
		CHECK(make_path(&tree, item, sender));
	}
	ok = true;
out:
	tree_clear(&tree);
	return ok;
}

static void test_treekem(void **state)
{
	(void)state;
	run("mls/treekem.json", treekem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree_math),
		cmocka_unit_test(test_tree_operations),
		cmocka_unit_test(test_tree_validation),
		cmocka_unit_test(test_treekem),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
