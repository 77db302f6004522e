/* A GroupInfo with its tree, decoded and not verified; by src/wire alone. */
#ifndef HERMETIC_TESTS_SIM_SEEN_GROUP_H
#define HERMETIC_TESTS_SIM_SEEN_GROUP_H

#include "crypto/suite.h"
#include "wire/message.h"
#include "wire/tree.h"

struct seen_group {
	const struct suite *suite;
	struct wire_group_info info; /* borrows from what was read */
	struct wire_node *nodes;     /* owned; they borrow, too */
	uint32_t node_count, leaf_count;
};

/* False: it does not decode; then `group` is empty. */
bool seen_group_read(struct span group_info, struct seen_group *group);
void seen_group_clear(struct seen_group *group);

/* The places of the group, rows: its list, or what it is kept with; false: it has
 * none. */
bool seen_group_places(const struct seen_group *group, struct span *rows);

/* The group has the root of its places, and the GroupInfo was not kept with them. */
bool seen_group_lacks_places(const struct seen_group *group);

/* NULL where it is blank, or beyond the end. */
const struct wire_leaf_node *seen_group_leaf(const struct seen_group *group,
					     uint32_t leaf);

#endif
