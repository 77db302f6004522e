/* Groups with places: leaves that are devices of accounts. Each commit is judged
 * by the members, by a walk, and as a server does; all have to agree. */
#include "check/commit.h"
#include "tests/testlib/accounts.h"
#include "tests/testlib/session_world.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "session/places.h"

#define SUITE SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519
#define MUST(call) assert_int_equal((call), ERR_OK)

/* A device in its account's house, and what it knows of accounts. */
struct resident {
	struct house *house;
	int who; /* of the house's keys */
	struct device d;
	struct buf identity;
	struct check_accounts *accounts;
};

enum { ALICE, ALICE2, BOB, CAROL, RESIDENTS };
enum { HOUSES = 3 };

struct town {
	struct house *houses[HOUSES]; /* of Alice, Bob, Carol */
	struct resident r[RESIDENTS];
	struct ledger ledger;
	struct check_walk *walk;
	struct check_accounts *walked; /* what the walk knows */
	struct check_accounts *server;
};

/* ---- making ---- */

/* The house's Ed25519 key; `number`: what the leaf says. */
static void name_it(struct resident *r, struct span fingerprint,
		    uint64_t number, const struct account_pair *pair)
{
	buf_reset(&r->identity);
	places_put_leaf(&r->identity, fingerprint, number);
	MUST(buf_end(&r->identity));
	device_make(&r->d, "nobody/1", SUITE);
	sec_clear(&r->d.private_key);
	buf_clear(&r->d.public_key);
	MUST(sec_set(&r->d.private_key, sec_span(&pair->private_key)));
	buf_put(&r->d.public_key, buf_span(&pair->public_key));
	r->d.me.credential_identity = buf_span(&r->identity);
	r->d.me.signature_private = sec_span(&r->d.private_key);
	r->d.me.signature_public = buf_span(&r->d.public_key);
	buf_clear(&r->d.key_package);
	mls_key_package_secrets_clear(&r->d.secrets);
	MUST(mls_key_package_create(&r->d.me, false, &r->d.secrets,
				    &r->d.key_package));
}

static const struct account_pair *ed25519_of(const struct house *h, int who)
{
	const struct account_keys *keys = &h->keys[who];

	for (size_t i = 0; i < keys->count; i++)
		if (suite_scheme(keys->signatures[i].suite) ==
		    suite_scheme(suite_by_id(SUITE)))
			return &keys->signatures[i];
	fail();
	return NULL;
}

static void move_in(struct resident *r, struct house *house, int who)
{
	r->house = house;
	r->who = who;
	MUST(check_accounts_new(NULL, &r->accounts));
	if (house->number[who] != 0)
		name_it(r, account_log_fingerprint(house->log),
			house->number[who], ed25519_of(house, who));
}

static void know(struct check_accounts *accounts, const struct house *house)
{
	struct check_verdict verdict =
	    check_accounts_add(accounts, buf_span(&house->links));

	assert_null(verdict.wrong);
}

static void move_out(struct resident *r)
{
	device_free(&r->d);
	buf_clear(&r->identity);
	check_accounts_free(r->accounts);
}

static void info_of(struct resident *r, struct buf *info)
{
	MUST(mls_group_info(session_group(r->d.session), &r->d.me, true, info));
}

/* Alice's session. */
static void found(struct town *t)
{
	struct resident *alice = &t->r[ALICE];
	struct negotiation_offer offer = { alice->d.me.credential_identity,
					   SPAN_EMPTY };
	struct negotiation_plan plan;
	struct buf own = BUF_INIT, info = BUF_INIT;

	for (size_t i = 0; i < 3; i++)
		buf_put_u16(&own, alice->d.suites[i]);
	offer.suites = buf_span(&own);
	MUST(negotiation_plan(&offer, NULL, 0, &plan));
	MUST(session_create(&alice->d.me, world_id, &plan, alice->accounts,
			    &alice->d.session, &info));
	assert_true(session_has_places(alice->d.session));
	assert_null(check_first(buf_span(&info),
				alice->d.me.credential_identity, t->server));
	assert_null(
	    check_walk_from_info(buf_span(&info), CHECK_UNSEEN, &t->walk)
		.wrong);
	check_walk_set_accounts(t->walk, t->walked);
	assert_null(check_walk_check_leaves(t->walk, true).wrong);
	negotiation_plan_clear(&plan);
	buf_clear(&own);
	buf_clear(&info);
}

