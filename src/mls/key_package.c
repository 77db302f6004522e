#include "mls/key_package.h"

#include "crypto/hpke.h"
#include "crypto/sign.h"
#include "mls/label.h"
#include "mls/leaf.h"

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
}

enum err key_package_profile(const struct mls_identity *me, bool last_resort,
			     struct key_package_profile *profile)
{
	struct wire_leaf_node *leaf = &profile->leaf;
	struct buf *lists = &profile->lists;
	size_t suites = sizeof(uint16_t) * me->cipher_suite_count;
	size_t extensions = sizeof(uint16_t) *
			    (me->extension_type_count + (last_resort ? 1 : 0));
	enum err e;

	*profile = (struct key_package_profile){ .lists = BUF_INIT };
	buf_put_u16(lists, WIRE_VERSION_MLS10);
	buf_put_u16(lists, WIRE_CREDENTIAL_BASIC);
	for (size_t i = 0; i < me->cipher_suite_count; i++)
		buf_put_u16(lists, me->cipher_suites[i]);
	for (size_t i = 0; i < me->extension_type_count; i++)
		buf_put_u16(lists, me->extension_types[i]);
	if (last_resort)
		buf_put_u16(lists, WIRE_EXTENSION_LAST_RESORT);
	TRY(buf_end(lists));
	leaf->signature_key = me->signature_public;
	leaf->credential.type = WIRE_CREDENTIAL_BASIC;
	leaf->credential.identity = me->credential_identity;
	leaf->capabilities = (struct wire_capabilities){
		.versions = span_of(lists->p, 2),
		.credentials = span_of(lists->p + 2, 2),
		.cipher_suites = span_of(lists->p + 4, suites),
		.extensions = span_of(lists->p + 4 + suites, extensions),
	};
out:
	return e;
}

enum err key_package_leaf(const struct mls_identity *me, bool last_resort,
			  const struct sign_key *signer,
			  struct sec *encryption_private, struct buf *leaf_node)
{
	struct key_package_profile profile = { .lists = BUF_INIT };
	struct buf encryption_key = BUF_INIT;
	enum err e;

	TRY(key_package_profile(me, last_resort, &profile));
	TRY(hpke_generate_key_pair(me->suite, me->rng, encryption_private,
				   &encryption_key));
	profile.leaf.encryption_key = buf_span(&encryption_key);
	profile.leaf.source = WIRE_LEAF_KEY_PACKAGE;
	profile.leaf.not_before =
	    me->now > CLOCK_SKEW ? me->now - CLOCK_SKEW : 0;
	profile.leaf.not_after = me->now + me->lifetime;
	TRY(leaf_sign(signer, &profile.leaf, SPAN_EMPTY, 0, leaf_node));
out:
	if (e != ERR_OK)
		sec_clear(encryption_private);
	key_package_profile_clear(&profile);
	buf_clear(&encryption_key);
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

enum err mls_key_package_create(const struct mls_identity *me, bool last_resort,
				struct mls_key_package_secrets *secrets,
				struct buf *key_package)
{
	struct buf leaf = BUF_INIT, init_key = BUF_INIT, extensions = BUF_INIT;
	struct wire_key_package kp = { .version = WIRE_VERSION_MLS10,
				       .cipher_suite = me->suite->id };
	struct sign_key *signer = NULL;
	enum err e;

	TRY(sign_private_parse(me->suite, me->signature_private, &signer));
	TRY(hpke_generate_key_pair(me->suite, me->rng, &secrets->init_private,
				   &init_key));
	TRY(key_package_leaf(me, last_resort, signer,
			     &secrets->encryption_private, &leaf));
	if (last_resort)
		wire_extension_put(&extensions, WIRE_EXTENSION_LAST_RESORT,
				   SPAN_EMPTY);
	TRY(buf_end(&extensions));
	kp.init_key = buf_span(&init_key);
	kp.leaf_node.encoded = buf_span(&leaf);
	kp.extensions = buf_span(&extensions);
	TRY(seal(signer, &kp, key_package));
out:
	if (e != ERR_OK)
		mls_key_package_secrets_clear(secrets);
	sign_key_free(signer);
	buf_clear(&leaf);
	buf_clear(&init_key);
	buf_clear(&extensions);
	return e;
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

	/* 10.1, in its order */
	ENSURE(kp->version == WIRE_VERSION_MLS10, ERR_PEER_INVALID);
	ENSURE(kp->cipher_suite == suite->id, ERR_PEER_INVALID);
	ENSURE(kp->leaf_node.source == WIRE_LEAF_KEY_PACKAGE, ERR_PEER_INVALID);
	TRY(leaf_check(suite, &kp->leaf_node));
	TRY(leaf_check_group(&kp->leaf_node, group_extensions));
	TRY(sign_public_parse(suite, kp->leaf_node.signature_key, &key));
	TRY(leaf_verify(key, &kp->leaf_node, SPAN_EMPTY, 0));
	TRY(label_verify(key, label, kp->unsigned_part, kp->signature));
	TRY(hpke_check_public_key(suite, kp->init_key));
	ENSURE(!span_equal(kp->init_key, kp->leaf_node.encryption_key),
	       ERR_PEER_INVALID);
out:
	sign_key_free(key);
	return e;
}

enum err key_package_check_time(const struct wire_key_package *kp, uint64_t now)
{
	const struct wire_leaf_node *leaf = &kp->leaf_node;

	if (!leaf_is_current(leaf, now))
		return ERR_PEER_INVALID;
	return leaf->not_after - leaf->not_before <= KEY_PACKAGE_LIFETIME_MAX
		   ? ERR_OK
		   : ERR_PEER_INVALID;
}
