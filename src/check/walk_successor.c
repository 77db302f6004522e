/* From a group to the one that its ReInit asked for, of check/walk.h
 * (RFC 9420, 11.2). */
#include <stdlib.h>
#include <string.h>

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

/* Sorted by identity. NULL without memory. */
static struct check_member *list_members(const struct check_walk *walk,
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
	if (list != NULL)
		qsort(list, *count, sizeof(*list), compare);
	return list;
}

static struct check_verdict compare_members(const struct check_walk *before,
					    const struct check_walk *after,
					    bool same_scheme)
{
	size_t n, m;
	struct check_member *old = list_members(before, &n);
	struct check_member *new = list_members(after, &m);
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

struct check_verdict check_walk_successor(struct check_walk *walk,
					  struct span group_info,
					  bool *new_keys)
{
	struct wire_proposal asked;
	struct check_verdict verdict;
	struct check_walk *next = NULL, old;
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
		verdict = compare_members(walk, next, same_scheme);
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
