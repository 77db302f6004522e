/* Proposals of every type, by value, by reference and from outside; pre-shared
 * keys; successors of a group. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "crypto/sign.h"
#include "tests/testlib/members.h"
#include "wire/credential.h"
#include "wire/extension.h"

#define TRIO 3

static const struct suite *fast(void)
{
	return suite_by_id(SUITE_X25519_AES128GCM_SHA256_ED25519);
}

static void trio_init(struct member *m, const struct suite *suite,
		      struct span extensions)
{
	struct member *others[] = { &m[1], &m[2] };
	struct mls_commit commit;

	member_init(&m[0], suite, "alice/1");
	member_init(&m[1], suite, "bob/1");
	member_init(&m[2], suite, "carol/1");
	assert_int_equal(mls_group_create(&m[0].me, SPAN_LIT("group"),
					  extensions, &m[0].group),
			 ERR_OK);
	member_commit(&m[0], others, 2, NULL, 0, true, &commit);
	member_join(&m[1], &commit);
	member_join(&m[2], &commit);
	mls_commit_clear(&commit);
}

static void trio_clear(struct member *m)
{
	for (size_t i = 0; i < TRIO; i++)
		member_clear(&m[i]);
}

static void all_follow(struct member *m, size_t by, struct mls_commit *commit)
{
	for (size_t i = 0; i < TRIO; i++)
		if (i != by && m[i].group != NULL)
			member_follow(&m[i], buf_span(&commit->commit));
	mls_commit_clear(commit);
}

/* Everybody but `by` receives a proposal. */
static void all_hear(struct member *m, size_t by, const struct buf *message)
{
	struct mls_event event;

	for (size_t i = 0; i < TRIO; i++) {
		if (i == by)
			continue;
		assert_int_equal(mls_group_process(m[i].group, MEMBER_NOW,
						   buf_span(message), &event),
				 ERR_OK);
		assert_int_equal(event.kind, MLS_EVENT_PROPOSAL);
		mls_event_clear(&event);
		member_reload(&m[i]);
	}
}

static void propose(struct member *m, size_t by, const struct mls_proposal *p,
		    bool secret)
{
	struct buf message = BUF_INIT;

	assert_int_equal(
	    mls_group_propose(m[by].group, &m[by].me, p, secret, &message),
	    ERR_OK);
	member_reload(&m[by]);
	all_hear(m, by, &message);
	buf_clear(&message);
}

static void commit_pending(struct member *m, size_t by,
			   struct mls_commit *commit)
{
	member_commit(&m[by], NULL, 0, NULL, 0, false, commit);
}

/* ---- by reference ---- */

static void run_updates(bool secret)
{
	struct mls_proposal update = { .kind = MLS_PROPOSE_UPDATE };
	struct member m[TRIO];
	struct mls_commit commit;

	trio_init(m, fast(), SPAN_EMPTY);
	for (int i = 0; i < 3; i++) {
		propose(m, 1, &update, secret);
		propose(m, 2, &update, secret);
		commit_pending(m, 0, &commit);
		all_follow(m, 0, &commit);
		members_talk(m, TRIO);
		member_commit(&m[1], NULL, 0, NULL, 0, true, &commit);
		all_follow(m, 1, &commit);
		members_talk(m, TRIO);
	}
	/* An Update of the committer is left out (12.2). */
	propose(m, 0, &update, secret);
	commit_pending(m, 0, &commit);
	all_follow(m, 0, &commit);
	members_talk(m, TRIO);
	trio_clear(m);
}

static void test_updates(void **state)
{
	(void)state;
	run_updates(false);
	run_updates(true);
}

/* Who leaves proposes it; another commits. */
static void test_leave(void **state)
{
	struct mls_proposal leave = { .kind = MLS_PROPOSE_REMOVE,
				      .removed = 2 };
	struct mls_proposal update = { .kind = MLS_PROPOSE_UPDATE };
	struct member m[TRIO];
	struct mls_commit commit;
	struct mls_event event;
	(void)state;

	trio_init(m, fast(), SPAN_EMPTY);
	propose(m, 2, &update, true);
	propose(m, 2, &leave, true);
	commit_pending(m, 1, &commit);
	member_follow(&m[0], buf_span(&commit.commit));
	assert_int_equal(mls_group_process(m[2].group, MEMBER_NOW,
					   buf_span(&commit.commit), &event),
			 ERR_OK);
	assert_true(event.self_removed);
	mls_event_clear(&event);
	assert_int_equal(mls_group_merge(m[2].group), ERR_OK);
	members_talk(m, 2);
	mls_commit_clear(&commit);
	trio_clear(m);
}

