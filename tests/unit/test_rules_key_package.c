/* RFC 9420 sections 10 and 10.1: KeyPackages; 13.4 and 13.5 as far as they say
 * what of a KeyPackage is ignored. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tests/testlib/rules.h"
#include "wire/message.h"

static void edit(struct rules *rules,
		 void (*package)(struct wire_key_package *package),
		 void (*leaf)(struct wire_leaf_node *leaf))
{
	struct cheat_key_package how = { .package = package, .leaf = leaf };

	cheat_key_package(DAVE, &how);
}

static void test_unbroken(void **state)
{
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	edit(rules, NULL, NULL);
	rules_accept_add(rules);
	rules_end(rules);
}

/* ---- 10.1 ---- */

static void other_version(struct wire_key_package *package)
{
	package->version = 2;
}

static void other_suite(struct wire_key_package *package)
{
	package->cipher_suite = SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519;
}

static void test_version_and_suite(void **state)
{
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	edit(rules, other_version, NULL);
	rules_refuse_lone_add(rules, ERR_PEER_INVALID,
			      MLS_RULE_KEY_PACKAGE_VERSION);
	edit(rules, other_suite, NULL);
	rules_refuse_lone_add(rules, ERR_PEER_INVALID,
			      MLS_RULE_KEY_PACKAGE_CIPHER_SUITE);
	rules_end(rules);
}

static void test_signature(void **state)
{
	struct cheat_key_package how = { .bad_signature = true };
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	cheat_key_package(DAVE, &how);
	rules_refuse_lone_add(rules, ERR_PEER_CRYPTO,
			      MLS_RULE_KEY_PACKAGE_SIGNATURE);
	rules_end(rules);
}

static void one_key_for_both(struct wire_key_package *package)
{
	package->init_key = package->leaf_node.encryption_key;
}

static void test_two_keys(void **state)
{
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	edit(rules, one_key_for_both, NULL);
	rules_refuse_lone_add(rules, ERR_PEER_INVALID,
			      MLS_RULE_KEY_PACKAGE_INIT_KEY_DIFFERS);
	rules_end(rules);
}

/* ---- 10 ---- */

static void short_init_key(struct wire_key_package *package)
{
	package->init_key.n--;
}

static void zero_init_key(struct wire_key_package *package)
{
	static const uint8_t zero[32];

	package->init_key = SPAN_ARRAY(zero);
}

static void short_signature_key(struct wire_leaf_node *leaf)
{
	leaf->signature_key.n--;
}

static void test_keys_of_the_suite(void **state)
{
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	edit(rules, short_init_key, NULL);
	rules_refuse_lone_add(rules, ERR_PEER_INVALID,
			      MLS_RULE_KEY_PACKAGE_INIT_KEY);
	edit(rules, zero_init_key, NULL);
	rules_refuse_lone_add(rules, ERR_PEER_INVALID,
			      MLS_RULE_KEY_PACKAGE_INIT_KEY);
	edit(rules, NULL, short_signature_key);
	rules_refuse_lone_add(rules, ERR_PEER_INVALID, MLS_RULE_LEAF_SIGNATURE);
	rules_end(rules);
}

static void test_init_keys_differ(void **state)
{
	struct wire_key_package first, second;
	struct buf bytes = BUF_INIT;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	member_key_package(DAVE);
	buf_put(&bytes, buf_span(&DAVE->key_package));
	member_key_package(DAVE);
	assert_int_equal(wire_key_package_decode(buf_span(&bytes), &first),
			 ERR_OK);
	assert_int_equal(
	    wire_key_package_decode(buf_span(&DAVE->key_package), &second),
	    ERR_OK);
	assert_false(span_equal(first.init_key, second.init_key));
	buf_clear(&bytes);
	rules_end(rules);
}

