#include "session/planning.h"

#include <string.h>

#include "check/known.h"
#include "check/leaf_of.h"
#include "session/places.h"
#include "session/state.h"
#include "wire/key_package.h"

bool planning_removes(const struct mls_change *change, uint32_t leaf)
{
	for (size_t i = 0; i < change->remove_count; i++)
		if (change->removes[i] == leaf)
			return true;
	return false;
}

bool planning_moves_on(const struct account_log *log, const struct place *from,
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

void planning_carry(const struct place *from, const struct place *to,
		    struct span links, struct buf *out)
{
	struct carried carried = { from->fingerprint,
				   account_links_behind(links, from->number) };

	carried.links.n -= account_links_behind(links, to->number).n;
	if (carried.links.n <= PLACES_LINKS_MAX)
		places_put_carried(out, &carried);
}

/* The change leaves no leaf of the account that the branch does not have. */
static bool clears(const struct planning *p, const struct check_branch *branch)
{
	struct check_leaf_search search;
	struct check_member leaf;
	struct check_view view;

	session_view(p->session, &view);
	check_leaf_search(&search, &view, SPAN_ARRAY(branch->fingerprint));
	while (check_leaf_found(&search, &leaf))
		if (!planning_removes(p->change, leaf.leaf_index) &&
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
enum err planning_put_gone(struct planning *p, const struct place *from)
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
struct span planning_key_of(const struct planning *p,
			    const struct check_view *view,
			    struct span fingerprint)
{
	struct check_leaf_search search;
	struct check_member leaf;

	check_leaf_search(&search, view, fingerprint);
	while (check_leaf_found(&search, &leaf))
		if (!planning_removes(p->change, leaf.leaf_index))
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
		key = planning_key_of(p, &view, fingerprint);
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
		if (!planning_removes(p->change, leaf.leaf_index) &&
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

enum err planning_put_place(struct planning *p, struct span fingerprint)
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
	if (planning_moves_on(log, &from, hash, &to))
		TRY(keep_out_of_fork(p, log, &from, &to, hash));
	if (to.number > from.number) {
		places_put(p->changes, &to);
		planning_carry(&from, &to, known, p->links);
	} else if (from.number > 0) {
		TRY(put_stay(p, &from));
	} else {
		(void)check_accounts_lack(accounts, fingerprint);
		e = ERR_STATE_ACCOUNTS;
	}
out:
	return e;
}
