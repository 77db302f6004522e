/* RFC 9420 section 7.3: which LeafNodes are valid, wherever they appear: in a
 * KeyPackage, an Update, the path of a Commit, the tree that one joins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "mls/group_internal.h"
#include "tests/testlib/rules.h"

#define EXTENSION 0xF001

static const struct wire_sender carol = { WIRE_SENDER_MEMBER, 2 };

/* ---- the four places ---- */

/* Whose leaf lists other extensions than its KeyPackage has. */
static void no_extensions(struct wire_key_package *package)
{
	package->extensions = SPAN_EMPTY;
}

static void edit_package(struct rules *rules,
			 void (*edit)(struct wire_leaf_node *leaf),
			 bool bad_signature)
{
	struct cheat_key_package how = { .leaf = edit,
					 .package = no_extensions,
					 .bad_leaf_signature = bad_signature };

	cheat_key_package(DAVE, &how);
}

static void propose_update(struct rules *rules, const struct member *signer,
			   void (*edit)(struct wire_leaf_node *leaf),
			   bool bad_signature, struct buf *message)
{
	struct buf leaf = BUF_INIT;
	struct cheat_item update;

	cheat_update_leaf(CAROL, signer, edit, bad_signature, &leaf);
	update = cheat_update(buf_span(&leaf));
	cheat_propose(CAROL, CAROL->group, carol, 0, &update.proposal, message,
		      NULL);
	buf_clear(&leaf);
}

/* A leaf of the right source elsewhere breaks this rule, in all places. */
static void refuse_everywhere(struct rules *rules,
			      void (*edit)(struct wire_leaf_node *leaf),
			      bool bad_signature, enum err why,
			      enum mls_rule rule)
{
	struct cheat_info info = { 0 };
	struct cheat how = { .by = CAROL,
			     .leaf = edit,
			     .bad_leaf_signature = bad_signature };
	struct buf message = BUF_INIT;

	edit_package(rules, edit, bad_signature);
	rules_refuse_lone_add(rules, why, rule);
	propose_update(rules, NULL, edit, bad_signature, &message);
	rules_refuse(BOB, buf_span(&message), why, rule);
	rules_refuse_commit(BOB, &how, why, rule);
	member_key_package(DAVE);
	/* a joiner asks the tree as a whole first */
	if (rule == MLS_RULE_LEAF_CREDENTIAL_LISTED)
		rule = MLS_RULE_CREDENTIAL_SUPPORTED;
	assert_int_equal(rules_join(DAVE, &how, &info, rule), why);
	buf_clear(&message);
}

/* The positive control: all four places, nothing changed. */
static void accept_everywhere(struct rules *rules,
			      void (*edit)(struct wire_leaf_node *leaf))
{
	struct cheat_info info = { 0 };
	struct cheat how = { .by = CAROL, .leaf = edit };
	struct buf message = BUF_INIT;

	edit_package(rules, edit, false);
	rules_accept_add(rules);
	rules_accept_commit(BOB, &how);
	member_key_package(DAVE);
	assert_int_equal(rules_join(DAVE, &how, &info, MLS_RULE_NONE), ERR_OK);
	propose_update(rules, NULL, edit, false, &message);
	rules_keep(BOB, buf_span(&message));
	buf_clear(&message);
}

static void test_unbroken(void **state)
{
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	accept_everywhere(rules, NULL);
	rules_end(rules);
}

/* ---- by itself ---- */

static void test_signature(void **state)
{
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	refuse_everywhere(rules, NULL, true, ERR_PEER_CRYPTO,
			  MLS_RULE_LEAF_SIGNATURE);
	rules_end(rules);
}

static void no_version(struct wire_leaf_node *leaf)
{
	static const uint8_t other[] = { 0, 2 };

	leaf->capabilities.versions = SPAN_ARRAY(other);
}

static void no_suite(struct wire_leaf_node *leaf)
{
	static const uint8_t other[] = { 0, 2, 0, 3 };

	leaf->capabilities.cipher_suites = SPAN_ARRAY(other);
}

static void no_credential_type(struct wire_leaf_node *leaf)
{
	static const uint8_t other[] = { 0, 2 };

	leaf->capabilities.credentials = SPAN_ARRAY(other);
}

static void short_encryption_key(struct wire_leaf_node *leaf)
{
	leaf->encryption_key.n--;
}

static void zero_encryption_key(struct wire_leaf_node *leaf)
{
	static const uint8_t zero[32];

	leaf->encryption_key = SPAN_ARRAY(zero);
}

