#include "check/residents.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, ACCOUNT_HASH);
}

/* Room for `more` at the end. */
static const char *reserve(struct check_residents *r, size_t more)
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

const char *check_residents_take(struct check_residents *r,
				 struct span identity)
{
	const char *wrong = reserve(r, 1);
	uint64_t device;

	if (wrong != NULL)
		return wrong;
	if (!places_read_leaf(identity, r->list[r->count], &device))
		return CHECK_NO_DEVICE;
	r->count++;
	return NULL;
}

const char *check_residents_put(struct check_residents *r,
				struct span fingerprint)
{
	const char *wrong = reserve(r, 1);

	if (wrong == NULL)
		(void)span_copy(r->list[r->count++], fingerprint);
	return wrong;
}

/* Sorted, each once. */
void check_residents_sort(struct check_residents *r)
{
	size_t kept = 0;

	if (r->count > 0)
		qsort(r->list, r->count, sizeof(*r->list), compare);
	for (size_t i = 0; i < r->count; i++)
		if (i == 0 || compare(r->list[i], r->list[kept - 1]) != 0)
			memmove(r->list[kept++], r->list[i], ACCOUNT_HASH);
	r->count = kept;
}

const char *check_residents_of(const struct check_view *view, const bool *gone,
			       struct check_residents *r)
{
	struct check_member leaf;
	const char *wrong = NULL;

	for (uint32_t i = 0; wrong == NULL && i < view->leaf_count; i++)
		if ((gone == NULL || !gone[i]) &&
		    view->leaf(view->group, i, &leaf))
			wrong = check_residents_take(r, leaf.identity);
	return wrong;
}

bool check_residents_have(const struct check_residents *r,
			  struct span fingerprint)
{
	return r->count > 0 && bsearch(fingerprint.p, r->list, r->count,
				       sizeof(*r->list), compare) != NULL;
}

void check_residents_clear(struct check_residents *r)
{
	free(r->list);
	*r = (struct check_residents){ .list = NULL };
}
