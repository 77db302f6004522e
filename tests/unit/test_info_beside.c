/* GroupInfos whose trees go beside them: who commits signs no tree, who comes from
 * outside has both and goes on likewise, and who lacks the right tree gets nowhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "check/walk.h"
#include "tests/testlib/session_world.h"
#include "wire/message.h"

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	world_make(w, SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	world_free(*state);
	free(*state);
	return 0;
}

static bool has_tree(struct span group_info)
{
	struct wire_message message;
	struct span tree;

	assert_int_equal(wire_message_decode(group_info, &message), ERR_OK);
	return wire_extensions_find(message.group_info.extensions,
				    WIRE_EXTENSION_RATCHET_TREE, &tree);
}

/* The committer's GroupInfo without a tree, and the tree of then. */
static void rotate(struct device *by, struct world *w, struct buf *info,
		   struct buf *tree)
{
	struct mls_change change = { .force_path = true };
	struct mls_commit commit = { 0 };
	struct buf part = BUF_INIT;

	change.tree_beside_info = session_info_beside(by->session, NULL, 0, 2);
	assert_true(change.tree_beside_info);
	assert_false(session_info_beside(by->session, NULL, 0, 3));
	assert_int_equal(device_stage(by, &change, &commit), ERR_OK);
	ledger_post(&w->ledger, CHAIN_COMMIT, buf_span(&commit.commit));
	expect_kind(&w->alice, &w->ledger, SESSION_COMMIT);
	expect_kind(&w->bob, &w->ledger, SESSION_COMMIT);
	assert_false(has_tree(buf_span(&commit.group_info)));
	assert_int_equal(session_info_part(buf_span(&commit.group_info), &part),
			 ERR_OK);
	assert_true(session_part_beside(buf_span(&part)));
	buf_put(info, buf_span(&commit.group_info));
	assert_int_equal(buf_end(info), ERR_OK);
	assert_int_equal(mls_group_tree(session_group(by->session), tree),
			 ERR_OK);
	mls_commit_clear(&commit);
	buf_clear(&part);
}

static enum err join(struct device *who, struct span kept,
		     struct mls_commit *commit)
{
	session_free(who->session);
	who->session = NULL;
	return session_join_external(&who->me, world_id, kept, false, NULL,
				     NULL, &who->session, commit);
}

/* Carol comes in by both, and the next GroupInfo is without a tree, too. */
static void test_join(void **state)
{
	struct world *w = *state;
	struct mls_commit commit = { 0 };
	struct buf info = BUF_INIT, tree = BUF_INIT, kept = BUF_INIT;
	struct check_walk *walk = NULL;
	uint64_t seq;

	rotate(&w->alice, w, &info, &tree);
	assert_int_equal(session_info_keep(
			     buf_span(&info),
			     (struct session_beside){ .tree = buf_span(&tree) },
			     &kept),
			 ERR_OK);
	/* all of it is verified, as that of a GroupInfo with a tree */
	assert_null(
	    check_walk_from_info(buf_span(&kept), CHECK_UNSEEN, &walk).wrong);
	assert_null(check_walk_matches(walk, buf_span(&kept)).wrong);
	assert_null(check_walk_matches(walk, buf_span(&info)).wrong);
	check_walk_free(walk);

	assert_int_equal(join(&w->carol, buf_span(&kept), &commit), ERR_OK);
	assert_false(has_tree(buf_span(&commit.group_info)));
	seq = ledger_post(&w->ledger, CHAIN_COMMIT, buf_span(&commit.commit));
	assert_int_equal(session_accepted(w->carol.session, w->alice.me.now,
					  seq,
					  ledger_entry(&w->ledger, seq)->head),
			 ERR_OK);
	expect_kind(&w->alice, &w->ledger, SESSION_COMMIT);
	assert_same_group(&w->alice, &w->carol);
	mls_commit_clear(&commit);
	buf_clear(&info);
	buf_clear(&tree);
	buf_clear(&kept);
}

static void refuse(struct world *w, struct span info, struct span tree)
{
	struct mls_commit commit = { 0 };
	struct check_walk *walk = NULL;
	struct buf kept = BUF_INIT;

	if (session_info_keep(info, (struct session_beside){ .tree = tree },
			      &kept) == ERR_OK) {
		assert_non_null(
		    check_walk_from_info(buf_span(&kept), CHECK_UNSEEN, &walk)
			.wrong);
		assert_int_not_equal(join(&w->carol, buf_span(&kept), &commit),
				     ERR_OK);
	}
	assert_null(w->carol.session);
	buf_clear(&kept);
}

/* The tree of another epoch, a changed one, none, and a changed GroupInfo. */
static void test_wrong(void **state)
{
	struct world *w = *state;
	struct mls_commit commit = { 0 };
	struct buf info = BUF_INIT, tree = BUF_INIT, before = BUF_INIT;

	assert_int_equal(
	    mls_group_tree(session_group(w->alice.session), &before), ERR_OK);
	rotate(&w->bob, w, &info, &tree);
	refuse(w, buf_span(&info), buf_span(&before));
	refuse(w, buf_span(&info), SPAN_EMPTY);
	refuse(w, buf_span(&info), span_of(tree.p, tree.n - 1));
	tree.p[tree.n / 2] ^= 1;
	refuse(w, buf_span(&info), buf_span(&tree));
	tree.p[tree.n / 2] ^= 1;
	assert_int_not_equal(join(&w->carol, buf_span(&info), &commit), ERR_OK);
	info.p[info.n - 1] ^= 1;
	refuse(w, buf_span(&info), buf_span(&tree));
	info.p[info.n - 1] ^= 1;
	buf_clear(&info);
	buf_clear(&tree);
	buf_clear(&before);
}

/* Of a group in which one leaf does not list it, or to which such a one comes, each
 * GroupInfo has its tree. */
static void test_old_member(void **state)
{
	struct world *w = *state;
	struct buf key_package = BUF_INIT;
	struct mls_key_package_secrets secrets = { 0 };
	static const uint16_t before[] = { 0xF7F0, 0xF7F2, 0xF7F3, 0xF7F4 };
	struct mls_identity old = w->carol.me;
	struct mls_commit commit = { 0 };
	struct span add;
	const struct mls_change change = { .adds = &add, .add_count = 1 };

	old.extension_types = before;
	old.extension_type_count = sizeof(before) / sizeof(*before);
	assert_int_equal(
	    mls_key_package_create(&old, false, &secrets, &key_package),
	    ERR_OK);
	add = buf_span(&key_package);
	assert_false(session_info_beside(w->alice.session, &add, 1, 2));
	assert_int_equal(device_stage(&w->alice, &change, &commit), ERR_OK);
	assert_true(has_tree(buf_span(&commit.group_info)));
	ledger_post(&w->ledger, CHAIN_COMMIT, buf_span(&commit.commit));
	expect_kind(&w->alice, &w->ledger, SESSION_COMMIT);
	assert_false(session_info_beside(w->alice.session, NULL, 0, 2));
	mls_commit_clear(&commit);
	mls_key_package_secrets_clear(&secrets);
	buf_clear(&key_package);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_join),
		TEST(test_wrong),
		TEST(test_old_member),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
