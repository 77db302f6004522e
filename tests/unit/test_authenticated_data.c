/* RFC 9420 section 6: what stands beside a commit in clear, signed with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tests/testlib/rules.h"

static const struct span view = { (const uint8_t *)"what I saw", 10 };

/* A commit at somebody else: its data, then it is discarded again. */
static void arrives(struct member *m, const struct buf *commit,
		    struct span wanted)
{
	struct mls_event event;

	assert_int_equal(
	    mls_group_process(m->group, MEMBER_NOW, buf_span(commit), &event),
	    ERR_OK);
	assert_int_equal(event.kind, MLS_EVENT_COMMIT);
	assert_true(span_equal(buf_span(&event.authenticated_data), wanted));
	mls_event_clear(&event);
	assert_int_equal(mls_group_merge(m->group), ERR_OK);
}

/* And at the one that made it, after a restart. */
static void comes_back(struct member *m, const struct buf *commit,
		       struct span wanted)
{
	struct mls_event event;

	member_reload(m);
	assert_int_equal(
	    mls_group_process(m->group, MEMBER_NOW, buf_span(commit), &event),
	    ERR_OK);
	assert_int_equal(event.kind, MLS_EVENT_OWN);
	assert_true(span_equal(buf_span(&event.authenticated_data), wanted));
	mls_event_clear(&event);
	assert_int_equal(mls_group_merge(m->group), ERR_OK);
}

static void commit_with(struct rules *rules, struct span data, bool secret)
{
	struct mls_change change = { .authenticated_data = data,
				     .force_path = true,
				     .private_handshake = secret };
	struct mls_commit commit;

	assert_int_equal(
	    mls_group_commit(BOB->group, &BOB->me, &change, &commit), ERR_OK);
	arrives(ALICE, &commit.commit, data);
	arrives(CAROL, &commit.commit, data);
	comes_back(BOB, &commit.commit, data);
	mls_commit_clear(&commit);
}

static void test_commit(void **state)
{
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	commit_with(rules, view, false);
	commit_with(rules, view, true);
	commit_with(rules, SPAN_EMPTY, false);
	commit_with(rules, SPAN_EMPTY, true);
	rules_end(rules);
}

static uint8_t *find(struct buf *message, struct span wanted)
{
	uint8_t *at = memmem(message->p, message->n, wanted.p, wanted.n);

	assert_non_null(at);
	return at;
}

/* It stands in clear, also beside a PrivateMessage, and cannot be changed. */
static void test_signed(void **state)
{
	struct mls_change change = { .authenticated_data = view };
	struct mls_commit commit;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	for (int secret = 0; secret < 2; secret++) {
		change.private_handshake = secret != 0;
		assert_int_equal(
		    mls_group_commit(BOB->group, &BOB->me, &change, &commit),
		    ERR_OK);
		*find(&commit.commit, view) ^= 1;
		rules_refuse(ALICE, buf_span(&commit.commit), ERR_PEER_CRYPTO,
			     secret != 0 ? MLS_RULE_NONE
					 : MLS_RULE_MEMBERSHIP_TAG);
		mls_group_discard(BOB->group);
		mls_commit_clear(&commit);
	}
	rules_end(rules);
}

static void test_external(void **state)
{
	const struct mls_external how = { .authenticated_data = view };
	struct mls_commit commit;
	struct buf info = BUF_INIT;
	struct rules rules[1];
	(void)state;

	rules_init(rules, SPAN_EMPTY);
	assert_int_equal(mls_group_info(ALICE->group, &ALICE->me, true, &info),
			 ERR_OK);
	assert_int_equal(mls_group_join_external(&DAVE->me, buf_span(&info),
						 &how, &DAVE->group, &commit),
			 ERR_OK);
	*find(&commit.commit, view) ^= 1;
	rules_refuse(ALICE, buf_span(&commit.commit), ERR_PEER_CRYPTO,
		     MLS_RULE_CONTENT_SIGNATURE);
	commit.commit.p[(size_t)(find(&commit.commit, SPAN_LIT("hat I saw")) -
				 commit.commit.p) -
			1] ^= 1;
	for (size_t i = 0; i < RULES_MEMBERS; i++)
		arrives(&rules->all[i], &commit.commit, view);
	comes_back(DAVE, &commit.commit, view);
	members_talk(rules->all, RULES_MEMBERS + 1);
	mls_commit_clear(&commit);
	buf_clear(&info);
	for (size_t i = 0; i <= RULES_MEMBERS; i++)
		member_clear(&rules->all[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commit),
		cmocka_unit_test(test_signed),
		cmocka_unit_test(test_external),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
