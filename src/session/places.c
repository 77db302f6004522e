#include "session/places.h"

#include <string.h>

#include "check/group_places.h"
#include "check/known.h"
#include "check/leaf_of.h"
#include "check/over.h"
#include "check/residents.h"
#include "session/state.h"
#include "wire/extension.h"
#include "wire/key_package.h"
#include "wire/message.h"

void places_plan_clear(struct places_plan *plan)
{
	buf_clear(&plan->extensions);
	buf_clear(&plan->links);
	buf_clear(&plan->changes);
	buf_clear(&plan->welcome);
}

static enum err take(struct check_residents *r, struct span identity)
{
	if (check_residents_take(r, identity) == NULL)
		return ERR_OK;
	return r->local ? ERR_LOCAL_MEMORY : ERR_PEER_INVALID;
}

static bool is_removed(const struct mls_change *change, uint32_t leaf)
{
	for (size_t i = 0; i < change->remove_count; i++)
		if (change->removes[i] == leaf)
			return true;
	return false;
}

static enum err take_added(const struct mls_change *change,
			   struct check_residents *r)
{
	struct wire_key_package kp;
	enum err e = ERR_OK;

	for (size_t i = 0; i < change->add_count; i++) {
		TRY(wire_key_package_decode(change->adds[i], &kp));
		TRY(take(r, kp.leaf_node.credential.identity));
	}
out:
	return e;
}

/* ---- places ---- */

/* Where the log ends, if it goes on from that place. `hash` is what the place
 * borrows. */
static bool moves_on(const struct account_log *log, const struct place *from,
		     uint8_t hash[ACCOUNT_HASH], struct place *to)
{
	struct account_place begin = { .number = from->number }, last;

	if (log == NULL)
		return false;
	if (from->number > 0)
		(void)span_copy(begin.hash, from->hash);
	account_log_place(log, &last);
	if (last.number <= from->number ||
	    (from->number > 0 && !account_log_has(log, &begin)))
		return false;
	memcpy(hash, last.hash, ACCOUNT_HASH);
	*to = (struct place){ from->fingerprint, last.number,
			      span_of(hash, ACCOUNT_HASH) };
	return true;
}

static void carry(const struct place *from, const struct place *to,
		  struct span links, struct buf *out)
{
	struct carried carried = { from->fingerprint,
				   account_links_behind(links, from->number) };

	carried.links.n -= account_links_behind(links, to->number).n;
	if (carried.links.n <= PLACES_LINKS_MAX)
		places_put_carried(out, &carried);
}

/* The log of who joins; of a longer one the last links that fit. */
static void carry_last(struct span fingerprint, struct span links,
		       struct buf *out)
{
	struct carried carried = { fingerprint, links };

	while (carried.links.n > PLACES_LINKS_MAX)
		carried.links = account_links_behind(carried.links, 1);
	places_put_carried(out, &carried);
}

void places_branch(const struct place *at, const struct known_parting *parting,
		   struct check_branch *branch)
{
	branch->counts = parting->counts;
	branch->end = parting->end;
	(void)span_copy(branch->fingerprint, at->fingerprint);
}

/* A change, and the places before it. */
struct planning {
	const struct session *session;
	const struct mls_change *change;
	struct check_view view;
	struct group_places places;
	/* With a leaf behind the change: all where all accounts are looked at,
	 * otherwise those of whom the change brings one. */
	struct check_residents behind;
	struct buf *changes, *links;
};

/* The change leaves no leaf of the account that the branch does not have. */
static bool clears(const struct planning *p, const struct check_branch *branch)
{
	struct check_leaf_search search;
	struct check_member leaf;
	struct check_view view;

	session_view(p->session, &view);
	check_leaf_search(&search, &view, SPAN_ARRAY(branch->fingerprint));
	while (check_leaf_found(&search, &leaf))
		if (!is_removed(p->change, leaf.leaf_index) &&
		    !check_branch_keeps(&view, branch, &leaf))
			return false;
	return true;
}

/* From a place on a branch that does not count the account goes over to where the one
 * ends that does. */
static enum err put_stay(struct planning *p, const struct place *from)
{
	struct known_parting parting;
	struct check_branch branch;
	struct place to;
	enum err e;