static void test_add_by_reference(void **state)
{
	struct mls_proposal add = { .kind = MLS_PROPOSE_ADD };
	struct member m[TRIO], dave, all[4];
	struct mls_commit commit;
	(void)state;

	trio_init(m, fast(), SPAN_EMPTY);
	member_init(&dave, fast(), "dave/1");
	member_key_package(&dave);
	add.key_package = buf_span(&dave.key_package);
	propose(m, 2, &add, false);
	commit_pending(m, 0, &commit);
	member_join(&dave, &commit);
	all_follow(m, 0, &commit);
	memcpy(all, m, sizeof(m));
	all[3] = dave;
	members_talk(all, 4);
	member_clear(&dave);
	trio_clear(m);
}

/* A commit that refers to a proposal that was never received. */
static void test_unknown_reference(void **state)
{
	struct mls_proposal update = { .kind = MLS_PROPOSE_UPDATE };
	struct member m[TRIO];
	struct mls_commit commit;
	struct mls_event event;
	struct buf message = BUF_INIT;
	(void)state;

	trio_init(m, fast(), SPAN_EMPTY);
	assert_int_equal(
	    mls_group_propose(m[1].group, &m[1].me, &update, false, &message),
	    ERR_OK);
	assert_int_equal(mls_group_process(m[0].group, MEMBER_NOW,
					   buf_span(&message), &event),
			 ERR_OK);
	mls_event_clear(&event);
	commit_pending(m, 0, &commit);
	assert_int_equal(mls_group_process(m[2].group, MEMBER_NOW,
					   buf_span(&commit.commit), &event),
			 ERR_PEER_INVALID);
	assert_int_equal(mls_group_process(m[2].group, MEMBER_NOW,
					   buf_span(&message), &event),
			 ERR_OK);
	mls_event_clear(&event);
	all_follow(m, 0, &commit);
	members_talk(m, TRIO);
	buf_clear(&message);
	trio_clear(m);
}

/* ---- GroupContext extensions ---- */

static void put_required(struct buf *extensions, uint16_t extension_type)
{
	uint8_t type[] = { (uint8_t)(extension_type >> 8),
			   (uint8_t)extension_type };
	struct wire_required_capabilities required = {
		.extension_types = SPAN_ARRAY(type),
	};
	struct buf data = BUF_INIT;

	wire_required_capabilities_put(&data, &required);
	wire_extension_put(extensions, WIRE_EXTENSION_REQUIRED_CAPABILITIES,
			   buf_span(&data));
	buf_clear(&data);
}

static void test_extensions(void **state)
{
	struct mls_proposal p = { .kind = MLS_PROPOSE_EXTENSIONS };
	struct mls_change change = { 0 };
	struct buf known = BUF_INIT, unknown = BUF_INIT;
	struct span extensions;
	struct member m[TRIO];
	struct mls_commit commit;
	(void)state;

	trio_init(m, fast(), SPAN_EMPTY);
	put_required(&known, WIRE_EXTENSION_EXTERNAL_PUB);
	put_required(&unknown, 0xF123);
	p.extensions = buf_span(&known);
	propose(m, 1, &p, false);
	commit_pending(m, 2, &commit);
	all_follow(m, 2, &commit);
	members_talk(m, TRIO);
	for (size_t i = 0; i < TRIO; i++)
		assert_true(span_equal(mls_group_extensions(m[i].group),
				       buf_span(&known)));
	extensions = buf_span(&unknown);
	change.extensions = &extensions;
	assert_int_equal(
	    mls_group_commit(m[0].group, &m[0].me, &change, &commit),
	    ERR_PEER_INVALID);
	extensions = SPAN_EMPTY;
	assert_int_equal(
	    mls_group_commit(m[0].group, &m[0].me, &change, &commit), ERR_OK);
	assert_int_equal(mls_group_merge(m[0].group), ERR_OK);
	all_follow(m, 0, &commit);
	members_talk(m, TRIO);
	assert_int_equal(mls_group_extensions(m[2].group).n, 0);
	buf_clear(&known);
	buf_clear(&unknown);
	trio_clear(m);
}

