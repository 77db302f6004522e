#include "tests/testlib/court.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "check/commit.h"

static bool is_in(const struct device *d)
{
	return d->session != NULL && session_member(d->session);
}

static struct device *observer(struct court *c)
{
	for (int i = 0; i < COURT_DEVICES; i++)
		if (is_in(&c->all[i]))
			return &c->all[i];
	fail_msg("nobody is left");
	return NULL;
}

uint32_t court_leaf(const struct device *d)
{
	return mls_group_own_leaf(session_group(d->session));
}

struct member court_member(struct device *d)
{
	struct member m = { .me = d->me,
			    .signature_private = d->private_key,
			    .signature_public = d->public_key };

	if (d->session != NULL)
		m.group =
		    (struct mls_group *)(uintptr_t)session_group(d->session);
	return m;
}

/* ---- the walk ---- */

static void compare_one(struct court *c, const struct device *d)
{
	struct check_walk *own = NULL;
	struct buf info = BUF_INIT;
	const char *wrong;

	assert_int_equal(
	    mls_group_info(session_group(d->session), &d->me, true, &info),
	    ERR_OK);
	wrong = check_walk_matches(c->walk, buf_span(&info)).wrong;
	if (wrong != NULL)
		fail_msg("the walk is not where %.*s is: %s",
			 (int)d->me.credential_identity.n,
			 (const char *)d->me.credential_identity.p, wrong);
	assert_true(span_equal(check_walk_context(c->walk)->encoded,
			       mls_group_context(session_group(d->session))));
	assert_true(span_equal(check_walk_departures(c->walk),
			       session_departures(d->session)));
	assert_int_equal(session_walk(d->session, &own), ERR_OK);
	assert_null(check_walk_matches(own, buf_span(&info)).wrong);
	check_walk_free(own);
	buf_clear(&info);
}

void court_compare(struct court *c)
{
	for (int i = 0; i < COURT_DEVICES; i++)
		if (is_in(&c->all[i]))
			compare_one(c, &c->all[i]);
}

static void begin_walk(struct court *c)
{
	struct device *alice = &c->all[ALICE];
	struct buf info = BUF_INIT;

	assert_int_equal(mls_group_info(session_group(alice->session),
					&alice->me, true, &info),
			 ERR_OK);
	assert_null(
	    check_walk_from_info(buf_span(&info), CHECK_UNSEEN, &c->walk)
		.wrong);
	buf_clear(&info);
	court_compare(c);
}

/* ---- judging ---- */

static struct check_verdict judge(struct court *c, struct span commit,
				  struct span info)
{
	struct device *d = observer(c);
	struct check_commit what = { .commit = commit,
				     .after = info,
				     .now = NOW,
				     .departed =
					 session_departures(d->session) };
	struct check_verdict verdict;
	struct buf before = BUF_INIT;

	assert_int_equal(
	    mls_group_info(session_group(d->session), &d->me, true, &before),
	    ERR_OK);
	what.before = buf_span(&before);
	verdict = check_commit(&what);
	assert_false(verdict.local);
	buf_clear(&before);
	return verdict;
}

void court_refuse_bytes(struct court *c, struct span commit, struct span info,
			const char *word, bool denied)
{
	struct check_verdict verdict = judge(c, commit, info);

	if (verdict.wrong == NULL || strstr(verdict.wrong, word) == NULL)
		fail_msg("\"%s\" was expected to say \"%s\"",
			 verdict.wrong != NULL ? verdict.wrong : "", word);
	assert_int_equal(verdict.denied, denied);
	assert_string_equal(check_walk_commit(c->walk, commit).wrong,
			    verdict.wrong);
	court_compare(c);
	ledger_post(&c->ledger, CHAIN_COMMIT, commit);
	for (int i = 0; i < COURT_DEVICES; i++) {
		if (!is_in(&c->all[i]))
			continue;
		session_discard(c->all[i].session);
		expect_refused(&c->all[i], &c->ledger,
			       denied ? ERR_PEER_DENIED : ERR_PEER_INVALID);
	}
}

void court_refuse(struct court *c, int by, const struct mls_change *change,
		  const char *word, bool denied)
{
	struct mls_commit made = { 0 };

	assert_int_equal(device_stage(&c->all[by], change, &made), ERR_OK);
	court_refuse_bytes(c, buf_span(&made.commit),
			   buf_span(&made.group_info), word, denied);
	mls_commit_clear(&made);
}

void court_refuse_cheat(struct court *c, const struct cheat *how,
			const char *word, bool denied)
{
	struct cheated made;

	cheat_commit(how, &made);
	court_refuse_bytes(c, buf_span(&made.message), SPAN_EMPTY, word,
			   denied);
	cheated_clear(&made);
}

static void take(struct court *c, struct span commit, struct span info)
{
	struct check_verdict verdict = judge(c, commit, info);

	if (verdict.wrong != NULL)
		fail_msg("refused: %s", verdict.wrong);
	assert_null(check_walk_commit(c->walk, commit).wrong);
	ledger_post(&c->ledger, CHAIN_COMMIT, commit);
	for (int i = 0; i < COURT_DEVICES; i++) {
		struct session_event event = { 0 };

		if (!is_in(&c->all[i]))
			continue;
		assert_int_equal(device_receive(&c->all[i], &c->ledger,
						c->ledger.chain.seq, &event),
				 ERR_OK);
		if (event.kind != SESSION_COMMIT &&
		    event.kind != SESSION_REMOVED)
			fail_msg("device %d: %s", i, err_text(event.refused));
		session_event_clear(&event);
		device_restart(&c->all[i]);
	}
	court_compare(c);
}

