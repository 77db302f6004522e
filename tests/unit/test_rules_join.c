/* RFC 9420 sections 12.4.3, 12.4.3.1, 12.4.3.3 and 13.4: what who joins by
 * Welcome verifies. The leaves of the tree: test_rules_leaf. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "mls/group_internal.h"
#include "mls/tree_node.h"
#include "tests/testlib/rules.h"

static const struct cheat_info nothing;

static void test_unbroken(void **state)
{
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	struct cheat how = { .by = ALICE };
	assert_int_equal(rules_join(DAVE, &how, &nothing, MLS_RULE_NONE),
			 ERR_OK);
	how.no_path = true;
	assert_int_equal(rules_join(DAVE, &how, &nothing, MLS_RULE_NONE),
			 ERR_OK);
	rules_end(rules);
}

/* ---- which KeyPackage ---- */

static enum err join(struct member *m, struct span welcome)
{
	struct mls_group *group = NULL;
	enum err e =
	    mls_group_join(&m->me, welcome, SPAN_EMPTY,
			   buf_span(&m->key_package), &m->secrets, &group);

	mls_group_free(group);
	return e;
}

static void test_entry_and_suite(void **state)
{
	struct span add;
	struct mls_change change = { .adds = &add, .add_count = 1 };
	struct mls_commit commit;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	member_key_package(DAVE);
	add = buf_span(&DAVE->key_package);
	assert_int_equal(
	    mls_group_commit(ALICE->group, &ALICE->me, &change, &commit),
	    ERR_OK);
	mls_group_discard(ALICE->group);
	assert_int_equal(join(DAVE, buf_span(&commit.welcome)), ERR_OK);
	/* the Welcome's suite, after version and format */
	commit.welcome.p[5] = SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519;
	assert_int_equal(join(DAVE, buf_span(&commit.welcome)),
			 ERR_PEER_INVALID);
	commit.welcome.p[5] = SUITE_X25519_AES128GCM_SHA256_ED25519;
	/* for another of this client's KeyPackages */
	member_key_package(DAVE);
	assert_int_equal(join(DAVE, buf_span(&commit.welcome)),
			 ERR_PEER_INVALID);
	mls_commit_clear(&commit);
	rules_end(rules);
}

/* ---- GroupSecrets ---- */

static uint8_t changed[64];

static struct span flip(struct span bytes)
{
	memcpy(changed, bytes.p, bytes.n);
	changed[0] ^= 1;
	return span_of(changed, bytes.n);
}

static void other_joiner_secret(struct wire_group_secrets *secrets)
{
	secrets->joiner_secret = flip(secrets->joiner_secret);
}

static void other_path_secret(struct wire_group_secrets *secrets)
{
	secrets->path_secret = flip(secrets->path_secret);
}

static void short_path_secret(struct wire_group_secrets *secrets)
{
	secrets->path_secret.n--;
}

/* The joiner_secret opens the GroupInfo; "The private key MUST be the private
 * key that corresponds to the public key in the node". */
static void test_secrets(void **state)
{
	struct cheat_info info = { .secrets = other_joiner_secret };
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	struct cheat how = { .by = ALICE };
	assert_int_equal(
	    rules_join(DAVE, &how, &info, MLS_RULE_CONFIRMATION_TAG),
	    ERR_PEER_CRYPTO);
	info.secrets = other_path_secret;
	assert_int_equal(
	    rules_join(DAVE, &how, &info, MLS_RULE_PATH_KEYS_DERIVED),
	    ERR_PEER_INVALID);
	info.secrets = short_path_secret;
	assert_int_equal(
	    rules_join(DAVE, &how, &info, MLS_RULE_PATH_SECRET_LENGTH),
	    ERR_PEER_INVALID);
	rules_end(rules);
}

static void test_psk(void **state)
{
	static const uint8_t nonce[32] = { 1 };
	struct mls_external_psk known = { SPAN_LIT("id"), SPAN_LIT("key") };
	struct cheat_item item =
	    cheat_psk(known.id, known.psk, SPAN_ARRAY(nonce));
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	struct cheat how = { .by = ALICE, .items = &item, .count = 1 };
	assert_int_equal(rules_join(DAVE, &how, &nothing, MLS_RULE_NONE),
			 ERR_STATE_GONE);
	DAVE->me.psks = &known;
	DAVE->me.psk_count = 1;
	assert_int_equal(rules_join(DAVE, &how, &nothing, MLS_RULE_NONE),
			 ERR_OK);
	known.psk = SPAN_LIT("another");
	assert_int_equal(rules_join(DAVE, &how, &nothing, MLS_RULE_NONE),
			 ERR_PEER_CRYPTO);
	rules_end(rules);
}

