/*
 * The labelled operations of RFC 9420: everything derived, signed, encrypted
 * or hashed in MLS goes through one of them, with "MLS 1.0 " before its label.
 */
#ifndef HERMETIC_MLS_LABEL_H
#define HERMETIC_MLS_LABEL_H

#include "base/buf.h"
#include "base/sec.h"
#include "crypto/hpke.h"
#include "crypto/sign.h"
#include "crypto/suite.h"

/* ExpandWithLabel (section 8); length at most SEC_MAX. `out` may be the
 * struct that `secret` points into, and is cleared on failure. */
MUST_CHECK enum err label_expand(const struct suite *suite, struct span secret,
				 const char *label, struct span context,
				 size_t length, struct sec *out);

/* DeriveSecret (section 8): nh bytes. */
/* The same for any length that HKDF allows, 255 * nh bytes; appended.
 * ERR_LOCAL_BUG above that. */
MUST_CHECK enum err label_expand_long(const struct suite *suite,
				      struct span secret, const char *label,
				      struct span context, size_t length,
				      struct buf *out);

MUST_CHECK enum err label_derive(const struct suite *suite, struct span secret,
				 const char *label, struct sec *out);

/* DeriveTreeSecret (section 9.1). */
MUST_CHECK enum err label_derive_tree(const struct suite *suite,
				      struct span secret, const char *label,
				      uint32_t generation, size_t length,
				      struct sec *out);

/* SignWithLabel (5.1.2): appends the signature. */
MUST_CHECK enum err label_sign(const struct sign_key *private_key,
			       const char *label, struct span content,
			       struct buf *signature);

/* VerifyWithLabel (5.1.2): ERR_PEER_CRYPTO when it does not verify. */
MUST_CHECK enum err label_verify(const struct sign_key *public_key,
				 const char *label, struct span content,
				 struct span signature);

/* For EncryptWithLabel to many under one label and context, which may be
 * large: it is hashed once. */
MUST_CHECK enum err label_encryption(const struct suite *suite,
				     const char *label, struct span context,
				     struct hpke_info *info);

/* EncryptWithLabel (5.1.3): appends to `kem_output` and `ciphertext`. To many:
 * hpke_seal_under() with what label_encryption() makes, and no AAD. */
MUST_CHECK enum err label_encrypt(const struct suite *suite,
				  const struct rng *rng, struct span public_key,
				  const char *label, struct span context,
				  struct span plaintext, struct buf *kem_output,
				  struct buf *ciphertext);

/* DecryptWithLabel (5.1.3): appends the plaintext; ERR_PEER_CRYPTO.
 * `public_key` is that of the private one; empty: it is derived. */
MUST_CHECK enum err label_decrypt(const struct suite *suite,
				  struct span private_key,
				  struct span public_key, const char *label,
				  struct span context, struct span kem_output,
				  struct span ciphertext,
				  struct buf *plaintext);

/* RefHash (5.2), the label in full: appends nh bytes. */
MUST_CHECK enum err label_ref_hash(const struct suite *suite, const char *label,
				   struct span value, struct buf *ref);

/* MakeKeyPackageRef (5.2) of an encoded KeyPackage. */
MUST_CHECK enum err label_key_package_ref(const struct suite *suite,
					  struct span key_package,
					  struct buf *ref);

/* MakeProposalRef (5.2) of an encoded AuthenticatedContent. */
MUST_CHECK enum err label_proposal_ref(const struct suite *suite,
				       struct span authenticated_content,
				       struct buf *ref);

#endif
