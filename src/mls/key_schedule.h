/*
 * The key schedule, RFC 9420 section 8.
 *
 *   init_secret, commit_secret, GroupContext  -> joiner_secret
 *   joiner_secret, psk_secret                 -> welcome_secret
 *   joiner_secret, psk_secret, GroupContext   -> the epoch's secrets
 *
 * An empty commit_secret or psk_secret stands for the all-zero vector of nh
 * bytes. `context` is an encoded GroupContext. All outputs are cleared on
 * failure; what is only a step on the way is wiped inside.
 */
#ifndef HERMETIC_MLS_KEY_SCHEDULE_H
#define HERMETIC_MLS_KEY_SCHEDULE_H

#include "base/buf.h"
#include "base/sec.h"
#include "crypto/rng.h"
#include "crypto/suite.h"

/* Section 8, table 4, and the next epoch's init_secret; nh bytes each. */
struct mls_epoch_secrets {
	struct sec sender_data;
	struct sec encryption; /* clear it once the secret tree has it (9.2) */
	struct sec exporter;
	struct sec external;
	struct sec confirmation_key;
	struct sec membership_key;
	struct sec resumption_psk;
	struct sec epoch_authenticator;
	struct sec init;
};

void key_schedule_clear(struct mls_epoch_secrets *secrets);

MUST_CHECK enum err key_schedule_joiner(const struct suite *suite,
					struct span init_secret,
					struct span commit_secret,
					struct span context,
					struct sec *joiner);

/* `welcome` may be NULL. */
MUST_CHECK enum err key_schedule_epoch(const struct suite *suite,
				       struct span joiner,
				       struct span psk_secret,
				       struct span context, struct sec *welcome,
				       struct mls_epoch_secrets *secrets);

/* The epoch's secrets from its epoch_secret: a group's creation (section 11),
 * where it is fresh random bytes. */
MUST_CHECK enum err key_schedule_expand(const struct suite *suite,
					struct span epoch_secret,
					struct mls_epoch_secrets *secrets);

/* ---- Welcome (12.4.3.1): what opens the encrypted GroupInfo ---- */

MUST_CHECK enum err key_schedule_welcome(const struct suite *suite,
					 struct span joiner,
					 struct span psk_secret,
					 struct sec *welcome);
MUST_CHECK enum err key_schedule_welcome_key(const struct suite *suite,
					     struct span welcome,
					     struct sec *key,
					     struct sec *nonce);

/* ---- external joins (8.3) ---- */

/* external_priv, external_pub; appends the public key. */
MUST_CHECK enum err key_schedule_external(const struct suite *suite,
					  struct span external_secret,
					  struct sec *private_key,
					  struct buf *public_key);

/* A joiner's init_secret and the kem_output for its ExternalInit. */
MUST_CHECK enum err key_schedule_external_init(const struct suite *suite,
					       const struct rng *rng,
					       struct span external_pub,
					       struct buf *kem_output,
					       struct sec *init_secret);

/* The same init_secret at a member; ERR_PEER_CRYPTO. */
MUST_CHECK enum err key_schedule_external_open(const struct suite *suite,
					       struct span external_secret,
					       struct span kem_output,
					       struct sec *init_secret);

/* ---- pre-shared keys (8.4) ---- */

struct mls_psk {
	struct span id; /* encoded PreSharedKeyID */
	struct span psk;
};

/* psk_secret of the PSKs in their order; all zeros when there are none.
 * ERR_PEER_TOO_LARGE above 65,535. */
MUST_CHECK enum err key_schedule_psk(const struct suite *suite,
				     const struct mls_psk *psks, size_t count,
				     struct sec *psk_secret);

/* ---- MLS-Exporter (8.5) ---- */

/* length at most SEC_MAX. */
MUST_CHECK enum err key_schedule_export(const struct suite *suite,
					struct span exporter_secret,
					const char *label, struct span context,
					size_t length, struct sec *out);

/* The same for any length that HKDF allows, 255 * nh bytes; appended.
 * ERR_LOCAL_BUG above that. */
MUST_CHECK enum err key_schedule_export_long(const struct suite *suite,
					     struct span exporter_secret,
					     const char *label,
					     struct span context, size_t length,
					     struct buf *out);

#endif