/* ---- GroupInfo ---- */

static void signed_by_bob(struct wire_group_info *info)
{
	info->signer = 1;
}

static void signed_by_nobody(struct wire_group_info *info)
{
	info->signer = 77;
}

static void signed_by_blank(struct wire_group_info *info)
{
	info->signer = 3;
}

static void other_suite(struct wire_group_info *info)
{
	info->context.cipher_suite =
	    SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519;
}

static void other_version(struct wire_group_info *info)
{
	info->context.version = 2;
}

static void other_tag(struct wire_group_info *info)
{
	info->confirmation_tag = flip(info->confirmation_tag);
}

static void short_tag(struct wire_group_info *info)
{
	info->confirmation_tag.n--;
}

static void test_group_info(void **state)
{
	static const struct {
		struct cheat_info info;
		enum err why;
		enum mls_rule rule;
	} breaks[] = {
		{ { .bad_signature = true },
		  ERR_PEER_CRYPTO,
		  MLS_RULE_GROUP_INFO_SIGNATURE },
		{ { .info = signed_by_bob },
		  ERR_PEER_CRYPTO,
		  MLS_RULE_GROUP_INFO_SIGNATURE },
		{ { .info = signed_by_nobody },
		  ERR_PEER_INVALID,
		  MLS_RULE_SENDER_BLANK },
		{ { .info = other_suite },
		  ERR_PEER_UNSUPPORTED,
		  MLS_RULE_WELCOME_CIPHER_SUITE },
		{ { .info = other_version },
		  ERR_PEER_UNSUPPORTED,
		  MLS_RULE_WELCOME_CIPHER_SUITE },
		{ { .info = other_tag },
		  ERR_PEER_CRYPTO,
		  MLS_RULE_CONFIRMATION_TAG },
		{ { .info = short_tag },
		  ERR_PEER_INVALID,
		  MLS_RULE_CONFIRMATION_TAG_LENGTH },
	};
	struct cheat_info blank = { .info = signed_by_blank };
	struct cheat_item item = cheat_remove(2);
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	struct cheat how = { .by = ALICE };
	for (size_t i = 0; i < sizeof(breaks) / sizeof(*breaks); i++)
		assert_int_equal(
		    rules_join(DAVE, &how, &breaks[i].info, breaks[i].rule),
		    breaks[i].why);
	/* dave gets carol's place, the fourth stays blank */
	how.items = &item;
	how.count = 1;
	assert_int_equal(rules_join(DAVE, &how, &nothing, MLS_RULE_NONE),
			 ERR_OK);
	assert_int_equal(rules_join(DAVE, &how, &blank, MLS_RULE_SENDER_BLANK),
			 ERR_PEER_INVALID);
	rules_end(rules);
}

/* ---- its extensions (13.4) ---- */

static void unknown_extensions(struct buf *extensions)
{
	wire_extension_put(extensions, 0x3A3A, SPAN_LIT("random"));
	wire_extension_put(extensions, 0xF00F, SPAN_EMPTY);
}

static void one_twice(struct buf *extensions)
{
	unknown_extensions(extensions);
	wire_extension_put(extensions, 0xF00F, SPAN_EMPTY);
}

static void knows_unless_dave(struct member *m)
{
	static const uint16_t types[] = { 0xF001 };

	if (strcmp(m->name, "dave/1") == 0)
		return;
	m->me.extension_types = types;
	m->me.extension_type_count = 1;
}