	TRY(check_accounts_parting(p->session->accounts, from, &parting));
	places_branch(from, &parting, &branch);
	if (parting.links.n > 0 && parting.counts && clears(p, &branch)) {
		to = (struct place){ from->fingerprint, branch.end.number,
				     SPAN_ARRAY(branch.end.hash) };
		places_put(p->changes, &to);
		places_put_carried(
		    p->links,
		    &(struct carried){ from->fingerprint, parting.links });
	}
out:
	return e;
}

/* An account without a leaf behind the change: that a branch does not have its leaves
 * gives everybody the right to remove them. */
static enum err put_gone(struct planning *p, const struct place *from)
{
	struct known_parting parting;
	enum err e;

	places_put_gone(p->changes, from->fingerprint);
	TRY(check_accounts_parting(p->session->accounts, from, &parting));
	if (parting.links.n > 0)
		places_put_carried(
		    p->links,
		    &(struct carried){ from->fingerprint, parting.links });
out:
	return e;
}

/* The key of a leaf of the account that the change leaves; empty: there is none. */
static struct span key_of(const struct planning *p,
			  const struct check_view *view,
			  struct span fingerprint)
{
	struct check_leaf_search search;
	struct check_member leaf;

	check_leaf_search(&search, view, fingerprint);
	while (check_leaf_found(&search, &leaf))
		if (!is_removed(p->change, leaf.leaf_index))
			return leaf.signature_key;
	return SPAN_EMPTY;
}

/* The log that says the place: who came in from outside may have come by a branch that
 * does not count, and is judged by that one. */
static enum err find_log(const struct planning *p, struct span fingerprint,
			 bool placed, const struct account_log **log,
			 struct span *links)
{
	struct check_accounts *accounts = p->session->accounts;
	struct check_view view;
	struct span key = SPAN_EMPTY;

	session_view(p->session, &view);
	if (!placed)
		key = key_of(p, &view, fingerprint);
	return key.n == 0
		   ? check_accounts_find(accounts, fingerprint, log, links)
		   : check_accounts_find_key(accounts, fingerprint,
					     suite_scheme(view.suite), key, log,
					     links);
}

/* The change lets in no device of the account, and each of its leaves that it leaves is of
 * one that stands there. */
static enum err stand_at(const struct planning *p,
			 const struct account_log *log,
			 const struct account_place *at, bool *stand)
{
	struct span fingerprint = account_log_fingerprint(log);
	uint8_t whose[ACCOUNT_HASH];
	struct check_leaf_search search;
	struct wire_key_package kp;
	struct check_member leaf;
	struct check_view view;
	uint64_t device;
	enum err e = ERR_OK;

	*stand = true;
	session_view(p->session, &view);
	for (size_t i = 0; i < p->change->add_count; i++) {
		TRY(wire_key_package_decode(p->change->adds[i], &kp));
		if (places_read_leaf(kp.leaf_node.credential.identity, whose,
				     &device) &&
		    span_equal(SPAN_ARRAY(whose), fingerprint))
			*stand = false;
	}
	check_leaf_search(&search, &view, fingerprint);
	while (check_leaf_found(&search, &leaf))
		if (!is_removed(p->change, leaf.leaf_index) &&
		    account_key_valid(log, suite_scheme(view.suite),
				      leaf.signature_key, at,
				      NULL) != ACCOUNT_VALID)
			*stand = false;
out:
	return e;
}

/* A log is known that contradicts this one, and nothing decides. Behind where they part
 * each place is one that those refuse, or stop at, who were shown the other: the group
 * stays before it, unless that changes who stands. `hash`: what *to borrows. */