/* ---- from outside ---- */

static void test_external_sender(void **state)
{
	struct mls_proposal expel = { .kind = MLS_PROPOSE_REMOVE,
				      .removed = 1 };
	struct buf extensions = BUF_INIT, message = BUF_INIT;
	struct member m[TRIO], service;
	struct mls_commit commit;
	struct mls_event event;
	uint32_t index = 0, wrong = 1;
	(void)state;

	member_init(&service, fast(), "service");
	members_put_sender(&extensions, buf_span(&service.signature_public),
			   SPAN_LIT("service"));
	trio_init(m, fast(), buf_span(&extensions));
	assert_int_equal(mls_propose_from_outside(&service.me,
						  SPAN_LIT("group"), 1, &wrong,
						  &expel, &message),
			 ERR_OK);
	assert_int_equal(mls_group_process(m[0].group, MEMBER_NOW,
					   buf_span(&message), &event),
			 ERR_PEER_INVALID);
	buf_reset(&message);
	assert_int_equal(mls_propose_from_outside(&m[2].me, SPAN_LIT("group"),
						  1, &index, &expel, &message),
			 ERR_OK);
	assert_int_equal(mls_group_process(m[0].group, MEMBER_NOW,
					   buf_span(&message), &event),
			 ERR_PEER_CRYPTO);
	buf_reset(&message);
	assert_int_equal(mls_propose_from_outside(&service.me,
						  SPAN_LIT("group"), 1, &index,
						  &expel, &message),
			 ERR_OK);
	all_hear(m, TRIO, &message);
	commit_pending(m, 0, &commit);
	mls_group_free(m[1].group);
	m[1].group = NULL;
	all_follow(m, 0, &commit);
	struct member left[] = { m[0], m[2] };
	members_talk(left, 2);
	buf_clear(&extensions);
	buf_clear(&message);
	member_clear(&service);
	trio_clear(m);
}

static void test_new_member_proposal(void **state)
{
	struct mls_proposal add = { .kind = MLS_PROPOSE_ADD };
	struct mls_proposal remove = { .kind = MLS_PROPOSE_REMOVE };
	struct buf message = BUF_INIT;
	struct member m[TRIO], dave, all[4];
	struct mls_commit commit;
	(void)state;

	trio_init(m, fast(), SPAN_EMPTY);
	member_init(&dave, fast(), "dave/1");
	member_key_package(&dave);
	add.key_package = buf_span(&dave.key_package);
	assert_int_equal(mls_propose_from_outside(&dave.me, SPAN_LIT("group"),
						  1, NULL, &remove, &message),
			 ERR_LOCAL_BUG);
	assert_int_equal(mls_propose_from_outside(&dave.me, SPAN_LIT("group"),
						  1, NULL, &add, &message),
			 ERR_OK);
	all_hear(m, TRIO, &message);
	commit_pending(m, 1, &commit);
	member_join(&dave, &commit);
	all_follow(m, 1, &commit);
	memcpy(all, m, sizeof(m));
	all[3] = dave;
	members_talk(all, 4);
	buf_clear(&message);
	member_clear(&dave);
	trio_clear(m);
}

/* ---- pre-shared keys ---- */

static void test_external_psk(void **state)
{
	struct span id = SPAN_LIT("psk id");
	struct mls_change change = { .psks = &id, .psk_count = 1 };
	struct member m[TRIO];
	struct mls_commit commit;
	struct mls_event event;
	(void)state;

	trio_init(m, fast(), SPAN_EMPTY);
	assert_int_equal(
	    mls_group_commit(m[0].group, &m[0].me, &change, &commit),
	    ERR_STATE_GONE);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(
		    mls_group_add_psk(m[i].group, id, SPAN_LIT("shared")),
		    ERR_OK);
	assert_int_equal(mls_group_add_psk(m[2].group, id, SPAN_LIT("other")),
			 ERR_OK);
	assert_int_equal(
	    mls_group_commit(m[0].group, &m[0].me, &change, &commit), ERR_OK);
	assert_int_equal(mls_group_merge(m[0].group), ERR_OK);
	assert_int_equal(mls_group_process(m[2].group, MEMBER_NOW,
					   buf_span(&commit.commit), &event),
			 ERR_PEER_CRYPTO);
	assert_int_equal(mls_group_add_psk(m[2].group, id, SPAN_LIT("shared")),
			 ERR_OK);
	member_reload(&m[2]);
	all_follow(m, 0, &commit);
	members_talk(m, TRIO);
	trio_clear(m);
}