static void test_extensions(void **state)
{
	struct cheat_info info = { .extensions = unknown_extensions };
	static const uint8_t extension[] = { 0xF0, 1, 0 };
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	struct cheat how = { .by = ALICE };
	assert_int_equal(rules_join(DAVE, &how, &info, MLS_RULE_NONE), ERR_OK);
	info.extensions = one_twice;
	assert_int_equal(rules_join(DAVE, &how, &info, MLS_RULE_NONE),
			 ERR_PEER_MALFORMED);
	rules_end(rules);
	/* "MUST verify that it supports every extension in the GroupContext" */
	rules_init_with(rules, SPAN_ARRAY(extension), knows_unless_dave);
	assert_int_equal(
	    rules_join(DAVE, &how, &nothing, MLS_RULE_LEAF_GROUP_EXTENSIONS),
	    ERR_PEER_INVALID);
	DAVE->me.extension_types = ALICE->me.extension_types;
	DAVE->me.extension_type_count = 1;
	member_key_package(DAVE);
	assert_int_equal(rules_join(DAVE, &how, &nothing, MLS_RULE_NONE),
			 ERR_OK);
	rules_end(rules);
}

/* An external joiner has the same duty. */
static void test_extensions_external(void **state)
{
	static const uint8_t extension[] = { 0xF0, 1, 0 };
	struct mls_group *group = NULL;
	struct mls_commit commit;
	struct buf info = BUF_INIT;
	struct rules rules[1];
	(void)state;

	rules_init_with(rules, SPAN_ARRAY(extension), knows_unless_dave);
	assert_int_equal(mls_group_info(ALICE->group, &ALICE->me, true, &info),
			 ERR_OK);
	assert_int_equal(mls_group_join_external(&DAVE->me, buf_span(&info),
						 &(struct mls_external){ 0 },
						 &group, &commit),
			 ERR_PEER_INVALID);
	assert_null(group);
	buf_clear(&info);
	rules_end(rules);
}

/* ---- the tree ---- */

static struct buf another_tree;

static void with_another_tree(struct buf *ratchet_tree)
{
	buf_reset(ratchet_tree);
	buf_put(ratchet_tree, buf_span(&another_tree));
}

/* Good by itself, with the joiner in it, but of an epoch before. */
static void test_tree_hash(void **state)
{
	struct cheat_info info = { .tree = with_another_tree };
	struct wire_key_package kp;
	struct mls_commit commit;
	struct tree before;
	uint32_t leaf;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	before = tree_share(&ALICE->group->now->tree);
	member_key_package(DAVE);
	assert_int_equal(
	    wire_key_package_decode(buf_span(&DAVE->key_package), &kp), ERR_OK);
	assert_int_equal(tree_add(&before, kp.leaf_node.encoded, &leaf),
			 ERR_OK);
	another_tree = BUF_INIT;
	tree_encode(&before, &another_tree);
	member_commit(BOB, NULL, 0, NULL, 0, true, &commit);
	member_follow(ALICE, buf_span(&commit.commit));
	member_follow(CAROL, buf_span(&commit.commit));
	struct cheat how = { .by = ALICE, .no_path = true };
	assert_int_equal(rules_join(DAVE, &how, &nothing, MLS_RULE_NONE),
			 ERR_OK);
	assert_int_equal(rules_join(DAVE, &how, &info, MLS_RULE_TREE_HASH),
			 ERR_PEER_INVALID);
	mls_commit_clear(&commit);
	tree_clear(&before);
	buf_clear(&another_tree);
	rules_end(rules);
}

/* 12.4.3.3: "the last node in ratchet_tree is non-blank" */
static void with_blank_at_the_end(struct buf *ratchet_tree)
{
	struct rd r = rd_init(buf_span(ratchet_tree));
	struct span nodes = rd_vec(&r);
	struct buf longer = BUF_INIT, whole = BUF_INIT;

	buf_put(&longer, nodes);
	buf_put_u8(&longer, 0);
	buf_put_vec(&whole, buf_span(&longer));
	buf_reset(ratchet_tree);
	buf_put(ratchet_tree, buf_span(&whole));
	buf_clear(&longer);
	buf_clear(&whole);
}

static void empty_tree(struct buf *ratchet_tree)
{
	buf_reset(ratchet_tree);
	buf_put_u8(ratchet_tree, 0);
}

static void test_tree_end(void **state)
{
	struct cheat_info info = { .tree = with_blank_at_the_end };
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	struct cheat how = { .by = ALICE };
	assert_int_equal(
	    rules_join(DAVE, &how, &info, MLS_RULE_RATCHET_TREE_END),
	    ERR_PEER_INVALID);
	info.tree = empty_tree;
	assert_int_equal(
	    rules_join(DAVE, &how, &info, MLS_RULE_RATCHET_TREE_END),
	    ERR_PEER_INVALID);
	rules_end(rules);
}