static int setup(void **state)
{
	struct town *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	for (int i = 0; i < HOUSES; i++) {
		t->houses[i] = calloc(1, sizeof(struct house));
		assert_non_null(t->houses[i]);
		house_init(t->houses[i], false);
	}
	MUST(check_accounts_new(NULL, &t->walked));
	MUST(check_accounts_new(NULL, &t->server));
	ledger_make(&t->ledger);
	move_in(&t->r[ALICE], t->houses[0], 0);
	move_in(&t->r[BOB], t->houses[1], 0);
	move_in(&t->r[CAROL], t->houses[2], 0);
	for (int i = 0; i < RESIDENTS; i++)
		if (t->r[i].house != NULL)
			know(t->r[i].accounts, t->r[i].house);
	for (int i = 0; i < HOUSES; i++)
		know(t->server, t->houses[i]);
	know(t->walked, t->houses[0]);
	know(t->r[ALICE].accounts, t->houses[1]);
	found(t);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct town *t = *state;

	for (int i = 0; i < RESIDENTS; i++)
		move_out(&t->r[i]);
	for (int i = 0; i < HOUSES; i++) {
		house_free(t->houses[i]);
		free(t->houses[i]);
	}
	ledger_free(&t->ledger);
	check_walk_free(t->walk);
	check_accounts_free(t->walked);
	check_accounts_free(t->server);
	free(t);
	return 0;
}

/* ---- the log ---- */

static struct check_verdict serve(struct town *t, struct span before,
				  const struct mls_commit *made)
{
	struct check_commit what = { .before = before,
				     .commit = buf_span(&made->commit),
				     .after = buf_span(&made->group_info),
				     .accounts = t->server };

	return check_commit(&what);
}

/* A commit stands in the log; members but `by` receive it. `wrong` NULL: all
 * take it; otherwise all refuse it with words that have that one in it. */
static void post(struct town *t, int by, const struct mls_commit *made,
		 const char *wrong)
{
	struct buf before = BUF_INIT;
	struct check_verdict verdict;
	uint64_t seq;

	info_of(&t->r[ALICE], &before);
	verdict = serve(t, buf_span(&before), made);
	if (wrong == NULL && verdict.wrong != NULL)
		fail_msg("the server: %s", verdict.wrong);
	if (wrong != NULL &&
	    (verdict.wrong == NULL || strstr(verdict.wrong, wrong) == NULL))
		fail_msg("the server: %s, and not: %s", verdict.wrong, wrong);
	verdict = check_walk_commit(t->walk, buf_span(&made->commit));
	if ((verdict.wrong == NULL) != (wrong == NULL))
		fail_msg("the walk: %s", verdict.wrong);
	seq = ledger_post(&t->ledger, CHAIN_COMMIT, buf_span(&made->commit));
	for (int i = 0; i < RESIDENTS; i++) {
		struct session_event event = { 0 };

		if (t->r[i].d.session == NULL ||
		    !session_member(t->r[i].d.session))
			continue;
		if (i == by && wrong != NULL)
			session_discard(t->r[i].d.session);
		MUST(device_receive(&t->r[i].d, &t->ledger, seq, &event));
		if (wrong == NULL && event.kind == SESSION_REFUSED)
			fail_msg("%d: %s", i, event.rule);
		if (wrong != NULL) {
			assert_int_equal(event.kind, SESSION_REFUSED);
			assert_non_null(strstr(event.rule, wrong));
		}
		session_event_clear(&event);
	}
	if (wrong == NULL)
		assert_null(
		    check_walk_matches(t->walk, buf_span(&made->group_info))
			.wrong);
	buf_clear(&before);
}

