#include "check/places.h"

#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "wire/log_view.h"
#include "wire/roles.h"

#define NO_DEVICE "a leaf is no device of an account"

/* The accounts that have a leaf. */
struct residents {
	uint8_t (*list)[ACCOUNT_HASH]; /* owned */
	size_t count, room;
	bool local;
};

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, ACCOUNT_HASH);
}

/* Room for `more` at the end. */
static const char *reserve(struct residents *r, size_t more)
{
	size_t room = r->room == 0 ? 64 : 2 * r->room;
	void *grown;

	if (r->room - r->count >= more)
		return NULL;
	if (room < r->count + more)
		room = r->count + more;
	grown = realloc(r->list, room * sizeof(*r->list));
	r->local = grown == NULL;
	if (grown == NULL)
		return "no memory";
	r->list = grown;
	r->room = room;
	return NULL;
}

static const char *take(struct residents *r, struct span identity)
{
	const char *wrong = reserve(r, 1);
	uint64_t device;

	if (wrong != NULL)
		return wrong;
	if (!places_read_leaf(identity, r->list[r->count], &device))
		return NO_DEVICE;
	r->count++;
	return NULL;
}

/* Sorted, each once. */
static void sort(struct residents *r)
{
	size_t kept = 0;

	if (r->count > 0)
		qsort(r->list, r->count, sizeof(*r->list), compare);
	for (size_t i = 0; i < r->count; i++)
		if (i == 0 || compare(r->list[i], r->list[kept - 1]) != 0)
			memmove(r->list[kept++], r->list[i], ACCOUNT_HASH);
	r->count = kept;
}

static const char *take_leaves(const struct check_view *view, const bool *gone,
			       struct residents *r)
{
	struct check_member leaf;
	const char *wrong = NULL;

	for (uint32_t i = 0; wrong == NULL && i < view->leaf_count; i++)
		if ((gone == NULL || !gone[i]) &&
		    view->leaf(view->group, i, &leaf))
			wrong = take(r, leaf.identity);
	return wrong;
}

static const char *compare_with(const struct residents *r, struct span rows)
{
	struct place place;

	for (size_t i = 0; i < r->count; i++)
		if (!places_next(&rows, &place) ||
		    !span_equal(place.fingerprint, SPAN_ARRAY(r->list[i])))
			return "its places are not those of the accounts that "
			       "have a leaf";
	return rows.n == 0 ? NULL
			   : "its places are not those of the accounts that "
			     "have a leaf";
}

/* ---- the log of an account at a place ---- */

static enum account_validity validity(const struct check_view *view,
				      const struct account_log *log,
				      const struct place *place,
				      struct span signature_key,
				      uint64_t *device)
{
	struct account_place at = { .number = place->number };

	(void)span_copy(at.hash, place->hash);
	return account_key_valid(log, suite_scheme(view->suite), signature_key,
				 &at, device);
}

/* That the leaf is that device's; `standing`: and that the device stands. */
static const char *check_leaf_at(const struct check_view *view,
				 const struct account_log *log,
				 const struct place *place, uint64_t device,
				 struct span signature_key, bool standing)
{
	uint64_t found = 0;

	switch (validity(view, log, place, signature_key, &found)) {
	case ACCOUNT_VALID:
		break;
	case ACCOUNT_ENDED:
		if (standing)
			return "a leaf comes in whose device its account has "
			       "removed";
		break;
	case ACCOUNT_UNKNOWN:
		if (FAULT(KEY_NOT_IN_LOG))
			return NULL;
		return "a leaf's key is in no link of its account's log";
	case ACCOUNT_LATER:
		return "a leaf's key came to its account after the account's "
		       "place";
	case ACCOUNT_ELSEWHERE:
		return "an account's log does not have its place";
	}
	return found == device ? NULL
			       : "a leaf's key is another device's of its "
				 "account";
}

/* The log of that leaf's account, at the group's place of it. False: the group has
 * no places, or none of that account. */
static bool find_log(const struct check_view *view,
		     const struct check_member *leaf, struct place *place,
		     const struct account_log **log,
		     struct check_verdict *verdict)
{
	uint8_t fingerprint[ACCOUNT_HASH];
	struct places places;
	uint64_t device;