static void other_parent_hash(struct wire_leaf_node *leaf)
{
	static const uint8_t hash[32];

	leaf->parent_hash = SPAN_ARRAY(hash);
}

static void test_parent_hash(void **state)
{
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	struct cheat how = { .by = ALICE, .leaf = other_parent_hash };
	assert_int_equal(rules_join(DAVE, &how, &nothing, MLS_RULE_PARENT_HASH),
			 ERR_PEER_INVALID);
	rules_end(rules);
}

static uint8_t known_key[32];

static void with_known_key(struct wire_leaf_node *leaf)
{
	leaf->encryption_key = SPAN_ARRAY(known_key);
}

/* "the encryption key in the parent node does not appear in any other node":
 * carol's leaf gets that of alice's and bob's parent. */
static void test_parent_key(void **state)
{
	const struct tree_node *parent;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	parent = tree_node(&CAROL->group->now->tree, 1);
	assert_non_null(parent->parent);
	memcpy(known_key, parent->parent->encryption_key.p, sizeof(known_key));
	struct cheat how = { .by = CAROL, .leaf = with_known_key };
	assert_int_equal(
	    rules_join(DAVE, &how, &nothing, MLS_RULE_ENCRYPTION_KEYS_UNIQUE),
	    ERR_PEER_INVALID);
	rules_end(rules);
}

/* ---- unmerged leaves ---- */

#define FIVE 5

/* Five members, eight places, the last three blank; the first has committed
 * last, so that the root is not blank. */
static void five_init(struct member *m)
{
	static const char *const names[] = { "a", "b", "c", "d", "e", "f" };
	struct member *others[] = { &m[1], &m[2], &m[3], &m[4] };
	struct mls_commit commit;

	for (size_t i = 0; i <= FIVE; i++)
		member_init(&m[i], rules_suite(), names[i]);
	member_create(&m[0], "group");
	member_commit(&m[0], others, 4, NULL, 0, false, &commit);
	for (size_t i = 1; i < FIVE; i++)
		member_join(&m[i], &commit);
	mls_commit_clear(&commit);
	member_commit(&m[0], NULL, 0, NULL, 0, true, &commit);
	for (size_t i = 1; i < FIVE; i++)
		member_follow(&m[i], buf_span(&commit.commit));
	mls_commit_clear(&commit);
}

static void add_unmerged(struct tree *tree, uint32_t leaf)
{
	assert_int_equal(tree_node_own(tree->suite, &tree->root), ERR_OK);
	assert_int_equal(tree_node_add_unmerged(tree->root, leaf), ERR_OK);
}

static void blank_unmerged(struct tree *tree)
{
	add_unmerged(tree, 6);
}

static void outside_unmerged(struct tree *tree)
{
	add_unmerged(tree, 9);
}

/* "represents a non-blank leaf node that is a descendant of the parent" */
static void test_unmerged(void **state)
{
	struct member m[FIVE + 1];
	(void)state;

	five_init(m);
	struct cheat how = { .by = &m[0], .no_path = true };
	assert_int_equal(rules_join(&m[FIVE], &how, &nothing, MLS_RULE_NONE),
			 ERR_OK);
	how.tree = blank_unmerged;
	assert_int_equal(
	    rules_join(&m[FIVE], &how, &nothing, MLS_RULE_UNMERGED_LEAVES),
	    ERR_PEER_INVALID);
	how.tree = outside_unmerged;
	assert_int_equal(
	    rules_join(&m[FIVE], &how, &nothing, MLS_RULE_UNMERGED_LEAVES),
	    ERR_PEER_INVALID);
	members_talk(m, FIVE);
	for (size_t i = 0; i <= FIVE; i++)
		member_clear(&m[i]);
}

/* A node with a key, where a walk from the root leads: 'l' or 'r' each step. */
static struct tree_node *key_at(struct tree *tree, const char *walk)
{
	static const uint8_t key[32] = { 9 };
	struct wire_parent_node parent = { .encryption_key = SPAN_ARRAY(key) };
	struct tree_node **slot = &tree->root;

	assert_int_equal(tree_node_own(tree->suite, slot), ERR_OK);
	for (; *walk != '\0'; walk++) {
		slot = *walk == 'l' ? &(*slot)->left : &(*slot)->right;
		assert_int_equal(tree_node_own(tree->suite, slot), ERR_OK);
	}
	assert_int_equal(tree_node_set_parent(*slot, &parent), ERR_OK);
	return *slot;
}

