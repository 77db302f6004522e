/* The walk over real groups: random histories end where the members are, and
 * what is not the group's own history leads nowhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "check/walk.h"
#include "mls/group_internal.h"
#include "mls/leaf.h"
#include "tests/testlib/rules.h"
#include "wire/generation.h"

enum { PEOPLE = 24, STEPS = 120 };

static const char GROUP[] = "sixteen bytes id";

/* ---- a crowd whose history is random ---- */

struct crowd {
	struct member all[PEOPLE];
	struct check_walk *walk;
	uint64_t seed;
};

static uint32_t random_below(struct crowd *c, uint32_t n)
{
	c->seed ^= c->seed << 13;
	c->seed ^= c->seed >> 7;
	c->seed ^= c->seed << 17;
	return (uint32_t)(c->seed >> 11) % n;
}

static void put_info(const struct member *m, struct buf *info)
{
	buf_reset(info);
	assert_int_equal(mls_group_info(m->group, &m->me, true, info), ERR_OK);
}

static void init_crowd(struct crowd *c, uint64_t seed)
{
	struct buf info = BUF_INIT;
	char name[32];

	memset(c, 0, sizeof(*c));
	c->seed = seed;
	for (int i = 0; i < PEOPLE; i++) {
		(void)snprintf(name, sizeof(name), "user%d/1", i);
		member_init(&c->all[i], suite_by_id(3), name);
	}
	member_create(&c->all[0], GROUP);
	put_info(&c->all[0], &info);
	assert_null(
	    check_walk_from_info(buf_span(&info), CHECK_UNSEEN, &c->walk)
		.wrong);
	buf_clear(&info);
}

static void clear_crowd(struct crowd *c)
{
	for (int i = 0; i < PEOPLE; i++)
		member_clear(&c->all[i]);
	check_walk_free(c->walk);
}

static struct member *someone(struct crowd *c, bool in)
{
	for (int tries = 0; tries < 1000; tries++) {
		struct member *m = &c->all[random_below(c, PEOPLE)];

		if ((m->group != NULL) == in)
			return m;
	}
	return NULL;
}

static void leave(struct member *m)
{
	mls_group_free(m->group);
	m->group = NULL;
}

/* The GroupInfo where the walk is, of a signature that nobody looks at. */
static void put_walk(struct crowd *c, struct buf *info)
{
	static const uint8_t none[] = { 0, 0 };

	assert_null(check_walk_put_info(c->walk, SPAN_ARRAY(none), info).wrong);
}

/* Who has followed the group makes the GroupInfo of its part, byte for byte, and
 * whoever was told that the commit is good comes to the same. */
static void complete(struct crowd *c, struct span before,
		     const struct mls_commit *commit)
{
	struct span info = buf_span(&commit->group_info);
	struct check_walk *again = NULL;
	struct wire_message message;
	struct buf part = BUF_INIT, whole = BUF_INIT;

	assert_int_equal(wire_message_decode(info, &message), ERR_OK);
	assert_int_equal(wire_group_info_part_of(&message.group_info, &part),
			 ERR_OK);
	assert_null(check_walk_check_part(c->walk, buf_span(&part)).wrong);
	part.p[part.n - 1] ^= 1;
	assert_non_null(check_walk_check_part(c->walk, buf_span(&part)).wrong);
	part.p[part.n - 1] ^= 1;

	assert_null(check_walk_from_info(before, CHECK_VERIFIED, &again).wrong);
	assert_null(check_walk_again(again, buf_span(&commit->commit)).wrong);
	assert_null(check_walk_put_info(again, buf_span(&part), &whole).wrong);
	assert_true(span_equal(buf_span(&whole), info));
	check_walk_free(again);
	buf_clear(&part);
	buf_clear(&whole);
}

