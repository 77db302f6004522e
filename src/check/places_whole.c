/* The places of a whole group, of check/places.h. */
#include "base/fault.h"
#include "check/group_places.h"
#include "check/places.h"
#include "check/places_at.h"
#include "check/residents.h"

/* Without a place it is enough that the key is known. What is known of that account may
 * be older than the key. */
static const char *check_standing(const struct check_view *view,
				  const struct group_places *places,
				  const struct check_member *leaf, bool exact,
				  bool *local)
{
	const struct account_log *log = NULL;
	uint8_t fingerprint[ACCOUNT_HASH];
	struct place from = { .number = 0 }, place;
	struct account_place last;
	struct check_verdict verdict;
	struct span links;
	uint64_t device, found;

	if (!places_read_leaf(leaf->identity, fingerprint, &device))
		return CHECK_NO_DEVICE;
	if (group_places_find(places, SPAN_ARRAY(fingerprint), &place)) {
		verdict = check_accounts_reach(view->accounts, &from,
					       SPAN_EMPTY, &place, &log);
		*local |= verdict.local;
		if (verdict.wrong != NULL)
			return verdict.wrong;
		return places_at_check_leaf(view, log, &place, device,
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
	if (places_at_validity(view, log, &place, leaf->signature_key,
			       &found) == ACCOUNT_UNKNOWN &&
	    !FAULT(KEY_NOT_IN_LOG))
		return check_accounts_lack(view->accounts,
					   SPAN_ARRAY(fingerprint));
	return places_at_check_leaf(view, log, &place, device,
				    leaf->signature_key, false);
}

/* Each place is one of an account with a leaf, and where `exact` the other way round. */
static const char *check_residents(const struct group_places *places,
				   const struct check_residents *r, bool exact)
{
	size_t placed = 0;
	struct place place;

	for (size_t i = 0; i < r->count; i++)
		placed +=
		    group_places_find(places, SPAN_ARRAY(r->list[i]), &place);
	if (exact && placed < r->count)
		return "its places are not those of the accounts that have a "
		       "leaf";
	return placed == group_places_count(places)
		   ? NULL
		   : "the group has a place of an account without a leaf";
}

/* What is wrong first. All are looked at where a log is lacking: who asks for one
 * asks for all that are (check_accounts_lacks()). */
static const char *check_leaves(const struct check_view *view,
				const struct group_places *places, bool exact,
				bool *local)
{
	const char *wrong = NULL, *why;
	struct check_member leaf;

	for (uint32_t i = 0; !*local && i < view->leaf_count; i++) {
		if (!view->leaf(view->group, i, &leaf))
			continue;
		why = check_standing(view, places, &leaf, exact, local);
		if (wrong == NULL)
			wrong = why;
	}
	return wrong;
}

static const char *read(const struct check_view *view,
			struct group_places *places)
{
	return group_places_of(view, places) == ERR_OK
		   ? NULL
		   : "the group's places do not decode";
}

static const char *check_whole(const struct check_view *view, bool exact,
			       bool *local)
{
	struct check_residents r = { .list = NULL };
	struct group_places places;
	const char *wrong = read(view, &places);

	if (wrong != NULL || !places.there)
		return wrong;
	if (view->accounts == NULL)
		return "the logs of its accounts are not known";
	wrong = check_residents_of(view, NULL, &r);
	check_residents_sort(&r);
	if (wrong == NULL)
		wrong = check_residents(&places, &r, exact);
	if (wrong == NULL)
		wrong = check_leaves(view, &places, exact, local);
	*local |= r.local;
	check_residents_clear(&r);
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
	struct check_residents r = { .list = NULL };
	struct group_places places;

	verdict.wrong = read(view, &places);
	if (verdict.wrong == NULL && places.there) {
		verdict.wrong = check_residents_of(view, NULL, &r);
		check_residents_sort(&r);
	}
	if (verdict.wrong == NULL && places.there)
		verdict.wrong = check_residents(&places, &r, true);
	verdict.local = r.local;
	check_residents_clear(&r);
	return verdict;
}
