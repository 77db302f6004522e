#include "crypto/sign.h"

#include <stdlib.h>

#include "crypto/curve.h"
#include "crypto/evp.h"

/* Ready to sign or verify: a copy of it is made for each use, which takes a
 * tenth of the time of getting ready. It owns the parsed key. */
struct sign_key {
	EVP_MD_CTX *ready;
	EVP_PKEY_CTX *maker; /* of the keys of sign_public_next(), or NULL */
	struct sign_by by;   /* with .sign: it signs, and `ready` verifies */
};

/* EdDSA hashes by itself; ECDSA takes the suite's hash. */
static const char *digest_name(const struct suite *suite)
{
	return curve_is_nist(suite->signature) ? suite->hash : NULL;
}

/* Takes over `pkey`. NULL on failure. */
static struct sign_key *new_key(const struct suite *suite, EVP_PKEY *pkey,
				bool private)
{
	int (*init)(EVP_MD_CTX *, EVP_PKEY_CTX **, const char *, OSSL_LIB_CTX *,
		    const char *, EVP_PKEY *, const OSSL_PARAM *) =
	    private ? EVP_DigestSignInit_ex : EVP_DigestVerifyInit_ex;
	struct sign_key *key = malloc(sizeof(*key));
	EVP_MD_CTX *ready = EVP_MD_CTX_new();
	bool ok = key != NULL && ready != NULL &&
		  init(ready, NULL, digest_name(suite), evp_context(), NULL,
		       pkey, NULL) == 1;

	EVP_PKEY_free(pkey);
	if (!ok) {
		EVP_MD_CTX_free(ready);
		free(key);
		return NULL;
	}
	*key = (struct sign_key){ .ready = ready };
	return key;
}

/* One use. NULL on failure. */
static EVP_MD_CTX *begin(const struct sign_key *key)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (ctx != NULL && EVP_MD_CTX_copy_ex(ctx, key->ready) == 1)
		return ctx;
	EVP_MD_CTX_free(ctx);
	return NULL;
}

enum err sign_private_parse(const struct suite *suite, struct span bytes,
			    struct sign_key **out)
{
	EVP_PKEY *pkey = NULL;
	enum err e;

	TRY(curve_private(suite->signature, bytes, &pkey));
	*out = new_key(suite, pkey, true);
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
	*out = new_key(suite, pkey, false);
	ENSURE(*out != NULL, ERR_LOCAL_MEMORY);
out:
	return e;
}

enum err sign_key_by(const struct suite *suite, const struct sign_by *by,
		     struct span public_key, struct sign_key **out)
{
	enum err e;

	TRY(sign_public_parse(suite, public_key, out));
	(*out)->by = *by;
out:
	return e;
}

static enum err next_eddsa(const struct suite *suite, struct span bytes,
			   struct sign_key *key)
{
	EVP_PKEY *pkey = NULL;
	enum err e;

	TRY(curve_make_public(suite->signature, &key->maker, bytes, &pkey));
	/* otherwise it keeps the key that it has */
	ENSURE(EVP_MD_CTX_reset(key->ready) == 1 &&
		   EVP_DigestVerifyInit_ex(key->ready, NULL, NULL,
					   evp_context(), NULL, pkey,
					   NULL) == 1,
	       ERR_LOCAL_MEMORY);
out:
	EVP_PKEY_free(pkey);
	return e;
}

enum err sign_public_next(const struct suite *suite, struct span bytes,
			  struct sign_key **key)
{
	if (*key == NULL)
		return sign_public_parse(suite, bytes, key);
	if (!curve_is_nist(suite->signature))
		return next_eddsa(suite, bytes, *key);
	return curve_replace_public(
	    suite->signature, bytes,
	    EVP_PKEY_CTX_get0_pkey(EVP_MD_CTX_get_pkey_ctx((*key)->ready)));
}

struct sign_key *sign_key_share(const struct sign_key *key)
{
	struct sign_key *shared = calloc(1, sizeof(*shared));

	if (shared == NULL)
		return NULL;
	shared->ready = begin(key);
	if (shared->ready == NULL) {
		free(shared);
		return NULL;
	}
	shared->by = key->by;
	return shared;
}

void sign_key_free(struct sign_key *key)
{
	if (key == NULL)
		return;
	EVP_MD_CTX_free(key->ready);
	EVP_PKEY_CTX_free(key->maker);
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

/* What another made is looked at before anybody relies on it. */
static enum err sign_elsewhere(const struct sign_key *key, struct span message,
			       struct buf *signature)
{
	struct buf made = BUF_INIT;
	enum err e;

	TRY(key->by.sign(key->by.context, message, &made));
	TRY(buf_end(&made));
	ENSURE(made.n <= SUITE_SIGNATURE_MAX, ERR_LOCAL_CRYPTO);
	e = sign_verify(key, message, buf_span(&made));
	ENSURE(e != ERR_PEER_CRYPTO, ERR_LOCAL_CRYPTO);
	TRY(e);
	buf_put(signature, buf_span(&made));
	TRY(signature->fail);
out:
	buf_clear(&made);
	return e;
}

static enum err sign_here(const struct sign_key *private_key,
			  struct span message, struct buf *signature)
{
	EVP_MD_CTX *ctx = begin(private_key);
	size_t n = SUITE_SIGNATURE_MAX;
	enum err e = ERR_OK;
	uint8_t *p;

	ENSURE(ctx != NULL, ERR_LOCAL_CRYPTO);
	p = buf_reserve(signature, n);
	ENSURE(p != NULL, signature->fail);
	/* Without memory OpenSSL's ECDSA says 1, and a length of -1. */
	ENSURE(EVP_DigestSign(ctx, p, &n, message.p, message.n) == 1 && n > 0 &&
		   n <= SUITE_SIGNATURE_MAX,
	       ERR_LOCAL_CRYPTO);
	signature->n += n;
out:
	EVP_MD_CTX_free(ctx);
	return e;
}

static enum err verify(const struct sign_key *public_key, struct span message,
		       struct span signature)
{
	EVP_MD_CTX *ctx = begin(public_key);
	enum err e = ERR_OK;

	ENSURE(ctx != NULL, ERR_LOCAL_CRYPTO);
	ENSURE(EVP_DigestVerify(ctx, signature.p, signature.n, message.p,
				message.n) == 1,
	       ERR_PEER_CRYPTO);
out:
	EVP_MD_CTX_free(ctx);
	return e;
}

/* More than a verification allocates. */
enum { PROBE = 64 * 1024 };

/* OpenSSL says the same of a false signature and of memory that is not there.
 * So a signature is false when it is found so twice, with memory in between:
 * a peer that is blamed wrongly would be cut off for good. */
enum err sign_verify(const struct sign_key *public_key, struct span message,
		     struct span signature)
{
	void *probe;
	enum err e;

	evp_quiet_begin();
	e = verify(public_key, message, signature);
	if (e == ERR_PEER_CRYPTO) {
		probe = OPENSSL_malloc(PROBE);
		OPENSSL_free(probe);
		e = probe != NULL ? verify(public_key, message, signature)
				  : ERR_LOCAL_MEMORY;
	}
	evp_quiet_end();
	return e;
}

enum err sign_sign(const struct sign_key *private_key, struct span message,
		   struct buf *signature)
{
	return private_key->by.sign != NULL
		   ? sign_elsewhere(private_key, message, signature)
		   : sign_here(private_key, message, signature);
}
