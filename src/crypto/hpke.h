/* Hybrid public key encryption, RFC 9180, base mode, single shot; of
 * draft-ietf-hpke-pq-04 the KEM MLKEM768-X25519 (xwing.h). Public keys
 * are SerializePublicKey bytes, private keys SerializePrivateKey bytes. */
#ifndef HERMETIC_CRYPTO_HPKE_H
#define HERMETIC_CRYPTO_HPKE_H

#include "base/buf.h"
#include "base/sec.h"
#include "crypto/rng.h"
#include "crypto/suite.h"

/* DeriveKeyPair (7.1.3; X-Wing: draft-ietf-hpke-pq-04). Appends to `public_key`. */
MUST_CHECK enum err hpke_derive_key_pair(const struct suite *suite,
					 struct span ikm,
					 struct sec *private_key,
					 struct buf *public_key);

/* GenerateKeyPair: random ikm of nsk bytes, derived. Without them `private_key` is
 * empty. */
MUST_CHECK enum err hpke_generate_key_pair(const struct suite *suite,
					   const struct rng *rng,
					   struct sec *private_key,
					   struct buf *public_key);

/* ERR_PEER_INVALID when the bytes are no valid public key (7.1.4). */
MUST_CHECK enum err hpke_check_public_key(const struct suite *suite,
					  struct span public_key);

/* ERR_PEER_INVALID when no private key of the KEM opens such an encapsulated key. */
MUST_CHECK enum err hpke_check_encapsulated(const struct suite *suite,
					    struct span enc);

/* What the key schedule (5.1) makes of an `info`, for sealing to many under the
 * same one: it may be large, and is hashed once. Not a secret. */
struct hpke_info {
	uint8_t context[1 + 2 * SUITE_HASH_MAX]; /* key_schedule_context */
	size_t n;
};

MUST_CHECK enum err hpke_info(const struct suite *suite, struct span info,
			      struct hpke_info *out);

/* hpke_seal() with the info made before. */
MUST_CHECK enum err hpke_seal_under(const struct suite *suite,
				    const struct rng *rng,
				    struct span public_key,
				    const struct hpke_info *info,
				    struct span aad, struct span plaintext,
				    struct buf *enc, struct buf *ciphertext);

/* SealBase: appends enc to `enc`, ciphertext to `ciphertext`. */
MUST_CHECK enum err hpke_seal(const struct suite *suite, const struct rng *rng,
			      struct span public_key, struct span info,
			      struct span aad, struct span plaintext,
			      struct buf *enc, struct buf *ciphertext);

/* OpenBase: ERR_PEER_CRYPTO for any reason that the peer can cause.
 * `public_key` is that of the private one; empty: it is derived. */
MUST_CHECK enum err hpke_open(const struct suite *suite, struct span enc,
			      struct span private_key, struct span public_key,
			      struct span info, struct span aad,
			      struct span ciphertext, struct buf *plaintext);

/* SendExportBase / ReceiveExportBase (6.2); RFC 9420 section 8.3 uses them for
 * external init. */
MUST_CHECK enum err hpke_send_export(const struct suite *suite,
				     const struct rng *rng,
				     struct span public_key, struct span info,
				     struct span context, size_t length,
				     struct buf *enc, struct sec *exported);
MUST_CHECK enum err hpke_receive_export(const struct suite *suite,
					struct span enc,
					struct span private_key,
					struct span info, struct span context,
					size_t length, struct sec *exported);

#endif
