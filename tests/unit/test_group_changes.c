/* Changes of a group: whom it takes, what it requires of them, and which changes are
 * none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/testlib/crowd.h"

static enum err try_add(struct member *m, struct span key_package)
{
	struct mls_change change = { .adds = &key_package, .add_count = 1 };
	struct mls_commit commit;
	enum err e = mls_group_commit(m->group, &m->me, &change, &commit);

	if (e == ERR_OK) {
		mls_commit_clear(&commit);
		mls_group_discard(m->group);
	}
	return e;
}

static void test_add_refused(void **state)
{
	struct member m[3], other;
	uint16_t only = SUITE_P256_AES128GCM_SHA256_P256;
	(void)state;

	crowd_init(m, 2, crowd_suite());
	member_init(&m[2], crowd_suite(), "carol/1");
	member_key_package(&m[2]);
	assert_int_equal(try_add(&m[0], buf_span(&m[2].key_package)), ERR_OK);
	for (size_t i = 0; i < m[2].key_package.n; i++) {
		m[2].key_package.p[i] ^= 1;
		assert_int_not_equal(
		    try_add(&m[0], buf_span(&m[2].key_package)), ERR_OK);
		m[2].key_package.p[i] ^= 1;
	}
	/* expired */
	m[0].me.now += m[2].me.lifetime + 1;
	assert_int_equal(try_add(&m[0], buf_span(&m[2].key_package)),
			 ERR_PEER_INVALID);
	m[0].me.now = MEMBER_NOW;
	/* good for longer than anything may be */
	m[2].me.lifetime = (uint64_t)10 * 365 * 24 * 3600;
	member_key_package(&m[2]);
	assert_int_equal(try_add(&m[0], buf_span(&m[2].key_package)),
			 ERR_PEER_INVALID);
	m[2].me.lifetime = 3600;
	/* does not support the group's suite */
	m[2].me.cipher_suites = &only;
	m[2].me.cipher_suite_count = 1;
	member_key_package(&m[2]);
	assert_int_equal(try_add(&m[0], buf_span(&m[2].key_package)),
			 ERR_PEER_INVALID);
	/* is of another suite */
	member_init(&other, suite_by_id(only), "dave/1");
	member_key_package(&other);
	assert_int_equal(try_add(&m[0], buf_span(&other.key_package)),
			 ERR_PEER_INVALID);
	member_clear(&other);
	/* is a member already */
	member_key_package(&m[1]);
	assert_int_equal(try_add(&m[0], buf_span(&m[1].key_package)),
			 ERR_PEER_INVALID);
	crowd_clear(m, 3);
}

/* GroupContext extensions: who does not know them cannot be added. */
static void test_extensions(void **state)
{
	static const uint16_t known = 0xF000;
	struct buf extensions = BUF_INIT;
	struct member m[2];
	struct member *bob[] = { &m[1] };
	struct mls_commit commit;
	(void)state;

	member_init(&m[0], crowd_suite(), "alice/1");
	member_init(&m[1], crowd_suite(), "bob/1");
	m[0].me.extension_types = &known;
	m[0].me.extension_type_count = 1;
	buf_put_u16(&extensions, known);
	buf_put_vec(&extensions, SPAN_LIT("parameters"));
	assert_int_equal(mls_group_create(&m[0].me, SPAN_LIT("group"),
					  buf_span(&extensions), &m[0].group),
			 ERR_OK);
	assert_true(span_equal(mls_group_extensions(m[0].group),
			       buf_span(&extensions)));
	member_key_package(&m[1]);
	assert_int_equal(try_add(&m[0], buf_span(&m[1].key_package)),
			 ERR_PEER_INVALID);
	m[1].me.extension_types = &known;
	m[1].me.extension_type_count = 1;
	member_commit(&m[0], bob, 1, NULL, 0, false, &commit);
	member_join(&m[1], &commit);
	members_talk(m, 2);
	mls_commit_clear(&commit);
	buf_clear(&extensions);
	crowd_clear(m, 2);
}

/* The tree on another way than the Welcome. */
static void test_tree_beside(void **state)
{
	struct mls_change change = { .add_count = 1,
				     .force_path = true,
				     .tree_beside_welcome = true };
	struct mls_commit commit;
	struct buf tree = BUF_INIT, old = BUF_INIT;
	struct span package;
	struct member m[2];
	(void)state;

	member_init(&m[0], crowd_suite(), "alice/1");
	member_init(&m[1], crowd_suite(), "bob/1");
	member_create(&m[0], "group");
	member_key_package(&m[1]);
	package = buf_span(&m[1].key_package);
	change.adds = &package;
	assert_int_equal(mls_group_tree(m[0].group, &old), ERR_OK);
	assert_int_equal(
	    mls_group_commit(m[0].group, &m[0].me, &change, &commit), ERR_OK);
	assert_int_equal(mls_group_merge(m[0].group), ERR_OK);
	assert_int_equal(mls_group_tree(m[0].group, &tree), ERR_OK);
	assert_int_equal(mls_group_join(&m[1].me, buf_span(&commit.welcome),
					SPAN_EMPTY, package, &m[1].secrets,
					&m[1].group),
			 ERR_PEER_INVALID);
	assert_int_equal(mls_group_join(&m[1].me, buf_span(&commit.welcome),
					buf_span(&old), package, &m[1].secrets,
					&m[1].group),
			 ERR_PEER_INVALID);
	assert_int_equal(mls_group_join(&m[1].me, buf_span(&commit.welcome),
					buf_span(&tree), package, &m[1].secrets,
					&m[1].group),
			 ERR_OK);
	members_talk(m, 2);
	mls_commit_clear(&commit);
	buf_clear(&tree);
	buf_clear(&old);
	crowd_clear(m, 2);
}

static void test_bad_changes(void **state)
{
	static const uint32_t self = 0, nobody = 7, twice[] = { 1, 1 };
	struct mls_change change = { .removes = &self, .remove_count = 1 };
	struct mls_commit commit;
	struct member m[2];
	(void)state;

	crowd_init(m, 2, crowd_suite());
	assert_int_equal(
	    mls_group_commit(m[0].group, &m[0].me, &change, &commit),
	    ERR_PEER_INVALID);
	change.removes = &nobody;
	assert_int_equal(
	    mls_group_commit(m[0].group, &m[0].me, &change, &commit),
	    ERR_PEER_INVALID);
	change.removes = twice;
	change.remove_count = 2;
	assert_int_equal(
	    mls_group_commit(m[0].group, &m[0].me, &change, &commit),
	    ERR_PEER_INVALID);
	assert_false(mls_group_has_pending(m[0].group));
	assert_int_equal(
	    mls_group_commit(m[0].group, &m[1].me, &change, &commit),
	    ERR_LOCAL_BUG);
	crowd_clear(m, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add_refused),
		cmocka_unit_test(test_extensions),
		cmocka_unit_test(test_tree_beside),
		cmocka_unit_test(test_bad_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