	if (view->accounts == NULL ||
	    places_read(view->extensions, &places) != ERR_OK || !places.there ||
	    !places_read_leaf(leaf->identity, fingerprint, &device) ||
	    !places_find(places.rows, SPAN_ARRAY(fingerprint), place))
		return false;
	*verdict =
	    check_accounts_reach(view->accounts, place, SPAN_EMPTY, place, log);
	return true;
}

bool check_places_ended(const struct check_view *view,
			const struct check_member *leaf)
{
	const struct account_log *log = NULL;
	struct check_verdict verdict;
	struct place place;

	return find_log(view, leaf, &place, &log, &verdict) &&
	       verdict.wrong == NULL &&
	       validity(view, log, &place, leaf->signature_key, NULL) ==
		   ACCOUNT_ENDED;
}

const char *check_places_committer(const struct check_view *view,
				   const struct check_branches *branches,
				   const struct check_member *leaf, bool *ended,
				   bool *local)
{
	const struct check_branch *branch =
	    check_branches_of(branches, leaf->identity);
	const struct account_log *log = NULL;
	struct check_verdict verdict;
	struct place place;

	*ended = branch != NULL && !check_branch_keeps(view, branch, leaf);
	if (branch != NULL)
		return *ended ? "its sender's device does not stand in the "
				"branch that it carries"
			      : NULL;
	if (!find_log(view, leaf, &place, &log, &verdict))
		return NULL;
	*local |= verdict.local;
	if (verdict.wrong != NULL)
		return verdict.wrong;
	*ended = validity(view, log, &place, leaf->signature_key, NULL) ==
		 ACCOUNT_ENDED;
	return *ended ? "its sender's account has removed its device" : NULL;
}

/* ---- a commit ---- */

struct pass {
	struct check_move *move;
	struct span before, after; /* rows */
	struct span carried;
};

/* Where the account was: number 0 without a place. */
static struct place place_before(const struct pass *p, struct span fingerprint)
{
	struct place place;

	return places_find(p->before, fingerprint, &place)
		   ? place
		   : (struct place){ .fingerprint = fingerprint };
}

static const char *reach(struct pass *p, const struct place *from,
			 struct place *to, const struct account_log **log)
{
	const struct place none = { .number = 0 };
	struct carried carried = { .links = SPAN_EMPTY };
	struct check_verdict verdict;

	/* a branch is known, and does not go on from the place */
	if (check_branches_find(p->move->branches, to->fingerprint) != NULL)
		from = &none;
	else if (!places_find_carried(p->carried, to->fingerprint, &carried))
		carried.links = SPAN_EMPTY;
	verdict = check_accounts_reach(p->move->view->accounts, from,
				       carried.links, to, log);
	p->move->local |= verdict.local;
	return verdict.wrong;
}

/* The leaves of an account that came in from outside, when it gets its first
 * place. */
static const char *check_unplaced(struct pass *p, const struct place *place,
				  const struct account_log *log)
{
	const struct check_view *view = p->move->view;
	uint8_t fingerprint[ACCOUNT_HASH];
	struct check_member leaf;
	const char *wrong = NULL;
	uint64_t device;

	for (uint32_t i = 0; wrong == NULL && i < view->leaf_count; i++)
		if (view->leaf(view->group, i, &leaf) && !p->move->gone[i] &&
		    places_read_leaf(leaf.identity, fingerprint, &device) &&
		    span_equal(SPAN_ARRAY(fingerprint), place->fingerprint))
			wrong = check_leaf_at(view, log, place, device,
					      leaf.signature_key, false);
	return wrong;
}

/* The account goes over to a branch: with it go the leaves that it does not keep. */
static const char *check_parted(struct pass *p,
				const struct check_branch *branch,
				const struct place *to)
{
	const struct check_view *view = p->move->view;
	struct check_member leaf;

	if (!branch->counts)
		return "a leaf stays whose account's log forks";
	if (to->number != branch->end.number ||
	    !span_equal(to->hash, SPAN_ARRAY(branch->end.hash)))
		return "an account's place is not where the branch ends that "
		       "it carries";
	for (uint32_t i = 0; i < view->leaf_count; i++)
		if (view->leaf(view->group, i, &leaf) && !p->move->gone[i] &&
		    check_branches_of(p->move->branches, leaf.identity) ==
			branch &&
		    !check_branch_keeps(view, branch, &leaf))
			return "a leaf stays that the branch which it carries "
			       "does not have";
	return NULL;
}

