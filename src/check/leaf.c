#include "check/leaf.h"

#include "check/label.h"
#include "crypto/hpke.h"

static bool lists_extension(const struct wire_leaf_node *leaf, uint16_t type)
{
	return type <= WIRE_EXTENSION_DEFAULT_LAST ||
	       wire_u16_list_has(leaf->capabilities.extensions, type);
}

const char *check_leaf(const struct wire_leaf_node *leaf,
		       const struct suite *suite)
{
	const struct wire_capabilities *can = &leaf->capabilities;
	struct span rest = leaf->extensions;
	struct wire_extension extension;

	if (!wire_u16_list_has(can->versions, WIRE_VERSION_MLS10) ||
	    !wire_u16_list_has(can->cipher_suites, suite->id) ||
	    !wire_u16_list_has(can->credentials, leaf->credential.type))
		return "a leaf's capabilities do not cover its own group";
	while (wire_extensions_next(&rest, &extension))
		if (!lists_extension(leaf, extension.type))
			return "a leaf does not support its own extensions";
	if (hpke_check_public_key(suite, leaf->encryption_key) != ERR_OK)
		return "a leaf's encryption key is none of its suite";
	return NULL;
}

/* Every value of `wanted` above the default ones is in `listed`. */
static bool covers(struct span listed, struct span wanted, uint16_t last)
{
	uint16_t value;

	while (wire_u16_list_next(&wanted, &value))
		if (value > last && !wire_u16_list_has(listed, value))
			return false;
	return true;
}

const char *check_leaf_supports(const struct wire_leaf_node *leaf,
				struct span group_extensions)
{
	const struct wire_capabilities *can = &leaf->capabilities;
	struct wire_required_capabilities required;
	struct wire_extension extension;
	struct span data;

	if (wire_extensions_find(group_extensions,
				 WIRE_EXTENSION_REQUIRED_CAPABILITIES, &data) &&
	    (wire_required_capabilities_decode(data, &required) != ERR_OK ||
	     !covers(can->extensions, required.extension_types,
		     WIRE_EXTENSION_DEFAULT_LAST) ||
	     !covers(can->proposals, required.proposal_types,
		     WIRE_PROPOSAL_DEFAULT_LAST) ||
	     !covers(can->credentials, required.credential_types, 0)))
		return "a leaf lacks a capability that the group requires";
	while (wire_extensions_next(&group_extensions, &extension))
		if (!lists_extension(leaf, extension.type))
			return "a leaf does not support the group's extensions";
	return NULL;
}

const char *check_leaf_signature(const struct wire_leaf_node *leaf,
				 const struct suite *suite,
				 struct span group_id, uint32_t leaf_index)
{
	struct buf tbs = BUF_INIT;
	enum err e;

	wire_leaf_node_put_tbs(&tbs, leaf->unsigned_part, leaf->source,
			       group_id, leaf_index);
	TRY(buf_end(&tbs));
	TRY(check_label(suite, leaf->signature_key, "LeafNodeTBS",
			buf_span(&tbs), leaf->signature));
out:
	buf_clear(&tbs);
	return e == ERR_OK ? NULL
			   : "a leaf has a signature that does not verify";
}
