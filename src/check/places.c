#include "check/places.h"

#include "check/group_places.h"
#include "check/leaf_of.h"
#include "check/places_at.h"
#include "check/residents.h"
#include "wire/log_view.h"
#include "wire/roles.h"

/* ---- who commits ---- */

/* The log of that leaf's account, at the group's place of it. False: the group has
 * no places, or none of that account. */
static bool find_log(const struct check_view *view,
		     const struct check_member *leaf, struct place *place,
		     const struct account_log **log,
		     struct check_verdict *verdict)
{
	uint8_t fingerprint[ACCOUNT_HASH];
	struct group_places places;
	uint64_t device;

	if (view->accounts == NULL ||
	    group_places_of(view, &places) != ERR_OK || !places.there ||
	    !places_read_leaf(leaf->identity, fingerprint, &device) ||
	    !group_places_find(&places, SPAN_ARRAY(fingerprint), place))
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
	       places_at_validity(view, log, &place, leaf->signature_key,
				  NULL) == ACCOUNT_ENDED;
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
	*ended = places_at_validity(view, log, &place, leaf->signature_key,
				    NULL) == ACCOUNT_ENDED;
	return *ended ? "its sender's account has removed its device" : NULL;
}

/* ---- a commit ---- */

struct pass {
	struct check_move *move;
	struct group_places before;
	struct span changes; /* from there (wire/places.h) */
	struct span carried;
	struct buf compared; /* what `changes` borrows from, of two lists */
};

/* Where the account was: number 0 without a place. */
static struct place place_before(const struct pass *p, struct span fingerprint)
{
	struct place place;

	return group_places_find(&p->before, fingerprint, &place)
		   ? place
		   : (struct place){ .fingerprint = fingerprint };
}

/* Where it is behind the commit. */
static bool find_after(const struct pass *p, struct span fingerprint,
		       struct place *place)
{
	if (places_find(p->changes, fingerprint, place))
		return !place_is_gone(place);
	return group_places_find(&p->before, fingerprint, place);
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
	struct check_leaf_search search;
	struct check_member leaf;
	const char *wrong = NULL;

	check_leaf_search(&search, p->move->view, place->fingerprint);
	while (wrong == NULL && check_leaf_found(&search, &leaf))
		if (!p->move->gone[leaf.leaf_index])
			wrong = places_at_check_leaf(p->move->view, log, place,
						     search.device,
						     leaf.signature_key, false);
	return wrong;
}

/* The account goes over to a branch: with it go the leaves that it does not keep. */
static const char *check_parted(struct pass *p,
				const struct check_branch *branch,
				const struct place *to)
{
	const struct check_view *view = p->move->view;
	struct check_leaf_search search;
	struct check_member leaf;

	if (!branch->counts)
		return "a leaf stays whose account's log forks";
	if (to->number != branch->end.number ||
	    !span_equal(to->hash, SPAN_ARRAY(branch->end.hash)))
		return "an account's place is not where the branch ends that "
		       "it carries";
	check_leaf_search(&search, view, to->fingerprint);
	while (check_leaf_found(&search, &leaf))
		if (!p->move->gone[leaf.leaf_index] &&
		    !check_branch_keeps(view, branch, &leaf))
			return "a leaf stays that the branch which it carries "
			       "does not have";
	return NULL;
}

/* One that changes, and is there afterwards. */
static const char *check_place(struct pass *p, struct place *to)
{
	const struct check_branch *branch =
	    check_branches_find(p->move->branches, to->fingerprint);
	struct place from = place_before(p, to->fingerprint);
	const struct account_log *log = NULL;
	const char *wrong;

	if (branch != NULL)
		return check_parted(p, branch, to);
	if (to->number <= from.number)
		return "an account's place is lowered";
	wrong = reach(p, &from, to, &log);
	if (wrong == NULL && from.number == 0 && !p->move->view->exact)
		wrong = check_unplaced(p, to, log);
	return wrong;
}

