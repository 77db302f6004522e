#include "check/key_package.h"

#include "check/label.h"
#include "check/leaf.h"
#include "crypto/hpke.h"
#include "wire/places.h"
#include "wire/roles.h"

#define LIFETIME_MAX ((uint64_t)400 * 86400) /* seconds; 7.2: "a maximum" */
#define CLOCK_SKEW 3600			     /* of who publishes */

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

const char *check_key_package_published(const struct wire_key_package *kp,
					const struct suite *suite, uint64_t now)
{
	static const uint16_t of_all[] = { NEGOTIATION_EXTENSION,
					   ROLES_EXTENSION };
	const struct wire_leaf_node *leaf = &kp->leaf_node;
	const struct span listed = leaf->capabilities.extensions;
	uint8_t fingerprint[ACCOUNT_HASH];
	uint64_t device;

	for (size_t i = 0; i < sizeof(of_all) / sizeof(*of_all); i++)
		if (!wire_u16_list_has(listed, of_all[i]))
			return "its capabilities lack an extension that "
			       "sessions have";
	if (places_read_leaf(leaf->credential.identity, fingerprint, &device) &&
	    !wire_u16_list_has(listed, PLACES_EXTENSION))
		return "its capabilities lack the extension of places";
	if (leaf->source == WIRE_LEAF_KEY_PACKAGE &&
	    leaf->not_before > now + CLOCK_SKEW)
		return "its lifetime has not begun";
	if (leaf->source == WIRE_LEAF_KEY_PACKAGE &&
	    leaf->not_after - leaf->not_before > LIFETIME_MAX)
		return "its lifetime is too long";
	return check_key_package(kp, suite, now);
}