static const char *check_place(struct pass *p, struct place *to)
{
	const struct check_branch *branch =
	    check_branches_find(p->move->branches, to->fingerprint);
	struct place from = place_before(p, to->fingerprint);
	const struct account_log *log = NULL;
	struct carried carried;
	const char *wrong;

	if (branch != NULL)
		return check_parted(p, branch, to);
	if (place_equal(&from, to))
		return places_find_carried(p->carried, to->fingerprint,
					   &carried)
			   ? "it carries links of an account whose place stays"
			   : NULL;
	if (to->number <= from.number)
		return "an account's place is lowered";
	wrong = reach(p, &from, to, &log);
	if (wrong == NULL && from.number == 0)
		wrong = check_unplaced(p, to, log);
	return wrong;
}

/* Those of accounts that have no place behind the commit. */
static const char *check_carried(const struct pass *p)
{
	struct span rest = p->carried;
	struct carried carried;
	struct place place;

	while (places_next_carried(&rest, &carried))
		if (!places_find(p->after, carried.fingerprint, &place) &&
		    check_branches_find(p->move->branches,
					carried.fingerprint) == NULL)
			return "it carries links of an account that has no "
			       "place";
	return NULL;
}

static const char *check_added(struct pass *p,
			       const struct wire_leaf_node *leaf)
{
	const struct account_log *log = NULL;
	uint8_t fingerprint[ACCOUNT_HASH];
	struct place from, to;
	const char *wrong;
	uint64_t device;

	if (!places_read_leaf(leaf->credential.identity, fingerprint, &device))
		return NO_DEVICE;
	if (!places_find(p->after, SPAN_ARRAY(fingerprint), &to))
		return "an account that comes in has no place";
	from = place_before(p, to.fingerprint);
	if (place_equal(&from, &to)) /* nothing was carried */
		from.number = 0;
	wrong = reach(p, &from, &to, &log);
	return wrong != NULL ? wrong
			     : check_leaf_at(p->move->view, log, &to, device,
					     leaf->signature_key, true);
}

static const char *take_adds(struct pass *p, struct residents *r)
{
	struct span rest = p->move->content->commit.proposals;
	struct wire_proposal_or_ref item;
	const char *wrong = NULL;

	while (wrong == NULL && wire_proposals_next(&rest, &item))
		if (item.proposal.type == WIRE_PROPOSAL_ADD)
			wrong = take(
			    r, item.proposal.add.leaf_node.credential.identity);
	return wrong;
}

static const char *check_adds_at(struct pass *p)
{
	struct span rest = p->move->content->commit.proposals;
	struct wire_proposal_or_ref item;
	const char *wrong = NULL;

	while (wrong == NULL && wire_proposals_next(&rest, &item))
		if (item.proposal.type == WIRE_PROPOSAL_ADD)
			wrong = check_added(p, &item.proposal.add.leaf_node);
	return wrong;
}

/* Whether a leaf of that user stays. */
static bool stays(const struct check_move *move, struct span user)
{
	const struct check_view *view = move->view;
	struct check_member leaf;

	for (uint32_t i = 0; i < view->leaf_count; i++)
		if (!move->gone[i] && view->leaf(view->group, i, &leaf) &&
		    span_equal(roles_user(leaf.identity), user))
			return true;
	return false;
}

/* Those who have a place, without those who lose their last leaf: in a group where
 * exactly the accounts with a leaf have a place. Each comes with a look at all leaves,
 * and no more. */
static const char *take_placed(const struct pass *p, struct residents *r)
{
	const struct check_view *view = p->move->view;
	const char *wrong = reserve(r, p->before.n / PLACES_ROW);
	struct span rows = p->before;
	struct check_member leaf;
	struct residents lost = { .list = NULL };
	struct place place;

	for (uint32_t i = 0;
	     wrong == NULL && !p->move->settled && i < view->leaf_count; i++)
		if (p->move->gone[i] && view->leaf(view->group, i, &leaf) &&
		    !stays(p->move, roles_user(leaf.identity)))
			wrong = take(&lost, leaf.identity);
	sort(&lost);
	while (wrong == NULL && places_next(&rows, &place))
		if (lost.count == 0 ||
		    bsearch(place.fingerprint.p, lost.list, lost.count,
			    sizeof(*lost.list), compare) == NULL)
			(void)span_copy(r->list[r->count++], place.fingerprint);
	r->local |= lost.local;
	free(lost.list);
	return wrong;
}