/* A PSK and an Add: the joiner must know it too. */
static void test_psk_welcome(void **state)
{
	struct mls_external_psk psk = { SPAN_LIT("psk id"),
					SPAN_LIT("shared") };
	struct mls_change change = { .psks = &psk.id,
				     .psk_count = 1,
				     .add_count = 1 };
	struct member m[2];
	struct mls_commit commit;
	struct span package;
	(void)state;

	member_init(&m[0], fast(), "alice/1");
	member_init(&m[1], fast(), "bob/1");
	m[0].me.psks = &psk;
	m[0].me.psk_count = 1;
	member_create(&m[0], "group");
	member_key_package(&m[1]);
	package = buf_span(&m[1].key_package);
	change.adds = &package;
	assert_int_equal(
	    mls_group_commit(m[0].group, &m[0].me, &change, &commit), ERR_OK);
	assert_int_equal(mls_group_merge(m[0].group), ERR_OK);
	assert_int_equal(mls_group_join(&m[1].me, buf_span(&commit.welcome),
					SPAN_EMPTY, package, &m[1].secrets,
					&m[1].group),
			 ERR_STATE_GONE);
	m[1].me.psks = &psk;
	m[1].me.psk_count = 1;
	member_join(&m[1], &commit);
	members_talk(m, 2);
	mls_commit_clear(&commit);
	member_clear(&m[0]);
	member_clear(&m[1]);
}

static void test_resumption_psk(void **state)
{
	static const uint64_t epochs[] = { 1, 3 }, gone = 0;
	struct mls_proposal p = { .kind = MLS_PROPOSE_RESUMPTION,
				  .resumption_epoch = 2 };
	struct mls_change change = { .resumptions = epochs,
				     .resumption_count = 2,
				     .commit_pending_proposals = true };
	struct member m[TRIO];
	struct mls_commit commit;
	(void)state;

	trio_init(m, fast(), SPAN_EMPTY);
	for (int i = 0; i < 2; i++) {
		member_commit(&m[1], NULL, 0, NULL, 0, true, &commit);
		all_follow(m, 1, &commit);
	}
	propose(m, 2, &p, true);
	assert_int_equal(
	    mls_group_commit(m[0].group, &m[0].me, &change, &commit), ERR_OK);
	assert_int_equal(mls_group_merge(m[0].group), ERR_OK);
	all_follow(m, 0, &commit);
	members_talk(m, TRIO);
	change.resumptions = &gone;
	change.resumption_count = 1;
	assert_int_equal(
	    mls_group_commit(m[1].group, &m[1].me, &change, &commit),
	    ERR_STATE_GONE);
	trio_clear(m);
}

/* ---- successors ---- */

/* The same people with keys for another suite. */
static void heirs_init(struct member *heirs, const struct member *m,
		       const struct suite *suite)
{
	for (size_t i = 0; i < TRIO; i++) {
		member_init(&heirs[i], suite, m[i].name);
		member_key_package(&heirs[i]);
	}
}

static enum err heir_join(struct member *heir, const struct member *m,
			  const struct mls_commit *commit)
{
	return mls_group_join_successor(
	    m->group, &heir->me, buf_span(&commit->welcome), SPAN_EMPTY,
	    buf_span(&heir->key_package), &heir->secrets, &heir->group);
}