/* All others follow; the walk does, and is where they are. */
static void follow(struct crowd *c, const struct member *by,
		   const struct mls_commit *commit)
{
	struct check_walk *anew = NULL;
	struct buf before = BUF_INIT;
	const char *wrong;

	put_walk(c, &before);
	wrong = check_walk_commit(c->walk, buf_span(&commit->commit)).wrong;
	if (wrong != NULL)
		fail_msg("%s", wrong);
	for (int i = 0; i < PEOPLE; i++) {
		struct mls_event event = { 0 };
		struct member *m = &c->all[i];

		if (m == by || m->group == NULL)
			continue;
		assert_int_equal(mls_group_process(m->group, MEMBER_NOW,
						   buf_span(&commit->commit),
						   &event),
				 ERR_OK);
		assert_int_equal(mls_group_merge(m->group), ERR_OK);
		if (event.self_removed)
			leave(m);
		mls_event_clear(&event);
	}
	assert_true(span_equal(check_walk_context(c->walk)->encoded,
			       mls_group_context(by->group)));
	wrong =
	    check_walk_matches(c->walk, buf_span(&commit->group_info)).wrong;
	if (wrong != NULL)
		fail_msg("%s", wrong);
	/* and one that begins here finds nothing wrong with it */
	wrong = check_walk_from_info(buf_span(&commit->group_info),
				     CHECK_UNSEEN, &anew)
		    .wrong;
	if (wrong != NULL)
		fail_msg("%s", wrong);
	check_walk_free(anew);
	complete(c, buf_span(&before), commit);
	buf_clear(&before);
}

static void join_external(struct crowd *c, struct member *m, bool resync)
{
	const struct mls_external how = { .resync = resync };
	struct mls_commit commit = { 0 };
	struct buf info = BUF_INIT;

	put_info(someone(c, true), &info);
	leave(m);
	assert_int_equal(mls_group_join_external(&m->me, buf_span(&info), &how,
						 &m->group, &commit),
			 ERR_OK);
	assert_int_equal(mls_group_merge(m->group), ERR_OK);
	follow(c, m, &commit);
	mls_commit_clear(&commit);
	buf_clear(&info);
}

static void change(struct crowd *c)
{
	struct member *by = someone(c, true), *added[2] = { NULL, NULL };
	struct mls_commit commit = { 0 };
	uint32_t removed[2];
	size_t adds = 0, removes = 0, wanted = random_below(c, 3);

	while (adds < wanted && (added[adds] = someone(c, false)) != NULL &&
	       (adds == 0 || added[0] != added[1]))
		member_key_package(added[adds++]);
	for (wanted = random_below(c, 3); removes < wanted;) {
		const struct member *m = someone(c, true);

		if (m == by)
			break;
		removed[removes] = mls_group_own_leaf(m->group);
		if (removes == 1 && removed[0] == removed[1])
			break;
		removes++;
	}
	member_commit(by, added, adds, removed, removes,
		      random_below(c, 2) == 0, &commit);
	follow(c, by, &commit);
	for (size_t i = 0; i < adds; i++)
		member_join(added[i], &commit);
	mls_commit_clear(&commit);
}

static void test_random_histories(void **state)
{
	static struct crowd c;
	(void)state;

	for (uint64_t seed = 1; seed <= 3; seed++) {
		init_crowd(&c, seed * 88172645463325252u);
		for (int i = 0; i < STEPS; i++) {
			uint32_t what = random_below(&c, 10);
			struct member *out = someone(&c, false);

			if (what == 0 && out != NULL)
				join_external(&c, out, false);
			else if (what == 1 && i > 10)
				join_external(&c, someone(&c, true), true);
			else
				change(&c);
		}
		clear_crowd(&c);
	}
}

/* ---- what leads nowhere ---- */

static struct check_walk *walk_of(const struct member *m)
{
	struct check_walk *walk = NULL;
	struct buf info = BUF_INIT;

	put_info(m, &info);
	assert_null(
	    check_walk_from_info(buf_span(&info), CHECK_UNSEEN, &walk).wrong);
	buf_clear(&info);
	return walk;
}

