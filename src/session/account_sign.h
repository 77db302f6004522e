/*
 * Links of an account's log, made and signed (wire/account_link.h). What they
 * are held against is check/account.h: whoever makes one adds it to its own log
 * before it leaves the device.
 */
#ifndef HERMETIC_SESSION_ACCOUNT_SIGN_H
#define HERMETIC_SESSION_ACCOUNT_SIGN_H

#include "base/sec.h"
#include "check/account.h"
#include "crypto/rng.h"
#include "wire/letter.h"

/* An Ed25519 key pair, a device's link key or a recovery key, or an X25519 one;
 * or of another signature scheme. */
struct account_pair {
	const struct suite *suite; /* whose scheme it is */
	struct sec private_key;
	struct buf public_key;
};

/* All keys of a device. */
struct account_keys {
	struct account_pair link, hpke;
	struct account_pair signatures[ACCOUNT_SIGNATURE_KEYS_MAX];
	size_t count; /* of signatures, by ascending scheme */
};

/* A recovery key. The caller clears the pair, also after a failure. */
MUST_CHECK enum err account_pair_make(const struct rng *rng,
				      struct account_pair *pair);
void account_pair_clear(struct account_pair *pair);

/* A link key and an HPKE key, and no signature key yet. The caller clears the
 * keys, also after a failure. */
MUST_CHECK enum err account_keys_make(const struct rng *rng,
				      struct account_keys *keys);
/* A signature key that the device has. ERR_STATE_CONFLICT: one of its scheme is
 * there; ERR_PEER_TOO_LARGE: too many. */
MUST_CHECK enum err account_keys_add(struct account_keys *keys,
				     const struct suite *suite,
				     struct span private_key,
				     struct span public_key);
void account_keys_clear(struct account_keys *keys);

/* Appends link key, HPKE key and signature keys, private ones included; and the
 * other way. ERR_PEER_MALFORMED. */
void account_keys_save(struct buf *b, const struct account_keys *keys);
MUST_CHECK enum err account_keys_load(struct span bytes,
				      struct account_keys *keys);

/* Who signs a link. */
struct account_signer {
	uint64_t device; /* ACCOUNT_RECOVERY_SIGNER: the recovery key */
	struct span private_key;
};

/* Appends `begin`. `name`: account_name_hash(); `recovery` may be NULL. */
MUST_CHECK enum err account_sign_begin(struct span name,
				       const struct account_keys *first,
				       const struct account_pair *recovery,
				       struct buf *link);

/* Appends an AccountDevice, signed by all its keys, to be approved: for the
 * account with that fingerprint. */
MUST_CHECK enum err account_sign_device(struct span fingerprint,
					const struct account_keys *keys,
					struct buf *entry);

/* Appends the letter, signed by the device's link key. */
MUST_CHECK enum err account_sign_letter(const struct account_keys *keys,
					const struct letter *letter,
					struct buf *out);

/* Appends the next link of a log. `withdrawn`: hash[ACCOUNT_HASH] each,
 * ascending. */
MUST_CHECK enum err account_sign_add(const struct account_log *log,
				     const struct account_signer *by,
				     struct span entry, struct span withdrawn,
				     struct buf *link);
MUST_CHECK enum err account_sign_remove(const struct account_log *log,
					const struct account_signer *by,
					const uint64_t *devices, size_t count,
					struct span withdrawn,
					struct buf *link);
/* `pairs`: new ones by ascending scheme; none: the link only withdraws. */
MUST_CHECK enum err account_sign_keys(const struct account_log *log,
				      const struct account_signer *by,
				      const struct account_pair *pairs,
				      size_t count, struct span withdrawn,
				      struct buf *link);
MUST_CHECK enum err account_sign_recover(const struct account_log *log,
					 const struct account_signer *by,
					 const struct account_pair *recovery,
					 struct span withdrawn,
					 struct buf *link);
/* The same in two steps: what the recovery key signs of itself is not tied to a place
 * in the log, so the link can be made again without the key. Appends an
 * AccountRecovery. */
MUST_CHECK enum err account_sign_recovery(struct span fingerprint,
					  const struct account_pair *recovery,
					  struct buf *entry);
MUST_CHECK enum err account_sign_recover_as(const struct account_log *log,
					    const struct account_signer *by,
					    struct span entry,
					    struct span withdrawn,
					    struct buf *link);
MUST_CHECK enum err account_sign_close(const struct account_log *log,
				       const struct account_signer *by,
				       struct span withdrawn, struct buf *link);

#endif