static enum err keep_out_of_fork(const struct planning *p,
				 const struct account_log *log,
				 const struct place *from, struct place *to,
				 uint8_t hash[ACCOUNT_HASH])
{
	struct account_place at = { .number = to->number };
	struct known_parting parting;
	struct account_link link;
	struct rd r;
	bool stand;
	enum err e;

	TRY(check_accounts_parting(p->session->accounts, to, &parting));
	if (parting.links.n == 0 || parting.counts)
		goto out;
	r = rd_init(parting.links);
	TRY(account_link_decode(rd_vec(&r), &link));
	if (link.number <= from->number)
		goto out;
	memcpy(at.hash, hash, ACCOUNT_HASH);
	TRY(stand_at(p, log, &at, &stand));
	at.number = link.number - 1;
	(void)span_copy(at.hash, account_log_hash(log, at.number));
	if (stand)
		TRY(stand_at(p, log, &at, &stand));
	if (!stand)
		goto out;
	to->number = at.number;
	memcpy(hash, at.hash, ACCOUNT_HASH);
out:
	return e;
}

static enum err put_place(struct planning *p, struct span fingerprint)
{
	struct check_accounts *accounts = p->session->accounts;
	struct place from = { .number = 0 }, to;
	const struct account_log *log;
	uint8_t hash[ACCOUNT_HASH];
	struct span known;
	enum err e;

	if (!group_places_find(&p->places, fingerprint, &from))
		from = (struct place){ .fingerprint = fingerprint };
	TRY(find_log(p, fingerprint, from.number > 0, &log, &known));
	to = from;
	if (moves_on(log, &from, hash, &to))
		TRY(keep_out_of_fork(p, log, &from, &to, hash));
	if (to.number > from.number) {
		places_put(p->changes, &to);
		carry(&from, &to, known, p->links);
	} else if (from.number > 0) {
		TRY(put_stay(p, &from));
	} else {
		(void)check_accounts_lack(accounts, fingerprint);
		e = ERR_STATE_ACCOUNTS;
	}
out:
	return e;
}

/* The extensions, with these places. */
static enum err put_extensions(struct span extensions,
			       const struct place_map *places, bool rooted,
			       struct buf *out)
{
	struct wire_extension extension;
	uint8_t root[PLACES_ROOT];
	struct buf rows = BUF_INIT;
	enum err e;

	while (wire_extensions_next(&extensions, &extension))
		if (!group_places_is_type(extension.type))
			wire_extension_put(out, extension.type, extension.data);
	if (rooted) {
		TRY(place_map_root(places, root));
		places_put_root(out, SPAN_ARRAY(root));
	} else {
		place_map_put(places, &rows);
		TRY(buf_end(&rows));
		places_put_extension(out, buf_span(&rows));
	}
	TRY(buf_end(out));
out:
	buf_clear(&rows);
	return e;
}

static bool looks_at_all(const struct planning *p)
{
	return !p->session->unsettled.known;
}

/* An account has a leaf behind the change. */
static bool stays(const struct planning *p, struct span fingerprint)
{
	return check_residents_have(&p->behind, fingerprint) ||
	       (!looks_at_all(p) && key_of(p, &p->view, fingerprint).n > 0);
}

static enum err list_behind(struct planning *p)
{
	struct mls_member member;
	uint32_t leaf = 0;
	enum err e = ERR_OK;

	while (looks_at_all(p) &&
	       mls_group_next_member(p->session->group, &leaf, &member))
		if (!is_removed(p->change, member.leaf_index))
			TRY(take(&p->behind, member.identity));
	TRY(take_added(p->change, &p->behind));
	check_residents_sort(&p->behind);
out:
	return e;
}

static enum err put(struct check_residents *r, struct span fingerprint)
{
	return check_residents_put(r, fingerprint) == NULL ? ERR_OK
							   : ERR_LOCAL_MEMORY;
}

static enum err list_placed(const struct planning *p, struct check_residents *r)
{
	struct buf rows = BUF_INIT;
	struct place place;
	struct span rest;
	enum err e;

	group_places_put(&p->places, &rows);
	TRY(buf_end(&rows));
	rest = buf_span(&rows);
	while (places_next(&rest, &place))
		TRY(put(r, place.fingerprint));
out:
	buf_clear(&rows);
	return e;
}

/* The accounts of which something may change: those of whom a leaf comes or goes, and
 * those that are not settled. */
static enum err list(const struct planning *p, struct check_residents *r)
{
	const struct unsettled *set = &p->session->unsettled;
	struct check_member leaf;
	enum err e = ERR_OK;