static void test_own_capabilities(void **state)
{
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	refuse_everywhere(rules, no_version, false, ERR_PEER_INVALID,
			  MLS_RULE_LEAF_VERSION);
	refuse_everywhere(rules, no_suite, false, ERR_PEER_INVALID,
			  MLS_RULE_LEAF_CIPHER_SUITE);
	refuse_everywhere(rules, no_credential_type, false, ERR_PEER_INVALID,
			  MLS_RULE_LEAF_CREDENTIAL_LISTED);
	rules_end(rules);
}

static void test_keys_of_the_suite(void **state)
{
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	refuse_everywhere(rules, short_encryption_key, false, ERR_PEER_INVALID,
			  MLS_RULE_LEAF_ENCRYPTION_KEY);
	refuse_everywhere(rules, zero_encryption_key, false, ERR_PEER_INVALID,
			  MLS_RULE_LEAF_ENCRYPTION_KEY);
	rules_end(rules);
}

/* EXTENSION, with no data */
static const uint8_t extension[] = { 0xF0, 0x01, 0 };

static void extension_not_listed(struct wire_leaf_node *leaf)
{
	leaf->extensions = SPAN_ARRAY(extension);
}

static void extension_listed(struct wire_leaf_node *leaf)
{
	leaf->extensions = SPAN_ARRAY(extension);
	leaf->capabilities.extensions = span_of(extension, 2);
}

static void test_extensions(void **state)
{
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	refuse_everywhere(rules, extension_not_listed, false, ERR_PEER_INVALID,
			  MLS_RULE_LEAF_EXTENSIONS_LISTED);
	accept_everywhere(rules, extension_listed);
	rules_end(rules);
}

/* ---- the group's parameters ---- */

static void knows_extension(struct member *m)
{
	static const uint16_t types[] = { EXTENSION };

	m->me.extension_types = types;
	m->me.extension_type_count = 1;
	m->me.accepts_x509 = true;
}

static void no_extension(struct wire_leaf_node *leaf)
{
	leaf->capabilities.extensions = SPAN_EMPTY;
	leaf->extensions = SPAN_EMPTY;
}

static void basic_only(struct wire_leaf_node *leaf)
{
	static const uint8_t basic[] = { 0, 1 };

	leaf->capabilities.credentials = SPAN_ARRAY(basic);
}

static void test_required_capabilities(void **state)
{
	struct buf extensions = BUF_INIT;
	struct rules rules[1];
	(void)state;

	rules_put_required(&extensions, EXTENSION, WIRE_PROPOSAL_ADD,
			   WIRE_CREDENTIAL_X509);
	rules_init_with(rules, buf_span(&extensions), knows_extension);
	refuse_everywhere(rules, no_extension, false, ERR_PEER_INVALID,
			  MLS_RULE_LEAF_REQUIRED_EXTENSIONS);
	refuse_everywhere(rules, basic_only, false, ERR_PEER_INVALID,
			  MLS_RULE_LEAF_REQUIRED_CREDENTIALS);
	accept_everywhere(rules, NULL);
	rules_end(rules);
	buf_clear(&extensions);
}

/* A required proposal type that no member has: nobody can join such a group. */
static void test_required_proposal(void **state)
{
	struct buf required = BUF_INIT;
	struct cheat_info info = { 0 };
	struct cheat_item item;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	struct cheat how = { .by = CAROL, .items = &item, .count = 1 };
	rules_put_required(&required, 0, WIRE_PROPOSAL_REINIT, 0);
	item = cheat_extensions(buf_span(&required));
	assert_int_equal(rules_join(DAVE, &how, &info, MLS_RULE_NONE), ERR_OK);
	buf_reset(&required);
	rules_put_required(&required, 0, 0xF002, 0);
	item = cheat_extensions(buf_span(&required));
	assert_int_equal(
	    rules_join(DAVE, &how, &info, MLS_RULE_LEAF_REQUIRED_PROPOSALS),
	    ERR_PEER_INVALID);
	rules_end(rules);
	buf_clear(&required);
}

/* ---- credential types ---- */

/* One certificate of two bytes. */
static const uint8_t chain[] = { 2, 0x30, 0 };

static void x509(struct wire_leaf_node *leaf)
{
	static const uint8_t both[] = { 0, 1, 0, 2 };

	leaf->credential.type = WIRE_CREDENTIAL_X509;
	leaf->credential.certificates = SPAN_ARRAY(chain);
	leaf->capabilities.credentials = SPAN_ARRAY(both);
}

