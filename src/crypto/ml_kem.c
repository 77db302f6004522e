#include "crypto/ml_kem.h"

#include <openssl/core_names.h>
#include <string.h>

#include "crypto/digest.h"
#include "crypto/evp.h"

/* OpenSSL 3.0 has no macros for these: "seed" is OSSL_PKEY_PARAM_ML_KEM_SEED,
 * "ikme" OSSL_KEM_PARAM_IKME. */
#define ML_KEM "ML-KEM-768"
#define PARAM_SEED "seed"
#define PARAM_COINS "ikme"

enum {
	Z = 32,	       /* bytes of a seed's second half */
	VECTOR = 1152, /* of an encapsulation key: coefficients, 12 bits each */
	Q = 3329
};

bool ml_kem_there(void)
{
	return evp_has_ml_kem();
}

enum err ml_kem_check_public(struct span public_key)
{
	if (public_key.n != ML_KEM_PUBLIC)
		return ERR_PEER_INVALID;
	for (size_t i = 0; i < VECTOR; i += 3) {
		const uint8_t *p = public_key.p + i;
		unsigned middle = p[1];

		if ((p[0] | (middle & 15) << 8) >= Q ||
		    (middle >> 4 | (unsigned)p[2] << 4) >= Q)
			return ERR_PEER_INVALID;
	}
	return ERR_OK;
}

/* By generation, which takes a third of the time of an import: OpenSSL imports a seed by
 * encapsulating and opening once, and nothing can be wrong with a public key that was
 * made of the seed just then. */
static enum err key_of_seed(struct span seed, EVP_PKEY **out)
{
	uint8_t copy[ML_KEM_SEED]; /* OSSL_PARAM has no const */
	OSSL_PARAM params[] = { OSSL_PARAM_construct_octet_string(
				    PARAM_SEED, copy, sizeof(copy)),
				OSSL_PARAM_construct_end() };
	EVP_PKEY_CTX *ctx = NULL;
	enum err e = ERR_OK;

	*out = NULL;
	memcpy(copy, seed.p, sizeof(copy));
	ENSURE(ml_kem_there(), ERR_LOCAL_CRYPTO);
	ctx = EVP_PKEY_CTX_new_from_name(evp_context(), ML_KEM, NULL);
	ENSURE(ctx != NULL && EVP_PKEY_keygen_init(ctx) == 1 &&
		   EVP_PKEY_CTX_set_params(ctx, params) == 1 &&
		   EVP_PKEY_generate(ctx, out) == 1,
	       ERR_LOCAL_CRYPTO);
out:
	sec_wipe(copy, sizeof(copy));
	EVP_PKEY_CTX_free(ctx);
	return e;
}

static enum err key_of_public(struct span public_key, EVP_PKEY **out)
{
	uint8_t copy[ML_KEM_PUBLIC];
	OSSL_PARAM params[] = { OSSL_PARAM_construct_octet_string(
				    OSSL_PKEY_PARAM_PUB_KEY, copy,
				    sizeof(copy)),
				OSSL_PARAM_construct_end() };
	EVP_PKEY_CTX *ctx = NULL;
	enum err e = ERR_OK;

	*out = NULL;
	memcpy(copy, public_key.p, sizeof(copy));
	ENSURE(ml_kem_there(), ERR_LOCAL_CRYPTO);
	ctx = EVP_PKEY_CTX_new_from_name(evp_context(), ML_KEM, NULL);
	ENSURE(ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
		   EVP_PKEY_fromdata(ctx, out, EVP_PKEY_PUBLIC_KEY, params) ==
		       1,
	       ERR_LOCAL_CRYPTO);
out:
	EVP_PKEY_CTX_free(ctx);
	return e;
}

enum err ml_kem_derive_public(struct span seed, struct buf *public_key)
{
	uint8_t bytes[ML_KEM_PUBLIC];
	EVP_PKEY *key = NULL;
	size_t n = 0;
	enum err e;

	ENSURE(seed.n == ML_KEM_SEED, ERR_PEER_INVALID);
	TRY(key_of_seed(seed, &key));
	ENSURE(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY,
					       bytes, sizeof(bytes), &n) == 1 &&
		   n == sizeof(bytes),
	       ERR_LOCAL_CRYPTO);
	buf_put(public_key, SPAN_ARRAY(bytes));
	e = public_key->fail;
