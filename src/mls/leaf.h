/* Making and validating LeafNodes, RFC 9420 sections 7.2 and 7.3. */
#ifndef HERMETIC_MLS_LEAF_H
#define HERMETIC_MLS_LEAF_H

#include "crypto/sign.h"
#include "crypto/suite.h"
#include "wire/leaf_node.h"

/* Signs `leaf` and appends its encoding; leaf->signature is not looked at.
 * group_id and leaf_index count for sources other than key_package. */
MUST_CHECK enum err leaf_sign(const struct sign_key *signer,
			      const struct wire_leaf_node *leaf,
			      struct span group_id, uint32_t leaf_index,
			      struct buf *encoded);

/* "Verify that the signature on the LeafNode is valid using signature_key":
 * `key` is that key, parsed. ERR_PEER_CRYPTO. */
MUST_CHECK enum err leaf_verify(const struct sign_key *key,
				const struct wire_leaf_node *leaf,
				struct span group_id, uint32_t leaf_index);

/* The same, parsing the key. */
MUST_CHECK enum err leaf_verify_alone(const struct suite *suite,
				      const struct wire_leaf_node *leaf,
				      struct span group_id,
				      uint32_t leaf_index);

/* What a LeafNode must satisfy by itself: keys of the suite, capabilities that
 * cover the suite, its own credential and its own extensions.
 * ERR_PEER_INVALID. */
MUST_CHECK enum err leaf_check(const struct suite *suite,
			       const struct wire_leaf_node *leaf);

/* That it supports the group: each GroupContext extension (13.4) and what
 * required_capabilities lists (11.1). ERR_PEER_INVALID. */
MUST_CHECK enum err leaf_check_group(const struct wire_leaf_node *leaf,
				     struct span group_extensions);

/* Whether an extension type is a default one or among its capabilities. */
bool leaf_lists_extension(const struct wire_leaf_node *leaf, uint16_t type);

/* "the current time is within the range of the lifetime field"; always true
 * for other sources than key_package. */
bool leaf_is_current(const struct wire_leaf_node *leaf, uint64_t now);

#endif