/* The cheat's own device would not take it: it leaves the court. */
void court_accept_cheat(struct court *c, const struct cheat *how)
{
	struct cheated made;
	int by = 0;

	while (!span_equal(c->all[by].me.signature_public,
			   how->by->me.signature_public))
		by++;
	cheat_commit(how, &made);
	session_free(c->all[by].session);
	c->all[by].session = NULL;
	take(c, buf_span(&made.message), SPAN_EMPTY);
	cheated_clear(&made);
}

/* ---- what members do ---- */

void court_accept(struct court *c, int by, const struct mls_change *change,
		  int joiner)
{
	struct mls_commit made = { 0 };
	uint64_t seq;

	assert_int_equal(device_stage(&c->all[by], change, &made), ERR_OK);
	take(c, buf_span(&made.commit), buf_span(&made.group_info));
	seq = c->ledger.chain.seq;
	if (joiner >= 0) {
		struct device *d = &c->all[joiner];

		session_free(d->session);
		d->session = NULL;
		assert_int_equal(session_join_welcome(
				     &d->me, world_id, buf_span(&made.welcome),
				     SESSION_WITHIN, buf_span(&d->key_package),
				     &d->secrets, seq,
				     ledger_entry(&c->ledger, seq)->head,
				     &(enum session_tree){ 0 }, &d->session),
				 ERR_OK);
		assert_int_equal(
		    session_set_departures(
			d->session, session_departures(c->all[by].session)),
		    ERR_OK);
	}
	mls_commit_clear(&made);
}

void court_add(struct court *c, int by, int who)
{
	struct span key_package = buf_span(&c->all[who].key_package);
	const struct mls_change change = { .adds = &key_package,
					   .add_count = 1,
					   .force_path = true };

	court_accept(c, by, &change, who);
}

void court_remove(struct court *c, int by, int who)
{
	uint32_t leaf = court_leaf(&c->all[who]);
	const struct mls_change change = { .removes = &leaf,
					   .remove_count = 1 };

	court_accept(c, by, &change, -1);
}

void court_give_role(struct court *c, int by, const char *user, enum role role)
{
	struct buf extensions = BUF_INIT;
	struct span content;
	struct mls_change change = { .extensions = &content };

	assert_int_equal(session_put_role(c->all[by].session, span_str(user),
					  role, &extensions),
			 ERR_OK);
	content = buf_span(&extensions);
	court_accept(c, by, &change, -1);
	buf_clear(&extensions);
}

void court_depart(struct court *c, int by, int whom, const char *heir)
{
	struct buf departure = BUF_INIT;

	assert_int_equal(session_depart(c->all[by].session, &c->all[by].me,
					court_leaf(&c->all[whom]),
					span_str(heir), &departure),
			 ERR_OK);
	ledger_post(&c->ledger, CHAIN_DEPARTURE, buf_span(&departure));
	assert_null(check_walk_departure(c->walk, buf_span(&departure)).wrong);
	for (int i = 0; i < COURT_DEVICES; i++) {
		if (!is_in(&c->all[i]))
			continue;
		expect_kind(&c->all[i], &c->ledger, SESSION_DEPARTED);
		assert_int_equal(session_member(c->all[i].session), i != whom);
		device_restart(&c->all[i]);
	}
	buf_clear(&departure);
}

void court_join(struct court *c, int who, bool resync, const char *word)
{
	struct device *d = &c->all[who], *at = observer(c);
	struct mls_commit made = { 0 };
	struct buf info = BUF_INIT;

	session_free(d->session);
	d->session = NULL;
	at = observer(c);
	assert_int_equal(
	    mls_group_info(session_group(at->session), &at->me, true, &info),
	    ERR_OK);
	assert_int_equal(session_join_external(&d->me, world_id,
					       buf_span(&info), resync, NULL,
					       NULL, &d->session, &made),
			 ERR_OK);
	if (word != NULL) {
		court_refuse_bytes(c, buf_span(&made.commit),
				   buf_span(&made.group_info), word, true);
		session_free(d->session);
		d->session = NULL;
	} else {
		take(c, buf_span(&made.commit), buf_span(&made.group_info));
		assert_int_equal(
		    session_accepted(
			d->session, NOW, c->ledger.chain.seq,
			ledger_entry(&c->ledger, c->ledger.chain.seq)->head),
		    ERR_OK);
	}
	mls_commit_clear(&made);
	buf_clear(&info);
}

/* ---- making ---- */

void court_make(struct court *c, enum world_policy policy)
{
	static const char *const names[] = { "alice/1", "alice/2", "bob/1",
					     "carol/1", "carol/2", "dave/1" };

	memset(c, 0, sizeof(*c));
	for (int i = 0; i < COURT_DEVICES; i++)
		device_make(&c->all[i], names[i],
			    SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519);
	ledger_make(&c->ledger);
	world_create(&c->all[ALICE], NULL, policy);
	begin_walk(c);
	court_add(c, ALICE, ALICE2);
	court_add(c, ALICE, BOB);
	court_add(c, ALICE, CAROL);
	court_give_role(c, ALICE, "bob", ROLE_ADMIN);
}

void court_free(struct court *c)
{
	for (int i = 0; i < COURT_DEVICES; i++)
		device_free(&c->all[i]);
	ledger_free(&c->ledger);
	check_walk_free(c->walk);
}

static int set_up(void **state, enum world_policy policy)
{
	static struct court court;

	court_make(&court, policy);
	*state = &court;
	return 0;
}

int court_setup(void **state)
{
	return set_up(state, WORLD_UNSAID);
}

int court_setup_invited(void **state)
{
	return set_up(state, WORLD_INVITED);
}

int court_setup_open(void **state)
{
	return set_up(state, WORLD_OPEN);
}

int court_teardown(void **state)
{
	court_free(*state);
	return 0;
}