/* In an MLSMessage, whose version it must have. */
static void test_message_version(void **state)
{
	struct wire_message message;
	struct buf bytes = BUF_INIT;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	for (int i = 0; i < 2; i++) {
		edit(rules, i == 0 ? NULL : other_version, NULL);
		buf_reset(&bytes);
		wire_message_put_header(&bytes, WIRE_KEY_PACKAGE);
		buf_put(&bytes, buf_span(&DAVE->key_package));
		assert_int_equal(
		    wire_message_decode(buf_span(&bytes), &message),
		    i == 0 ? ERR_OK : ERR_PEER_MALFORMED);
	}
	buf_clear(&bytes);
	rules_end(rules);
}

static const uint8_t unlisted[] = { 0xF0, 0x01, 0 };

static void unlisted_extension(struct wire_key_package *package)
{
	package->extensions = SPAN_ARRAY(unlisted);
}

/* Its maker must list them, so who adds it looks; 10.1 does not ask it of a
 * receiver, who would part from the others. */
static void test_extensions_listed(void **state)
{
	struct cheat_item item;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	edit(rules, unlisted_extension, NULL);
	assert_int_equal(rules_add(rules), ERR_PEER_INVALID);
	rules_said(mls_group_last_rule(ALICE->group),
		   MLS_RULE_KEY_PACKAGE_EXTENSIONS_LISTED);
	item = cheat_add(buf_span(&DAVE->key_package));
	struct cheat how = { .by = ALICE, .items = &item, .count = 1 };
	rules_accept_commit(BOB, &how);
	rules_end(rules);
}

/* 13.4: "MUST support all parameters advertised in it" */
static void test_only_what_we_have(void **state)
{
	static const uint16_t more[] = { 1, 0x7777 };
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	DAVE->me.cipher_suites = more;
	DAVE->me.cipher_suite_count = 2;
	buf_reset(&DAVE->key_package);
	assert_int_equal(mls_key_package_create(&DAVE->me, false,
						&DAVE->secrets,
						&DAVE->key_package),
			 ERR_LOCAL_BUG);
	assert_int_equal(DAVE->key_package.n, 0);
	rules_end(rules);
}

/* ---- 13.4, 13.5: what is not known is ignored ---- */

/* 0x0A0A and other values that nobody defined, in every list. */
static const uint8_t versions[] = { 0, 1, 0, 9, 0x0A, 0x0A };
static const uint8_t suites[] = { 0x0A, 0x0A, 0, 1, 0x77, 0x77, 0xEA, 0xEA };
static const uint8_t types[] = { 0x0A, 0x0A, 0x77, 0x77, 0, 1, 0xF0, 0x03 };
static const uint8_t extensions[] = { 0x0A, 0x0A, 3,	1, 2, 3, 0x77,
				      0x77, 0,	  0xF0, 3, 1, 0 };

static void full_leaf(struct wire_leaf_node *leaf)
{
	leaf->capabilities = (struct wire_capabilities){
		.versions = SPAN_ARRAY(versions),
		.cipher_suites = SPAN_ARRAY(suites),
		.extensions = SPAN_ARRAY(types),
		.proposals = SPAN_ARRAY(types),
		.credentials = SPAN_ARRAY(types),
	};
	leaf->extensions = SPAN_ARRAY(extensions);
}

static void full_package(struct wire_key_package *package)
{
	package->extensions = SPAN_ARRAY(extensions);
}

/* Such a member lives a whole life in the group. */
static void test_unknown_is_ignored(void **state)
{
	struct span add;
	struct mls_change change = { .adds = &add, .add_count = 1 };
	struct mls_commit commit;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	edit(rules, full_package, full_leaf);
	rules_accept_add(rules);
	add = buf_span(&DAVE->key_package);
	assert_int_equal(
	    mls_group_commit(ALICE->group, &ALICE->me, &change, &commit),
	    ERR_OK);
	assert_int_equal(mls_group_merge(ALICE->group), ERR_OK);
	member_follow(BOB, buf_span(&commit.commit));
	member_follow(CAROL, buf_span(&commit.commit));
	member_join(DAVE, &commit);
	mls_commit_clear(&commit);
	members_talk(rules->all, 4);
	member_commit(DAVE, NULL, 0, NULL, 0, true, &commit);
	for (size_t i = 0; i < 3; i++)
		member_follow(&rules->all[i], buf_span(&commit.commit));
	mls_commit_clear(&commit);
	members_talk(rules->all, 4);
	for (size_t i = 0; i < 4; i++)
		member_reload(&rules->all[i]);
	member_commit(CAROL, NULL, 0, (const uint32_t[]){ 3 }, 1, true,
		      &commit);
	member_follow(ALICE, buf_span(&commit.commit));
	member_follow(BOB, buf_span(&commit.commit));
	mls_commit_clear(&commit);
	rules_end(rules);
}