static void expect(const char *wrong, const char *word)
{
	if (wrong == NULL || strstr(wrong, word) == NULL)
		fail_msg("\"%s\" was expected to say \"%s\"",
			 wrong != NULL ? wrong : "", word);
}

/* One left out, and two the other way round. */
static void test_order(void **state)
{
	struct rules rules[1];
	struct mls_commit one = { 0 }, two = { 0 };
	struct buf info = BUF_INIT;
	struct check_walk *walk;
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	walk = walk_of(ALICE);
	member_commit(ALICE, NULL, 0, NULL, 0, true, &one);
	member_follow(BOB, buf_span(&one.commit));
	member_follow(CAROL, buf_span(&one.commit));
	member_commit(BOB, NULL, 0, NULL, 0, true, &two);
	expect(check_walk_commit(walk, buf_span(&two.commit)).wrong,
	       "another group or epoch");
	expect(check_walk_matches(walk, buf_span(&two.group_info)).wrong,
	       "next epoch");
	assert_null(check_walk_commit(walk, buf_span(&one.commit)).wrong);
	expect(check_walk_commit(walk, buf_span(&one.commit)).wrong,
	       "another group or epoch");
	expect(check_walk_matches(walk, buf_span(&two.group_info)).wrong,
	       "next epoch");
	assert_null(check_walk_matches(walk, buf_span(&one.group_info)).wrong);
	assert_null(check_walk_commit(walk, buf_span(&two.commit)).wrong);
	assert_null(check_walk_matches(walk, buf_span(&two.group_info)).wrong);
	/* any member's will do */
	put_info(BOB, &info);
	assert_null(check_walk_matches(walk, buf_span(&info)).wrong);
	member_follow(ALICE, buf_span(&two.commit));
	member_follow(CAROL, buf_span(&two.commit));
	check_walk_free(walk);
	mls_commit_clear(&one);
	mls_commit_clear(&two);
	buf_clear(&info);
	rules_end(rules);
}

/* Two commits of one epoch: who walked over one is not where the other is. */
static void test_fork(void **state)
{
	struct rules rules[1];
	struct mls_commit ours = { 0 }, theirs = { 0 };
	const struct mls_change rotate = { .force_path = true };
	struct check_walk *walk;
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	walk = walk_of(ALICE);
	assert_int_equal(
	    mls_group_commit(ALICE->group, &ALICE->me, &rotate, &ours), ERR_OK);
	assert_int_equal(
	    mls_group_commit(BOB->group, &BOB->me, &rotate, &theirs), ERR_OK);
	assert_null(check_walk_commit(walk, buf_span(&ours.commit)).wrong);
	expect(check_walk_matches(walk, buf_span(&theirs.group_info)).wrong,
	       "confirmed_transcript_hash");
	assert_null(check_walk_matches(walk, buf_span(&ours.group_info)).wrong);
	mls_group_discard(ALICE->group);
	mls_group_discard(BOB->group);
	check_walk_free(walk);
	mls_commit_clear(&ours);
	mls_commit_clear(&theirs);
	rules_end(rules);
}

