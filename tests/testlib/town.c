/* Groups with places, whose leaves are devices of accounts, of town.h. */
#include "tests/testlib/town.h"

#include "check/commit.h"
#include "check/group_places.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "session/places.h"
#include "session/state.h"

/* ---- making ---- */

static bool listed; /* no device reads a root */

void town_make_device(struct device *d, struct span identity,
		      const struct account_pair *pair)
{
	device_make(d, "nobody/1", SUITE);
	sec_clear(&d->private_key);
	buf_clear(&d->public_key);
	MUST(sec_set(&d->private_key, sec_span(&pair->private_key)));
	buf_put(&d->public_key, buf_span(&pair->public_key));
	if (listed) {
		size_t last = --d->me.extension_type_count;

		assert_int_equal(d->me.extension_types[last],
				 PLACES_ROOT_EXTENSION);
	}
	d->me.credential_identity = identity;
	d->me.signature_private = sec_span(&d->private_key);
	d->me.signature_public = buf_span(&d->public_key);
	buf_clear(&d->key_package);
	mls_key_package_secrets_clear(&d->secrets);
	MUST(mls_key_package_create(&d->me, false, &d->secrets,
				    &d->key_package));
}

/* The house's Ed25519 key; `number`: what the leaf says. */
void town_name_it(struct resident *r, struct span fingerprint, uint64_t number,
		  const struct account_pair *pair)
{
	buf_reset(&r->identity);
	places_put_leaf(&r->identity, fingerprint, number);
	MUST(buf_end(&r->identity));
	town_make_device(&r->d, buf_span(&r->identity), pair);
}

const struct account_pair *town_key(const struct house *h, int who)
{
	const struct account_keys *keys = &h->keys[who];

	for (size_t i = 0; i < keys->count; i++)
		if (suite_scheme(keys->signatures[i].suite) ==
		    suite_scheme(suite_by_id(SUITE)))
			return &keys->signatures[i];
	fail();
	return NULL;
}

void town_move_in(struct resident *r, struct house *house, int who)
{
	r->house = house;
	r->who = who;
	MUST(check_accounts_new(NULL, &r->accounts));
	if (house->number[who] != 0)
		town_name_it(r, account_log_fingerprint(house->log),
			     house->number[who], town_key(house, who));
}

void town_know(struct check_accounts *accounts, const struct house *house)
{
	struct check_verdict verdict =
	    check_accounts_add(accounts, buf_span(&house->links));

	assert_null(verdict.wrong);
}

void town_tell(struct town *t, int who, const struct house *house)
{
	town_know(t->r[who].accounts, house);
	if (t->r[who].d.session != NULL)
		session_note_grown(t->r[who].d.session,
				   account_log_fingerprint(house->log));
}

static void move_out(struct resident *r)
{
	device_free(&r->d);
	buf_clear(&r->identity);
	check_accounts_free(r->accounts);
}

