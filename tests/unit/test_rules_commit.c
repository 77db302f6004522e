/* RFC 9420 section 12.4.2: what a member verifies of a Commit, step by step;
 * the proposals are in test_rules_proposals, the path's leaf in
 * test_rules_leaf, external Commits in test_rules_external. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "mls/group_internal.h"
#include "tests/testlib/rules.h"

static void test_unbroken(void **state)
{
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	struct cheat how = { .by = CAROL };
	rules_accept_commit(ALICE, &how);
	rules_accept_commit(BOB, &how);
	how.private_handshake = true;
	rules_accept_commit(ALICE, &how);
	rules_accept_commit(BOB, &how);
	rules_end(rules);
}

/* ---- the message ---- */

static void test_epoch(void **state)
{
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	struct cheat how = { .by = CAROL, .ahead = 1 };
	rules_refuse_commit(BOB, &how, ERR_STATE_EPOCH, MLS_RULE_NONE);
	how.ahead = (uint64_t)-1;
	rules_refuse_commit(BOB, &how, ERR_STATE_EPOCH, MLS_RULE_NONE);
	rules_end(rules);
}

static void test_membership_tag(void **state)
{
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	struct cheat how = { .by = CAROL, .bad_membership_tag = true };
	rules_refuse_commit(BOB, &how, ERR_PEER_CRYPTO,
			    MLS_RULE_MEMBERSHIP_TAG);
	rules_end(rules);
}

static void test_signature(void **state)
{
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	struct cheat how = { .by = CAROL, .bad_signature = true };
	rules_refuse_commit(BOB, &how, ERR_PEER_CRYPTO,
			    MLS_RULE_CONTENT_SIGNATURE);
	how.private_handshake = true;
	rules_refuse_commit(BOB, &how, ERR_PEER_CRYPTO,
			    MLS_RULE_CONTENT_SIGNATURE);
	rules_end(rules);
}

static void as_bob(struct wire_sender *sender)
{
	sender->index = 1;
}

static void as_blank(struct wire_sender *sender)
{
	sender->index = 3;
}

static void as_outside(struct wire_sender *sender)
{
	sender->index = 4000000000;
}

static void test_sender(void **state)
{
	struct cheat_item item;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	struct cheat how = { .by = CAROL, .sender = as_bob };
	rules_refuse_commit(ALICE, &how, ERR_PEER_CRYPTO,
			    MLS_RULE_CONTENT_SIGNATURE);
	how.sender = as_blank;
	rules_refuse_commit(ALICE, &how, ERR_PEER_INVALID,
			    MLS_RULE_SENDER_BLANK);
	how.sender = as_outside;
	rules_refuse_commit(ALICE, &how, ERR_PEER_INVALID,
			    MLS_RULE_SENDER_BLANK);
	/* of ourselves, and not what we have staged */
	how.sender = NULL;
	rules_refuse_commit(CAROL, &how, ERR_PEER_INVALID, MLS_RULE_OWN_COMMIT);
	member_key_package(DAVE);
	item = cheat_add(buf_span(&DAVE->key_package));
	how = (struct cheat){
		.by = CAROL, .items = &item, .count = 1, .no_path = true
	};
	rules_accept_commit(BOB, &how);
	rules_refuse_commit(CAROL, &how, ERR_PEER_INVALID, MLS_RULE_OWN_COMMIT);
	rules_end(rules);
}

/* What is no message of a group is not for a group. */
static void test_other_messages(void **state)
{
	struct mls_group *group = NULL;
	struct buf message = BUF_INIT;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	assert_int_equal(
	    mls_group_info(ALICE->group, &ALICE->me, true, &message), ERR_OK);
	rules_refuse(BOB, buf_span(&message), ERR_PEER_INVALID,
		     MLS_RULE_WIRE_FORMAT);
	member_key_package(DAVE);
	assert_int_equal(mls_group_join(&DAVE->me, buf_span(&message),
					SPAN_EMPTY,
					buf_span(&DAVE->key_package),
					&DAVE->secrets, &group),
			 ERR_PEER_MALFORMED);
	assert_null(group);
	buf_clear(&message);
	rules_end(rules);
}

