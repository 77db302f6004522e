/* A GroupInfo: is it whole, and who signed it? */
#ifndef HERMETIC_CHECK_GROUP_INFO_H
#define HERMETIC_CHECK_GROUP_INFO_H

#include "check/tree.h"
#include "check/view.h"
#include "wire/group_info.h"

/* Borrows from what was read. */
struct check_group {
	const struct suite *suite;
	struct wire_group_info info;
	bool has_tree;
	struct span ratchet_tree; /* the extension's data */
	bool has_places;	  /* it is kept with them (wire/places.h) */
	struct span places;	  /* rows */
};

/* Decodes an MLSMessage with a GroupInfo, which may be kept with a tree that goes
 * beside it (wire/group_info.h). */
struct check_verdict check_group_read(struct span bytes,
				      struct check_group *group);

/* RFC 9420, 12.4.3.1: the signature, by the leaf `info.signer` of its tree, and
 * that tree's hash. */
struct check_verdict check_group_signed(const struct check_group *group,
					struct check_tree *tree);

#endif