	if (looks_at_all(p))
		TRY(list_placed(p, r));
	for (size_t i = 0; i < set->count; i++)
		TRY(put(r, SPAN_ARRAY(set->list[i])));
	for (size_t i = 0; i < p->behind.count; i++)
		TRY(put(r, SPAN_ARRAY(p->behind.list[i])));
	for (size_t i = 0; i < p->change->remove_count; i++)
		if (p->view.leaf(p->view.group, p->change->removes[i], &leaf))
			TRY(take(r, leaf.identity));
	check_residents_sort(r);
out:
	return e;
}

/* By fingerprint, as links are carried. */
static enum err plan_rows(struct planning *p)
{
	struct check_residents r = { .list = NULL };
	struct place place;
	enum err e;

	TRY(list_behind(p));
	TRY(list(p, &r));
	for (size_t i = 0; i < r.count; i++) {
		struct span fingerprint = SPAN_ARRAY(r.list[i]);

		if (stays(p, fingerprint))
			TRY(put_place(p, fingerprint));
		else if (group_places_find(&p->places, fingerprint, &place))
			TRY(put_gone(p, &place));
	}
	TRY(buf_end(p->changes));
	TRY(buf_end(p->links));
out:
	check_residents_clear(&p->behind);
	check_residents_clear(&r);
	return e;
}

/* A ReInit by which the session goes over: all logs, up to their places. */
static enum err carry_all(const struct session *session, struct span extensions,
			  struct buf *links)
{
	struct place none = { .number = 0 }, place;
	const struct account_log *log;
	struct places places;
	struct span known;
	enum err e;

	TRY(places_read(extensions, &places));
	while (places_next(&places.rows, &place)) {
		none.fingerprint = place.fingerprint;
		TRY(check_accounts_find(session->accounts, place.fingerprint,
					&log, &known));
		carry(&none, &place, known, links);
	}
	TRY(buf_end(links));
out:
	return e;
}

/* What the plan says of the places before and behind it. */
static enum err put_plan(const struct session *session,
			 const struct mls_change *change,
			 const struct place_map *before, struct span changes,
			 struct places_plan *plan)
{
	bool rooted = session->places.there;
	struct place_map after = { .there = false };
	struct buf rows = BUF_INIT;
	enum err e;

	TRY(place_map_change(before, changes, &after));
	plan->changed = change->extensions != NULL || changes.n > 0;
	if (plan->changed)
		TRY(put_extensions(change->extensions != NULL
				       ? *change->extensions
				       : mls_group_extensions(session->group),
				   &after, rooted, &plan->extensions));
	if (!rooted)
		goto out;
	buf_put(&plan->changes, changes);
	TRY(buf_end(&plan->changes));
	if (change->add_count > 0 && !change->tree_beside_welcome) {
		place_map_put(&after, &rows);
		TRY(buf_end(&rows));
		wire_extension_put(&plan->welcome, PLACES_ROOT_EXTENSION,
				   buf_span(&rows));
		TRY(buf_end(&plan->welcome));
	}
out:
	place_map_clear(&after);
	buf_clear(&rows);
	return e;
}

enum err places_plan_commit(const struct session *session,
			    const struct mls_change *change,
			    struct places_plan *plan)
{
	struct place_map before = place_map_share(&session->places);
	struct buf changes = BUF_INIT;
	struct planning p = { .session = session,
			      .change = change,
			      .changes = &changes,
			      .links = &plan->links };
	enum err e = ERR_OK;

	*plan = (struct places_plan){ .changed = false };
	if (change->reinit != NULL) {
		if (check_over_is(mls_group_extensions(session->group),
				  change->reinit->extensions))
			TRY(carry_all(session, change->reinit->extensions,
				      &plan->links));
		goto out;
	}
	session_view(session, &p.view);
	TRY(group_places_of(&p.view, &p.places));
	if (!p.places.there)
		goto out;
	ENSURE(session->accounts != NULL, ERR_STATE_ACCOUNTS);
	check_accounts_forget_lacks(session->accounts);
	if (!before.there)
		TRY(place_map_read(p.places.rows, &before));
	TRY(plan_rows(&p));
	TRY(put_plan(session, change, &before, buf_span(&changes), plan));
out:
	place_map_clear(&before);
	buf_clear(&changes);
	return e;
}

