/* A GroupInfo with its tree inside: is it whole, and whose is it? */
#ifndef HERMETIC_CHECK_GROUP_INFO_H
#define HERMETIC_CHECK_GROUP_INFO_H

#include "check/tree.h"
#include "wire/group_info.h"

struct check_group {
	const struct suite *suite;
	struct wire_group_info info; /* borrows from what was read */
	struct check_tree tree;
};

void check_group_clear(struct check_group *group);

/* Decodes an MLSMessage with a GroupInfo. NULL, or what is wrong; then `group`
 * is cleared. */
const char *check_group_read(struct span bytes, struct check_group *group);

/* RFC 9420, 12.4.3.1: the signature, by the leaf `info.signer`, and the tree
 * hash. NULL, or what is wrong. */
const char *check_group_signed(const struct check_group *group);

#endif