void town_info_of(struct resident *r, struct buf *info)
{
	MUST(session_info(r->d.session, &r->d.me, info));
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
	assert_true(alice->d.session->places.there != listed);
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

static int set_up(void **state)
{
	struct town *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	for (int i = 0; i < HOUSES; i++)
		t->houses[i] = house_new(i == 0);
	MUST(check_accounts_new(NULL, &t->walked));
	MUST(check_accounts_new(NULL, &t->server));
	ledger_make(&t->ledger);
	town_move_in(&t->r[ALICE], t->houses[0], 0);
	town_move_in(&t->r[BOB], t->houses[1], 0);
	town_move_in(&t->r[CAROL], t->houses[2], 0);
	for (int i = 0; i < RESIDENTS; i++)
		if (t->r[i].house != NULL)
			town_tell(t, i, t->r[i].house);
	for (int i = 0; i < HOUSES; i++)
		town_know(t->server, t->houses[i]);
	town_know(t->walked, t->houses[0]);
	town_tell(t, ALICE, t->houses[1]);
	found(t);
	*state = t;
	return 0;
}

int town_setup(void **state)
{
	listed = false;
	return set_up(state);
}

int town_setup_list(void **state)
{
	listed = true;
	return set_up(state);
}

int town_teardown(void **state)
{
	struct town *t = *state;

	for (int i = 0; i < RESIDENTS; i++)
		move_out(&t->r[i]);
	for (int i = 0; i < HOUSES; i++)
		house_delete(t->houses[i]);
	ledger_free(&t->ledger);
	buf_clear(&t->rows);
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

/* One who is in, another than that one where there is another. */
static int a_member(const struct town *t, int but)
{
	for (int i = 0; i < RESIDENTS; i++)
		if (i != but && t->r[i].d.session != NULL &&
		    session_member(t->r[i].d.session))
			return i;
	return but;
}

/* A commit stands in the log; members but `by` receive it. `wrong` NULL: all
 * take it; otherwise all refuse it with words that have that one in it. */
void town_post(struct town *t, int by, const struct mls_commit *made,
	       const char *wrong)
{
	struct buf before = BUF_INIT;
	struct check_verdict verdict;
	uint64_t seq;

	town_info_of(&t->r[a_member(t, by)], &before);
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

void town_commit(struct town *t, int by, const struct mls_change *change,
		 const char *wrong)
{
	struct mls_commit made = { 0 };

	MUST(device_stage(&t->r[by].d, change, &made));
	town_post(t, by, &made, wrong);
	mls_commit_clear(&made);
}

void town_rotate(struct town *t, int by)
{
	const struct mls_change change = { .force_path = true };

	town_commit(t, by, &change, NULL);
}

/* By Welcome; whoever comes is given the logs by somebody. */
void town_add(struct town *t, int by, int who)
{
	struct resident *r = &t->r[who];
	struct span key_package = buf_span(&r->d.key_package);
	const struct mls_change change = { .adds = &key_package,
					   .add_count = 1 };
	struct mls_commit made = { 0 };
	const char *wrong;
	uint64_t seq;

	MUST(device_stage(&t->r[by].d, &change, &made));
	town_post(t, by, &made, NULL);
	seq = t->ledger.chain.seq;
	MUST(session_join_welcome(&r->d.me, world_id, buf_span(&made.welcome),
				  SESSION_WITHIN, key_package, &r->d.secrets,
				  seq, ledger_entry(&t->ledger, seq)->head,
				  &(enum session_tree){ 0 }, &r->d.session));
	session_set_accounts(r->d.session, r->accounts);
	assert_int_equal(session_check_leaves(r->d.session, &wrong),
			 ERR_STATE_ACCOUNTS);
	for (int i = 0; i < HOUSES; i++)
		town_know(r->accounts, t->houses[i]);
	MUST(session_check_leaves(r->d.session, &wrong));
	mls_commit_clear(&made);
}

static struct group_places places_of(const struct town *t, int at)
{
	struct group_places places;
	struct check_view view;

	session_view(t->r[at].d.session, &view);
	MUST(group_places_of(&view, &places));
	return places;
}

void town_expect_place(const struct town *t, int at, int house, uint64_t number)
{
	struct group_places places = places_of(t, at);
	struct span print = account_log_fingerprint(t->houses[house]->log);
	struct place place;

	assert_true(group_places_find(&places, print, &place) == (number > 0));
	if (number > 0)
		assert_int_equal(place.number, number);
}

/* Alice's second device is in her log, which she and the server know. */
void town_second_device(struct town *t)
{
	house_add(t->houses[0], 0, 1);
	town_move_in(&t->r[ALICE2], t->houses[0], 1);
	town_tell(t, ALICE, t->houses[0]);
	town_know(t->server, t->houses[0]);
}

void town_join(struct town *t, int who, bool resync, const char *wrong)
{
	struct resident *r = &t->r[who];
	struct mls_commit made = { 0 };
	struct buf info = BUF_INIT;

	town_info_of(&t->r[a_member(t, who)], &info);
	session_free(r->d.session);
	r->d.session = NULL;
	MUST(session_join_external(&r->d.me, world_id, buf_span(&info), resync,
				   &t->ledger.chain, r->accounts, &r->d.session,
				   &made));
	town_post(t, who, &made, wrong);
	if (wrong == NULL)
		MUST(session_accepted(
		    r->d.session, NOW, t->ledger.chain.seq,
		    ledger_entry(&t->ledger, t->ledger.chain.seq)->head));
	mls_commit_clear(&made);
	buf_clear(&info);
}

/* The extension with these places, or their root, and the changes that lead there. Of
 * what is no list they say that. */
static void put_places(const struct group_places *now, struct span rows,
		       struct buf *list, struct buf *changes)
{
	struct place_map map = { .there = false };
	struct buf before = BUF_INIT;
	uint8_t root[PLACES_ROOT] = { 0 };

	if (now->map == NULL) {
		places_put_extension(list, rows);
		return;
	}
	if (place_map_read(rows, &map) == ERR_OK) {
		group_places_put(now, &before);
		group_places_compare(buf_span(&before), rows, changes);
		MUST(place_map_root(&map, root));
	} else {
		buf_put(changes, rows);
	}
	places_put_root(list, SPAN_ARRAY(root));
	place_map_clear(&map);
	buf_clear(&before);
}

/* The group's extensions, with these for places. */
static void make_with(struct town *t, int by, const struct mls_change *change,
		      struct span places, struct span links,
		      struct span changes, struct mls_commit *made)
{
	struct mls_group *group =
	    (struct mls_group *)(uintptr_t)session_group(t->r[by].d.session);
	struct span rest = mls_group_extensions(group), extensions;
	struct buf said = BUF_INIT, list = BUF_INIT;
	struct wire_extension extension;
	struct mls_change full = *change;

	while (wire_extensions_next(&rest, &extension))
		if (!group_places_is_type(extension.type))
			wire_extension_put(&list, extension.type,
					   extension.data);
	buf_put(&list, places);
	MUST(buf_end(&list));
	MUST(session_put_said(&t->ledger.chain, links, changes, &said));
	extensions = buf_span(&list);
	full.extensions = places.n > 0 ? &extensions : NULL;
	full.authenticated_data = buf_span(&said);
	full.force_path = true;
	MUST(mls_group_commit(group, &t->r[by].d.me, &full, made));
	mls_group_discard(group);
	buf_clear(&said);
	buf_clear(&list);
}

void town_make_cheat(struct town *t, int by, const struct mls_change *change,
		     struct span rows, struct span links,
		     struct mls_commit *made)
{
	struct group_places now = places_of(t, by);
	struct buf places = BUF_INIT, changes = BUF_INIT;

	put_places(&now, rows, &places, &changes);
	MUST(buf_end(&places));
	MUST(buf_end(&changes));
	make_with(t, by, change, buf_span(&places), links, buf_span(&changes),
		  made);
	buf_clear(&places);
	buf_clear(&changes);
}

void town_cheat_root(struct town *t, int by, struct span root,
		     struct span changes, const char *wrong)
{
	const struct mls_change nothing = { 0 };
	struct mls_commit made = { 0 };
	struct buf places = BUF_INIT;

	if (root.n > 0)
		places_put_root(&places, root);
	MUST(buf_end(&places));
	make_with(t, by, &nothing, buf_span(&places), SPAN_EMPTY, changes,
		  &made);
	town_post(t, by, &made, wrong);
	mls_commit_clear(&made);
	buf_clear(&places);
}

void town_cheat(struct town *t, int by, const struct mls_change *change,
		struct span rows, struct span links, const char *wrong)
{
	struct mls_commit made = { 0 };

	town_make_cheat(t, by, change, rows, links, &made);
	town_post(t, by, &made, wrong);
	mls_commit_clear(&made);
}

struct span town_rows_of(struct town *t, int at)
{
	struct group_places places = places_of(t, at);

	buf_reset(&t->rows);
	group_places_put(&places, &t->rows);
	MUST(buf_end(&t->rows));
	return buf_span(&t->rows);
}

/* A row of an account at the end of its log. */
void town_put_row(struct buf *rows, const struct house *h, uint64_t number)
{
	struct account_place last = house_place(h);
	const struct place place = { account_log_fingerprint(h->log), number,
				     SPAN_ARRAY(last.hash) };

	places_put(rows, &place);
}

/* Rows of two accounts in order; house numbers. */
void town_put_two(struct buf *rows, const struct town *t, int a,
		  uint64_t number_a, int b, uint64_t number_b)
{
	if (span_compare(account_log_fingerprint(t->houses[a]->log),
			 account_log_fingerprint(t->houses[b]->log)) < 0) {
		town_put_row(rows, t->houses[a], number_a);
		town_put_row(rows, t->houses[b], number_b);
	} else {
		town_put_row(rows, t->houses[b], number_b);
		town_put_row(rows, t->houses[a], number_a);
	}
}