/* ---- joining, and the first place ---- */

static enum err know_own(const struct mls_identity *me,
			 struct check_accounts *accounts,
			 uint8_t fingerprint[ACCOUNT_HASH],
			 const struct account_log **log, struct span *links)
{
	uint64_t device;
	enum err e;

	ENSURE(places_read_leaf(me->credential_identity, fingerprint, &device),
	       ERR_LOCAL_BUG);
	ENSURE(accounts != NULL, ERR_STATE_ACCOUNTS);
	TRY(check_accounts_find(accounts, span_of(fingerprint, ACCOUNT_HASH),
				log, links));
	ENSURE(*log != NULL, ERR_STATE_ACCOUNTS);
out:
	return e;
}

enum err places_plan_join(const struct mls_identity *me, struct span group_info,
			  struct check_accounts *accounts, struct buf *links)
{
	const struct account_log *log;
	uint8_t fingerprint[ACCOUNT_HASH];
	struct known_parting parting;
	struct place_map map = { .there = false };
	struct wire_message message;
	struct group_places places;
	struct place place;
	struct span known;
	enum err e;

	TRY(wire_message_decode(group_info, &message));
	ENSURE(message.format == WIRE_GROUP_INFO, ERR_PEER_INVALID);
	TRY(group_places_of_info(&message.group_info, &map));
	TRY(group_places_read(message.group_info.context.extensions, &map,
			      &places));
	if (!places.there)
		goto out;
	/* such a session has no other leaves */
	ENSURE(places_is_account(roles_user(me->credential_identity)),
	       ERR_PEER_DENIED);
	TRY(know_own(me, accounts, fingerprint, &log, &known));
	if (group_places_find(&places, SPAN_ARRAY(fingerprint), &place)) {
		TRY(check_accounts_parting(accounts, &place, &parting));
		if (parting.links.n > 0 && parting.counts)
			places_put_carried(
			    links, &(struct carried){ SPAN_ARRAY(fingerprint),
						      parting.links });
		TRY(buf_end(links));
		goto out;
	}
	carry_last(SPAN_ARRAY(fingerprint), known, links);
	TRY(buf_end(links));
out:
	place_map_clear(&map);
	return e;
}

static enum err put_first(struct span fingerprint,
			  struct check_accounts *accounts, struct buf *rows)
{
	struct place none = { .fingerprint = fingerprint }, place;
	const struct account_log *log;
	uint8_t hash[ACCOUNT_HASH];
	struct span links;
	enum err e;

	TRY(check_accounts_find(accounts, fingerprint, &log, &links));
	ENSURE(moves_on(log, &none, hash, &place), ERR_STATE_ACCOUNTS);
	places_put(rows, &place);
out:
	return e;
}

enum err places_put_all(const struct span *identities, size_t count,
			struct check_accounts *accounts, struct buf *rows)
{
	struct check_residents r = { .list = NULL };
	enum err e = ERR_OK;

	for (size_t i = 0; i < count; i++)
		TRY(take(&r, identities[i]));
	check_residents_sort(&r);
	for (size_t i = 0; i < r.count; i++)
		TRY(put_first(SPAN_ARRAY(r.list[i]), accounts, rows));
	TRY(buf_end(rows));
out:
	check_residents_clear(&r);
	return e;
}

enum err places_put_first(const struct mls_identity *me,
			  struct check_accounts *accounts, bool rooted,
			  struct place_map *map, struct buf *extensions)
{
	const struct account_log *log;
	uint8_t fingerprint[ACCOUNT_HASH];
	struct place_map first = { .there = false };
	struct buf rows = BUF_INIT;
	struct span links;
	enum err e;

	TRY(know_own(me, accounts, fingerprint, &log, &links));
	TRY(put_first(SPAN_ARRAY(fingerprint), accounts, &rows));
	TRY(buf_end(&rows));
	TRY(place_map_read(buf_span(&rows), &first));
	TRY(put_extensions(SPAN_EMPTY, &first, rooted, extensions));
	if (rooted) {
		*map = first;
		first = (struct place_map){ .there = false };
	}
out:
	place_map_clear(&first);
	buf_clear(&rows);
	return e;
}
