#include "check/leaf_of.h"

#include "wire/roles.h"

bool check_leaf_of(const struct check_view *view, const bool *gone,
		   struct span user)
{
	bool look = check_view_may_have_user(view, user);
	struct check_member leaf;

	for (uint32_t i = 0; look && i < view->leaf_count; i++)
		if ((gone == NULL || !gone[i]) &&
		    view->leaf(view->group, i, &leaf) &&
		    span_equal(roles_user(leaf.identity), user))
			return true;
	return false;
}