static void commit(struct town *t, int by, const struct mls_change *change,
		   const char *wrong)
{
	struct mls_commit made = { 0 };

	MUST(device_stage(&t->r[by].d, change, &made));
	post(t, by, &made, wrong);
	mls_commit_clear(&made);
}

static void rotate(struct town *t, int by)
{
	const struct mls_change change = { .force_path = true };

	commit(t, by, &change, NULL);
}

/* By Welcome; whoever comes is given the logs by somebody. */
static void add(struct town *t, int by, int who)
{
	struct resident *r = &t->r[who];
	struct span key_package = buf_span(&r->d.key_package);
	const struct mls_change change = { .adds = &key_package,
					   .add_count = 1 };
	struct mls_commit made = { 0 };
	const char *wrong;
	uint64_t seq;

	MUST(device_stage(&t->r[by].d, &change, &made));
	post(t, by, &made, NULL);
	seq = t->ledger.chain.seq;
	MUST(session_join_welcome(&r->d.me, world_id, buf_span(&made.welcome),
				  SPAN_EMPTY, key_package, &r->d.secrets, seq,
				  ledger_entry(&t->ledger, seq)->head,
				  &(enum session_tree){ 0 }, &r->d.session));
	session_set_accounts(r->d.session, r->accounts);
	assert_int_equal(session_check_leaves(r->d.session, &wrong),
			 ERR_STATE_ACCOUNTS);
	for (int i = 0; i < HOUSES; i++)
		know(r->accounts, t->houses[i]);
	MUST(session_check_leaves(r->d.session, &wrong));
	mls_commit_clear(&made);
}

static void expect_place(const struct town *t, int at, int house,
			 uint64_t number)
{
	struct places places;
	struct place place;

	MUST(places_read(
	    mls_group_extensions(session_group(t->r[at].d.session)), &places));
	if (number == 0) {
		assert_false(places_find(
		    places.rows, account_log_fingerprint(t->houses[house]->log),
		    &place));
		return;
	}
	assert_true(places_find(places.rows,
				account_log_fingerprint(t->houses[house]->log),
				&place));
	assert_int_equal(place.number, number);
}

/* Alice's second device is in her log, which she and the server know. */
static void second_device(struct town *t)
{
	house_add(t->houses[0], 0, 1);
	move_in(&t->r[ALICE2], t->houses[0], 1);
	know(t->r[ALICE].accounts, t->houses[0]);
	know(t->server, t->houses[0]);
}

/* ---- what is taken ---- */

static void test_links_come_with_the_commit(void **state)
{
	struct town *t = *state;

	add(t, ALICE, BOB);
	expect_place(t, BOB, 1, 1);
	second_device(t);
	rotate(t, ALICE); /* Bob, and the walk, did not know of it */
	expect_place(t, BOB, 0, 2);
	add(t, ALICE, ALICE2);
	rotate(t, BOB);
	rotate(t, ALICE2);
	expect_place(t, ALICE, 0, 2);
}

static void test_a_removed_device_goes_by_anybody(void **state)
{
	struct town *t = *state;
	struct mls_member member;
	uint32_t gone, leaf = 0;
	const struct mls_change change = { .removes = &gone,
					   .remove_count = 1,
					   .force_path = true };
	bool settled;

	second_device(t);
	add(t, ALICE, ALICE2);
	add(t, ALICE, BOB);
	gone = mls_group_own_leaf(session_group(t->r[ALICE2].d.session));
	assert_false(
	    session_next_ended(t->r[BOB].d.session, &leaf, &member, &settled));
	house_remove(t->houses[0], 0, 1);
	know(t->r[BOB].accounts, t->houses[0]);
	know(t->server, t->houses[0]);
	leaf = 0;
	assert_true(
	    session_next_ended(t->r[BOB].d.session, &leaf, &member, &settled));
	assert_int_equal(member.leaf_index, gone);
	assert_false(settled);
	/* before the group says so it takes an admin */
	commit(t, BOB, &change, "to remove that member");
	rotate(t, BOB); /* raises Alice's place */
	expect_place(t, ALICE, 0, 3);
	leaf = 0;
	assert_true(
	    session_next_ended(t->r[BOB].d.session, &leaf, &member, &settled));
	assert_true(settled);
	commit(t, ALICE2, &(struct mls_change){ .force_path = true },
	       "has removed its device");
	commit(t, BOB, &change, NULL);
	leaf = 0;
	assert_false(
	    session_next_ended(t->r[BOB].d.session, &leaf, &member, &settled));
}