/* Who has a leaf then, and has a place for it. */
static const char *check_residents(struct pass *p)
{
	struct residents r = { .list = NULL };
	const char *wrong = p->move->view->exact
				? take_placed(p, &r)
				: take_leaves(p->move->view, p->move->gone, &r);
	size_t stay = r.count;

	if (wrong == NULL)
		wrong = take_adds(p, &r);
	if (wrong == NULL) {
		if (!p->move->view->exact || r.count > stay)
			sort(&r);
		wrong = compare_with(&r, p->after);
	}
	p->move->local |= r.local;
	free(r.list);
	return wrong;
}

static const char *check_member(struct pass *p)
{
	struct span rows = p->after;
	struct place place;
	const char *wrong;

	if (p->move->view->exact && p->move->settled && p->carried.n == 0 &&
	    p->move->branches->count == 0 && span_equal(p->before, p->after))
		return NULL;
	wrong = check_residents(p);
	if (wrong == NULL)
		wrong = check_carried(p);
	while (wrong == NULL && places_next(&rows, &place))
		wrong = check_place(p, &place);
	if (wrong == NULL)
		wrong = check_adds_at(p);
	return wrong;
}

/* A device that the group's branch has removed, and the one that counts has not: the
 * place moves with the next commit. Whoever reads the group meanwhile finds the key in the
 * log at its place. */
static const char *check_joins_branch(struct pass *p,
				      const struct check_branch *branch,
				      const struct check_member *joiner,
				      struct place *at, uint64_t device)
{
	struct place from = { .number = 0 };
	const struct account_log *log = NULL;
	struct check_verdict verdict;

	if (!check_branch_keeps(p->move->view, branch, joiner))
		return "who joins does not stand in the branch that it carries";
	verdict = check_accounts_reach(p->move->view->accounts, &from,
				       SPAN_EMPTY, at, &log);
	p->move->local |= verdict.local;
	return verdict.wrong != NULL
		   ? verdict.wrong
		   : check_leaf_at(p->move->view, log, at, device,
				   joiner->signature_key, false);
}

/* Who joins from outside changes no places (RFC 9420, 12.2): one of an account
 * without a place carries its log, and the next commit gives it one. */
static const char *check_joiner(struct pass *p)
{
	const struct check_member *joiner = p->move->committer;
	const struct account_log *log = NULL;
	uint8_t fingerprint[ACCOUNT_HASH];
	struct place from = { .number = 0 }, to;
	struct span rest = p->carried;
	const struct check_branch *branch;
	struct carried carried;
	const char *wrong;
	uint64_t device;

	if (!places_read_leaf(joiner->identity, fingerprint, &device))
		return NO_DEVICE;
	branch =
	    check_branches_find(p->move->branches, SPAN_ARRAY(fingerprint));
	while (places_next_carried(&rest, &carried))
		if (!span_equal(carried.fingerprint, SPAN_ARRAY(fingerprint)))
			return "who joins carries links of another account";
	to = place_before(p, SPAN_ARRAY(fingerprint));
	if (to.number > 0 && p->carried.n > 0 && branch == NULL)
		return "it carries links of an account whose place stays";
	if (branch != NULL)
		return check_joins_branch(p, branch, joiner, &to, device);
	wrong = reach(p, &from, &to, &log);
	return wrong != NULL ? wrong
			     : check_leaf_at(p->move->view, log, &to, device,
					     joiner->signature_key, true);
}

static const char *read_pass(struct pass *p)
{
	struct places before, after;
	struct log_view said;

	if (places_read(p->move->view->extensions, &before) != ERR_OK)
		return "the group's places do not decode";
	if (places_read(p->move->after, &after) != ERR_OK)
		return "its places do not decode";
	if (log_view_read_commit(p->move->content->authenticated_data, &said) !=
		ERR_OK ||
	    places_check_carried(said.links) != ERR_OK)
		return "the links that it carries do not decode";
	p->before = before.rows;
	p->after = after.rows;
	p->carried = said.links;
	return NULL;
}

const char *check_places(struct check_move *move)
{
	struct pass p = { .move = move };
	struct span data;
	const char *wrong;

	if (!wire_extensions_find(move->view->extensions, PLACES_EXTENSION,
				  &data))
		return NULL; /* a group of the rules before */
	if (move->view->accounts == NULL)
		return "the logs of its accounts are not known";
	wrong = read_pass(&p);
	if (wrong != NULL)
		return wrong;
	if (move->external)
		return check_joiner(&p);
	return check_member(&p);
}