static void other_tag(uint8_t *confirmation_tag)
{
	confirmation_tag[0] ^= 1;
}

static void test_confirmation_tag(void **state)
{
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	struct cheat how = { .by = CAROL, .tag = other_tag };
	rules_refuse_commit(BOB, &how, ERR_PEER_CRYPTO,
			    MLS_RULE_CONFIRMATION_TAG);
	rules_end(rules);
}

/* ---- whether there is a path ---- */

static void test_path_required(void **state)
{
	static const struct wire_sender bob = { WIRE_SENDER_MEMBER, 1 };
	struct buf leaf = BUF_INIT, message = BUF_INIT, ref = BUF_INIT;
	struct cheat_item item;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	struct cheat how = { .by = CAROL, .no_path = true };
	rules_refuse_commit(BOB, &how, ERR_PEER_INVALID, MLS_RULE_PATH_MISSING);
	how.items = &item;
	how.count = 1;
	item = cheat_remove(1);
	rules_refuse_commit(ALICE, &how, ERR_PEER_INVALID,
			    MLS_RULE_PATH_MISSING);
	item = cheat_extensions(SPAN_EMPTY);
	rules_refuse_commit(ALICE, &how, ERR_PEER_INVALID,
			    MLS_RULE_PATH_MISSING);
	member_key_package(DAVE);
	item = cheat_add(buf_span(&DAVE->key_package));
	rules_accept_commit(ALICE, &how);
	cheat_update_leaf(BOB, NULL, NULL, false, &leaf);
	item = cheat_update(buf_span(&leaf));
	cheat_propose(BOB, BOB->group, bob, 0, &item.proposal, &message, &ref);
	rules_keep(ALICE, buf_span(&message));
	item.ref = buf_span(&ref);
	item.sender = bob;
	rules_refuse_commit(ALICE, &how, ERR_PEER_INVALID,
			    MLS_RULE_PATH_MISSING);
	how.no_path = false;
	rules_accept_commit(ALICE, &how);
	buf_clear(&leaf);
	buf_clear(&message);
	buf_clear(&ref);
	rules_end(rules);
}

/* ---- the path's keys ---- */

static uint8_t known_key[32];

static void with_known_key(struct wire_leaf_node *leaf)
{
	leaf->encryption_key = SPAN_ARRAY(known_key);
}

static void know_key(const struct member *m, uint32_t node)
{
	struct tree_resolved *list;
	size_t count;

	assert_int_equal(tree_resolution(&m->group->now->tree, node,
					 LEAF_LIST_EMPTY, &list, &count),
			 ERR_OK);
	assert_int_equal(list[0].node, node);
	memcpy(known_key, list[0].encryption_key.p, sizeof(known_key));
	free(list);
}

/* Of the committer's own leaf, of another's, of a parent. */
static void test_leaf_key_is_new(void **state)
{
	static const uint32_t nodes[] = { 4, 0, 3 };
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	struct cheat how = { .by = CAROL, .leaf = with_known_key };
	for (size_t i = 0; i < 3; i++) {
		know_key(BOB, nodes[i]);
		rules_refuse_commit(BOB, &how, ERR_PEER_INVALID,
				    MLS_RULE_PATH_KEYS_NEW);
	}
	rules_end(rules);
}

/* Random bytes of which the second draw is always the same: that of the path's
 * first secret. */
static enum err repeating_fill(void *context, uint8_t *out, size_t n)
{
	size_t *draw = context;

	if (++*draw != 2)
		return rng_fill(rng_system(), out, n);
	memset(out, 7, n);
	return ERR_OK;
}

/* Who uses a path secret again gives a node the key that it has. */
static void test_path_keys_are_new(void **state)
{
	size_t draw = 0;
	const struct rng repeating = { repeating_fill, &draw };
	struct mls_commit commit;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	CAROL->me.rng = &repeating;
	member_commit(CAROL, NULL, 0, NULL, 0, true, &commit);
	member_follow(ALICE, buf_span(&commit.commit));
	member_follow(BOB, buf_span(&commit.commit));
	mls_commit_clear(&commit);
	CAROL->me.rng = rng_system();
	struct cheat how = { .by = CAROL };
	rules_accept_commit(BOB, &how);
	draw = 0;
	how.rng = &repeating;
	rules_refuse_commit(BOB, &how, ERR_PEER_INVALID,
			    MLS_RULE_PATH_KEYS_NEW);
	rules_end(rules);
}

