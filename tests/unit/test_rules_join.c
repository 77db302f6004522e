/* RFC 9420 sections 12.4.3, 12.4.3.1, 12.4.3.3 and 13.4: what who joins by
 * Welcome verifies. The leaves of the tree: test_rules_leaf; its other
 * nodes: test_rules_tree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "mls/group_internal.h"
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
		cmocka_unit_test(test_own_leaf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
