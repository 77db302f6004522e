#include "mls/key_package.h"

#include "crypto/hpke.h"
#include "crypto/sign.h"
#include "mls/app_data.h"
#include "mls/broken.h"
#include "mls/grease.h"
#include "mls/label.h"
#include "mls/leaf.h"
#include "mls/limits.h"
#include "mls/signer.h"
#include "wire/proposal.h"

static const char label[] = "KeyPackageTBS";

/* Clocks differ: a KeyPackage is good a little before it was made. */
enum { CLOCK_SKEW = 3600 };

void mls_key_package_secrets_clear(struct mls_key_package_secrets *secrets)
{
	sec_clear(&secrets->init_private);
	sec_clear(&secrets->encryption_private);
}

void key_package_profile_clear(struct key_package_profile *profile)
{
	buf_clear(&profile->lists);
	buf_clear(&profile->extensions);
}

/* The values since `from`, which moves to the end. */
static struct span list_since(const struct buf *lists, size_t *from)
{
	struct span list = span_of(lists->p + *from, lists->n - *from);

	*from = lists->n;
	return list;
}

static void put_types(struct buf *lists, const uint16_t *types, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_put_u16(lists, types[i]);
}

/* All of the lists in a buffer that does not move. GREASE is not put among the
 * cipher suites: applications compare these with what was agreed. */
/* 13.5: "clients MUST represent their own capabilities with a list" */
/* 13.5: "own capabilities MUST NOT contain GREASE" */
static enum err put_capabilities(const struct mls_identity *me,
				 bool last_resort, const uint16_t grease[3],
				 struct buf *lists,
				 struct wire_capabilities *can)
{
	static const uint16_t version = WIRE_VERSION_MLS10;
	static const uint16_t last = WIRE_EXTENSION_LAST_RESORT;
	static const uint16_t credentials[] = { WIRE_CREDENTIAL_BASIC,
						WIRE_CREDENTIAL_X509 };
	bool x509 = me->accepts_x509 || me->certificates.n > 0;
	size_t from = 0;

	if (buf_reserve(lists,
			sizeof(uint16_t) *
			    (me->cipher_suite_count + me->extension_type_count +
			     me->proposal_type_count + 8)) == NULL)
		return ERR_LOCAL_MEMORY;
	put_types(lists, &version, 1);
	can->versions = list_since(lists, &from);
	put_types(lists, me->cipher_suites, me->cipher_suite_count);
	can->cipher_suites = list_since(lists, &from);
	put_types(lists, me->extension_types, me->extension_type_count);
	put_types(lists, &last, last_resort ? 1 : 0);
	/* 13.5: "an MLS client SHOULD include a random selection of values" */
	put_types(lists, &grease[0], 1);
	can->extensions = list_since(lists, &from);
	put_types(lists, me->proposal_types, me->proposal_type_count);
	put_types(lists, &grease[1], 1);
	can->proposals = list_since(lists, &from);
	put_types(lists, credentials, x509 ? 2 : 1);
	put_types(lists, &grease[2], 1);
	can->credentials = list_since(lists, &from);
	return buf_end(lists);
}

/* A list of the application decodes, and has what the leaf lists only. */
static enum err check_own(const struct wire_leaf_node *leaf, struct span list)
{
	struct wire_extension extension;
	enum err e = ERR_OK;

	ENSURE(wire_extensions_check(list) == ERR_OK, ERR_LOCAL_BUG);
	while (wire_extensions_next(&list, &extension))
		ENSURE(leaf_lists_extension(leaf, extension.type),
		       ERR_LOCAL_BUG);
out:
	return e;
}

/* 7.2: "listed in the extensions field of capabilities"; GREASE beside it. */
static enum err put_extensions(const struct mls_identity *me,
			       struct key_package_profile *profile)
{
	struct span rest;
	enum err e;

	TRY(check_own(&profile->leaf, me->leaf_extensions));
	TRY(app_data_check_own(&profile->leaf, me->leaf_extensions));
	buf_put(&profile->extensions, me->leaf_extensions);
	if (!wire_extensions_find(me->leaf_extensions,
				  profile->grease_extension, &rest))
		wire_extension_put(&profile->extensions,
				   profile->grease_extension, SPAN_EMPTY);
	TRY(buf_end(&profile->extensions));
	profile->leaf.extensions = buf_span(&profile->extensions);
out:
	return e;
}

/* The types that the engine takes beside those which nobody lists. */
static bool may_list(uint16_t proposal_type)
{
	return wire_proposal_is_private(proposal_type) ||
	       proposal_type == WIRE_PROPOSAL_APP_DATA_UPDATE ||
	       proposal_type == WIRE_PROPOSAL_SELF_REMOVE;
}

