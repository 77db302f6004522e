/* From a group to the one that its ReInit asked for, of check/walk.h
 * (RFC 9420, 11.2). */
#include <stdlib.h>
#include <string.h>

#include "check/over.h"
#include "check/walk_state.h"

static bool read_reinit(const struct check_walk *walk,
			struct wire_proposal *proposal)
{
	return walk->reinit.n > 0 &&
	       wire_proposal_decode(buf_span(&walk->reinit), proposal) ==
		   ERR_OK &&
	       proposal->type == WIRE_PROPOSAL_REINIT;
}

static const char *compare_context(const struct wire_reinit *asked,
				   const struct wire_group_context *next)
{
	if (!span_equal(next->group_id, asked->group_id) ||
	    next->version != asked->version ||
	    next->cipher_suite != asked->cipher_suite)
		return "the next group is another than the ReInit asks for";
	if (!span_equal(next->extensions, asked->extensions))
		return "the next group has other extensions than the ReInit";
	if (next->epoch != 1)
		return "the next group is not at its first epoch";
	return NULL;
}

/* ---- its members ---- */

static int compare(const void *a, const void *b)
{
	const struct check_member *x = a, *y = b;

	return span_compare(x->identity, y->identity);
}

/* Sorted by identity, which is the one in `over` where the group goes over. NULL
 * without memory. */
static struct check_member *list_members(const struct check_walk *walk,
					 const struct check_over *over,
					 size_t *count)
{
	struct check_member *list =
	    calloc(walk->tree.leaf_count, sizeof(*list));
	uint32_t leaf = 0;

	*count = 0;
	while (list != NULL &&
	       check_walk_next_member(walk, &leaf, &list[*count]) &&
	       ++*count < walk->tree.leaf_count) {
	}
	for (size_t i = 0; list != NULL && over->list != NULL && i < *count;
	     i++)
		list[i].identity =
		    check_over_identity(over, list[i].leaf_index);
	if (list != NULL)
		qsort(list, *count, sizeof(*list), compare);
	return list;
}

static struct check_verdict compare_members(const struct check_walk *before,
					    const struct check_over *over,
					    const struct check_walk *after,
					    bool same_scheme)
{
	static const struct check_over as_they_are;
	size_t n, m;
	struct check_member *old = list_members(before, over, &n);
	struct check_member *new = list_members(after, &as_they_are, &m);
	struct check_verdict verdict = check_wrong(NULL);

	if (old == NULL || new == NULL)
		verdict = check_verdict_of(ERR_LOCAL_MEMORY, "no memory");
	else if (n != m)
		verdict.wrong = "the next group has other members";
	for (size_t i = 0; verdict.wrong == NULL && i < n; i++) {
		if (!span_equal(old[i].identity, new[i].identity))
			verdict.wrong = "the next group has other members";
		else if (same_scheme && !span_equal(old[i].signature_key,
						    new[i].signature_key))
			verdict.wrong = "a member of the next group has "
					"another signature key";
	}
	free(old);
	free(new);
	return verdict;
}

/* What the leaves become; nothing where the group goes over to no places. */
static struct check_verdict read_over(const struct check_walk *walk,
				      const struct wire_reinit *asked,
				      struct check_over *over)
{
	struct check_view view;
	struct places places;

	if (!check_over_is(walk->context.extensions, asked->extensions))
		return check_wrong(NULL);
	if (places_read(asked->extensions, &places) != ERR_OK)
		return check_wrong("the next group's places do not decode");
	check_walk_view(walk, &view);
	return check_over_leaves(&view, places.rows, SPAN_EMPTY, over);
}

struct check_verdict check_walk_successor(struct check_walk *walk,
					  struct span group_info,
					  bool *new_keys)
{
	struct wire_proposal asked;
	struct check_verdict verdict;
	struct check_walk *next = NULL, old;
	struct check_over over = { .list = NULL };
	bool same_scheme;

	if (!read_reinit(walk, &asked))
		return check_wrong("its group has not ended");
	verdict = check_walk_from_info(group_info, CHECK_UNSEEN, &next);
	if (verdict.wrong != NULL)
		return verdict;
	same_scheme =
	    strcmp(walk->suite->signature, next->suite->signature) == 0;
	verdict.wrong = compare_context(&asked.reinit, &next->context);
	if (verdict.wrong == NULL)
		verdict = read_over(walk, &asked.reinit, &over);
	if (verdict.wrong == NULL)
		verdict = compare_members(walk, &over, next, same_scheme);
	check_over_clear(&over);
	next->accounts = walk->accounts;
	if (verdict.wrong == NULL)
		verdict = check_walk_check_leaves(next, false);
	if (verdict.wrong == NULL) {
		old = *walk;
		*walk = *next;
		*next = old;
		*new_keys = !same_scheme;
	}
	check_walk_free(next);
	return verdict;
}