static void note_first_key(struct treekem_update *update)
{
	memcpy(known_key, update->public_keys[0].p, sizeof(known_key));
}

static void zero_first_key(struct treekem_update *update)
{
	memset(update->public_keys[0].p, 0, update->public_keys[0].n);
}

static void short_first_key(struct treekem_update *update)
{
	update->public_keys[0].n--;
}

/* A node of the committer's side, whose key carol does not derive. */
static void test_path_keys_below(void **state)
{
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	struct cheat how = { .by = ALICE, .keys = note_first_key };
	rules_accept_commit(CAROL, &how);
	/* twice in one path */
	how.leaf = with_known_key;
	rules_refuse_commit(CAROL, &how, ERR_PEER_INVALID,
			    MLS_RULE_PATH_KEYS_DIFFER);
	/* keys to which nobody could encrypt */
	how = (struct cheat){ .by = ALICE, .keys = zero_first_key };
	rules_refuse_commit(CAROL, &how, ERR_PEER_INVALID,
			    MLS_RULE_PATH_PUBLIC_KEY);
	how.keys = short_first_key;
	rules_refuse_commit(CAROL, &how, ERR_PEER_INVALID,
			    MLS_RULE_PATH_PUBLIC_KEY);
	rules_end(rules);
}

/* ---- the path's shape (7.5, 7.6) ---- */

static void without_nodes(struct wire_update_path *path)
{
	path->nodes = SPAN_EMPTY;
}

static uint8_t room[4096];

/* The nodes, and the last one again. */
static void with_another_node(struct wire_update_path *path)
{
	memcpy(room, path->nodes.p, path->nodes.n);
	memcpy(room + path->nodes.n, path->nodes.p, path->nodes.n);
	path->nodes = span_of(room, 2 * path->nodes.n);
}

/* The first node with its first secret `times` times. */
static void repeat_secret(struct wire_update_path *path, size_t times)
{
	struct span rest = path->nodes, secrets;
	struct wire_update_path_node node;
	struct wire_hpke_ciphertext secret;
	struct buf b = BUF_INIT;
	size_t vec;

	assert_true(wire_update_path_nodes_next(&rest, &node));
	secrets = node.encrypted_path_secrets;
	assert_true(wire_hpke_ciphertexts_next(&secrets, &secret));
	buf_put_vec(&b, node.encryption_key);
	vec = buf_open_vec(&b);
	for (size_t i = 0; i < times; i++)
		wire_hpke_ciphertext_put(&b, &secret);
	buf_close_vec(&b, vec);
	buf_put(&b, rest);
	memcpy(room, b.p, b.n);
	path->nodes = span_of(room, b.n);
	buf_clear(&b);
}

static void without_a_secret(struct wire_update_path *path)
{
	repeat_secret(path, 0);
}

static void with_a_secret_more(struct wire_update_path *path)
{
	repeat_secret(path, 2);
}

static void with_a_secret_spoiled(struct wire_update_path *path)
{
	memcpy(room, path->nodes.p, path->nodes.n);
	room[path->nodes.n - 1] ^= 1;
	path->nodes = span_of(room, path->nodes.n);
}

static void test_path_shape(void **state)
{
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	struct cheat how = { .by = CAROL };
	how.path = without_nodes;
	rules_refuse_commit(BOB, &how, ERR_PEER_INVALID, MLS_RULE_PATH_LENGTH);
	how.path = with_another_node;
	rules_refuse_commit(BOB, &how, ERR_PEER_INVALID, MLS_RULE_PATH_LENGTH);
	how.path = without_a_secret;
	rules_refuse_commit(BOB, &how, ERR_PEER_INVALID, MLS_RULE_PATH_SECRETS);
	how.path = with_a_secret_more;
	rules_refuse_commit(BOB, &how, ERR_PEER_INVALID, MLS_RULE_PATH_SECRETS);
	how.path = with_a_secret_spoiled;
	rules_refuse_commit(BOB, &how, ERR_PEER_CRYPTO, MLS_RULE_NONE);
	rules_end(rules);
}