static void run_reinit(const struct suite *old, const struct suite *new)
{
	struct mls_reinit reinit = { .group_id = SPAN_LIT("group 2"),
				     .cipher_suite = new->id };
	struct mls_change change = { .reinit = &reinit };
	struct member m[TRIO], heirs[TRIO];
	struct mls_commit commit;
	struct mls_reinit asked;
	struct span adds[2];
	struct buf message = BUF_INIT;
	struct mls_group *group = NULL;

	trio_init(m, old, SPAN_EMPTY);
	assert_false(mls_group_ended_by(m[0].group, &asked));
	assert_int_equal(
	    mls_group_commit(m[0].group, &m[0].me, &change, &commit), ERR_OK);
	assert_int_equal(mls_group_merge(m[0].group), ERR_OK);
	all_follow(m, 0, &commit);
	for (size_t i = 0; i < TRIO; i++) {
		member_reload(&m[i]);
		assert_true(mls_group_ended_by(m[i].group, &asked));
		assert_int_equal(asked.cipher_suite, new->id);
		assert_int_equal(mls_group_protect(m[i].group, &m[i].me,
						   SPAN_EMPTY, SPAN_EMPTY,
						   &message),
				 ERR_STATE_GONE);
	}
	heirs_init(heirs, m, new);
	adds[0] = buf_span(&heirs[0].key_package);
	adds[1] = buf_span(&heirs[2].key_package);
	/* Not all of the members. */
	assert_int_equal(mls_group_reinit(m[1].group, &heirs[1].me, adds, 1,
					  &group, &commit),
			 ERR_PEER_INVALID);
	assert_int_equal(mls_group_reinit(m[1].group, &heirs[1].me, adds, 2,
					  &heirs[1].group, &commit),
			 ERR_OK);
	assert_int_equal(mls_group_merge(heirs[1].group), ERR_OK);
	assert_int_equal(mls_group_join(&heirs[0].me, buf_span(&commit.welcome),
					SPAN_EMPTY,
					buf_span(&heirs[0].key_package),
					&heirs[0].secrets, &group),
			 ERR_STATE_GONE);
	assert_int_equal(heir_join(&heirs[0], &m[0], &commit), ERR_OK);
	assert_int_equal(heir_join(&heirs[2], &m[2], &commit), ERR_OK);
	members_talk(heirs, TRIO);
	assert_true(span_equal(mls_group_id(heirs[0].group), reinit.group_id));
	mls_commit_clear(&commit);
	trio_clear(heirs);
	trio_clear(m);
}

static void test_reinit(void **state)
{
	(void)state;
	run_reinit(fast(), fast());
	run_reinit(fast(), suite_by_id(SUITE_X448_AES256GCM_SHA512_ED448));
	run_reinit(suite_by_id(SUITE_P256_AES128GCM_SHA256_P256),
		   suite_by_id(SUITE_X25519_TWOFISH256GCM_SHA256_ED25519));
}

static void test_branch(void **state)
{
	struct member m[TRIO], heirs[TRIO], stranger;
	struct mls_commit commit;
	struct mls_group *group = NULL;
	struct span add;
	(void)state;

	trio_init(m, fast(), SPAN_EMPTY);
	heirs_init(heirs, m, fast());
	member_init(&stranger, fast(), "stranger");
	member_key_package(&stranger);
	add = buf_span(&stranger.key_package);
	assert_int_equal(mls_group_branch(m[0].group, &heirs[0].me,
					  SPAN_LIT("branch"), SPAN_EMPTY, &add,
					  1, &group, &commit),
			 ERR_PEER_INVALID);
	add = buf_span(&heirs[2].key_package);
	assert_int_equal(mls_group_branch(m[0].group, &heirs[0].me,
					  SPAN_LIT("branch"), SPAN_EMPTY, &add,
					  1, &heirs[0].group, &commit),
			 ERR_OK);
	assert_int_equal(mls_group_merge(heirs[0].group), ERR_OK);
	assert_int_equal(heir_join(&heirs[2], &m[2], &commit), ERR_OK);
	struct member pair[] = { heirs[0], heirs[2] };
	members_talk(pair, 2);
	members_talk(m, TRIO);
	mls_commit_clear(&commit);
	member_clear(&stranger);
	trio_clear(heirs);
	trio_clear(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_updates),
		cmocka_unit_test(test_leave),
		cmocka_unit_test(test_add_by_reference),
		cmocka_unit_test(test_unknown_reference),
		cmocka_unit_test(test_extensions),
		cmocka_unit_test(test_external_sender),
		cmocka_unit_test(test_new_member_proposal),
		cmocka_unit_test(test_external_psk),
		cmocka_unit_test(test_psk_welcome),
		cmocka_unit_test(test_resumption_psk),
		cmocka_unit_test(test_reinit),
		cmocka_unit_test(test_branch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
