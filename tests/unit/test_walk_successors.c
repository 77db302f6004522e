/* The walk from a group that has ended into its successor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "check/walk.h"
#include "tests/testlib/walks.h"
#include "wire/generation.h"

static const char GROUP[] = "sixteen bytes id";

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
	m->walk = walks_of(&m->alice);
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

	mls_group_free(m->next_alice.group);
	m->next_alice.group = NULL;
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
	walks_put_info(&m.bob, &info);
	walks_expect(
	    check_walk_successor(m.walk, buf_span(&info), &new_keys).wrong,
	    "has not ended");
	assert_null(
	    check_walk_commit(m.walk, buf_span(&m.commit.commit)).wrong);
	assert_true(check_walk_ended(m.walk));
	walks_expect(
	    check_walk_commit(m.walk, buf_span(&m.commit.commit)).wrong,
	    "another group or epoch");
	walks_expect(
	    check_walk_successor(m.walk, buf_span(&info), &new_keys).wrong,
	    "another than the ReInit");
	put_next(&m, &m.next_bob, &info);
	walks_expect(
	    check_walk_successor(m.walk, buf_span(&info), &new_keys).wrong,
	    "another signature key");
	put_next(&m, &m.mallory, &info);
	walks_expect(
	    check_walk_successor(m.walk, buf_span(&info), &new_keys).wrong,
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_successor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
