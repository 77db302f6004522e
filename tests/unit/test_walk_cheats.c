/* The walk and what a cheat makes: commits, copies of a group, trees. None of it leads
 * anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "check/walk.h"
#include "mls/group_internal.h"
#include "mls/leaf.h"
#include "tests/testlib/rules.h"
#include "tests/testlib/walks.h"

static void refuse(struct rules *rules, const struct cheat *how,
		   const char *word)
{
	struct check_walk *walk = walks_of(ALICE);
	struct cheated made;
	struct buf info = BUF_INIT;

	cheat_commit(how, &made);
	walks_expect(check_walk_commit(walk, buf_span(&made.message)).wrong,
		     word);
	/* as it was */
	walks_put_info(ALICE, &info);
	assert_null(check_walk_matches(walk, buf_span(&info)).wrong);
	cheated_clear(&made);
	check_walk_free(walk);
	buf_clear(&info);
}

static void drop_ciphertext(struct wire_update_path *path)
{
	static struct buf nodes;
	struct span rest = path->nodes;
	struct wire_update_path_node node;

	buf_clear(&nodes);
	while (wire_update_path_nodes_next(&rest, &node)) {
		buf_put_vec(&nodes, node.encryption_key);
		buf_put_vec(&nodes, SPAN_EMPTY);
	}
	path->nodes = buf_span(&nodes);
}

static void drop_nodes(struct wire_update_path *path)
{
	path->nodes = SPAN_EMPTY;
	path->node_count = 0;
}

static void other_parent_hash(struct wire_leaf_node *leaf)
{
	leaf->parent_hash = SPAN_LIT("thirty-two bytes of another hash");
}

static void no_suites(struct wire_leaf_node *leaf)
{
	leaf->capabilities.cipher_suites = SPAN_EMPTY;
}

static void same_keys(struct treekem_update *update)
{
	for (size_t i = 1; i < update->path.count; i++) {
		buf_reset(&update->public_keys[i]);
		buf_put(&update->public_keys[i],
			buf_span(&update->public_keys[0]));
	}
}

static void test_broken_paths(void **state)
{
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	struct cheat how = { .by = BOB };
	how.path = drop_ciphertext;
	refuse(rules, &how, "sealed for each member once");
	how = (struct cheat){ .by = BOB, .path = drop_nodes };
	refuse(rules, &how, "longer or shorter");
	how = (struct cheat){ .by = BOB, .leaf = other_parent_hash };
	refuse(rules, &how, "another parent hash");
	how = (struct cheat){ .by = BOB, .leaf = no_suites };
	refuse(rules, &how, "capabilities");
	how = (struct cheat){ .by = BOB, .keys = same_keys };
	refuse(rules, &how, "twice");
	how = (struct cheat){ .by = BOB, .bad_leaf_signature = true };
	refuse(rules, &how, "a leaf has a signature that does not verify");
	how = (struct cheat){ .by = BOB, .leaf_by = CAROL };
	refuse(rules, &how, "a leaf has a signature that does not verify");
	how = (struct cheat){ .by = BOB, .bad_signature = true };
	refuse(rules, &how, "its signature does not verify");
	how = (struct cheat){ .by = BOB, .ahead = 1 };
	refuse(rules, &how, "another group or epoch");
	rules_end(rules);
}

static void test_broken_adds(void **state)
{
	struct rules rules[1];
	struct cheat_item item;
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	struct cheat how = { .by = BOB, .items = &item, .count = 1 };
	cheat_key_package(DAVE,
			  &(struct cheat_key_package){ .bad_signature = true });
	item = cheat_add(buf_span(&DAVE->key_package));
	refuse(rules, &how, "KeyPackage's signature");
	cheat_key_package(
	    DAVE, &(struct cheat_key_package){ .bad_leaf_signature = true });
	item = cheat_add(buf_span(&DAVE->key_package));
	refuse(rules, &how, "KeyPackage's signature");
	rules_end(rules);
}

/* Also of a commit that somebody says is good: nothing is left out of it. */
static void test_proposals_that_are_not_applied(void **state)
{
	static const uint8_t nonce[32];
	struct cheat_item item =
	    cheat_psk(SPAN_LIT("id"), SPAN_LIT("psk"), SPAN_ARRAY(nonce));
	struct rules rules[1];
	struct check_walk *walk;
	struct cheated made;
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	struct cheat how = { .by = BOB, .items = &item, .count = 1 };
	refuse(rules, &how, "PreSharedKey");
	walk = walks_of(ALICE);
	cheat_commit(&how, &made);
	walks_expect(check_walk_again(walk, buf_span(&made.message)).wrong,
		     "no place in a session");
	cheated_clear(&made);
	check_walk_free(walk);
	rules_end(rules);
}

/* ---- groups that are copies ---- */

/* The genuine leaves of a group in a tree with blank parents, with a leaf of
 * somebody who is in no group, who signs; at any epoch. What a server can show
 * that keeps the GroupInfos. */
