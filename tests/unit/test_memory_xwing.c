/* The same of a suite with X-Wing, where OpenSSL has ML-KEM: every allocation of what
 * seals for keys of others, or opens what was sealed for one's own, fails once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "crypto/xwing.h"
#include "tests/testlib/starve_world.h"

static int setup_xwing(void **state)
{
	*state = NULL;
	return xwing_there()
		   ? setup_of(state,
			      SUITE_XWING_CHACHA20POLY1305_SHA256_ED25519)
		   : 0;
}

static int teardown_xwing(void **state)
{
	return *state != NULL ? teardown(state) : 0;
}

static struct world *world_of(void **state)
{
	if (*state == NULL)
		skip();
	return *state;
}

static enum err key_package(struct scene *s)
{
	return mls_key_package_create(&s->m->me, false, &s->secrets, &s->bytes);
}

static enum err create(struct scene *s)
{
	return mls_group_create(&s->m->me, SPAN_LIT("another"), SPAN_EMPTY,
				&s->group);
}

static enum err commit(struct scene *s)
{
	return mls_group_commit(s->m->group, &s->m->me, s->change, &s->commit);
}

static enum err propose(struct scene *s)
{
	return mls_group_propose(s->m->group, &s->m->me, s->proposal, false,
				 &s->bytes);
}

static enum err process(struct scene *s)
{
	return mls_group_process(s->m->group, MEMBER_NOW, s->in, &s->event);
}

static enum err join(struct scene *s)
{
	return mls_group_join(&s->m->me, s->in, SPAN_EMPTY,
			      buf_span(&s->m->key_package), &s->m->secrets,
			      &s->group);
}

static enum err join_external(struct scene *s)
{
	struct mls_external how = { .resync = false };

	return mls_group_join_external(&s->m->me, s->in, &how, &s->group,
				       &s->commit);
}

static void test_beginning(void **state)
{
	struct world *w = world_of(state);
	struct mls_proposal update = { .kind = MLS_PROPOSE_UPDATE };
	struct scene s = { .m = DAVE };

	starve_each("key package", key_package, &s);
	starve_each("create", create, &s);
	s.m = BOB;
	s.proposal = &update;
	starve_each("update", propose, &s);
}

static void test_committing(void **state)
{
	struct world *w = world_of(state);
	struct span add = buf_span(&DAVE->key_package);
	struct mls_change change = { .adds = &add,
				     .add_count = 1,
				     .force_path = true };
	struct scene s = { .m = ALICE, .change = &change };
	struct mls_commit made;

	starve_each("commit", commit, &s);
	commit_of(ALICE, &change, &made);
	s = (struct scene){ .m = BOB, .in = buf_span(&made.commit) };
	starve_each("another's commit", process, &s);
	s = (struct scene){ .m = DAVE, .in = buf_span(&made.welcome) };
	starve_each("join", join, &s);
	mls_commit_clear(&made);
}

static void test_from_outside(void **state)
{
	struct world *w = world_of(state);
	struct mls_external how = { .resync = false };
	struct scene s = { .m = DAVE };
	struct buf info = BUF_INIT;
	struct mls_commit made;

	assert_int_equal(mls_group_info(ALICE->group, &ALICE->me, true, &info),
			 ERR_OK);
	s.in = buf_span(&info);
	starve_each("join from outside", join_external, &s);
	assert_int_equal(mls_group_join_external(&DAVE->me, buf_span(&info),
						 &how, &DAVE->group, &made),
			 ERR_OK);
	s = (struct scene){ .m = BOB, .in = buf_span(&made.commit) };
	starve_each("another's commit from outside", process, &s);
	mls_commit_clear(&made);
	buf_clear(&info);
}

#define STARVED_XWING(test)                                                    \
	cmocka_unit_test_setup_teardown(test, setup_xwing, teardown_xwing)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STARVED_XWING(test_beginning),
		STARVED_XWING(test_committing),
		STARVED_XWING(test_from_outside),
	};

	if (!starve_start())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