/* The parent of the fifth and the new sixth gets a key, and lists neither: the
 * root lists the sixth. (The parent hash breaks with it: a node with a key that
 * does not know a leaf below has another hash than when it was made.) */
static void key_between(struct tree *tree)
{
	(void)key_at(tree, "rl");
}

/* Far from the root, on either side, somebody who is no descendant. */
static void outside_on_the_left(struct tree *tree)
{
	assert_int_equal(tree_node_add_unmerged(key_at(tree, "l"), 9), ERR_OK);
}

static void outside_on_the_right(struct tree *tree)
{
	assert_int_equal(tree_node_add_unmerged(key_at(tree, "r"), 9), ERR_OK);
}

static void test_unmerged_between(void **state)
{
	struct member m[FIVE + 1];
	(void)state;

	five_init(m);
	struct cheat how = { .by = &m[0],
			     .no_path = true,
			     .tree = key_between };
	assert_int_equal(
	    rules_join(&m[FIVE], &how, &nothing, MLS_RULE_UNMERGED_LEAVES),
	    ERR_PEER_INVALID);
	how.tree = outside_on_the_left;
	assert_int_equal(
	    rules_join(&m[FIVE], &how, &nothing, MLS_RULE_UNMERGED_LEAVES),
	    ERR_PEER_INVALID);
	how.tree = outside_on_the_right;
	assert_int_equal(
	    rules_join(&m[FIVE], &how, &nothing, MLS_RULE_RATCHET_TREE_END),
	    ERR_PEER_INVALID);
	members_talk(m, FIVE);
	for (size_t i = 0; i <= FIVE; i++)
		member_clear(&m[i]);
}

/* A node far from the committer, with a key that no leaf below vouches for; the
 * committer's path covers it, so that all else is right. */
static void test_parent_hash_elsewhere(void **state)
{
	struct member m[FIVE + 1];
	(void)state;

	five_init(m);
	struct cheat how = { .by = &m[0] };
	assert_int_equal(rules_join(&m[FIVE], &how, &nothing, MLS_RULE_NONE),
			 ERR_OK);
	how.tree = key_between;
	assert_int_equal(
	    rules_join(&m[FIVE], &how, &nothing, MLS_RULE_PARENT_HASH),
	    ERR_PEER_INVALID);
	members_talk(m, FIVE);
	for (size_t i = 0; i <= FIVE; i++)
		member_clear(&m[i]);
}

/* ---- our own leaf ---- */

static struct buf another_leaf;

static void with_another_leaf(struct tree *tree)
{
	assert_int_equal(tree_set_leaf(tree, 3, buf_span(&another_leaf)),
			 ERR_OK);
}

/* "Identify a leaf whose LeafNode is identical to the one in the KeyPackage":
 * the tree has one of ours, of another KeyPackage. */
static void test_own_leaf(void **state)
{
	struct wire_key_package kp;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	member_key_package(DAVE);
	assert_int_equal(
	    wire_key_package_decode(buf_span(&DAVE->key_package), &kp), ERR_OK);
	another_leaf = BUF_INIT;
	buf_put(&another_leaf, kp.leaf_node.encoded);
	member_key_package(DAVE);
	struct cheat how = { .by = ALICE, .tree = with_another_leaf };
	assert_int_equal(
	    rules_join(DAVE, &how, &nothing, MLS_RULE_WELCOME_OWN_LEAF),
	    ERR_PEER_INVALID);
	buf_clear(&another_leaf);
	rules_end(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unbroken),
		cmocka_unit_test(test_entry_and_suite),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_psk),
		cmocka_unit_test(test_group_info),
		cmocka_unit_test(test_extensions),
		cmocka_unit_test(test_extensions_external),
		cmocka_unit_test(test_tree_hash),
		cmocka_unit_test(test_tree_end),
		cmocka_unit_test(test_parent_hash),
		cmocka_unit_test(test_parent_key),
		cmocka_unit_test(test_unmerged),
		cmocka_unit_test(test_unmerged_between),
		cmocka_unit_test(test_parent_hash_elsewhere),
		cmocka_unit_test(test_own_leaf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
