#include "crypto/sign.h"

#include <stdlib.h>

#include "crypto/curve.h"
#include "crypto/evp.h"

struct sign_key {
	EVP_PKEY *pkey;
	const struct suite *suite;
};

static struct sign_key *new_key(const struct suite *suite, EVP_PKEY *pkey)
{
	struct sign_key *key = malloc(sizeof(*key));

	if (key == NULL) {
		EVP_PKEY_free(pkey);
		return NULL;
	}
	*key = (struct sign_key){ pkey, suite };
	return key;
}

enum err sign_private_parse(const struct suite *suite, struct span bytes,
			    struct sign_key **out)
{
	EVP_PKEY *pkey = NULL;
	enum err e;

	TRY(curve_private(suite->signature, bytes, &pkey));
	*out = new_key(suite, pkey);
	ENSURE(*out != NULL, ERR_LOCAL_MEMORY);
out:
	return e;
}

enum err sign_public_parse(const struct suite *suite, struct span bytes,
			   struct sign_key **out)
{
	EVP_PKEY *pkey = NULL;
	enum err e;

	TRY(curve_public(suite->signature, bytes, &pkey));
	*out = new_key(suite, pkey);
	ENSURE(*out != NULL, ERR_LOCAL_MEMORY);
out:
	return e;
}

struct sign_key *sign_key_share(struct sign_key *key)
{
	if (EVP_PKEY_up_ref(key->pkey) != 1)
		return NULL;
	return new_key(key->suite, key->pkey);
}

void sign_key_free(struct sign_key *key)
{
	if (key == NULL)
		return;
	EVP_PKEY_free(key->pkey);
	free(key);
}

/* An ECDSA scalar: drawn again until it is in range (FIPS 186-5, A.2.2). */
static enum err draw_scalar(const struct suite *suite, const struct rng *rng,
			    struct sec *scalar)
{
	size_t size = curve_private_size(suite->signature);
	enum err e;

	for (int tries = 0; tries < 64; tries++) {
		TRY(rng_fill(rng, scalar->b, size));
		scalar->n = (uint8_t)size;
		if (size == 66)
			scalar->b[0] &= 1; /* P-521 has 521 bits */
		if (curve_scalar_in_range(suite->signature, sec_span(scalar)))
			return ERR_OK;
	}
	e = ERR_LOCAL_CRYPTO;
out:
	sec_clear(scalar);
	return e;
}

enum err sign_generate(const struct suite *suite, const struct rng *rng,
		       struct sec *private_key, struct buf *public_key)
{
	size_t size = curve_private_size(suite->signature);
	enum err e;

	sec_clear(private_key);
	if (curve_is_nist(suite->signature)) {
		TRY(draw_scalar(suite, rng, private_key));
	} else {
		TRY(rng_fill(rng, private_key->b, size));
		private_key->n = (uint8_t)size;
	}
	TRY(sign_public(suite, sec_span(private_key), public_key));
out:
	if (e != ERR_OK)
		sec_clear(private_key);
	return e;
}

enum err sign_public(const struct suite *suite, struct span private_key,
		     struct buf *public_key)
{
	return curve_derive_public(suite->signature, private_key, public_key);
}

/* EdDSA hashes by itself; ECDSA takes the suite's hash. */
static const char *digest_name(const struct suite *suite)
{
	return curve_is_nist(suite->signature) ? suite->hash : NULL;
}

enum err sign_sign(const struct sign_key *private_key, struct span message,
		   struct buf *signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t n = SUITE_SIGNATURE_MAX;
	enum err e = ERR_OK;
	uint8_t *p;

	ENSURE(ctx != NULL, ERR_LOCAL_MEMORY);
	p = buf_reserve(signature, n);
	ENSURE(p != NULL, signature->fail);
	ENSURE(EVP_DigestSignInit_ex(ctx, NULL, digest_name(private_key->suite),
				     evp_context(), NULL, private_key->pkey,
				     NULL) == 1,
	       ERR_LOCAL_CRYPTO);
	ENSURE(EVP_DigestSign(ctx, p, &n, message.p, message.n) == 1,
	       ERR_LOCAL_CRYPTO);
	signature->n += n;
out:
	EVP_MD_CTX_free(ctx);
	return e;
}

enum err sign_verify(const struct sign_key *public_key, struct span message,
		     struct span signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	enum err e = ERR_OK;

	evp_quiet_begin();
	ENSURE(ctx != NULL, ERR_LOCAL_MEMORY);
	ENSURE(EVP_DigestVerifyInit_ex(
		   ctx, NULL, digest_name(public_key->suite), evp_context(),
		   NULL, public_key->pkey, NULL) == 1,
	       ERR_LOCAL_CRYPTO);
	ENSURE(EVP_DigestVerify(ctx, signature.p, signature.n, message.p,
				message.n) == 1,
	       ERR_PEER_CRYPTO);
out:
	EVP_MD_CTX_free(ctx);
	evp_quiet_end();
	return e;
}
