#include "check/adds.h"

#include <stdlib.h>

#include "check/leaf_of.h"
#include "wire/roles.h"

/* Who is added, and the members of the group after the commit that are of the same
 * users. */
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

static bool put(struct seat **seats, size_t *count, size_t *room,
		const struct seat *seat)
{
	struct seat *grown;

	if (*count == *room) {
		*room *= 2;
		grown = realloc(*seats, *room * sizeof(*grown));
		if (grown == NULL)
			return false;
		*seats = grown;
	}
	(*seats)[(*count)++] = *seat;
	return true;
}

/* Behind those who are added, sorted. ERR_LOCAL_MEMORY. */
static enum err take_members(const struct check_adds *adds, struct seat **seats,
			     size_t *count)
{
	const struct check_view *view = adds->view;
	size_t added = *count, room = 2 * added;
	struct check_member leaf;

	for (size_t i = 0; i < added; i++) {
		struct span user = (*seats)[i].user;
		uint32_t index = 0;

		if (i > 0 && span_equal(user, (*seats)[i - 1].user))
			continue;
		while (check_leaf_next(view, user, &index, &leaf)) {
			struct seat seat = seat_of(leaf.identity, false);

			if (!adds->gone[leaf.leaf_index] &&
			    !put(seats, count, &room, &seat))
				return ERR_LOCAL_MEMORY;
		}
	}
	return ERR_OK;
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
	size_t count = 0, added = count_adds(adds->commit);
	struct seat *seats = NULL;
	enum err e = ERR_OK;

	*wrong = NULL;
	if (added == 0)
		return ERR_OK;
	seats = calloc(2 * added, sizeof(*seats));
	ENSURE(seats != NULL, ERR_LOCAL_MEMORY);
	*wrong = take_added(adds, seats, &count);
	if (*wrong != NULL)
		goto out;
	qsort(seats, count, sizeof(*seats), compare);
	TRY(take_members(adds, &seats, &count));
	qsort(seats, count, sizeof(*seats), compare);
	*wrong = look_at(seats, count, adds->committer);
out:
	free(seats);
	return e;
}
