/* Sessions of the rules before, which go over to places: judged by members, by a walk,
 * and as a server does. */
#include "tests/testlib/town.h"

#include "check/commit.h"
#include "check/over.h"
#include "session/places.h"
#include "session/state.h"
#include "wire/extension.h"
#include "wire/generation.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

enum { MALLORY = CAROL + 1, PEOPLE };
enum { ALICES, BOBS, CAROLS, MALLORYS, ALL_HOUSES };

/* Alice owns the session, with two devices; Bob is an admin; Carol's device came in as
 * one of an account. Mallory is outside. */
struct crossing {
	struct house *houses[ALL_HOUSES];
	struct device now[PEOPLE];    /* by the rules before */
	struct resident next[PEOPLE]; /* who they become, and what they know */
	struct ledger ledger;
	struct check_walk *walk;
	struct check_accounts *walked, *server;
	struct buf info; /* of the group as it is */
};

static const int home[PEOPLE] = { ALICES, ALICES, BOBS, CAROLS, MALLORYS };
static const char *const names[PEOPLE] = { "alice/1", "alice/2", "bob/1", NULL,
					   "mallory/1" };

static void know_all(struct crossing *c, struct check_accounts *accounts)
{
	for (int i = 0; i < ALL_HOUSES; i++)
		town_know(accounts, c->houses[i]);
}

static bool is_in(const struct crossing *c, int who)
{
	return c->now[who].session != NULL &&
	       session_member(c->now[who].session);
}

static void remember(struct crossing *c)
{
	const struct device *d = &c->now[ALICE];

	buf_reset(&c->info);
	MUST(mls_group_info(session_group(d->session), &d->me, true, &c->info));
}

/* ---- making ---- */

static void make_person(struct crossing *c, int who)
{
	struct resident *next = &c->next[who];
	struct house *house = c->houses[home[who]];

	town_move_in(next, house, who == ALICE2);
	town_make_device(&c->now[who],
			 names[who] != NULL ? span_str(names[who])
					    : buf_span(&next->identity),
			 town_key(house, who == ALICE2));
	town_know(next->accounts, house);
}

static void bring_in(struct crossing *c, int who)
{
	world_add(&c->now[ALICE], &c->now[who], &c->ledger);
	session_set_accounts(c->now[ALICE].session, c->next[ALICE].accounts);
	session_set_accounts(c->now[who].session, c->next[who].accounts);
	for (int i = ALICE2; i < who; i++)
		expect_kind(&c->now[i], &c->ledger, SESSION_COMMIT);
}

/* All take it. */
static void change_extensions(struct crossing *c, struct span extensions)
{
	const struct mls_change change = { .extensions = &extensions };
	struct mls_commit made = { 0 };

	MUST(device_stage(&c->now[ALICE], &change, &made));
	ledger_post(&c->ledger, CHAIN_COMMIT, buf_span(&made.commit));
	for (int i = 0; i < PEOPLE; i++)
		if (is_in(c, i))
			expect_kind(&c->now[i], &c->ledger, SESSION_COMMIT);
	if (c->walk != NULL)
		assert_null(
		    check_walk_commit(c->walk, buf_span(&made.commit)).wrong);
	remember(c);
	mls_commit_clear(&made);
}

static void promote_bob(struct crossing *c)
{
	struct buf extensions = BUF_INIT;

	MUST(session_put_role(c->now[ALICE].session, SPAN_LIT("bob"),
			      ROLE_ADMIN, &extensions));
	change_extensions(c, buf_span(&extensions));
	buf_clear(&extensions);
}

