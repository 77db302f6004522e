#include "session/places.h"

#include <string.h>

#include "check/group_places.h"
#include "check/known.h"
#include "check/over.h"
#include "check/residents.h"
#include "session/planning.h"
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

void places_branch(const struct place *at, const struct known_parting *parting,
		   struct check_branch *branch)
{
	branch->counts = parting->counts;
	branch->end = parting->end;
	(void)span_copy(branch->fingerprint, at->fingerprint);
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
	       (!looks_at_all(p) &&
		planning_key_of(p, &p->view, fingerprint).n > 0);
}

static enum err list_behind(struct planning *p)
{
	struct mls_member member;
	uint32_t leaf = 0;
	enum err e = ERR_OK;

	while (looks_at_all(p) &&
	       mls_group_next_member(p->session->group, &leaf, &member))
		if (!planning_removes(p->change, member.leaf_index))
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
			TRY(planning_put_place(p, fingerprint));
		else if (group_places_find(&p->places, fingerprint, &place))
			TRY(planning_put_gone(p, &place));
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
		planning_carry(&none, &place, known, links);
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
	ENSURE(planning_moves_on(log, &none, hash, &place), ERR_STATE_ACCOUNTS);
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
