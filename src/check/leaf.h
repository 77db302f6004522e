/* LeafNodes, RFC 9420 sections 7.2 and 7.3. All return NULL, or what is wrong in
 * a few words. */
#ifndef HERMETIC_CHECK_LEAF_H
#define HERMETIC_CHECK_LEAF_H

#include "crypto/suite.h"
#include "wire/leaf_node.h"

/* What a LeafNode must satisfy by itself: a key of the suite, capabilities that
 * cover the suite, its own credential and its own extensions. */
const char *check_leaf(const struct wire_leaf_node *leaf,
		       const struct suite *suite);

/* That it supports each extension of the group (13.4), and what
 * required_capabilities lists (11.1). */
const char *check_leaf_supports(const struct wire_leaf_node *leaf,
				struct span group_extensions);

/* Its signature; group and index count for sources other than key_package. */
const char *check_leaf_signature(const struct wire_leaf_node *leaf,
				 const struct suite *suite,
				 struct span group_id, uint32_t leaf_index);

#endif