static void refuse(struct rules *rules, const struct cheat *how,
		   const char *word)
{
	struct check_walk *walk = walk_of(ALICE);
	struct cheated made;
	struct buf info = BUF_INIT;

	cheat_commit(how, &made);
	expect(check_walk_commit(walk, buf_span(&made.message)).wrong, word);
	/* as it was */
	put_info(ALICE, &info);
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
	walk = walk_of(ALICE);
	cheat_commit(&how, &made);
	expect(check_walk_again(walk, buf_span(&made.message)).wrong,
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
	walk = walk_of(ALICE);
	copy_group(ALICE, DAVE, 99, &info);
	/* no walk leads to it */
	expect(check_walk_matches(walk, buf_span(&info)).wrong, "next epoch");
	buf_reset(&info);
	copy_group(ALICE, DAVE, ALICE->group->now->context.epoch, &info);
	expect(check_walk_matches(walk, buf_span(&info)).wrong,
	       "confirmation_tag");
	/* nor does it hold by itself: the leaves were moved */
	expect(
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
	expect(check_walk_from_info(buf_span(&info), CHECK_UNSEEN, &walk).wrong,
	       "tree_hash");
	buf_reset(&info);
	cheat_group_info(ALICE, ALICE->group->now,
			 &(struct cheat_info){ .bad_signature = true }, &info);
	expect(check_walk_from_info(buf_span(&info), CHECK_UNSEEN, &walk).wrong,
	       "signature does not verify");
	assert_int_equal(mls_group_tree(ALICE->group, &tree), ERR_OK);
	context = mls_group_context(ALICE->group);
	tag = mls_group_confirmation_tag(ALICE->group);
	assert_null(check_walk_from_tree(context, buf_span(&tree), tag, NULL,
					 NULL, &walk)
			.wrong);
	check_walk_free(walk);
	tree.p[tree.n - 1] ^= 1;
	expect(check_walk_from_tree(context, buf_span(&tree), tag, NULL, NULL,
				    &walk)
		   .wrong,
	       "no epoch of a group");
	buf_clear(&info);
	buf_clear(&tree);
	rules_end(rules);
}

/* ---- the next generation ---- */

struct moving {
	struct member alice, bob, next_alice, next_bob, mallory;
	struct check_walk *walk;
	uint8_t id[GENERATION_GROUP_ID_MAX];
	struct mls_commit commit;
};

static void init_next(struct member *m, uint16_t suite, const char *name,
		      const struct member *like)
{
	member_init(m, suite_by_id(suite), name);
	if (like != NULL) {
		m->signature_private = like->signature_private;
		buf_reset(&m->signature_public);
		buf_put(&m->signature_public,
			buf_span(&like->signature_public));
		m->me.signature_private = sec_span(&m->signature_private);
		m->me.signature_public = buf_span(&m->signature_public);
	}
	member_key_package(m);
}

/* Two people and the commit that ends their group. */
static void init_moving(struct moving *m, uint16_t suite)
{
	struct mls_reinit reinit = { .cipher_suite = suite };
	const struct mls_change change = { .reinit = &reinit };
	struct mls_commit added = { 0 };
	struct member *bob = &m->bob;

	memset(m, 0, sizeof(*m));
	member_init(&m->alice, suite_by_id(3), "alice/1");
	member_init(&m->bob, suite_by_id(3), "bob/1");
	member_key_package(&m->bob);
	member_create(&m->alice, GROUP);
	member_commit(&m->alice, &bob, 1, NULL, 0, true, &added);
	member_join(&m->bob, &added);
	m->walk = walk_of(&m->alice);
	reinit.group_id = span_of(
	    m->id, generation_group_id((const uint8_t *)GROUP, 1, m->id));
	assert_int_equal(
	    mls_group_commit(m->alice.group, &m->alice.me, &change, &m->commit),
	    ERR_OK);
	assert_int_equal(mls_group_merge(m->alice.group), ERR_OK);
	mls_commit_clear(&added);
}

static void clear_moving(struct moving *m)
{
	member_clear(&m->alice);
	member_clear(&m->bob);
	member_clear(&m->next_alice);
	member_clear(&m->next_bob);
	member_clear(&m->mallory);
	check_walk_free(m->walk);
	mls_commit_clear(&m->commit);
}

/* The first GroupInfo of the next group, with these. */
static void put_next(struct moving *m, const struct member *other,
		     struct buf *info)
{
	struct span package = buf_span(&other->key_package);
	struct mls_commit made = { 0 };
	struct mls_reinit asked;

	leave(&m->next_alice);
	assert_true(mls_group_ended_by(m->alice.group, &asked));
	assert_int_equal(mls_group_create(&m->next_alice.me, asked.group_id,
					  asked.extensions,
					  &m->next_alice.group),
			 ERR_OK);
	{
		const struct mls_change change = { .adds = &package,
						   .add_count = 1,
						   .force_path = true };

		assert_int_equal(mls_group_commit(m->next_alice.group,
						  &m->next_alice.me, &change,
						  &made),
				 ERR_OK);
	}
	buf_reset(info);
	buf_put(info, buf_span(&made.group_info));
	mls_commit_clear(&made);
}

static void test_successor(void **state)
{
	static struct moving m;
	struct buf info = BUF_INIT;
	bool new_keys = true;
	(void)state;

	/* the same signature scheme: the same keys */
	init_moving(&m, 0xF7F1);
	init_next(&m.next_alice, 0xF7F1, "alice/1", &m.alice);
	init_next(&m.next_bob, 0xF7F1, "bob/1", NULL);
	init_next(&m.mallory, 0xF7F1, "mallory/1", &m.bob);
	put_info(&m.bob, &info);
	expect(check_walk_successor(m.walk, buf_span(&info), &new_keys).wrong,
	       "has not ended");
	assert_null(
	    check_walk_commit(m.walk, buf_span(&m.commit.commit)).wrong);
	assert_true(check_walk_ended(m.walk));
	expect(check_walk_commit(m.walk, buf_span(&m.commit.commit)).wrong,
	       "another group or epoch");
	expect(check_walk_successor(m.walk, buf_span(&info), &new_keys).wrong,
	       "another than the ReInit");
	put_next(&m, &m.next_bob, &info);
	expect(check_walk_successor(m.walk, buf_span(&info), &new_keys).wrong,
	       "another signature key");
	put_next(&m, &m.mallory, &info);
	expect(check_walk_successor(m.walk, buf_span(&info), &new_keys).wrong,
	       "other members");
	member_clear(&m.next_bob);
	init_next(&m.next_bob, 0xF7F1, "bob/1", &m.bob);
	put_next(&m, &m.next_bob, &info);
	assert_null(
	    check_walk_successor(m.walk, buf_span(&info), &new_keys).wrong);
	assert_false(new_keys);
	assert_int_equal(check_walk_generation(m.walk), 1);
	assert_false(check_walk_ended(m.walk));
	assert_null(check_walk_matches(m.walk, buf_span(&info)).wrong);
	clear_moving(&m);
	/* another scheme: new keys, which is said */
	init_moving(&m, 4);
	init_next(&m.next_alice, 4, "alice/1", NULL);
	init_next(&m.next_bob, 4, "bob/1", NULL);
	assert_null(
	    check_walk_commit(m.walk, buf_span(&m.commit.commit)).wrong);
	put_next(&m, &m.next_bob, &info);
	assert_null(
	    check_walk_successor(m.walk, buf_span(&info), &new_keys).wrong);
	assert_true(new_keys);
	clear_moving(&m);
	buf_clear(&info);
}

static void test_members(void **state)
{
	struct rules rules[1];
	struct check_walk *walk;
	struct check_member member;
	uint32_t leaf = 0, count = 0;
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	walk = walk_of(ALICE);
	while (check_walk_next_member(walk, &leaf, &member)) {
		assert_true(span_equal(
		    member.identity, rules->all[count].me.credential_identity));
		assert_true(span_equal(member.signature_key,
				       rules->all[count].me.signature_public));
		assert_int_equal(member.leaf_index, count++);
	}
	assert_int_equal(count, RULES_MEMBERS);
	check_walk_free(walk);
	rules_end(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_histories),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_fork),
		cmocka_unit_test(test_broken_paths),
		cmocka_unit_test(test_broken_adds),
		cmocka_unit_test(test_proposals_that_are_not_applied),
		cmocka_unit_test(test_copied_group),
		cmocka_unit_test(test_given_trees),
		cmocka_unit_test(test_successor),
		cmocka_unit_test(test_members),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