static bool is_grease(uint16_t value)
{
	return (value & 0x0F0F) == 0x0A0A && value >> 8 == (value & 0xFF);
}

static bool has_grease(struct span list)
{
	uint16_t value;

	while (wire_u16_list_next(&list, &value))
		if (is_grease(value))
			return true;
	return false;
}

static bool extensions_have_grease(struct span list)
{
	struct wire_extension extension;

	while (wire_extensions_next(&list, &extension))
		if (is_grease(extension.type))
			return true;
	return false;
}

/* What we send has some, and none where it must not be. */
static void test_grease_sent(void **state)
{
	struct buf info = BUF_INIT;
	struct wire_message message;
	struct wire_key_package kp;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	for (int i = 0; i < 20; i++) {
		const struct wire_capabilities *can =
		    &kp.leaf_node.capabilities;

		member_key_package(DAVE);
		assert_int_equal(
		    wire_key_package_decode(buf_span(&DAVE->key_package), &kp),
		    ERR_OK);
		assert_true(has_grease(can->extensions));
		assert_true(has_grease(can->proposals));
		assert_true(has_grease(can->credentials));
		assert_true(extensions_have_grease(kp.extensions));
		assert_true(extensions_have_grease(kp.leaf_node.extensions));
		assert_false(is_grease(kp.leaf_node.credential.type));
		rules_accept_add(rules);
	}
	assert_int_equal(mls_group_info(ALICE->group, &ALICE->me, false, &info),
			 ERR_OK);
	assert_int_equal(wire_message_decode(buf_span(&info), &message),
			 ERR_OK);
	assert_true(extensions_have_grease(message.group_info.extensions));
	assert_false(
	    extensions_have_grease(message.group_info.context.extensions));
	rules_end(rules);
	buf_clear(&info);
}

/* ---- 13.4: no extension twice ---- */

static const uint8_t twice[] = { 0xF0, 3, 0, 0xF0, 3, 0 };

static void twice_in_leaf(struct wire_leaf_node *leaf)
{
	full_leaf(leaf);
	leaf->extensions = SPAN_ARRAY(twice);
}

/* Does not decode: whoever gets it never asks whose it is. */
static void test_no_extension_twice(void **state)
{
	struct wire_key_package kp;
	struct buf package = BUF_INIT;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	edit(rules, NULL, twice_in_leaf);
	assert_int_equal(rules_add(rules), ERR_PEER_MALFORMED);
	member_key_package(DAVE);
	assert_int_equal(
	    wire_key_package_decode(buf_span(&DAVE->key_package), &kp), ERR_OK);
	kp.extensions = SPAN_ARRAY(twice);
	wire_key_package_put(&package, &kp);
	buf_reset(&DAVE->key_package);
	buf_put(&DAVE->key_package, buf_span(&package));
	assert_int_equal(rules_add(rules), ERR_PEER_MALFORMED);
	rules_end(rules);
	buf_clear(&package);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unbroken),
		cmocka_unit_test(test_version_and_suite),
		cmocka_unit_test(test_signature),
		cmocka_unit_test(test_two_keys),
		cmocka_unit_test(test_keys_of_the_suite),
		cmocka_unit_test(test_init_keys_differ),
		cmocka_unit_test(test_message_version),
		cmocka_unit_test(test_extensions_listed),
		cmocka_unit_test(test_only_what_we_have),
		cmocka_unit_test(test_unknown_is_ignored),
		cmocka_unit_test(test_grease_sent),
		cmocka_unit_test(test_no_extension_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