static void other_parent_hash(struct wire_leaf_node *leaf)
{
	static const uint8_t hash[32];

	leaf->parent_hash = SPAN_ARRAY(hash);
}

static void no_parent_hash(struct wire_leaf_node *leaf)
{
	leaf->parent_hash = SPAN_EMPTY;
}

/* 7.5: "the parent_hash field of the leaf node matches" */
static void test_parent_hash(void **state)
{
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	struct cheat how = { .by = CAROL, .leaf = other_parent_hash };
	rules_refuse_commit(BOB, &how, ERR_PEER_INVALID,
			    MLS_RULE_PATH_PARENT_HASH);
	how.leaf = no_parent_hash;
	rules_refuse_commit(BOB, &how, ERR_PEER_INVALID,
			    MLS_RULE_PATH_PARENT_HASH);
	rules_end(rules);
}

static void other_secret(struct treekem_update *update)
{
	update->path_secrets[0].b[0] ^= 1;
}

static void short_secret(struct treekem_update *update)
{
	update->path_secrets[0].n--;
}

/* 7.5: "the derived public keys are the same as the corresponding public keys
 * sent in the UpdatePath" */
static void test_derived_keys(void **state)
{
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	struct cheat how = { .by = CAROL, .secrets = other_secret };
	rules_refuse_commit(BOB, &how, ERR_PEER_INVALID,
			    MLS_RULE_PATH_KEYS_DERIVED);
	how.secrets = short_secret;
	rules_refuse_commit(BOB, &how, ERR_PEER_INVALID,
			    MLS_RULE_PATH_SECRET_LENGTH);
	rules_end(rules);
}

/* ---- ReInit ---- */

/* "the client MUST NOT use the group to send messages anymore" */
static void test_nothing_after_reinit(void **state)
{
	struct mls_reinit reinit = { .group_id = SPAN_LIT("group 2"),
				     .cipher_suite = 1 };
	struct mls_change end = { .reinit = &reinit }, more = { 0 };
	struct mls_proposal leave = { .kind = MLS_PROPOSE_REMOVE,
				      .removed = 1 };
	struct buf message = BUF_INIT;
	struct mls_commit commit;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	assert_int_equal(
	    mls_group_commit(ALICE->group, &ALICE->me, &end, &commit), ERR_OK);
	assert_int_equal(mls_group_merge(ALICE->group), ERR_OK);
	member_follow(BOB, buf_span(&commit.commit));
	mls_commit_clear(&commit);
	for (size_t i = 0; i < 2; i++) {
		struct member *m = &rules->all[i];

		member_reload(m);
		assert_int_equal(mls_group_protect(m->group, &m->me, SPAN_EMPTY,
						   SPAN_LIT("more"), &message),
				 ERR_STATE_GONE);
		assert_int_equal(mls_group_propose(m->group, &m->me, &leave,
						   false, &message),
				 ERR_STATE_GONE);
		assert_int_equal(
		    mls_group_commit(m->group, &m->me, &more, &commit),
		    ERR_STATE_GONE);
	}
	buf_clear(&message);
	for (size_t i = 0; i < 4; i++)
		member_clear(&rules->all[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unbroken),
		cmocka_unit_test(test_epoch),
		cmocka_unit_test(test_membership_tag),
		cmocka_unit_test(test_signature),
		cmocka_unit_test(test_sender),
		cmocka_unit_test(test_other_messages),
		cmocka_unit_test(test_confirmation_tag),
		cmocka_unit_test(test_path_required),
		cmocka_unit_test(test_leaf_key_is_new),
		cmocka_unit_test(test_path_keys_are_new),
		cmocka_unit_test(test_path_keys_below),
		cmocka_unit_test(test_path_shape),
		cmocka_unit_test(test_parent_hash),
		cmocka_unit_test(test_derived_keys),
		cmocka_unit_test(test_nothing_after_reinit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