static void copy_group(const struct member *from, const struct member *thief,
		       uint64_t epoch, struct buf *info)
{
	struct mls_epoch *copy = NULL;
	struct wire_group_context context = from->group->now->context;
	struct buf own = BUF_INIT;
	struct wire_leaf_node leaf =
	    tree_leaf(&from->group->now->tree, 0)->node;
	struct sign_key *key = NULL;
	struct span hash;
	uint32_t index;

	assert_int_equal(epoch_new(from->me.suite, &copy), ERR_OK);
	leaf.signature_key = thief->me.signature_public;
	leaf.credential.identity = thief->me.credential_identity;
	assert_int_equal(sign_private_parse(thief->me.suite,
					    thief->me.signature_private, &key),
			 ERR_OK);
	leaf.encryption_key = SPAN_LIT("thirty-two bytes of a public key");
	leaf.source = WIRE_LEAF_KEY_PACKAGE;
	leaf.not_after = UINT64_MAX;
	assert_int_equal(leaf_sign(key, &leaf, SPAN_EMPTY, 0, &own), ERR_OK);
	assert_int_equal(
	    tree_create(&copy->tree, thief->me.suite, buf_span(&own)), ERR_OK);
	for (uint32_t i = 0; tree_next_member(&from->group->now->tree, i, &i);
	     i++)
		assert_int_equal(
		    tree_add(
			&copy->tree,
			tree_leaf(&from->group->now->tree, i)->node.encoded,
			&index),
		    ERR_OK);
	context.epoch = epoch;
	assert_int_equal(tree_hash_root(&copy->tree, &hash), ERR_OK);
	context.tree_hash = hash;
	assert_int_equal(epoch_set_context(copy, &context), ERR_OK);
	copy->private.leaf = 0;
	copy->secrets.external.n = from->me.suite->nh;
	cheat_group_info(thief, copy, &(struct cheat_info){ .info = NULL },
			 info);
	epoch_free(copy);
	sign_key_free(key);
	buf_clear(&own);
}

static void test_copied_group(void **state)
{
	struct rules rules[1];
	struct buf info = BUF_INIT;
	struct check_walk *walk, *stolen = NULL;
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	walk = walks_of(ALICE);
	copy_group(ALICE, DAVE, 99, &info);
	/* no walk leads to it */
	walks_expect(check_walk_matches(walk, buf_span(&info)).wrong,
		     "next epoch");
	buf_reset(&info);
	copy_group(ALICE, DAVE, ALICE->group->now->context.epoch, &info);
	walks_expect(check_walk_matches(walk, buf_span(&info)).wrong,
		     "confirmation_tag");
	/* nor does it hold by itself: the leaves were moved */
	walks_expect(
	    check_walk_from_info(buf_span(&info), CHECK_UNSEEN, &stolen).wrong,
	    "a leaf has a signature that does not verify");
	check_walk_free(walk);
	buf_clear(&info);
	rules_end(rules);
}

/* ---- a tree that somebody gives ---- */

static void spoil_tree(struct buf *tree)
{
	/* the last byte is of a leaf's signature */
	tree->p[tree->n - 1] ^= 1;
}

static void test_given_trees(void **state)
{
	struct rules rules[1];
	struct buf info = BUF_INIT, tree = BUF_INIT;
	struct check_walk *walk = NULL;
	struct span context, tag;
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	cheat_group_info(ALICE, ALICE->group->now,
			 &(struct cheat_info){ .tree = spoil_tree }, &info);
	walks_expect(
	    check_walk_from_info(buf_span(&info), CHECK_UNSEEN, &walk).wrong,
	    "tree_hash");
	buf_reset(&info);
	cheat_group_info(ALICE, ALICE->group->now,
			 &(struct cheat_info){ .bad_signature = true }, &info);
	walks_expect(
	    check_walk_from_info(buf_span(&info), CHECK_UNSEEN, &walk).wrong,
	    "signature does not verify");
	assert_int_equal(mls_group_tree(ALICE->group, &tree), ERR_OK);
	context = mls_group_context(ALICE->group);
	tag = mls_group_confirmation_tag(ALICE->group);
	assert_null(check_walk_from_tree(context, buf_span(&tree), tag, NULL,
					 NULL, &walk)
			.wrong);
	check_walk_free(walk);
	tree.p[tree.n - 1] ^= 1;
	walks_expect(check_walk_from_tree(context, buf_span(&tree), tag, NULL,
					  NULL, &walk)
			 .wrong,
		     "no epoch of a group");
	buf_clear(&info);
	buf_clear(&tree);
	rules_end(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_broken_paths),
		cmocka_unit_test(test_broken_adds),
		cmocka_unit_test(test_proposals_that_are_not_applied),
		cmocka_unit_test(test_copied_group),
		cmocka_unit_test(test_given_trees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