/* ---- a whole group ---- */

/* Without a place it is enough that the key is known. */
static const char *check_standing(const struct check_view *view,
				  struct span rows,
				  const struct check_member *leaf, bool exact,
				  bool *local)
{
	const struct account_log *log = NULL;
	uint8_t fingerprint[ACCOUNT_HASH];
	struct place from = { .number = 0 }, place;
	struct account_place last;
	struct check_verdict verdict;
	struct span links;
	uint64_t device;

	if (!places_read_leaf(leaf->identity, fingerprint, &device))
		return NO_DEVICE;
	if (places_find(rows, SPAN_ARRAY(fingerprint), &place)) {
		verdict = check_accounts_reach(view->accounts, &from,
					       SPAN_EMPTY, &place, &log);
		*local |= verdict.local;
		if (verdict.wrong != NULL)
			return verdict.wrong;
		return check_leaf_at(view, log, &place, device,
				     leaf->signature_key, exact);
	}
	if (check_accounts_find_key(view->accounts, SPAN_ARRAY(fingerprint),
				    suite_scheme(view->suite),
				    leaf->signature_key, &log,
				    &links) != ERR_OK) {
		*local = true;
		return "no memory";
	}
	if (log == NULL)
		return check_accounts_lack(view->accounts,
					   SPAN_ARRAY(fingerprint));
	account_log_place(log, &last);
	place = (struct place){ SPAN_ARRAY(fingerprint), last.number,
				SPAN_ARRAY(last.hash) };
	return check_leaf_at(view, log, &place, device, leaf->signature_key,
			     false);
}

/* Each place is one of an account with a leaf. */
static const char *check_subset(struct span rows, const struct residents *r)
{
	struct place place;

	while (places_next(&rows, &place))
		if (r->count == 0 ||
		    bsearch(place.fingerprint.p, r->list, r->count,
			    sizeof(*r->list), compare) == NULL)
			return "the group has a place of an account without a "
			       "leaf";
	return NULL;
}

/* What is wrong first. All are looked at where a log is lacking: who asks for one
 * asks for all that are (check_accounts_lacks()). */
static const char *check_leaves(const struct check_view *view, struct span rows,
				bool exact, bool *local)
{
	const char *wrong = NULL, *why;
	struct check_member leaf;

	for (uint32_t i = 0; !*local && i < view->leaf_count; i++) {
		if (!view->leaf(view->group, i, &leaf))
			continue;
		why = check_standing(view, rows, &leaf, exact, local);
		if (wrong == NULL)
			wrong = why;
	}
	return wrong;
}

static const char *check_whole(const struct check_view *view, bool exact,
			       bool *local)
{
	struct residents r = { .list = NULL };
	struct places places;
	const char *wrong;

	if (places_read(view->extensions, &places) != ERR_OK)
		return "the group's places do not decode";
	if (!places.there)
		return NULL;
	if (view->accounts == NULL)
		return "the logs of its accounts are not known";
	wrong = take_leaves(view, NULL, &r);
	sort(&r);
	if (wrong == NULL)
		wrong = exact ? compare_with(&r, places.rows)
			      : check_subset(places.rows, &r);
	if (wrong == NULL)
		wrong = check_leaves(view, places.rows, exact, local);
	*local |= r.local;
	free(r.list);
	return wrong;
}

struct check_verdict check_places_whole(const struct check_view *view,
					bool exact)
{
	struct check_verdict verdict = { NULL, false, false };

	verdict.wrong = check_whole(view, exact, &verdict.local);
	return verdict;
}

struct check_verdict check_places_exact(const struct check_view *view)
{
	struct check_verdict verdict = { NULL, false, false };
	struct residents r = { .list = NULL };
	struct places places;

	if (places_read(view->extensions, &places) != ERR_OK)
		verdict.wrong = "the group's places do not decode";
	else if (places.there)
		verdict.wrong = take_leaves(view, NULL, &r);
	if (verdict.wrong == NULL && places.there) {
		sort(&r);
		verdict.wrong = compare_with(&r, places.rows);
	}
	verdict.local = r.local;
	free(r.list);
	return verdict;
}