static void test_who_leaves_takes_its_place_along(void **state)
{
	struct town *t = *state;
	uint32_t gone;
	const struct mls_change change = { .removes = &gone,
					   .remove_count = 1,
					   .force_path = true };

	add(t, ALICE, BOB);
	gone = mls_group_own_leaf(session_group(t->r[BOB].d.session));
	commit(t, ALICE, &change, NULL);
	expect_place(t, ALICE, 1, 0);
	expect_place(t, ALICE, 0, 1);
}

static void join_from_outside(struct town *t, int who, bool resync,
			      const char *wrong)
{
	struct resident *r = &t->r[who];
	struct mls_commit made = { 0 };
	struct buf info = BUF_INIT;

	info_of(&t->r[ALICE], &info);
	session_free(r->d.session);
	r->d.session = NULL;
	MUST(session_join_external(&r->d.me, world_id, buf_span(&info), resync,
				   &t->ledger.chain, r->accounts, &r->d.session,
				   &made));
	post(t, who, &made, wrong);
	if (wrong == NULL)
		MUST(session_accepted(
		    r->d.session, NOW, t->ledger.chain.seq,
		    ledger_entry(&t->ledger, t->ledger.chain.seq)->head));
	mls_commit_clear(&made);
	buf_clear(&info);
}

static void test_who_joins_brings_its_log(void **state)
{
	struct town *t = *state;

	add(t, ALICE, BOB);
	know(t->r[CAROL].accounts, t->houses[0]);
	know(t->r[CAROL].accounts, t->houses[1]);
	join_from_outside(t, CAROL, false, NULL);
	expect_place(t, BOB, 2, 0);
	rotate(t, BOB); /* by Carol's own links */
	expect_place(t, CAROL, 2, 1);
	join_from_outside(t, CAROL, true, NULL);
	rotate(t, CAROL);
}

/* More than a commit carries: the last links, and who knows the others takes it. */
static void test_a_long_log_is_not_all_carried(void **state)
{
	struct town *t = *state;
	struct house *carols = t->houses[2];
	struct check_accounts *know_it[] = { t->r[ALICE].accounts,
					     t->r[BOB].accounts,
					     t->r[CAROL].accounts, t->walked,
					     t->server };

	add(t, ALICE, BOB);
	know(t->r[CAROL].accounts, t->houses[0]);
	know(t->r[CAROL].accounts, t->houses[1]);
	for (int who = 1; carols->links.n <= PLACES_LINKS_MAX; who++) {
		house_add(carols, 0, who);
		house_remove(carols, 0, who);
	}
	for (size_t i = 0; i < sizeof(know_it) / sizeof(*know_it); i++)
		know(know_it[i], carols);
	join_from_outside(t, CAROL, false, NULL);
	rotate(t, BOB);
	expect_place(t, CAROL, 2, house_place(carols).number);
	rotate(t, CAROL);
}

/* ---- what is refused ---- */

/* A commit as only a cheat makes it: these extensions, adds and links. */
static void make_cheat(struct town *t, int by, const struct mls_change *change,
		       struct span rows, struct span links,
		       struct mls_commit *made)
{
	struct mls_group *group =
	    (struct mls_group *)(uintptr_t)session_group(t->r[by].d.session);
	struct span rest = mls_group_extensions(group);
	struct buf said = BUF_INIT, list = BUF_INIT;
	struct wire_extension extension;
	struct mls_change full = *change;
	struct span extensions;

