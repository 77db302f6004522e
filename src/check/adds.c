#include "check/adds.h"

#include <stdlib.h>

#include "wire/roles.h"

/* The members of the group after the commit. */
struct seat {
	struct span user, identity;
	bool added;
};

static int compare(const void *a, const void *b)
{
	const struct seat *x = a, *y = b;
	int order = span_compare(x->user, y->user);

	return order != 0 ? order : span_compare(x->identity, y->identity);
}

static struct seat seat_of(struct span identity, bool added)
{
	return (struct seat){ roles_user(identity), identity, added };
}

static size_t count_adds(const struct wire_commit *commit)
{
	struct span rest = commit->proposals;
	struct wire_proposal_or_ref item;
	size_t count = 0;

	while (wire_proposals_next(&rest, &item))
		count += item.proposal.type == WIRE_PROPOSAL_ADD;
	return count;
}

static size_t take_members(const struct check_adds *adds, struct seat *seats)
{
	const struct check_view *view = adds->view;
	struct check_member leaf;
	size_t count = 0;

	for (uint32_t i = 0; i < view->leaf_count; i++)
		if (view->leaf(view->group, i, &leaf) && !adds->gone[i])
			seats[count++] = seat_of(leaf.identity, false);
	return count;
}

/* NULL, or what is wrong. */
static const char *take_added(const struct check_adds *adds, struct seat *seats,
			      size_t *count)
{
	struct span rest = adds->commit->proposals;
	struct wire_proposal_or_ref item;

	while (wire_proposals_next(&rest, &item)) {
		const struct wire_credential *credential =
		    &item.proposal.add.leaf_node.credential;

		if (item.proposal.type != WIRE_PROPOSAL_ADD)
			continue;
		if (credential->type != WIRE_CREDENTIAL_BASIC)
			return "a KeyPackage has no basic credential";
		seats[(*count)++] = seat_of(credential->identity, true);
	}
	return NULL;
}

/* Sorted, so the seats of one user stand together. */
static const char *look_at(const struct seat *seats, size_t count,
			   struct span committer)
{
	bool stays = false, added = false;

	for (size_t i = 0; i < count; i++) {
		bool same =
		    i > 0 && span_equal(seats[i].user, seats[i - 1].user);

		if (same &&
		    span_equal(seats[i].identity, seats[i - 1].identity))
			return "an identity would stand twice";
		stays = (same && stays) || !seats[i].added;
		added = (same && added) || seats[i].added;
		if (stays && added &&
		    !span_equal(seats[i].user, roles_user(committer)))
			return "another device of that user has to add it";
	}
	return NULL;
}

enum err check_adds(const struct check_adds *adds, const char **wrong)
{
	size_t count, added = count_adds(adds->commit);
	struct seat *seats;

	*wrong = NULL;
	if (added == 0)
		return ERR_OK;
	seats = calloc((size_t)adds->view->leaf_count + added, sizeof(*seats));
	if (seats == NULL)
		return ERR_LOCAL_MEMORY;
	count = take_members(adds, seats);
	*wrong = take_added(adds, seats, &count);
	if (*wrong == NULL) {
		qsort(seats, count, sizeof(*seats), compare);
		*wrong = look_at(seats, count, adds->committer);
	}
	free(seats);
	return ERR_OK;
}