static void x509_only(struct wire_leaf_node *leaf)
{
	static const uint8_t one[] = { 0, 2 };

	x509(leaf);
	leaf->capabilities.credentials = SPAN_ARRAY(one);
}

static void x509_empty(struct wire_leaf_node *leaf)
{
	x509(leaf);
	leaf->credential.certificates = SPAN_EMPTY;
}

static void accepts_x509(struct member *m)
{
	m->me.accepts_x509 = true;
}

/* What the tree as a whole forbids: a lone proposal is not refused for it. */
static void refuse_in_tree(struct rules *rules,
			   void (*edit)(struct wire_leaf_node *leaf),
			   enum mls_rule rule)
{
	/* that the keys of a path are new is another rule */
	enum mls_rule in_path = rule == MLS_RULE_ENCRYPTION_KEYS_UNIQUE
				    ? MLS_RULE_PATH_KEYS_NEW
				    : rule;
	struct cheat_info info = { 0 };
	struct cheat how = { .by = CAROL, .leaf = edit };
	struct buf message = BUF_INIT, ref = BUF_INIT, leaf = BUF_INIT;
	struct cheat_item update;

	edit_package(rules, edit, false);
	rules_refuse_add(rules, ERR_PEER_INVALID, rule);
	rules_refuse_commit(BOB, &how, ERR_PEER_INVALID, in_path);
	member_key_package(DAVE);
	assert_int_equal(rules_join(DAVE, &how, &info, rule), ERR_PEER_INVALID);
	cheat_update_leaf(CAROL, NULL, edit, false, &leaf);
	update = cheat_update(buf_span(&leaf));
	cheat_propose(CAROL, CAROL->group, carol, 0, &update.proposal, &message,
		      &ref);
	rules_keep(BOB, buf_span(&message));
	update.ref = buf_span(&ref);
	update.sender = carol;
	how = (struct cheat){ .by = ALICE, .items = &update, .count = 1 };
	rules_refuse_commit(BOB, &how, ERR_PEER_INVALID, rule);
	buf_clear(&message);
	buf_clear(&ref);
	buf_clear(&leaf);
}

/* "the credential type is supported by all members of the group" */
static void test_credential_of_member(void **state)
{
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	refuse_in_tree(rules, x509, MLS_RULE_CREDENTIAL_SUPPORTED);
	rules_end(rules);
	rules_init_with(rules, SPAN_EMPTY, accepts_x509);
	accept_everywhere(rules, x509);
	rules_end(rules);
}

/* "support for all the credential types currently in use by other members" */
static void test_credentials_of_others(void **state)
{
	struct rules rules[1];
	(void)state;

	rules_init_with(rules, SPAN_EMPTY, accepts_x509);
	refuse_in_tree(rules, x509_only, MLS_RULE_CREDENTIAL_SUPPORTED);
	rules_end(rules);
}

static void test_certificates(void **state)
{
	struct rules rules[1];
	(void)state;

	rules_init_with(rules, SPAN_EMPTY, accepts_x509);
	refuse_everywhere(rules, x509_empty, false, ERR_PEER_INVALID,
			  MLS_RULE_LEAF_CERTIFICATES);
	rules_end(rules);
}

/* ---- leaf_node_source ---- */

static void from_key_package(struct wire_leaf_node *leaf)
{
	leaf->source = WIRE_LEAF_KEY_PACKAGE;
	leaf->not_before = 0;
	leaf->not_after = UINT64_MAX;
}

static void from_update(struct wire_leaf_node *leaf)
{
	leaf->source = WIRE_LEAF_UPDATE;
}

static void from_commit(struct wire_leaf_node *leaf)
{
	leaf->source = WIRE_LEAF_COMMIT;
}

static void test_source(void **state)
{
	struct buf message = BUF_INIT;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	struct cheat key_package = { .by = CAROL, .leaf = from_key_package };
	struct cheat update = { .by = CAROL, .leaf = from_update };
	edit_package(rules, from_update, false);
	rules_refuse_lone_add(rules, ERR_PEER_INVALID,
			      MLS_RULE_KEY_PACKAGE_LEAF_SOURCE);
	edit_package(rules, from_commit, false);
	rules_refuse_lone_add(rules, ERR_PEER_INVALID,
			      MLS_RULE_KEY_PACKAGE_LEAF_SOURCE);
	propose_update(rules, NULL, from_key_package, false, &message);
	rules_refuse(BOB, buf_span(&message), ERR_PEER_INVALID,
		     MLS_RULE_UPDATE_LEAF_SOURCE);
	propose_update(rules, NULL, from_commit, false, &message);
	rules_refuse(BOB, buf_span(&message), ERR_PEER_INVALID,
		     MLS_RULE_UPDATE_LEAF_SOURCE);
	rules_refuse_commit(BOB, &key_package, ERR_PEER_INVALID,
			    MLS_RULE_PATH_LEAF_SOURCE);
	rules_refuse_commit(BOB, &update, ERR_PEER_INVALID,
			    MLS_RULE_PATH_LEAF_SOURCE);
	rules_end(rules);
	buf_clear(&message);
}