	while (wire_extensions_next(&rest, &extension))
		if (extension.type != PLACES_EXTENSION)
			wire_extension_put(&list, extension.type,
					   extension.data);
	places_put_extension(&list, rows);
	chain_put_view(&t->ledger.chain, &said);
	buf_put_vec(&said, links);
	MUST(buf_end(&said));
	MUST(buf_end(&list));
	extensions = buf_span(&list);
	full.extensions = &extensions;
	full.authenticated_data = buf_span(&said);
	full.force_path = true;
	MUST(mls_group_commit(group, &t->r[by].d.me, &full, made));
	mls_group_discard(group);
	buf_clear(&said);
	buf_clear(&list);
}

static void cheat(struct town *t, int by, const struct mls_change *change,
		  struct span rows, struct span links, const char *wrong)
{
	struct mls_commit made = { 0 };

	make_cheat(t, by, change, rows, links, &made);
	post(t, by, &made, wrong);
	mls_commit_clear(&made);
}

static struct span rows_of(const struct town *t, int at)
{
	struct places places;

	MUST(places_read(
	    mls_group_extensions(session_group(t->r[at].d.session)), &places));
	return places.rows;
}

/* A row of an account at the end of its log. */
static void put_row(struct buf *rows, const struct house *h, uint64_t number)
{
	struct account_place last = house_place(h);
	const struct place place = { account_log_fingerprint(h->log), number,
				     SPAN_ARRAY(last.hash) };

	places_put(rows, &place);
}

/* Rows of two accounts in order; house numbers. */
static void put_two(struct buf *rows, const struct town *t, int a,
		    uint64_t number_a, int b, uint64_t number_b)
{
	if (span_compare(account_log_fingerprint(t->houses[a]->log),
			 account_log_fingerprint(t->houses[b]->log)) < 0) {
		put_row(rows, t->houses[a], number_a);
		put_row(rows, t->houses[b], number_b);
	} else {
		put_row(rows, t->houses[b], number_b);
		put_row(rows, t->houses[a], number_a);
	}
}

/* Links that are too many to be carried come from elsewhere. */
static void test_what_is_lacking_is_waited_for(void **state)
{
	struct town *t = *state;
	struct session *session;
	struct session_event event = { 0 };
	struct mls_commit made = { 0 };
	struct buf rows = BUF_INIT;
	const struct entry *entry;

	add(t, ALICE, BOB);
	second_device(t);
	put_two(&rows, t, 0, 2, 1, 1);
	make_cheat(t, ALICE, &(struct mls_change){ .force_path = true },
		   buf_span(&rows), SPAN_EMPTY, &made);
	entry = ledger_entry(&t->ledger, ledger_post(&t->ledger, CHAIN_COMMIT,
						     buf_span(&made.commit)));
	session = t->r[BOB].d.session;
	for (int i = 0; i < 2; i++) /* nothing has changed */
		assert_int_equal(device_receive(&t->r[BOB].d, &t->ledger,
						t->ledger.chain.seq, &event),
				 ERR_STATE_ACCOUNTS);
	assert_true(session_seq(session) == t->ledger.chain.seq - 1);
	assert_non_null(
	    check_walk_commit(t->walk, buf_span(&entry->bytes)).wrong);
	know(t->r[BOB].accounts, t->houses[0]);
	know(t->walked, t->houses[0]);
	expect(&t->r[BOB].d, &t->ledger, SESSION_COMMIT, &event);
	assert_null(check_walk_commit(t->walk, buf_span(&entry->bytes)).wrong);
	expect_place(t, BOB, 0, 2);
	session_event_clear(&event);
	mls_commit_clear(&made);
	buf_clear(&rows);
}

