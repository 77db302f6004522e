#include "mls/leaf.h"

#include "crypto/hpke.h"
#include "mls/app_data.h"
#include "mls/broken.h"
#include "mls/label.h"
#include "mls/limits.h"

static const char label[] = "LeafNodeTBS";

enum err leaf_sign(const struct sign_key *signer,
		   const struct wire_leaf_node *leaf, struct span group_id,
		   uint32_t leaf_index, struct buf *encoded)
{
	struct buf fields = BUF_INIT, tbs = BUF_INIT, signature = BUF_INIT;
	enum err e;

	wire_leaf_node_put_unsigned(&fields, leaf);
	TRY(buf_end(&fields));
	wire_leaf_node_put_tbs(&tbs, buf_span(&fields), leaf->source, group_id,
			       leaf_index);
	TRY(buf_end(&tbs));
	TRY(label_sign(signer, label, buf_span(&tbs), &signature));
	buf_put(encoded, buf_span(&fields));
	buf_put_vec(encoded, buf_span(&signature));
	TRY(encoded->fail);
out:
	buf_clear(&fields);
	buf_clear(&tbs);
	buf_clear(&signature);
	return e;
}

enum err leaf_verify(const struct sign_key *key,
		     const struct wire_leaf_node *leaf, struct span group_id,
		     uint32_t leaf_index)
{
	struct buf tbs = BUF_INIT;
	enum err e;

	/* 7.3: "Verify that the signature on the LeafNode is valid" */
	wire_leaf_node_put_tbs(&tbs, leaf->unsigned_part, leaf->source,
			       group_id, leaf_index);
	TRY(buf_end(&tbs));
	TRY(RULED(LEAF_SIGNATURE,
		  label_verify(key, label, buf_span(&tbs), leaf->signature)));
out:
	buf_clear(&tbs);
	return e;
}

enum err leaf_verify_alone(const struct suite *suite,
			   const struct wire_leaf_node *leaf,
			   struct span group_id, uint32_t leaf_index)
{
	struct sign_key *key = NULL;
	enum err e;

	TRY(RULED(LEAF_SIGNATURE,
		  sign_public_parse(suite, leaf->signature_key, &key)));
	TRY(leaf_verify(key, leaf, group_id, leaf_index));
out:
	sign_key_free(key);
	return e;
}

bool leaf_lists_extension(const struct wire_leaf_node *leaf, uint16_t type)
{
	return type <= WIRE_EXTENSION_DEFAULT_LAST ||
	       wire_u16_list_has(leaf->capabilities.extensions, type);
}

enum err leaf_check(const struct suite *suite,
		    const struct wire_leaf_node *leaf)
{
	const struct wire_capabilities *can = &leaf->capabilities;
	struct span rest = leaf->extensions;
	struct wire_extension extension;
	enum err e;

	ENSURE(leaf->encoded.n <= MLS_LEAF_NODE_MAX, ERR_PEER_TOO_LARGE);
	/* 10: "the leaf_node field MUST be valid for the cipher suite" */
	TRY(RULED(LEAF_ENCRYPTION_KEY,
		  hpke_check_public_key(suite, leaf->encryption_key)));
	/* 13.4: "MUST ignore all unrecognized values" */
	/* 13.5: "GREASE values MUST be handled using normal logic" */
	ENSURE(wire_u16_list_has(can->versions, WIRE_VERSION_MLS10),
	       RULE(LEAF_VERSION));
	ENSURE(wire_u16_list_has(can->cipher_suites, suite->id),
	       RULE(LEAF_CIPHER_SUITE));
	/* 7.2: "the credential type used in the LeafNode MUST be included" */
	ENSURE(wire_u16_list_has(can->credentials, leaf->credential.type),
	       RULE(LEAF_CREDENTIAL_LISTED));
	/* 5.3: "the first certificate" vouches: there is one */
	ENSURE(leaf->credential.type != WIRE_CREDENTIAL_X509 ||
		   leaf->credential.certificates.n > 0,
	       RULE(LEAF_CERTIFICATES));
	/* 7.3: "Verify that the extensions in the LeafNode are supported" */
	while (wire_extensions_next(&rest, &extension))
		ENSURE(leaf_lists_extension(leaf, extension.type),
		       RULE(LEAF_EXTENSIONS_LISTED));
out:
	return e;
}

/* Every value of `wanted` above the default ones is in `listed`. */
static bool covers(struct span listed, struct span wanted,
		   uint16_t last_default)
{
	uint16_t value;

	while (wire_u16_list_next(&wanted, &value))
		if (value > last_default && !wire_u16_list_has(listed, value))
			return false;
	return true;
}

enum err leaf_check_group(const struct wire_leaf_node *leaf,
			  struct span group_extensions)
{
	const struct wire_capabilities *can = &leaf->capabilities;
	struct wire_required_capabilities required;
	struct wire_extension extension;
	struct span data;
	enum err e = ERR_OK;

	/* 7.3: "is compatible with the group's parameters" */
	if (wire_extensions_find(group_extensions,
				 WIRE_EXTENSION_REQUIRED_CAPABILITIES, &data)) {
		TRY(wire_required_capabilities_decode(data, &required));
		/* 7.3: "MUST be listed in the LeafNode's" */
		ENSURE(covers(can->extensions, required.extension_types,
			      WIRE_EXTENSION_DEFAULT_LAST),
		       RULE(LEAF_REQUIRED_EXTENSIONS));
		ENSURE(covers(can->proposals, required.proposal_types,
			      WIRE_PROPOSAL_DEFAULT_LAST),
		       RULE(LEAF_REQUIRED_PROPOSALS));
		ENSURE(covers(can->credentials, required.credential_types, 0),
		       RULE(LEAF_REQUIRED_CREDENTIALS));
	}
	TRY(app_data_check_leaf(leaf, group_extensions));
	/* 13.4: "MUST indicate support for each extension" */
	while (wire_extensions_next(&group_extensions, &extension))
		ENSURE(leaf_lists_extension(leaf, extension.type),
		       RULE(LEAF_GROUP_EXTENSIONS));
out:
	return e;
}

bool leaf_is_current(const struct wire_leaf_node *leaf, uint64_t now)
{
	return leaf->source != WIRE_LEAF_KEY_PACKAGE ||
	       (leaf->not_before <= now && now <= leaf->not_after);
}
