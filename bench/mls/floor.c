#include "bench/mls/floor.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/evp.h"

enum { BLOCK_MAX = 128, SECRET_MAX = 66, SIGNERS = 64, ML_KEM_TEXT = 1088 };

/* Who verifies has one signature under each key: many of them, because one
 * that is verified again and again takes less time. */
struct signer {
	EVP_PKEY *key;
	EVP_PKEY_CTX *ecdsa_sign, *ecdsa_verify;
	EVP_MD_CTX *eddsa_sign, *eddsa_verify;
	uint8_t signature[SUITE_SIGNATURE_MAX];
	size_t size;
};

struct floor {
	const struct suite *suite;
	EC_GROUP *curve; /* of a NIST KEM, otherwise NULL */
	EC_POINT *point;
	BIGNUM *scalar;
	uint8_t secret[SECRET_MAX];
	EVP_PKEY *kem, *peer;
	EVP_PKEY_CTX *agree;
	EVP_PKEY *ml_kem; /* of X-Wing, otherwise NULL */
	EVP_PKEY_CTX *ml_kem_seal, *ml_kem_open;
	uint8_t ml_kem_text[ML_KEM_TEXT];
	struct signer signers[SIGNERS];
	size_t turn; /* of the signers */
	EVP_MD_CTX *hash;
	EVP_CIPHER_CTX *aead;
	const EVP_MD *digest;
	const EVP_CIPHER *cipher;
	size_t signed_size; /* bytes that the signatures are of */
	uint8_t *data, *out;
	size_t cap;
};

void floor_add(struct floor_work *work, size_t times, size_t bytes_each)
{
	work->times += times;
	work->bytes += times * bytes_each;
}

static bool is_nist(const char *group)
{
	return strncmp(group, "P-", 2) == 0;
}

static EVP_PKEY *make_key(const char *group)
{
	return is_nist(group)
		   ? EVP_PKEY_Q_keygen(evp_context(), NULL, "EC", group)
		   : EVP_PKEY_Q_keygen(evp_context(), NULL, group);
}

static int nid_of(const char *group)
{
	if (strcmp(group, "P-256") == 0)
		return NID_X9_62_prime256v1;
	return strcmp(group, "P-384") == 0 ? NID_secp384r1 : NID_secp521r1;
}

static const char *group_of(const struct suite *suite)
{
	return suite->kem_id == SUITE_KEM_XWING ? "X25519" : suite->kem_group;
}

static bool ml_kem_seal(struct floor *f)
{
	uint8_t shared[SECRET_MAX];
	size_t n = sizeof(f->ml_kem_text), shared_n = sizeof(shared);

	return EVP_PKEY_encapsulate(f->ml_kem_seal, f->ml_kem_text, &n, shared,
				    &shared_n) == 1;
}

static bool make_ml_kem(struct floor *f)
{
	f->ml_kem = make_key("ML-KEM-768");
	if (f->ml_kem == NULL)
		return false;
	f->ml_kem_seal =
	    EVP_PKEY_CTX_new_from_pkey(evp_context(), f->ml_kem, NULL);
	f->ml_kem_open =
	    EVP_PKEY_CTX_new_from_pkey(evp_context(), f->ml_kem, NULL);
	return f->ml_kem_seal != NULL && f->ml_kem_open != NULL &&
	       EVP_PKEY_encapsulate_init(f->ml_kem_seal, NULL) == 1 &&
	       EVP_PKEY_decapsulate_init(f->ml_kem_open, NULL) == 1 &&
	       ml_kem_seal(f);
}

static bool make_kem(struct floor *f)
{
	const char *group = group_of(f->suite);

	if (f->suite->kem_id == SUITE_KEM_XWING && !make_ml_kem(f))
		return false;
	f->kem = make_key(group);
	f->peer = make_key(group);
	if (f->kem == NULL || f->peer == NULL)
		return false;
	f->agree = EVP_PKEY_CTX_new_from_pkey(evp_context(), f->kem, NULL);
	if (f->agree == NULL || EVP_PKEY_derive_init(f->agree) != 1 ||
	    EVP_PKEY_derive_set_peer_ex(f->agree, f->peer, 0) != 1)
		return false;
	if (RAND_bytes(f->secret, f->suite->nsk) != 1)
		return false;
	if (!is_nist(group))
		return true;
	f->curve =
	    EC_GROUP_new_by_curve_name_ex(evp_context(), NULL, nid_of(group));
	f->point = f->curve != NULL ? EC_POINT_new(f->curve) : NULL;
	f->scalar = BN_new();
	return f->point != NULL && f->scalar != NULL &&
	       EVP_PKEY_get_bn_param(f->kem, OSSL_PKEY_PARAM_PRIV_KEY,
				     &f->scalar) == 1;
}