/* ---- keys ---- */

static uint8_t known_key[32];

static void know_key_of(const struct member *m)
{
	const struct mls_epoch *now = m->group->now;

	memcpy(known_key,
	       tree_leaf(&now->tree, now->private.leaf)->node.encryption_key.p,
	       sizeof(known_key));
}

static void with_known_key(struct wire_leaf_node *leaf)
{
	leaf->encryption_key = SPAN_ARRAY(known_key);
}

/* "encryption_key represents a different public key" */
static void test_update_with_the_same_key(void **state)
{
	struct buf message = BUF_INIT;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	know_key_of(CAROL);
	propose_update(rules, NULL, with_known_key, false, &message);
	rules_refuse(BOB, buf_span(&message), ERR_PEER_INVALID,
		     MLS_RULE_UPDATE_KEY_NEW);
	rules_end(rules);
	buf_clear(&message);
}

static void test_encryption_key_unique(void **state)
{
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	know_key_of(ALICE);
	refuse_in_tree(rules, with_known_key, MLS_RULE_ENCRYPTION_KEYS_UNIQUE);
	rules_end(rules);
}

static uint8_t alices_signature_key[32];

static void with_alices_signature_key(struct wire_leaf_node *leaf)
{
	leaf->signature_key = SPAN_ARRAY(alices_signature_key);
}

/* As if somebody had two members with one signature key. */
static void test_signature_key_unique(void **state)
{
	struct buf message = BUF_INIT, ref = BUF_INIT, leaf = BUF_INIT;
	struct cheat_info info = { 0 };
	struct cheat_item update;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	struct cheat how = { .by = CAROL,
			     .leaf = with_alices_signature_key,
			     .leaf_by = ALICE };
	memcpy(alices_signature_key, ALICE->signature_public.p, 32);
	rules_refuse_commit(BOB, &how, ERR_PEER_INVALID,
			    MLS_RULE_SIGNATURE_KEYS_UNIQUE);
	cheat_update_leaf(CAROL, ALICE, with_alices_signature_key, false,
			  &leaf);
	update = cheat_update(buf_span(&leaf));
	cheat_propose(CAROL, CAROL->group, carol, 0, &update.proposal, &message,
		      &ref);
	rules_keep(BOB, buf_span(&message));
	update.ref = buf_span(&ref);
	update.sender = carol;
	how = (struct cheat){ .by = ALICE, .items = &update, .count = 1 };
	rules_refuse_commit(BOB, &how, ERR_PEER_INVALID,
			    MLS_RULE_SIGNATURE_KEYS_UNIQUE);
	/* the tree of a joiner, in which bob has carol's key */
	struct cheat clone = { .by = CAROL,
			       .leaf = with_alices_signature_key,
			       .leaf_by = ALICE };
	struct member honest = *CAROL;
	CAROL->signature_private = ALICE->signature_private;
	assert_int_equal(
	    rules_join(DAVE, &clone, &info, MLS_RULE_SIGNATURE_KEYS_UNIQUE),
	    ERR_PEER_INVALID);
	CAROL->signature_private = honest.signature_private;
	rules_end(rules);
	buf_clear(&message);
	buf_clear(&ref);
	buf_clear(&leaf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unbroken),
		cmocka_unit_test(test_signature),
		cmocka_unit_test(test_own_capabilities),
		cmocka_unit_test(test_keys_of_the_suite),
		cmocka_unit_test(test_extensions),
		cmocka_unit_test(test_required_capabilities),
		cmocka_unit_test(test_required_proposal),
		cmocka_unit_test(test_credential_of_member),
		cmocka_unit_test(test_credentials_of_others),
		cmocka_unit_test(test_certificates),
		cmocka_unit_test(test_source),
		cmocka_unit_test(test_update_with_the_same_key),
		cmocka_unit_test(test_encryption_key_unique),
		cmocka_unit_test(test_signature_key_unique),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