static int setup(void **state)
{
	struct crossing *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	for (int i = 0; i < ALL_HOUSES; i++) {
		c->houses[i] = calloc(1, sizeof(struct house));
		assert_non_null(c->houses[i]);
		house_init(c->houses[i], false);
	}
	house_add(c->houses[ALICES], 0, 1);
	for (int i = 0; i < PEOPLE; i++)
		make_person(c, i);
	know_all(c, c->next[ALICE].accounts);
	MUST(check_accounts_new(NULL, &c->walked));
	MUST(check_accounts_new(NULL, &c->server));
	know_all(c, c->server);
	ledger_make(&c->ledger);
	world_create(&c->now[ALICE], NULL, WORLD_UNSAID);
	for (int i = ALICE2; i <= CAROL; i++)
		bring_in(c, i);
	promote_bob(c);
	assert_null(
	    check_walk_from_info(buf_span(&c->info), CHECK_UNSEEN, &c->walk)
		.wrong);
	check_walk_set_accounts(c->walk, c->walked);
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	struct crossing *c = *state;

	for (int i = 0; i < PEOPLE; i++) {
		device_free(&c->now[i]);
		device_free(&c->next[i].d);
		buf_clear(&c->next[i].identity);
		check_accounts_free(c->next[i].accounts);
	}
	for (int i = 0; i < ALL_HOUSES; i++) {
		house_free(c->houses[i]);
		free(c->houses[i]);
	}
	ledger_free(&c->ledger);
	check_walk_free(c->walk);
	check_accounts_free(c->walked);
	check_accounts_free(c->server);
	buf_clear(&c->info);
	free(c);
	return 0;
}

/* ---- moving ---- */

/* Alice's device offers that algorithm alone; KeyPackages of the others. */
static void plan_with(struct crossing *c, const struct span *key_packages,
		      struct negotiation_plan *plan)
{
	struct device *alice = &c->next[ALICE].d;
	struct negotiation_offer offer = { alice->me.credential_identity,
					   SPAN_EMPTY };
	struct negotiation_invitee others[3];
	struct buf own = BUF_INIT;

	alice->me.cipher_suite_count = 1; /* the first is SUITE */
	buf_put_u16(&own, SUITE);
	offer.suites = buf_span(&own);
	for (int i = 0; i < 3; i++)
		others[i] = (struct negotiation_invitee){
			buf_span(&c->next[ALICE2 + i].identity),
			&key_packages[i], 1
		};
	MUST(negotiation_plan(&offer, others, 3, plan));
	buf_clear(&own);
}

static void list_packages(const struct crossing *c, struct span packages[3])
{
	for (int i = 0; i < 3; i++)
		packages[i] = buf_span(&c->next[ALICE2 + i].d.key_package);
}

static enum err stage(struct crossing *c, const struct span *key_packages,
		      struct mls_commit *made)
{
	struct negotiation_plan plan;
	enum err e;

	plan_with(c, key_packages, &plan);
	e = session_move(c->now[ALICE].session, &c->now[ALICE].me,
			 &c->next[ALICE].d.me, &plan, made);
	negotiation_plan_clear(&plan);
	return e;
}

/* As a server does. */
static const char *serve(struct crossing *c, struct span commit,
			 struct span successor)
{
	const struct check_commit what = { .before = buf_span(&c->info),
					   .commit = commit,
					   .successor = successor,
					   .accounts = c->server };

	return check_commit(&what).wrong;
}

/* A ReInit stands in the log: `wrong` NULL: all take it. */
static void post(struct crossing *c, int by, struct span commit,
		 const char *wrong)
{
	uint64_t seq = ledger_post(&c->ledger, CHAIN_COMMIT, commit);
	struct check_verdict verdict = check_walk_commit(c->walk, commit);

	assert_true((verdict.wrong == NULL) == (wrong == NULL));
	for (int i = 0; i < PEOPLE; i++) {
		struct session_event event = { 0 };

		if (!is_in(c, i))
			continue;
		if (i == by && wrong != NULL)
			session_discard(c->now[i].session);
		MUST(device_receive(&c->now[i], &c->ledger, seq, &event));
		if ((event.kind == SESSION_REFUSED) != (wrong != NULL))
			fail_msg("%d: %s", i, event.rule);
		if (wrong != NULL)
			assert_non_null(strstr(event.rule, wrong));
		session_event_clear(&event);
	}
}