static void test_places_are_those_of_the_members(void **state)
{
	struct town *t = *state;
	const struct mls_change nothing = { 0 };
	struct buf rows = BUF_INIT, links = BUF_INIT;

	add(t, ALICE, BOB);
	put_row(&rows, t->houses[0], 1);
	cheat(t, BOB, &nothing, buf_span(&rows), SPAN_EMPTY,
	      "not those of the accounts");
	buf_reset(&rows);
	put_two(&rows, t, 0, 1, 2, 1);
	cheat(t, BOB, &nothing, buf_span(&rows), SPAN_EMPTY,
	      "not those of the accounts");
	/* another hash, and so another link, in the same place */
	buf_reset(&rows);
	buf_put(&rows, rows_of(t, BOB));
	rows.p[PLACES_ROW - 1] ^= 1;
	cheat(t, BOB, &nothing, buf_span(&rows), SPAN_EMPTY, "is lowered");
	/* one that is no place at all */
	cheat(t, BOB, &nothing, span_of(rows.p, PLACES_ROW - 1), SPAN_EMPTY,
	      "do not decode");
	/* links of who has no place, and of whose place stays */
	places_put_carried(
	    &links,
	    &(struct carried){ account_log_fingerprint(t->houses[2]->log),
			       buf_span(&t->houses[2]->links) });
	cheat(t, BOB, &nothing, rows_of(t, BOB), buf_span(&links),
	      "has no place");
	buf_reset(&links);
	places_put_carried(
	    &links,
	    &(struct carried){ account_log_fingerprint(t->houses[0]->log),
			       buf_span(&t->houses[0]->links) });
	cheat(t, BOB, &nothing, rows_of(t, BOB), buf_span(&links),
	      "whose place stays");
	buf_clear(&rows);
	buf_clear(&links);
}

static void test_no_place_is_lowered(void **state)
{
	struct town *t = *state;
	const struct mls_change nothing = { 0 };
	struct buf rows = BUF_INIT;
	struct span low;

	add(t, ALICE, BOB);
	buf_put(&rows, rows_of(t, BOB));
	second_device(t);
	rotate(t, ALICE);
	low = buf_span(&rows);
	cheat(t, BOB, &nothing, low, SPAN_EMPTY, "is lowered");
	buf_clear(&rows);
}

static struct span house_link_of(const struct buf *list)
{
	struct rd r = rd_init(buf_span(list));

	return rd_vec(&r);
}

/* Alice's place is her second link, which has that hash; Bob's is as it was. */
static void put_two_at(struct buf *rows, const struct town *t,
		       const uint8_t hash[ACCOUNT_HASH])
{
	struct span print = account_log_fingerprint(t->houses[0]->log);

	put_two(rows, t, 0, 2, 1, 1);
	for (size_t at = 0; at < rows->n; at += PLACES_ROW)
		if (memcmp(rows->p + at, print.p, ACCOUNT_HASH) == 0)
			memcpy(rows->p + at + PLACES_ROW - ACCOUNT_HASH, hash,
			       ACCOUNT_HASH);
}

static void test_carried_links_are_the_right_ones(void **state)
{
	struct town *t = *state;
	const struct mls_change nothing = { 0 };
	struct buf rows = BUF_INIT, links = BUF_INIT, one = BUF_INIT;
	uint8_t hash[ACCOUNT_HASH];
	struct span print = account_log_fingerprint(t->houses[0]->log);

	add(t, ALICE, BOB);
	second_device(t);
	put_two(&rows, t, 0, 2, 1, 1);
	/* from the first one on, where they have to go on from the place */
	places_put_carried(
	    &links, &(struct carried){ print, buf_span(&t->houses[0]->links) });
	cheat(t, BOB, &nothing, buf_span(&rows), buf_span(&links),
	      "do not go on");
	/* a link whose signature is another's */
	buf_put_vec(&one, house_link(t->houses[0], 2));
	one.p[one.n - 1] ^= 1;
	buf_reset(&links);
	places_put_carried(&links, &(struct carried){ print, buf_span(&one) });
	cheat(t, BOB, &nothing, buf_span(&rows), buf_span(&links),
	      "do not lead to");
	/* the same in a place of its own: no device of Alice's signed it */
	buf_reset(&rows);
	MUST(account_link_hash(house_link_of(&one), hash));
	put_two_at(&rows, t, hash);
	cheat(t, BOB, &nothing, buf_span(&rows), buf_span(&links), "signature");
	/* something that is no list */
	cheat(t, BOB, &nothing, buf_span(&rows), SPAN_LIT("no links"),
	      "do not decode");
	buf_clear(&rows);
	buf_clear(&links);
	buf_clear(&one);
}

