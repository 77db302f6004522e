#include "client/move.h"

#include "client/actor.h"
#include "client/packages.h"

#include <stdlib.h>
#include <string.h>

void move_clear(struct move *move)
{
	guests_clear(&move->guests);
	negotiation_plan_clear(&move->agreed);
}

/* ---- agreeing ---- */

/* The others' identities, and whether we are there already. */
static enum err read_members(struct client *c, const char *id,
			     struct move *move, json_t *identities)
{
	struct page page = { 0 };
	struct mls_member member;
	uint32_t leaf = 0;
	enum err e;

	TRY(state_begin(c->state));
	TRY(book_load(c, id, &page));
	if (session_suite(page.session) == move->suite)
		move->suite = NULL;
	while (
	    mls_group_next_member(session_group(page.session), &leaf, &member))
		if (!span_equal(member.identity, span_str(c->identity)))
			(void)json_array_append_new(
			    identities,
			    json_stringn((const char *)member.identity.p,
					 member.identity.n));
out:
	state_rollback(c->state);
	page_clear(&page);
	return e;
}

/* Has one of the same user stood before it in the list? */
static bool is_repeated(const json_t *identities, size_t at, struct span user)
{
	for (size_t i = 0; i < at; i++)
		if (span_equal(roles_user(span_str(json_string_value(
				   json_array_get(identities, i)))),
			       user))
			return true;
	return false;
}

static enum err claim(struct client *c, const json_t *identities,
		      struct guests *guests)
{
	const json_t *value;
	size_t i, added;
	enum err e = ERR_OK;

	json_array_foreach(identities, i, value)
	{
		struct span user =
		    roles_user(span_str(json_string_value(value)));
		char name[ACCOUNT_NAME_SIZE];

		if (is_repeated(identities, i, user))
			continue;
		ENSURE(user.n < sizeof(name), ERR_PEER_INVALID);
		memcpy(name, user.p, user.n);
		name[user.n] = '\0';
		TRY(guests_claim(c, name, guests, &added));
	}
out:
	return e;
}

static bool is_listed(const json_t *identities, struct span identity)
{
	const json_t *value;
	size_t i;

	json_array_foreach(
	    identities, i,
	    value) if (span_equal(span_str(json_string_value(value)),
				  identity)) return true;
	return false;
}

/* Devices that are no members stay outside; a member without KeyPackages
 * cannot come along. */
static enum err keep_members(struct client *c, const json_t *identities,
			     struct guests *guests)
{
	for (size_t i = guests->count; i-- > 0;)
		if (!is_listed(identities, buf_span(&guests->list[i].identity)))
			guests_drop(guests,
				    buf_span(&guests->list[i].identity));
	if (guests->count == json_array_size(identities))
		return ERR_OK;
	return why_set(&c->why, ERR_PEER_UNSUPPORTED, "no-common-algorithm",
		       "Not every member's device has KeyPackages: one of "
		       "them has not been online for long. Remove it, or try "
		       "again later.");
}

enum err move_agree(struct client *c, const char *id, const char *algorithm,
		    struct move *move)
{
	struct account_suites offer = { .count = 1 };
	json_t *identities = json_array();
	enum err e;

	move->suite = suite_by_algorithm(span_str(algorithm));
	ENSURE(move->suite != NULL && account_offers(c, move->suite),
	       why_set(&c->why, ERR_PEER_UNSUPPORTED, "no-common-algorithm",
		       "This device does not offer %.40s.", algorithm));
	offer.ids[0] = move->suite->id;
	TRY(read_members(c, id, move, identities));
	if (move->suite == NULL)
		goto out;
	TRY(claim(c, identities, &move->guests));
	TRY(keep_members(c, identities, &move->guests));
	TRY(guests_plan(c, &move->guests, &offer, &move->agreed));
out:
	json_decref(identities);
	return e;
}

/* ---- staging ---- */

enum err move_stage(struct client *c, struct page *page,
		    const struct move *move, struct mls_commit *out)
{
	struct account_suites offer, only = { .count = 1 };
	struct actor now = { 0 }, next = { 0 };
	struct roles roles;
	enum err e;

	TRY(session_roles(page->session, &roles));
	if (!roles_may_reinit(&roles, span_str(c->identity)))
		return why_set(&c->why, ERR_PEER_DENIED, "not-allowed",
			       "To change the algorithm takes an admin or an "
			       "owner of this session.");
	only.ids[0] = move->suite->id;
	TRY(page_offer(page, &offer));
	TRY(actor_init(&now, c, session_suite(page->session), &offer));
	TRY(actor_init(&next, c, move->suite, &only));
	TRY(session_move(page->session, &now.me, &next.me, &move->agreed, out));
out:
	actor_clear(&now);
	actor_clear(&next);
	return e;
}

/* ---- receiving ---- */

enum err move_receive(struct client *c, struct page *page, uint64_t seq,
		      struct span welcome, const uint8_t claimed[CHAIN_HEAD],
		      struct session_event *event)
{
	struct account_suites only = { .count = 1 };
	struct package package = { 0 };
	struct actor actor = { 0 };
	bool found;
	enum err e = packages_find(c, welcome, &package);

	found = e == ERR_OK;
	if (e != ERR_OK && e != ERR_STATE_GONE)
		goto out;
	if (found)
		TRY(actor_init(&actor, c, package.suite, &package.offer));
	TRY(session_receive_successor(
	    page->session, seq, welcome, claimed, found ? &actor.me : NULL,
	    buf_span(&package.key_package), &package.secrets, event));
	if (event->kind != SESSION_MOVED)
		goto out;
	only.ids[0] = session_suite(page->session)->id;
	page_set_offer(page, event->own_commit ? &only : &package.offer);
	if (found && !event->own_commit)
		TRY(packages_used(c, &package));
out:
	package_clear(&package);
	actor_clear(&actor);
	return e;
}
