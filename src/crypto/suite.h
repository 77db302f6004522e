/*
 * Ciphersuites as data: one table row each (RFC 9420 section 17.1, and ours).
 * A row names its algorithms; lengths are bytes.
 */
#ifndef HERMETIC_CRYPTO_SUITE_H
#define HERMETIC_CRYPTO_SUITE_H

#include "base/err.h"
#include "base/span.h"

enum suite_id {
	SUITE_X25519_AES128GCM_SHA256_ED25519 = 0x0001,
	SUITE_P256_AES128GCM_SHA256_P256 = 0x0002,
	SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519 = 0x0003,
	SUITE_X448_AES256GCM_SHA512_ED448 = 0x0004,
	SUITE_P521_AES256GCM_SHA512_P521 = 0x0005,
	SUITE_X448_CHACHA20POLY1305_SHA512_ED448 = 0x0006,
	SUITE_P384_AES256GCM_SHA384_P384 = 0x0007,
	/* Private use: docs/protocol.md. */
	SUITE_X25519_TWOFISH256GCM_SHA256_ED25519 = 0xF7F1,
	SUITE_XWING_AES256GCM_SHA512_ED448 = 0xF7F2,
	SUITE_XWING_CHACHA20POLY1305_SHA256_ED25519 = 0xF7F3,
	SUITE_XWING_TWOFISH256GCM_SHA256_ED25519 = 0xF7F4
};

#define SUITE_HASH_MAX 64	  /* nh of SHA-512 */
#define SUITE_AEAD_TAG 16	  /* nt of every AEAD here */
#define SUITE_NONCE 12		  /* nn of every AEAD here */
#define SUITE_PUBLIC_KEY_MAX 1216 /* of X-Wing */
#define SUITE_SIGNATURE_MAX 141	  /* ECDSA P-521 in DER is 139 at most */

#define SUITE_KEM_XWING 0x647A /* kem_id of X-Wing */

struct suite {
	uint16_t id;
	const char *name;      /* "MLS_128_DHKEMX25519_..." */
	const char *algorithm; /* the API's name, "aes-256-gcm"; NULL: none */

	/* HPKE identifiers, RFC 9180 section 7 and draft-ietf-hpke-pq */
	uint16_t kem_id, kdf_id, aead_id;

	/* names that EVP fetches by */
	const char *hash;      /* "SHA2-256" */
	const char *aead;      /* "AES-128-GCM", "TWOFISH-256-GCM" */
	const char *kem_group; /* "X25519", "P-256", "X-Wing" */
	const char *signature; /* "ED25519", or the group of ECDSA, "P-256" */

	uint8_t nh;	 /* hash, HMAC and KDF.Nh */
	uint8_t nk;	 /* AEAD key */
	uint8_t nsecret; /* KEM shared secret */
	uint8_t nsk;	 /* KEM private key */
	uint16_t nenc;	 /* KEM encapsulated key: npk, except of X-Wing */
	uint16_t npk;	 /* KEM public key */
};

/* NULL when unknown. */
const struct suite *suite_by_id(uint16_t id);
const struct suite *suite_by_algorithm(struct span name);

/* Whether this process can be a member by that suite. False for a suite with X-Wing
 * where OpenSSL has no ML-KEM (before 3.5): what others make of it can be checked
 * (hashes, signatures, the form of keys), and nothing be encrypted or opened. */
bool suite_usable(const struct suite *suite);

/* The TLS SignatureScheme (RFC 8446, 4.2.3) of a suite's signatures, and a suite
 * that signs so: NULL when unknown. */
uint16_t suite_scheme(const struct suite *suite);
const struct suite *suite_by_scheme(uint16_t scheme);

/* All rows; for iterating. */
const struct suite *suite_table(size_t *count);

#endif
