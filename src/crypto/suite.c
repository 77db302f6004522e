#include "crypto/suite.h"

#include <string.h>

#include "crypto/xwing.h"

/* HPKE ids: RFC 9180 section 7, draft-ietf-hpke-pq; 0xF7F1 is ours (docs/adr/0003). */
enum {
	KEM_P256 = 0x0010,
	KEM_P384 = 0x0011,
	KEM_P521 = 0x0012,
	KEM_X25519 = 0x0020,
	KEM_X448 = 0x0021,
	KDF_SHA256 = 1,
	KDF_SHA384 = 2,
	KDF_SHA512 = 3,
	AEAD_AES128GCM = 1,
	AEAD_AES256GCM = 2,
	AEAD_CHACHA20POLY1305 = 3,
	AEAD_TWOFISH256GCM = 0xF7F1
};

#define HASH_SHA256 .kdf_id = KDF_SHA256, .hash = "SHA2-256", .nh = 32
#define HASH_SHA384 .kdf_id = KDF_SHA384, .hash = "SHA2-384", .nh = 48
#define HASH_SHA512 .kdf_id = KDF_SHA512, .hash = "SHA2-512", .nh = 64

#define AES128 .aead_id = AEAD_AES128GCM, .aead = "AES-128-GCM", .nk = 16
#define AES256 .aead_id = AEAD_AES256GCM, .aead = "AES-256-GCM", .nk = 32
#define CHACHA                                                                 \
	.aead_id = AEAD_CHACHA20POLY1305, .aead = "ChaCha20-Poly1305", .nk = 32
#define TWOFISH                                                                \
	.aead_id = AEAD_TWOFISH256GCM, .aead = "TWOFISH-256-GCM", .nk = 32

#define DH_X25519                                                              \
	.kem_id = KEM_X25519, .kem_group = "X25519", .nsecret = 32,            \
	.nenc = 32, .npk = 32, .nsk = 32
#define DH_X448                                                                \
	.kem_id = KEM_X448, .kem_group = "X448", .nsecret = 64, .nenc = 56,    \
	.npk = 56, .nsk = 56
#define DH_P256                                                                \
	.kem_id = KEM_P256, .kem_group = "P-256", .nsecret = 32, .nenc = 65,   \
	.npk = 65, .nsk = 32
#define DH_P384                                                                \
	.kem_id = KEM_P384, .kem_group = "P-384", .nsecret = 48, .nenc = 97,   \
	.npk = 97, .nsk = 48
#define DH_P521                                                                \
	.kem_id = KEM_P521, .kem_group = "P-521", .nsecret = 64, .nenc = 133,  \
	.npk = 133, .nsk = 66

#define XWING                                                                  \
	.kem_id = SUITE_KEM_XWING, .kem_group = "X-Wing", .nsecret = 32,       \
	.nenc = XWING_CIPHERTEXT, .npk = XWING_PUBLIC, .nsk = XWING_SEED

