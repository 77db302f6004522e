#include "check/leaf_of.h"

#include "wire/roles.h"

bool check_leaf_next(const struct check_view *view, struct span user,
		     uint32_t *index, struct check_member *leaf)
{
	while ((view->next_of == NULL ||
		view->next_of(view->group, user, index)) &&
	       *index < view->leaf_count)
		if (view->leaf(view->group, (*index)++, leaf) &&
		    span_equal(roles_user(leaf->identity), user))
			return true;
	return false;
}

bool check_leaf_of(const struct check_view *view, const bool *gone,
		   struct span user)
{
	struct check_member leaf;
	uint32_t index = 0;

	while (check_leaf_next(view, user, &index, &leaf))
		if (gone == NULL || !gone[leaf.leaf_index])
			return true;
	return false;
}

void check_leaf_search(struct check_leaf_search *search,
		       const struct check_view *view, struct span fingerprint)
{
	*search = (struct check_leaf_search){ .view = view };
	places_name_user(search->user, fingerprint);
}

bool check_leaf_found(struct check_leaf_search *search,
		      struct check_member *leaf)
{
	uint8_t fingerprint[ACCOUNT_HASH];

	while (check_leaf_next(search->view, SPAN_ARRAY(search->user),
			       &search->index, leaf))
		if (places_read_leaf(leaf->identity, fingerprint,
				     &search->device))
			return true;
	return false;
}