static bool make_signer(struct signer *s, const char *scheme)
{
	s->key = make_key(scheme);
	if (s->key == NULL)
		return false;
	if (is_nist(scheme)) {
		s->ecdsa_sign =
		    EVP_PKEY_CTX_new_from_pkey(evp_context(), s->key, NULL);
		s->ecdsa_verify =
		    EVP_PKEY_CTX_new_from_pkey(evp_context(), s->key, NULL);
		return s->ecdsa_sign != NULL && s->ecdsa_verify != NULL &&
		       EVP_PKEY_sign_init(s->ecdsa_sign) == 1 &&
		       EVP_PKEY_verify_init(s->ecdsa_verify) == 1;
	}
	s->eddsa_sign = EVP_MD_CTX_new();
	s->eddsa_verify = EVP_MD_CTX_new();
	return s->eddsa_sign != NULL && s->eddsa_verify != NULL &&
	       EVP_DigestSignInit_ex(s->eddsa_sign, NULL, NULL, evp_context(),
				     NULL, s->key, NULL) == 1 &&
	       EVP_DigestVerifyInit_ex(s->eddsa_verify, NULL, NULL,
				       evp_context(), NULL, s->key, NULL) == 1;
}

static bool make_signers(struct floor *f)
{
	for (size_t i = 0; i < SIGNERS; i++)
		if (!make_signer(&f->signers[i], f->suite->signature))
			return false;
	return true;
}

static void signer_clear(struct signer *s)
{
	EVP_PKEY_CTX_free(s->ecdsa_sign);
	EVP_PKEY_CTX_free(s->ecdsa_verify);
	EVP_MD_CTX_free(s->eddsa_sign);
	EVP_MD_CTX_free(s->eddsa_verify);
	EVP_PKEY_free(s->key);
}

struct floor *floor_new(const struct suite *suite)
{
	struct floor *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return NULL;
	f->suite = suite;
	f->digest = evp_digest(suite->hash);
	f->cipher = evp_cipher(suite->aead);
	f->hash = EVP_MD_CTX_new();
	f->aead = EVP_CIPHER_CTX_new();
	if (f->digest == NULL || f->cipher == NULL || f->hash == NULL ||
	    f->aead == NULL || !make_kem(f) || !make_signers(f)) {
		floor_free(f);
		return NULL;
	}
	return f;
}

void floor_free(struct floor *f)
{
	if (f == NULL)
		return;
	EC_POINT_free(f->point);
	EC_GROUP_free(f->curve);
	BN_free(f->scalar);
	EVP_PKEY_CTX_free(f->agree);
	for (size_t i = 0; i < SIGNERS; i++)
		signer_clear(&f->signers[i]);
	EVP_MD_CTX_free(f->hash);
	EVP_CIPHER_CTX_free(f->aead);
	EVP_PKEY_CTX_free(f->ml_kem_seal);
	EVP_PKEY_CTX_free(f->ml_kem_open);
	EVP_PKEY_free(f->ml_kem);
	EVP_PKEY_free(f->kem);
	EVP_PKEY_free(f->peer);
	free(f->data);
	free(f->out);
	free(f);
}

static bool room(struct floor *f, size_t n)
{
	if (n <= f->cap)
		return true;
	free(f->data);
	free(f->out);
	f->data = calloc(1, n);
	f->out = calloc(1, n + SUITE_AEAD_TAG);
	f->cap = f->data != NULL && f->out != NULL ? n : 0;
	return f->cap > 0;
}

/* ---- one of each ---- */

static bool one_public(struct floor *f)
{
	uint8_t bytes[SUITE_PUBLIC_KEY_MAX];
	EVP_PKEY *key;

	if (f->curve != NULL)
		return EC_POINT_mul(f->curve, f->point, f->scalar, NULL, NULL,
				    NULL) == 1 &&
		       EC_POINT_point2oct(f->curve, f->point,
					  POINT_CONVERSION_UNCOMPRESSED, bytes,
					  sizeof(bytes), NULL) > 0;
	key = EVP_PKEY_new_raw_private_key_ex(evp_context(), group_of(f->suite),
					      NULL, f->secret, f->suite->nsk);
	EVP_PKEY_free(key);
	return key != NULL;
}

static bool one_agreement(struct floor *f)
{
	uint8_t shared[SECRET_MAX];
	size_t n = sizeof(shared);

	return EVP_PKEY_derive(f->agree, shared, &n) == 1;
}

static bool one_ml_kem_key(void)
{
	EVP_PKEY *key = make_key("ML-KEM-768");

	EVP_PKEY_free(key);
	return key != NULL;
}

static bool one_ml_kem_open(struct floor *f)
{
	uint8_t shared[SECRET_MAX];
	size_t n = sizeof(shared);

	return EVP_PKEY_decapsulate(f->ml_kem_open, shared, &n, f->ml_kem_text,
				    sizeof(f->ml_kem_text)) == 1;
}

static bool one_hash(struct floor *f, size_t n, uint8_t *out)
{
	return EVP_DigestInit_ex2(f->hash, f->digest, NULL) == 1 &&
	       EVP_DigestUpdate(f->hash, f->data, n) == 1 &&
	       EVP_DigestFinal_ex(f->hash, out, NULL) == 1;
}