enum err key_package_profile(const struct mls_identity *me, bool last_resort,
			     struct key_package_profile *profile)
{
	struct wire_leaf_node *leaf = &profile->leaf;
	uint8_t random[3];
	uint16_t grease[3];
	enum err e;

	*profile = (struct key_package_profile){ .lists = BUF_INIT,
						 .extensions = BUF_INIT };
	/* 13.4: "MUST support all parameters advertised"; of the extensions the application must know. */
	for (size_t i = 0; i < me->cipher_suite_count; i++)
		ENSURE(suite_by_id(me->cipher_suites[i]) != NULL,
		       ERR_LOCAL_BUG);
	for (size_t i = 0; i < me->proposal_type_count; i++)
		ENSURE(may_list(me->proposal_types[i]), ERR_LOCAL_BUG);
	TRY(rng_fill(me->rng, random, sizeof(random)));
	for (size_t i = 0; i < sizeof(random); i++)
		grease[i] = grease_value(random[i]);
	TRY(put_capabilities(me, last_resort, grease, &profile->lists,
			     &leaf->capabilities));
	profile->grease_extension = grease[0];
	TRY(put_extensions(me, profile));
	leaf->signature_key = me->signature_public;
	/* 13.5: "GREASE values MUST NOT be sent in the following fields" */
	leaf->credential.type = me->certificates.n > 0 ? WIRE_CREDENTIAL_X509
						       : WIRE_CREDENTIAL_BASIC;
	leaf->credential.identity = me->credential_identity;
	leaf->credential.certificates = me->certificates;
out:
	return e;
}

/* A LeafNode with source key_package for `profile`. */
static enum err sign_leaf(const struct mls_identity *me,
			  struct key_package_profile *profile,
			  const struct sign_key *signer,
			  struct sec *encryption_private, struct buf *leaf_node)
{
	struct wire_leaf_node *leaf = &profile->leaf;
	struct buf encryption_key = BUF_INIT;
	enum err e;

	TRY(hpke_generate_key_pair(me->suite, me->rng, encryption_private,
				   &encryption_key));
	leaf->encryption_key = buf_span(&encryption_key);
	/* 10: "the LeafNode in a KeyPackage MUST be set to key_package" */
	leaf->source = WIRE_LEAF_KEY_PACKAGE;
	leaf->not_before = me->now > CLOCK_SKEW ? me->now - CLOCK_SKEW : 0;
	leaf->not_after = me->now + me->lifetime;
	TRY(leaf_sign(signer, leaf, SPAN_EMPTY, 0, leaf_node));
	ENSURE(leaf_node->n <= MLS_LEAF_NODE_MAX, ERR_PEER_TOO_LARGE);
out:
	if (e != ERR_OK)
		sec_clear(encryption_private);
	buf_clear(&encryption_key);
	return e;
}

enum err key_package_leaf(const struct mls_identity *me,
			  const struct sign_key *signer,
			  struct sec *encryption_private, struct buf *leaf_node)
{
	struct key_package_profile profile;
	enum err e;

	TRY(key_package_profile(me, false, &profile));
	TRY(sign_leaf(me, &profile, signer, encryption_private, leaf_node));
out:
	key_package_profile_clear(&profile);
	return e;
}

/* Signs the fields and appends the whole. */
static enum err seal(const struct sign_key *signer,
		     const struct wire_key_package *kp, struct buf *out)
{
	struct buf fields = BUF_INIT, signature = BUF_INIT;
	enum err e;

	wire_key_package_put_unsigned(&fields, kp);
	TRY(buf_end(&fields));
	TRY(label_sign(signer, label, buf_span(&fields), &signature));
	buf_put(out, buf_span(&fields));
	buf_put_vec(out, buf_span(&signature));
	TRY(buf_end(out));
out:
	buf_clear(&fields);
	buf_clear(&signature);
	return e;
}

/* KeyPackage.extensions; `random` has 16 bytes of GREASE, at most. */
static enum err put_package_extensions(
    const struct mls_identity *me, bool last_resort,
    const struct key_package_profile *profile, const uint8_t *random,
    struct buf *extensions)
{
	struct span own = me->key_package_extensions, found;
	enum err e;

	/* 10: "MUST be included in the leaf_node.capabilities field" */
	TRY(check_own(&profile->leaf, own));
	buf_put(extensions, own);
	if (last_resort &&
	    !wire_extensions_find(own, WIRE_EXTENSION_LAST_RESORT, &found))
		wire_extension_put(extensions, WIRE_EXTENSION_LAST_RESORT,
				   SPAN_EMPTY);
	/* 10: "KeyPackage object SHOULD include some random GREASE" */
	if (!wire_extensions_find(own, profile->grease_extension, &found))
		wire_extension_put(extensions, profile->grease_extension,
				   span_of(random, random[0] % 16));
	TRY(buf_end(extensions));
	ENSURE(extensions->n <= MLS_EXTENSIONS_MAX, ERR_PEER_TOO_LARGE);
out:
	return e;
}