out:
	EVP_PKEY_free(key);
	return e;
}

enum err ml_kem_encapsulate(struct span public_key, struct span coins,
			    struct sec *secret, struct buf *ciphertext)
{
	uint8_t made[ML_KEM_CIPHERTEXT];
	uint8_t copy[ML_KEM_COINS] = { 0 };
	OSSL_PARAM params[] = { OSSL_PARAM_construct_octet_string(
				    PARAM_COINS, copy, sizeof(copy)),
				OSSL_PARAM_construct_end() };
	size_t n = sizeof(made), secret_n = ML_KEM_SECRET;
	EVP_PKEY_CTX *ctx = NULL;
	EVP_PKEY *key = NULL;
	enum err e;

	sec_clear(secret);
	ENSURE(coins.n == sizeof(copy), ERR_PEER_INVALID);
	memcpy(copy, coins.p, sizeof(copy));
	TRY(ml_kem_check_public(public_key));
	TRY(key_of_public(public_key, &key));
	ctx = EVP_PKEY_CTX_new_from_pkey(evp_context(), key, NULL);
	ENSURE(ctx != NULL && EVP_PKEY_encapsulate_init(ctx, params) == 1 &&
		   EVP_PKEY_encapsulate(ctx, made, &n, secret->b, &secret_n) ==
		       1 &&
		   n == sizeof(made) && secret_n == ML_KEM_SECRET,
	       ERR_LOCAL_CRYPTO);
	secret->n = ML_KEM_SECRET;
	buf_put(ciphertext, SPAN_ARRAY(made));
	e = ciphertext->fail;
out:
	if (e != ERR_OK)
		sec_clear(secret);
	sec_wipe(copy, sizeof(copy));
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	return e;
}

static enum err decapsulate(EVP_PKEY *key, struct span ciphertext,
			    struct sec *secret)
{
	EVP_PKEY_CTX *ctx =
	    EVP_PKEY_CTX_new_from_pkey(evp_context(), key, NULL);
	size_t n = ML_KEM_SECRET;
	enum err e = ERR_OK;

	ENSURE(ctx != NULL && EVP_PKEY_decapsulate_init(ctx, NULL) == 1 &&
		   EVP_PKEY_decapsulate(ctx, secret->b, &n, ciphertext.p,
					ciphertext.n) == 1 &&
		   n == ML_KEM_SECRET,
	       ERR_LOCAL_CRYPTO);
	secret->n = ML_KEM_SECRET;
out:
	EVP_PKEY_CTX_free(ctx);
	return e;
}

/* Where something fails within ML-KEM, memory for a hash say, OpenSSL gives the secret
 * that FIPS 203 (6.3) has for a ciphertext of somebody else, J(z || c), and no error. It
 * would look like a peer's doing. So that secret is asked for twice: if it comes again, it is
 * right. Nothing opens with it, so it is no secret that it was that one. */
enum err ml_kem_decapsulate(struct span ciphertext, struct span seed,
			    struct sec *secret)
{
	struct sec rejected = { .n = ML_KEM_SECRET };
	struct span parts[2];
	EVP_PKEY *key = NULL;
	enum err e;

	sec_clear(secret);
	ENSURE(seed.n == ML_KEM_SEED && ciphertext.n == ML_KEM_CIPHERTEXT,
	       ERR_PEER_INVALID);
	TRY(key_of_seed(seed, &key));
	TRY(decapsulate(key, ciphertext, secret));
	parts[0] = span_of(seed.p + ML_KEM_SEED - Z, Z);
	parts[1] = ciphertext;
	TRY(digest_shake256(parts, 2, rejected.b, ML_KEM_SECRET));
	if (sec_equal(sec_span(secret), sec_span(&rejected)))
		TRY(decapsulate(key, ciphertext, secret));
out:
	if (e != ERR_OK)
		sec_clear(secret);
	sec_clear(&rejected);
	EVP_PKEY_free(key);
	return e;
}