/* HMAC is two hashes, each of a block more. */
static bool one_mac(struct floor *f, size_t n)
{
	size_t block = (size_t)EVP_MD_get_block_size(f->digest);
	uint8_t inner[BLOCK_MAX];

	return one_hash(f, block + n, inner) &&
	       one_hash(f, block + f->suite->nh, inner);
}

/* With OpenSSL 3.5 a context of EdDSA has to begin anew each time, by the key that
 * it has: 30 ns. */
static bool sign(struct floor *f, struct signer *s, size_t n,
		 uint8_t *signature, size_t *size)
{
	uint8_t hashed[BLOCK_MAX];

	*size = SUITE_SIGNATURE_MAX;
	if (s->ecdsa_sign != NULL)
		return one_hash(f, n, hashed) &&
		       EVP_PKEY_sign(s->ecdsa_sign, signature, size, hashed,
				     f->suite->nh) == 1;
	return EVP_DigestSignInit_ex(s->eddsa_sign, NULL, NULL, NULL, NULL,
				     NULL, NULL) == 1 &&
	       EVP_DigestSign(s->eddsa_sign, signature, size, f->data, n) == 1;
}

static bool one_sign(struct floor *f, size_t n)
{
	uint8_t signature[SUITE_SIGNATURE_MAX];
	size_t size;

	return sign(f, &f->signers[0], n, signature, &size);
}

static bool one_verify(struct floor *f, size_t n)
{
	struct signer *s = &f->signers[f->turn++ % SIGNERS];
	uint8_t hashed[BLOCK_MAX];

	if (s->ecdsa_verify != NULL)
		return one_hash(f, n, hashed) &&
		       EVP_PKEY_verify(s->ecdsa_verify, s->signature, s->size,
				       hashed, f->suite->nh) == 1;
	return EVP_DigestVerifyInit_ex(s->eddsa_verify, NULL, NULL, NULL, NULL,
				       NULL, NULL) == 1 &&
	       EVP_DigestVerify(s->eddsa_verify, s->signature, s->size, f->data,
				n) == 1;
}

static bool one_aead(struct floor *f, size_t n)
{
	uint8_t tag[SUITE_AEAD_TAG];
	int done;

	return EVP_CipherInit_ex2(f->aead, f->cipher, f->data, f->data, 1,
				  NULL) == 1 &&
	       EVP_CipherUpdate(f->aead, f->out, &done, f->data, (int)n) == 1 &&
	       EVP_CipherFinal_ex(f->aead, f->out + n, &done) == 1 &&
	       EVP_CIPHER_CTX_ctrl(f->aead, EVP_CTRL_AEAD_GET_TAG,
				   SUITE_AEAD_TAG, tag) == 1;
}

/* ---- all ---- */

static size_t each(struct floor_work work)
{
	return work.times > 0 ? work.bytes / work.times : 0;
}

static size_t largest(const struct floor_count *c)
{
	const struct floor_work all[] = { c->signs, c->verifies, c->hashes,
					  c->macs, c->aeads };
	size_t most = 64;

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		most = each(all[i]) > most ? each(all[i]) : most;
	return most + BLOCK_MAX;
}

bool floor_prepare(struct floor *f, const struct floor_count *c)
{
	bool ok = room(f, largest(c));

	f->signed_size = each(c->verifies);
	for (size_t i = 0; ok && i < SIGNERS; i++) {
		struct signer *s = &f->signers[i];

		ok = sign(f, s, f->signed_size, s->signature, &s->size);
	}
	return ok;
}

bool floor_run(struct floor *f, const struct floor_count *c)
{
	uint8_t out[BLOCK_MAX];
	bool ok = true;

	for (size_t i = 0; ok && i < c->verifies.times; i++)
		ok = one_verify(f, each(c->verifies));
	for (size_t i = 0; ok && i < c->publics; i++)
		ok = one_public(f);
	for (size_t i = 0; ok && i < c->agreements; i++)
		ok = one_agreement(f);
	for (size_t i = 0; ok && i < c->ml_kem_keys; i++)
		ok = one_ml_kem_key();
	for (size_t i = 0; ok && i < c->ml_kem_seals; i++)
		ok = ml_kem_seal(f);
	for (size_t i = 0; ok && i < c->ml_kem_opens; i++)
		ok = one_ml_kem_open(f);
	for (size_t i = 0; ok && i < c->signs.times; i++)
		ok = one_sign(f, each(c->signs));
	for (size_t i = 0; ok && i < c->hashes.times; i++)
		ok = one_hash(f, each(c->hashes), out);
	for (size_t i = 0; ok && i < c->macs.times; i++)
		ok = one_mac(f, each(c->macs));
	for (size_t i = 0; ok && i < c->aeads.times; i++)
		ok = one_aead(f, each(c->aeads));
	return ok;
}
