#include "check/key_package.h"

#include "check/label.h"
#include "check/leaf.h"
#include "crypto/hpke.h"

const char *check_key_package(const struct wire_key_package *kp,
			      const struct suite *suite, uint64_t now)
{
	const struct wire_leaf_node *leaf = &kp->leaf_node;

	if (kp->version != WIRE_VERSION_MLS10 ||
	    kp->cipher_suite != suite->id ||
	    !wire_u16_list_has(leaf->capabilities.cipher_suites, suite->id))
		return "a KeyPackage is of another suite";
	if (leaf->source != WIRE_LEAF_KEY_PACKAGE || leaf->not_after <= now)
		return "a KeyPackage is expired";
	if (check_label(suite, leaf->signature_key, "LeafNodeTBS",
			leaf->unsigned_part, leaf->signature) != ERR_OK ||
	    check_label(suite, leaf->signature_key, "KeyPackageTBS",
			kp->unsigned_part, kp->signature) != ERR_OK)
		return "a KeyPackage's signature does not verify";
	if (hpke_check_public_key(suite, kp->init_key) != ERR_OK ||
	    span_equal(kp->init_key, leaf->encryption_key))
		return "a KeyPackage's init_key is none";
	return check_leaf(leaf, suite);
}
