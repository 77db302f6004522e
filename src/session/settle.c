/* Which accounts are settled (session/unsettled.h), of session.h. */
#include "check/group_places.h"
#include "check/known.h"
#include "check/leaf_of.h"
#include "check/residents.h"
#include "session/state.h"

void session_note_grown(struct session *session, struct span fingerprint)
{
	unsettled_put(&session->unsettled, fingerprint);
}

void session_unsettle(struct session *session)
{
	unsettled_clear(&session->unsettled);
}

/* One account, as it is known here. */
struct looking {
	struct session *session;
	struct check_view view;
	struct group_places places;
	size_t placed; /* how many of those that were looked at have a place */
};

/* Is each leaf of a device that stands where the log ends? */
static bool leaves_stand(const struct looking *l, struct span fingerprint,
			 const struct account_log *log,
			 const struct account_place *end)
{
	struct check_leaf_search search;
	struct check_member leaf;
	bool stand = false;

	check_leaf_search(&search, &l->view, fingerprint);
	while (check_leaf_found(&search, &leaf)) {
		stand = account_key_valid(log, suite_scheme(l->view.suite),
					  leaf.signature_key, end,
					  NULL) == ACCOUNT_VALID;
		if (!stand)
			break;
	}
	return stand;
}

static enum err look(struct looking *l, struct span fingerprint, bool *settled)
{
	struct check_accounts *accounts = l->session->accounts;
	struct known_parting parting;
	const struct account_log *log;
	struct account_place end;
	struct place place;
	struct span links;
	enum err e;

	*settled = false;
	if (!group_places_find(&l->places, fingerprint, &place))
		return ERR_OK;
	l->placed++;
	TRY(check_accounts_find(accounts, fingerprint, &log, &links));
	if (log == NULL)
		goto out;
	account_log_place(log, &end);
	if (end.number != place.number ||
	    !span_equal(SPAN_ARRAY(end.hash), place.hash) ||
	    !leaves_stand(l, fingerprint, log, &end))
		goto out;
	TRY(check_accounts_parting(accounts, &place, &parting));
	*settled = parting.links.n == 0;
out:
	return e;
}

/* Of an account without a leaf and without a place there is nothing to say. */
static bool is_gone(const struct looking *l, struct span fingerprint)
{
	struct check_leaf_search search;
	struct check_member leaf;
	struct place place;

	check_leaf_search(&search, &l->view, fingerprint);
	return !check_leaf_found(&search, &leaf) &&
	       !group_places_find(&l->places, fingerprint, &place);
}

static enum err look_at(struct looking *l, const uint8_t (*list)[ACCOUNT_HASH],
			size_t count, struct unsettled *rest)
{
	bool settled;
	enum err e = ERR_OK;

	for (size_t i = 0; i < count; i++) {
		struct span fingerprint = SPAN_ARRAY(list[i]);

		if (is_gone(l, fingerprint))
			continue;
		TRY(look(l, fingerprint, &settled));
		if (!settled)
			unsettled_put(rest, fingerprint);
	}
out:
	return e;
}

/* All that have a leaf. A place without one stays unknown. */
static enum err look_at_all(struct looking *l, struct unsettled *rest)
{
	struct check_residents all = { .list = NULL };
	enum err e = ERR_OK;

	if (check_residents_of(&l->view, NULL, &all) != NULL) {
		e = all.local ? ERR_LOCAL_MEMORY : ERR_OK;
		unsettled_clear(rest);
		goto out;
	}
	check_residents_sort(&all);
	TRY(look_at(l, (const uint8_t(*)[ACCOUNT_HASH])all.list, all.count,
		    rest));
	if (l->placed != group_places_count(&l->places))
		unsettled_clear(rest);
out:
	check_residents_clear(&all);
	return e;
}

enum err session_settle(struct session *session)
{
	struct unsettled rest = { .known = true }, *set = &session->unsettled;
	struct looking l = { .session = session };
	enum err e;

	if (session->accounts == NULL || !session->places.there)
		return ERR_OK;
	session_view(session, &l.view);
	TRY(group_places_of(&l.view, &l.places));
	if (set->known)
		TRY(look_at(&l, (const uint8_t(*)[ACCOUNT_HASH])set->list,
			    set->count, &rest));
	else
		TRY(look_at_all(&l, &rest));
	unsettled_clear(set);
	*set = rest;
	rest = (struct unsettled){ .known = false };
out:
	unsettled_clear(&rest);
	return e;
}