static void receive_successor(struct crossing *c, int who, uint64_t seq,
			      enum err refused)
{
	const struct entry *entry = ledger_entry(&c->ledger, seq);
	struct device *next = &c->next[who].d;
	struct session_event event = { 0 };
	bool own = who == ALICE;

	MUST(session_receive_successor(
	    c->now[who].session, seq, buf_span(&entry->bytes), entry->head,
	    own ? NULL : &next->me, buf_span(&next->key_package),
	    &next->secrets, &event));
	assert_int_equal(event.refused, refused);
	assert_int_equal(event.goes_over, refused == ERR_OK);
	session_event_clear(&event);
	if (refused == ERR_OK) {
		next->session = c->now[who].session;
		c->now[who].session = NULL;
	}
}

static enum role role_of(const struct crossing *c, int at, int whom)
{
	return session_role(c->next[at].d.session,
			    buf_span(&c->next[whom].identity));
}

/* ---- what is taken ---- */

static void test_all_go_over(void **state)
{
	struct crossing *c = *state;
	struct mls_commit made = { 0 };
	struct span packages[3];
	bool new_keys;
	uint64_t seq;

	list_packages(c, packages);
	MUST(stage(c, packages, &made));
	assert_null(
	    serve(c, buf_span(&made.commit), buf_span(&made.group_info)));
	post(c, ALICE, buf_span(&made.commit), NULL);
	seq = ledger_post(&c->ledger, CHAIN_SUCCESSOR, buf_span(&made.welcome));
	for (int i = ALICE; i <= CAROL; i++)
		receive_successor(c, i, seq, ERR_OK);
	assert_null(
	    check_walk_successor(c->walk, buf_span(&made.group_info), &new_keys)
		.wrong);
	assert_false(new_keys);
	for (int i = ALICE; i <= CAROL; i++) {
		const struct session *session = c->next[i].d.session;

		assert_true(session_is_placed(session));
		assert_same_group(&c->next[ALICE].d, &c->next[i].d);
		assert_int_equal(role_of(c, i, ALICE2), ROLE_OWNER);
		assert_int_equal(role_of(c, i, BOB), ROLE_ADMIN);
		assert_int_equal(role_of(c, i, CAROL), ROLE_MEMBER);
	}
	mls_commit_clear(&made);
}

/* Who learns of an account by the commit alone knows its log from then on. */
static void test_links_come_with_it(void **state)
{
	struct crossing *c = *state;
	struct mls_commit made = { 0 };
	const struct account_log *log;
	struct span packages[3], links, alices;

	alices = account_log_fingerprint(c->houses[ALICES]->log);
	MUST(check_accounts_find(c->next[BOB].accounts, alices, &log, &links));
	assert_null(log);
	list_packages(c, packages);
	MUST(stage(c, packages, &made));
	post(c, ALICE, buf_span(&made.commit), NULL);
	MUST(check_accounts_find(c->next[BOB].accounts, alices, &log, &links));
	assert_non_null(log);
	mls_commit_clear(&made);
}

/* ---- what is refused ---- */

/* A ReInit that says what its sender wishes. */
struct wish {
	int by;
	int bobs;      /* the house that is said to be Bob's */
	bool one_more; /* and Mallory's has a place, too */
	bool promotes; /* Bob becomes an owner */
};

static void put_roles(const struct crossing *c, const struct wish *wish,
		      struct buf *extensions)
{
	struct span users[2] = { roles_user(buf_span(&c->next[ALICE].identity)),
				 roles_user(buf_span(&c->next[BOB].identity)) };
	enum role second = wish->promotes ? ROLE_OWNER : ROLE_ADMIN;
	bool turned = span_compare(users[0], users[1]) > 0;
	struct buf rows = BUF_INIT;

	roles_put(&rows, users[turned], turned ? second : ROLE_OWNER);
	roles_put(&rows, users[!turned], turned ? ROLE_OWNER : second);
	MUST(roles_put_extension(extensions, buf_span(&rows)));
	buf_clear(&rows);
}