/* Whoever can write the server's database makes a device under Alice's name. */
static void test_a_ghost_stays_outside(void **state)
{
	struct town *t = *state;
	struct resident ghost = { .house = t->houses[2] };
	const struct account_pair *pair = ed25519_of(t->houses[2], 0);
	struct span print = account_log_fingerprint(t->houses[0]->log), add_it;
	const struct mls_change change = { .adds = &add_it, .add_count = 1 };
	struct mls_commit made = { 0 };

	add(t, ALICE, BOB);
	second_device(t);
	/* with a key of another account */
	name_it(&ghost, print, 2, pair);
	add_it = buf_span(&ghost.d.key_package);
	MUST(device_stage(&t->r[ALICE].d, &change, &made));
	post(t, ALICE, &made, "a leaf's key is in no link");
	mls_commit_clear(&made);
	device_free(&ghost.d);
	/* with the number of another device */
	name_it(&ghost, print, 1, ed25519_of(t->houses[0], 1));
	add_it = buf_span(&ghost.d.key_package);
	rotate(t, ALICE);
	device_free(&ghost.d);
	name_it(&ghost, print, 7, ed25519_of(t->houses[0], 1));
	add_it = buf_span(&ghost.d.key_package);
	commit(t, ALICE, &change, "another device's");
	device_free(&ghost.d);
	/* by the name of before */
	device_make(&ghost.d, "alice/2", SUITE);
	add_it = buf_span(&ghost.d.key_package);
	cheat(t, ALICE, &change, rows_of(t, ALICE), SPAN_EMPTY,
	      "no device of an account");
	device_free(&ghost.d);
	buf_clear(&ghost.identity);
}

static void test_a_removed_device_does_not_come_in(void **state)
{
	struct town *t = *state;
	struct span add_it;
	const struct mls_change change = { .adds = &add_it, .add_count = 1 };

	second_device(t);
	add(t, ALICE, BOB);
	house_remove(t->houses[0], 0, 1);
	know(t->r[ALICE].accounts, t->houses[0]);
	know(t->server, t->houses[0]);
	add_it = buf_span(&t->r[ALICE2].d.key_package);
	commit(t, ALICE, &change, "its account has removed");
}

static void test_a_removed_device_does_not_join_again(void **state)
{
	struct town *t = *state;

	second_device(t);
	add(t, ALICE, ALICE2);
	add(t, ALICE, BOB);
	house_remove(t->houses[0], 0, 1);
	know(t->r[BOB].accounts, t->houses[0]);
	know(t->server, t->houses[0]);
	rotate(t, BOB);
	join_from_outside(t, ALICE2, true, "its account has removed");
}

static void test_without_logs_nothing_is_followed(void **state)
{
	struct town *t = *state;
	const struct mls_change change = { .force_path = true };
	struct session_event event = { 0 };
	struct mls_commit made = { 0 };
	uint64_t seq;

	add(t, ALICE, BOB);
	session_set_accounts(t->r[BOB].d.session, NULL);
	assert_int_equal(device_stage(&t->r[BOB].d, &change, &made),
			 ERR_STATE_ACCOUNTS);
	MUST(device_stage(&t->r[ALICE].d, &change, &made));
	seq = ledger_post(&t->ledger, CHAIN_COMMIT, buf_span(&made.commit));
	MUST(device_receive(&t->r[BOB].d, &t->ledger, seq, &event));
	assert_int_equal(event.kind, SESSION_REFUSED);
	session_event_clear(&event);
	mls_commit_clear(&made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_links_come_with_the_commit),
		TEST(test_a_removed_device_goes_by_anybody),
		TEST(test_who_leaves_takes_its_place_along),
		TEST(test_who_joins_brings_its_log),
		TEST(test_a_long_log_is_not_all_carried),
		TEST(test_what_is_lacking_is_waited_for),
		TEST(test_places_are_those_of_the_members),
		TEST(test_no_place_is_lowered),
		TEST(test_carried_links_are_the_right_ones),
		TEST(test_a_ghost_stays_outside),
		TEST(test_a_removed_device_does_not_come_in),
		TEST(test_a_removed_device_does_not_join_again),
		TEST(test_without_logs_nothing_is_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