/* No number is assigned to those with X-Wing (docs/adr/0066): suite.h has ours. */
static const struct suite SUITES[] = {
	{ .id = SUITE_X25519_AES128GCM_SHA256_ED25519,
	  .name = "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519",
	  DH_X25519,
	  HASH_SHA256,
	  AES128,
	  .signature = "ED25519" },
	{ .id = SUITE_P256_AES128GCM_SHA256_P256,
	  .name = "MLS_128_DHKEMP256_AES128GCM_SHA256_P256",
	  DH_P256,
	  HASH_SHA256,
	  AES128,
	  .signature = "P-256" },
	{ .id = SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519,
	  .name = "MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519",
	  .algorithm = "chacha20-poly1305",
	  DH_X25519,
	  HASH_SHA256,
	  CHACHA,
	  .signature = "ED25519" },
	{ .id = SUITE_X448_AES256GCM_SHA512_ED448,
	  .name = "MLS_256_DHKEMX448_AES256GCM_SHA512_Ed448",
	  .algorithm = "aes-256-gcm",
	  DH_X448,
	  HASH_SHA512,
	  AES256,
	  .signature = "ED448" },
	{ .id = SUITE_P521_AES256GCM_SHA512_P521,
	  .name = "MLS_256_DHKEMP521_AES256GCM_SHA512_P521",
	  DH_P521,
	  HASH_SHA512,
	  AES256,
	  .signature = "P-521" },
	{ .id = SUITE_X448_CHACHA20POLY1305_SHA512_ED448,
	  .name = "MLS_256_DHKEMX448_CHACHA20POLY1305_SHA512_Ed448",
	  DH_X448,
	  HASH_SHA512,
	  CHACHA,
	  .signature = "ED448" },
	{ .id = SUITE_P384_AES256GCM_SHA384_P384,
	  .name = "MLS_256_DHKEMP384_AES256GCM_SHA384_P384",
	  DH_P384,
	  HASH_SHA384,
	  AES256,
	  .signature = "P-384" },
#ifndef HERMETIC_WITHOUT_TWOFISH
	{ .id = SUITE_X25519_TWOFISH256GCM_SHA256_ED25519,
	  .name = "MLS_128_DHKEMX25519_TWOFISH256GCM_SHA256_Ed25519",
	  .algorithm = "twofish-256-gcm",
	  DH_X25519,
	  HASH_SHA256,
	  TWOFISH,
	  .signature = "ED25519" },
#endif
	{ .id = SUITE_XWING_AES256GCM_SHA512_ED448,
	  .name = "MLS_128_XWING_AES256GCM_SHA512_Ed448",
	  .algorithm = "xwing-aes-256-gcm",
	  XWING,
	  HASH_SHA512,
	  AES256,
	  .signature = "ED448" },
	{ .id = SUITE_XWING_CHACHA20POLY1305_SHA256_ED25519,
	  .name = "MLS_128_XWING_CHACHA20POLY1305_SHA256_Ed25519",
	  .algorithm = "xwing-chacha20-poly1305",
	  XWING,
	  HASH_SHA256,
	  CHACHA,
	  .signature = "ED25519" },
#ifndef HERMETIC_WITHOUT_TWOFISH
	{ .id = SUITE_XWING_TWOFISH256GCM_SHA256_ED25519,
	  .name = "MLS_128_XWING_TWOFISH256GCM_SHA256_Ed25519",
	  .algorithm = "xwing-twofish-256-gcm",
	  XWING,
	  HASH_SHA256,
	  TWOFISH,
	  .signature = "ED25519" },
#endif
};

const struct suite *suite_table(size_t *count)
{
	*count = sizeof(SUITES) / sizeof(*SUITES);
	return SUITES;
}

const struct suite *suite_by_id(uint16_t id)
{
	for (size_t i = 0; i < sizeof(SUITES) / sizeof(*SUITES); i++)
		if (SUITES[i].id == id)
			return &SUITES[i];
	return NULL;
}

const struct suite *suite_by_algorithm(struct span name)
{
	for (size_t i = 0; i < sizeof(SUITES) / sizeof(*SUITES); i++)
		if (SUITES[i].algorithm != NULL &&
		    span_equal(name, span_str(SUITES[i].algorithm)))
			return &SUITES[i];
	return NULL;
}

bool suite_usable(const struct suite *suite)
{
	return suite->kem_id != SUITE_KEM_XWING || xwing_there();
}

static const struct {
	uint16_t scheme;
	const char *signature;
} SCHEMES[] = { { 0x0403, "P-256" },
		{ 0x0503, "P-384" },
		{ 0x0603, "P-521" },
		{ 0x0807, "ED25519" },
		{ 0x0808, "ED448" } };

uint16_t suite_scheme(const struct suite *suite)
{
	for (size_t i = 0; i < sizeof(SCHEMES) / sizeof(*SCHEMES); i++)
		if (strcmp(SCHEMES[i].signature, suite->signature) == 0)
			return SCHEMES[i].scheme;
	return 0;
}

const struct suite *suite_by_scheme(uint16_t scheme)
{
	for (size_t i = 0; i < sizeof(SUITES) / sizeof(*SUITES); i++)
		if (scheme != 0 && suite_scheme(&SUITES[i]) == scheme)
			return &SUITES[i];
	return NULL;
}