static void put_places(struct crossing *c, const struct wish *wish,
		       struct buf *extensions)
{
	struct span identities[4] = {
		buf_span(&c->next[ALICE].identity),
		wish->bobs == MALLORYS ? buf_span(&c->next[MALLORY].identity)
				       : buf_span(&c->next[BOB].identity),
		buf_span(&c->next[CAROL].identity),
		buf_span(&c->next[MALLORY].identity),
	};
	struct buf rows = BUF_INIT;

	MUST(places_put_all(identities, wish->one_more ? 4 : 3, c->server,
			    &rows));
	places_put_extension(extensions, buf_span(&rows));
	buf_clear(&rows);
}

static void refuse(struct crossing *c, const struct wish *wish,
		   const char *wrong)
{
	uint8_t id[GENERATION_GROUP_ID_MAX];
	struct device *by = &c->now[wish->by];
	struct mls_reinit reinit = { .cipher_suite = SUITE, .unlisted = true };
	const struct mls_change change = { .reinit = &reinit };
	struct buf extensions = BUF_INIT;
	struct mls_commit made = { 0 };
	struct wire_extension old;
	struct span rest = mls_group_extensions(session_group(by->session));
	const char *said;

	while (wire_extensions_next(&rest, &old))
		if (old.type != ROLES_EXTENSION)
			wire_extension_put(&extensions, old.type, old.data);
	put_roles(c, wish, &extensions);
	put_places(c, wish, &extensions);
	MUST(buf_end(&extensions));
	reinit.extensions = buf_span(&extensions);
	reinit.group_id = span_of(id, generation_group_id(world_id, 1, id));
	know_all(c, c->next[wish->by].accounts);
	MUST(device_stage(by, &change, &made));
	said = serve(c, buf_span(&made.commit), SPAN_EMPTY);
	assert_non_null(said);
	if (strstr(said, wrong) == NULL)
		fail_msg("%s, and not: %s", said, wrong);
	post(c, wish->by, buf_span(&made.commit), wrong);
	mls_commit_clear(&made);
	buf_clear(&extensions);
}

static void test_another_account_in_the_place_of_one(void **state)
{
	refuse(*state, &(struct wish){ ALICE, .bobs = MALLORYS },
	       "in no log of the accounts");
}

static void test_an_account_more(void **state)
{
	refuse(*state, &(struct wish){ ALICE, .bobs = BOBS, .one_more = true },
	       "account without a leaf");
}

static void test_another_role(void **state)
{
	refuse(*state, &(struct wish){ ALICE, .bobs = BOBS, .promotes = true },
	       "roles do not go over");
}

static void test_by_an_admin(void **state)
{
	refuse(*state, &(struct wish){ BOB, .bobs = BOBS }, "takes an owner");
}

static void test_with_a_ban_by_name(void **state)
{
	struct crossing *c = *state;
	struct buf extensions = BUF_INIT;

	MUST(session_put_ban(c->now[ALICE].session, SPAN_LIT("dave"), true,
			     &extensions));
	change_extensions(c, buf_span(&extensions));
	refuse(c, &(struct wish){ ALICE, .bobs = BOBS }, "banned by name");
	buf_clear(&extensions);
}

/* The ReInit is right, and the group after it has another key for Bob's device. */
static void test_another_key_in_the_next_group(void **state)
{
	struct crossing *c = *state;
	struct mls_commit made = { 0 };
	struct resident forged = { 0 };
	struct span packages[3];
	uint64_t seq;

	town_move_in(&forged, c->houses[MALLORYS], 0);
	device_free(&forged.d);
	town_make_device(&forged.d, buf_span(&c->next[BOB].identity),
			 town_key(c->houses[MALLORYS], 0));
	list_packages(c, packages);
	packages[BOB - ALICE2] = buf_span(&forged.d.key_package);
	MUST(stage(c, packages, &made));
	assert_non_null(
	    strstr(serve(c, buf_span(&made.commit), buf_span(&made.group_info)),
		   "another signature key"));
	post(c, ALICE, buf_span(&made.commit), NULL);
	seq = ledger_post(&c->ledger, CHAIN_SUCCESSOR, buf_span(&made.welcome));
	receive_successor(c, CAROL, seq, ERR_PEER_INVALID);
	mls_commit_clear(&made);
	device_free(&forged.d);
	buf_clear(&forged.identity);
	check_accounts_free(forged.accounts);
}