enum err mls_key_package_create(const struct mls_identity *me, bool last_resort,
				struct mls_key_package_secrets *secrets,
				struct buf *key_package)
{
	struct buf leaf = BUF_INIT, init_key = BUF_INIT, extensions = BUF_INIT;
	struct wire_key_package kp = { .version = WIRE_VERSION_MLS10,
				       .cipher_suite = me->suite->id };
	struct key_package_profile profile;
	struct sign_key *signer = NULL;
	enum err e;

	TRY(key_package_profile(me, last_resort, &profile));
	TRY(signer_of(me, &signer));
	/* 10: "it MUST be unique among the set of KeyPackages" */
	TRY(hpke_generate_key_pair(me->suite, me->rng, &secrets->init_private,
				   &init_key));
	TRY(sign_leaf(me, &profile, signer, &secrets->encryption_private,
		      &leaf));
	TRY(put_package_extensions(me, last_resort, &profile, init_key.p,
				   &extensions));
	kp.init_key = buf_span(&init_key);
	kp.leaf_node.encoded = buf_span(&leaf);
	kp.extensions = buf_span(&extensions);
	TRY(seal(signer, &kp, key_package));
out:
	if (e != ERR_OK)
		mls_key_package_secrets_clear(secrets);
	key_package_profile_clear(&profile);
	sign_key_free(signer);
	buf_clear(&leaf);
	buf_clear(&init_key);
	buf_clear(&extensions);
	return rules_settle(e, me->broken);
}

enum err mls_key_package_ref(const struct suite *suite, struct span key_package,
			     struct buf *ref)
{
	return label_key_package_ref(suite, key_package, ref);
}

enum err key_package_check(const struct suite *suite,
			   const struct wire_key_package *kp,
			   struct span group_extensions)
{
	struct sign_key *key = NULL;
	enum err e;

	ENSURE(kp->extensions.n <= MLS_EXTENSIONS_MAX, ERR_PEER_TOO_LARGE);
	/* 10.1: "cipher suite and protocol version of the KeyPackage" */
	ENSURE(kp->version == WIRE_VERSION_MLS10, RULE(KEY_PACKAGE_VERSION));
	ENSURE(kp->cipher_suite == suite->id, RULE(KEY_PACKAGE_CIPHER_SUITE));
	/* 10.1: "is valid for a KeyPackage according to" */
	/* 7.3: "verify that leaf_node_source is set to key_package" */
	ENSURE(kp->leaf_node.source == WIRE_LEAF_KEY_PACKAGE,
	       RULE(KEY_PACKAGE_LEAF_SOURCE));
	TRY(leaf_check(suite, &kp->leaf_node));
	TRY(leaf_check_group(&kp->leaf_node, group_extensions));
	TRY(RULED(LEAF_SIGNATURE,
		  sign_public_parse(suite, kp->leaf_node.signature_key, &key)));
	TRY(leaf_verify(key, &kp->leaf_node, SPAN_EMPTY, 0));
	/* 10.1: "Verify that the signature on the KeyPackage is valid" */
	/* 10: "an invalid signature field MUST be considered malformed" */
	TRY(RULED(KEY_PACKAGE_SIGNATURE,
		  label_verify(key, label, kp->unsigned_part, kp->signature)));
	/* 10: "MUST be a public key for the asymmetric encryption scheme" */
	TRY(RULED(KEY_PACKAGE_INIT_KEY,
		  hpke_check_public_key(suite, kp->init_key)));
	/* 10.1: "is different from the value of the init_key field" */
	ENSURE(!span_equal(kp->init_key, kp->leaf_node.encryption_key),
	       RULE(KEY_PACKAGE_INIT_KEY_DIFFERS));
out:
	sign_key_free(key);
	return e;
}

enum err key_package_check_use(const struct wire_key_package *kp, uint64_t now)
{
	const struct wire_leaf_node *leaf = &kp->leaf_node;
	struct span rest = kp->extensions;
	struct wire_extension extension;
	enum err e = ERR_OK;

	/* 7.3: "MUST verify that the current time is within" */
	ENSURE(leaf_is_current(leaf, now), RULE(KEY_PACKAGE_LIFETIME));
	ENSURE(leaf->not_after - leaf->not_before <= KEY_PACKAGE_LIFETIME_MAX,
	       RULE(KEY_PACKAGE_LIFETIME_LENGTH));
	/* 10: "MUST be included in the leaf_node.capabilities field" */
	while (wire_extensions_next(&rest, &extension))
		ENSURE(leaf_lists_extension(leaf, extension.type),
		       RULE(KEY_PACKAGE_EXTENSIONS_LISTED));
out:
	return e;
}
