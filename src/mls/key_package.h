/* Making and validating KeyPackages, RFC 9420 section 10; the public functions
 * on them are in mls/group.h. */
#ifndef HERMETIC_MLS_KEY_PACKAGE_H
#define HERMETIC_MLS_KEY_PACKAGE_H

#include "crypto/sign.h"
#include "mls/group.h"
#include "wire/key_package.h"

/* The longest lifetime of a LeafNode that we add to a group, in seconds: 7.2,
 * "Applications MUST define a maximum total lifetime". */
#define KEY_PACKAGE_LIFETIME_MAX ((uint64_t)400 * 24 * 3600)

/* Validates by 10.1 for a group with these GroupContext extensions. The
 * lifetime is not looked at. ERR_PEER_INVALID, ERR_PEER_CRYPTO. */
MUST_CHECK enum err key_package_check(const struct suite *suite,
				      const struct wire_key_package *kp,
				      struct span group_extensions);

/* What only who adds somebody must see to: the lifetime is now (7.3) and no
 * longer than ours allows (7.2), the extensions are among the capabilities
 * (10). A receiver leaves it: it would part from those that accept. */
MUST_CHECK enum err key_package_check_use(const struct wire_key_package *kp,
					  uint64_t now);

/* What an identity puts into its LeafNodes: capabilities and credential. */
struct key_package_profile {
	struct buf lists; /* that `leaf` borrows, as the extensions */
	struct buf extensions;
	struct wire_leaf_node leaf;
	uint16_t grease_extension; /* listed as supported: 13.5 */
};

/* `last_resort` adds that extension to the capabilities. leaf.source,
 * encryption_key and lifetime are for the caller to set. */
MUST_CHECK enum err key_package_profile(const struct mls_identity *me,
					bool last_resort,
					struct key_package_profile *profile);
void key_package_profile_clear(struct key_package_profile *profile);

/* A LeafNode with source key_package and a fresh encryption key. */
MUST_CHECK enum err key_package_leaf(const struct mls_identity *me,
				     const struct sign_key *signer,
				     struct sec *encryption_private,
				     struct buf *leaf_node);

#endif