/* Bob's log does not have the key of his leaf: it does not go over. */
static void test_a_key_that_no_log_has(void **state)
{
	struct crossing *c = *state;
	const struct span identities[] = {
		buf_span(&c->next[ALICE].identity),
		buf_span(&c->next[MALLORY].identity),
		buf_span(&c->next[CAROL].identity),
	};
	struct check_over over;
	const char *wrong;
	uint32_t leaf;

	MUST(session_over_leaves(c->now[ALICE].session, identities, 3, &over,
				 &wrong));
	assert_non_null(wrong);
	leaf = mls_group_own_leaf(session_group(c->now[BOB].session));
	assert_int_equal(check_over_identity(&over, leaf).n, 0);
	leaf = mls_group_own_leaf(session_group(c->now[ALICE2].session));
	assert_true(span_equal(check_over_identity(&over, leaf),
			       buf_span(&c->next[ALICE2].identity)));
	check_over_clear(&over);
}

/* The group, in which Bob's device calls itself one of Alice's. */
static bool see_alices(const void *of, uint32_t index,
		       struct check_member *member)
{
	const struct check_view *view = of;

	if (!view->leaf(view->group, index, member))
		return false;
	if (span_equal(member->identity, SPAN_LIT("bob/1")))
		member->identity = SPAN_LIT("alice/3");
	return true;
}

/* Devices of one user whose keys stand in the logs of two accounts: whose they are. */
static void test_two_accounts_of_one_user(void **state)
{
	struct crossing *c = *state;
	const struct span identities[] = {
		buf_span(&c->next[ALICE].identity),
		buf_span(&c->next[BOB].identity),
		buf_span(&c->next[CAROL].identity),
	};
	struct buf rows = BUF_INIT;
	struct check_view view, seen;
	struct check_over over;

	MUST(places_put_all(identities, 3, c->next[ALICE].accounts, &rows));
	MUST(buf_end(&rows));
	session_view(c->now[ALICE].session, &view);
	assert_null(
	    check_over_leaves(&view, buf_span(&rows), SPAN_EMPTY, &over).wrong);
	assert_int_equal(over.parted.n, 0);
	check_over_clear(&over);
	seen = view;
	seen.leaf = see_alices;
	seen.group = &view;
	assert_non_null(
	    check_over_leaves(&seen, buf_span(&rows), SPAN_EMPTY, &over).wrong);
	assert_true(span_equal(over.parted, SPAN_LIT("alice")));
	check_over_clear(&over);
	buf_clear(&rows);
}

/* A device that its account has removed does not go over. */
static void test_a_device_that_has_ended(void **state)
{
	struct crossing *c = *state;
	struct mls_commit made = { 0 };
	struct span packages[3];

	house_remove(c->houses[ALICES], 0, 1);
	town_know(c->next[ALICE].accounts, c->houses[ALICES]);
	list_packages(c, packages);
	assert_int_equal(stage(c, packages, &made), ERR_PEER_INVALID);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_all_go_over),
		TEST(test_links_come_with_it),
		TEST(test_another_account_in_the_place_of_one),
		TEST(test_an_account_more),
		TEST(test_another_role),
		TEST(test_by_an_admin),
		TEST(test_with_a_ban_by_name),
		TEST(test_another_key_in_the_next_group),
		TEST(test_a_key_that_no_log_has),
		TEST(test_two_accounts_of_one_user),
		TEST(test_a_device_that_has_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
