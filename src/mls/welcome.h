/* Making and opening a Welcome, RFC 9420 section 12.4.3.1: its cryptography.
 * What a GroupInfo says is checked by the group. */
#ifndef HERMETIC_MLS_WELCOME_H
#define HERMETIC_MLS_WELCOME_H

#include "base/sec.h"
#include "crypto/rng.h"
#include "crypto/sign.h"
#include "crypto/suite.h"
#include "wire/message.h"

struct welcome_recipient {
	struct span key_package_ref;
	struct span init_key;
	struct span path_secret; /* empty: none */
};

/* Appends an MLSMessage: one Welcome for all recipients. `psk_ids` is the
 * content of GroupSecrets.psks: encoded PreSharedKeyIDs. */
MUST_CHECK enum err welcome_seal(const struct suite *suite,
				 const struct rng *rng,
				 const struct welcome_recipient *recipients,
				 size_t count, struct span joiner_secret,
				 struct span psk_ids, struct span psk_secret,
				 struct span group_info, struct buf *message);

/* The entry for a KeyPackageRef; false when there is none. */
bool welcome_find(const struct wire_welcome *welcome, struct span ref,
		  struct wire_encrypted_group_secrets *entry);

/* Appends the plaintext to `plaintext` (which must be empty); `secrets` borrows
 * from it: clear it after use. `init_key` is the public one; empty: derived. */
MUST_CHECK enum err welcome_open_secrets(
    const struct suite *suite, const struct wire_welcome *welcome,
    const struct wire_encrypted_group_secrets *entry, struct span init_private,
    struct span init_key, struct buf *plaintext,
    struct wire_group_secrets *secrets);

/* Appends the GroupInfo (still unverified). */
MUST_CHECK enum err welcome_open_group_info(const struct suite *suite,
					    const struct wire_welcome *welcome,
					    struct span joiner_secret,
					    struct span psk_secret,
					    struct buf *group_info);

/* GroupInfo.signature (12.4.3), appended; and its check. `unsigned_part` is
 * the encoded GroupInfoTBS. */
MUST_CHECK enum err welcome_sign_group_info(const struct sign_key *private_key,
					    struct span unsigned_part,
					    struct buf *signature);
MUST_CHECK enum err welcome_verify_group_info(
    const struct sign_key *public_key, const struct wire_group_info *info);

#endif
