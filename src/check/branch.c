#include "check/branch.h"

#include <stdlib.h>
#include <string.h>

#include "check/group_places.h"
#include "wire/log_view.h"

void check_branches_clear(struct check_branches *branches)
{
	free(branches->list);
	*branches = (struct check_branches){ .list = NULL };
}

/* Do the links part from the log before that place? */
static bool parts(struct span links, const struct place *at)
{
	struct rd r = rd_init(links);
	struct account_link link;

	return account_link_decode(rd_vec(&r), &link) == ERR_OK &&
	       link.number > 1 && link.number <= at->number;
}

static const char *take(const struct check_view *view,
			const struct carried *carried, const struct place *at,
			struct check_branches *branches, bool *local)
{
	struct check_branch *branch = &branches->list[branches->count];
	struct check_verdict verdict = check_accounts_part(
	    view->accounts, at, carried->links, &branch->end, &branch->counts);

	*local |= verdict.local;
	if (verdict.wrong != NULL)
		return verdict.wrong;
	(void)span_copy(branch->fingerprint, carried->fingerprint);
	branches->count++;
	return NULL;
}

const char *check_branches_read(const struct check_view *view,
				const struct wire_content *content,
				struct check_branches *branches, bool *local)
{
	struct carried carried;
	struct log_view said;
	struct group_places places;
	struct place at;
	struct span rest;
	const char *wrong = NULL;
	size_t count = 0;

	*branches = (struct check_branches){ .list = NULL };
	/* what does not decode is refused by check_places() */
	if (view->accounts == NULL ||
	    group_places_of(view, &places) != ERR_OK || !places.there ||
	    log_view_read_commit(content->authenticated_data, &said) !=
		ERR_OK ||
	    places_check_carried(said.links) != ERR_OK)
		return NULL;
	rest = said.links;
	while (places_next_carried(&rest, &carried))
		count++;
	if (count == 0)
		return NULL;
	branches->list = calloc(count, sizeof(*branches->list));
	*local |= branches->list == NULL;
	if (branches->list == NULL)
		return "no memory";
	rest = said.links;
	while (wrong == NULL && places_next_carried(&rest, &carried))
		if (group_places_find(&places, carried.fingerprint, &at) &&
		    parts(carried.links, &at))
			wrong = take(view, &carried, &at, branches, local);
	return wrong;
}

const struct check_branch *check_branches_find(
    const struct check_branches *branches, struct span fingerprint)
{
	for (size_t i = 0; i < branches->count; i++)
		if (span_equal(SPAN_ARRAY(branches->list[i].fingerprint),
			       fingerprint))
			return &branches->list[i];
	return NULL;
}

const struct check_branch *check_branches_of(
    const struct check_branches *branches, struct span identity)
{
	uint8_t fingerprint[ACCOUNT_HASH];
	uint64_t device;

	return places_read_leaf(identity, fingerprint, &device)
		   ? check_branches_find(branches, SPAN_ARRAY(fingerprint))
		   : NULL;
}

bool check_branch_keeps(const struct check_view *view,
			const struct check_branch *branch,
			const struct check_member *leaf)
{
	struct place none = { .number = 0 },
		     end = { SPAN_ARRAY(branch->fingerprint),
			     branch->end.number, SPAN_ARRAY(branch->end.hash) };
	uint8_t fingerprint[ACCOUNT_HASH];
	const struct account_log *log;
	uint64_t device, found;

	return branch->counts &&
	       places_read_leaf(leaf->identity, fingerprint, &device) &&
	       check_accounts_reach(view->accounts, &none, SPAN_EMPTY, &end,
				    &log)
		       .wrong == NULL &&
	       account_key_valid(log, suite_scheme(view->suite),
				 leaf->signature_key, &branch->end,
				 &found) == ACCOUNT_VALID &&
	       found == device;
}