/* Those of accounts whose places do not change. */
static const char *check_carried(struct pass *p)
{
	struct span rest = p->carried;
	const struct check_branch *branch;
	const char *wrong = NULL;
	struct carried carried;
	struct place place;

	while (wrong == NULL && places_next_carried(&rest, &carried)) {
		branch =
		    check_branches_find(p->move->branches, carried.fingerprint);
		if (!find_after(p, carried.fingerprint, &place))
			wrong = branch == NULL
				    ? "it carries links of an account that has "
				      "no place"
				    : NULL;
		else if (!places_find(p->changes, carried.fingerprint, &place))
			wrong = branch == NULL
				    ? "it carries links of an account whose "
				      "place stays"
				    : check_parted(p, branch, &place);
	}
	return wrong;
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
		return CHECK_NO_DEVICE;
	if (!find_after(p, SPAN_ARRAY(fingerprint), &to))
		return "an account that comes in has no place";
	from = place_before(p, to.fingerprint);
	if (place_equal(&from, &to)) /* nothing was carried */
		from.number = 0;
	wrong = reach(p, &from, &to, &log);
	return wrong != NULL
		   ? wrong
		   : places_at_check_leaf(p->move->view, log, &to, device,
					  leaf->signature_key, true);
}

static const char *take_adds(struct pass *p, struct check_residents *r)
{
	struct span rest = p->move->content->commit.proposals;
	struct wire_proposal_or_ref item;
	const char *wrong = NULL;

	while (wrong == NULL && wire_proposals_next(&rest, &item))
		if (item.proposal.type == WIRE_PROPOSAL_ADD)
			wrong = check_residents_take(
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

#define NOT_THOSE "its places are not those of the accounts that have a leaf"

/* Of each account that loses a leaf. Afterwards they stand in `lost`, in order. */
static const char *check_lost(struct pass *p,
			      const struct check_residents *added,
			      struct check_residents *lost)
{
	const struct check_view *view = p->move->view;
	const char *wrong = NULL;
	struct check_member leaf;
	struct place place;

	for (uint32_t i = 0;
	     wrong == NULL && !p->move->settled && i < view->leaf_count; i++) {
		struct span account;

		if (!p->move->gone[i] || !view->leaf(view->group, i, &leaf))
			continue;
		wrong = check_residents_take(lost, leaf.identity);
		if (wrong != NULL)
			break;
		account = SPAN_ARRAY(lost->list[lost->count - 1]);
		if (find_after(p, account, &place) !=
		    (check_residents_have(added, account) ||
		     check_leaf_of(view, p->move->gone,
				   roles_user(leaf.identity))))
			wrong = NOT_THOSE;
	}
	check_residents_sort(lost);
	return wrong;
}

/* In a group where exactly the accounts with a leaf have a place: it stays so where
 * nothing changes. */
static const char *check_changed(struct pass *p,
				 const struct check_residents *added)
{
	struct check_residents lost = { .list = NULL };
	const char *wrong = check_lost(p, added, &lost);
	struct span rest = p->changes;
	struct place place, other;

	while (wrong == NULL && places_next(&rest, &place))
		if (place_is_gone(&place)
			? !check_residents_have(&lost, place.fingerprint)
			: !group_places_find(&p->before, place.fingerprint,
					     &other) &&
			      !check_residents_have(added, place.fingerprint))
			wrong = NOT_THOSE;
	for (size_t i = 0; wrong == NULL && i < added->count; i++)
		if (!find_after(p, SPAN_ARRAY(added->list[i]), &place))
			wrong = NOT_THOSE;
	p->move->local |= lost.local;
	check_residents_clear(&lost);
	return wrong;
}

/* In one where that is not known. */
static const char *check_all(struct pass *p, struct check_residents *r)
{
	const char *wrong = check_residents_of(p->move->view, p->move->gone, r);
	size_t count = group_places_count(&p->before);
	struct span rest = p->changes;
	struct place place, other;

	if (wrong != NULL)
		return wrong;
	check_residents_sort(r);
	while (places_next(&rest, &place)) {
		count -= place_is_gone(&place);
		count +=
		    !group_places_find(&p->before, place.fingerprint, &other);
	}
	for (size_t i = 0; i < r->count; i++)
		if (!find_after(p, SPAN_ARRAY(r->list[i]), &place))
			return NOT_THOSE;
	return count == r->count ? NULL : NOT_THOSE;
}

/* Who has a leaf then, and has a place for it. */
static const char *check_residents(struct pass *p)
{
	struct check_residents r = { .list = NULL };
	const char *wrong = take_adds(p, &r);

	if (wrong == NULL && p->move->view->exact) {
		check_residents_sort(&r);
		wrong = check_changed(p, &r);
	} else if (wrong == NULL) {
		wrong = check_all(p, &r);
	}
	p->move->local |= r.local;
	check_residents_clear(&r);
	return wrong;
}

static const char *check_member(struct pass *p)
{
	struct span rest = p->changes;
	struct place place;
	const char *wrong;

	if (p->move->view->exact && p->move->settled && p->carried.n == 0 &&
	    p->move->branches->count == 0 && p->changes.n == 0)
		return NULL;
	wrong = check_residents(p);
	if (wrong == NULL)
		wrong = check_carried(p);
	while (wrong == NULL && places_next(&rest, &place))
		if (!place_is_gone(&place))
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
		   : places_at_check_leaf(p->move->view, log, at, device,
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
		return CHECK_NO_DEVICE;
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
	return wrong != NULL
		   ? wrong
		   : places_at_check_leaf(p->move->view, log, &to, device,
					  joiner->signature_key, true);
}

/* The root behind the commit is that of the places which its changes make. */
static const char *check_root(struct pass *p)
{
	struct place_map after = { .there = false };
	uint8_t own[PLACES_ROOT];
	struct span root;
	bool rooted;
	enum err e;

	TRY(places_read_root(p->move->after, &rooted, &root));
	TRY(place_map_change(p->before.map, p->changes, &after));
	TRY(place_map_root(&after, own));
	ENSURE(rooted && span_equal(SPAN_ARRAY(own), root), ERR_PEER_CRYPTO);
out:
	place_map_clear(&after);
	p->move->local |= err_class(e) == ERR_CLASS_LOCAL;
	if (e == ERR_PEER_MALFORMED)
		return "its places do not decode";
	if (e == ERR_PEER_INVALID)
		return "it changes places that are so already";
	return e == ERR_OK
		   ? NULL
		   : "its root is not that of the places that it leaves";
}

/* Between two lists. */
static const char *compare_lists(struct pass *p)
{
	struct places after;
	enum err e;

	if (places_read(p->move->after, &after) != ERR_OK)
		return "its places do not decode";
	if (p->changes.n > 0)
		return "it says what changes in a list of places";
	group_places_compare(p->before.rows, after.rows, &p->compared);
	e = buf_end(&p->compared);
	p->changes = buf_span(&p->compared);
	p->move->local |= e != ERR_OK;
	return e == ERR_OK ? NULL : "no memory";
}

static const char *read_pass(struct pass *p)
{
	struct log_view said;

	if (group_places_of(p->move->view, &p->before) != ERR_OK)
		return "the group's places do not decode";
	if (log_view_read_commit(p->move->content->authenticated_data, &said) !=
		ERR_OK ||
	    places_check_carried(said.links) != ERR_OK)
		return "the links that it carries do not decode";
	p->carried = said.links;
	p->changes = said.changes;
	return p->before.map != NULL ? check_root(p) : compare_lists(p);
}

const char *check_places(struct check_move *move)
{
	struct pass p = { .move = move };
	const char *wrong;

	if (!group_places_are_there(move->view->extensions))
		return NULL; /* a group of the rules before */
	if (move->view->accounts == NULL)
		return "the logs of its accounts are not known";
	wrong = read_pass(&p);
	if (wrong == NULL)
		wrong = move->external ? check_joiner(&p) : check_member(&p);
	buf_clear(&p.compared);
	return wrong;
}
