#include "crypto/es256.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>

#include "crypto/evp.h"

/* Moves what is in a memory BIO into `out`. */
static enum err take(BIO *bio, struct buf *out)
{
	char *p = NULL;
	long n = BIO_get_mem_data(bio, &p);

	if (n <= 0)
		return ERR_LOCAL_CRYPTO;
	buf_put(out, span_of(p, (size_t)n));
	(void)buf_reserve(out, 1);
	if (out->fail == ERR_OK)
		out->p[out->n] = '\0';
	return out->fail;
}

enum err es256_generate(struct buf *private_pem)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(evp_context(), NULL, "EC", "P-256");
	BIO *bio = BIO_new(BIO_s_secmem());
	enum err e = ERR_OK;

	ENSURE(key != NULL && bio != NULL, ERR_LOCAL_CRYPTO);
	ENSURE(PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL,
					     NULL) == 1,
	       ERR_LOCAL_CRYPTO);
	TRY(take(bio, private_pem));
out:
	BIO_free(bio);
	EVP_PKEY_free(key);
	return e;
}

static enum err coordinate(const EVP_PKEY *key, const char *name,
			   uint8_t out[32])
{
	BIGNUM *v = NULL;
	enum err e = ERR_OK;

	ENSURE(EVP_PKEY_get_bn_param(key, name, &v) == 1, ERR_LOCAL_CRYPTO);
	ENSURE(BN_bn2binpad(v, out, 32) == 32, ERR_LOCAL_CRYPTO);
out:
	BN_free(v);
	return e;
}

enum err es256_public(struct span private_pem, struct buf *public_pem,
		      uint8_t x[32], uint8_t y[32])
{
	BIO *in = BIO_new_mem_buf(private_pem.p, (int)private_pem.n);
	BIO *out_bio = BIO_new(BIO_s_mem());
	EVP_PKEY *key = NULL;
	enum err e = ERR_OK;

	ENSURE(in != NULL && out_bio != NULL, ERR_LOCAL_CRYPTO);
	key = PEM_read_bio_PrivateKey_ex(in, NULL, NULL, NULL, evp_context(),
					 NULL);
	ENSURE(key != NULL, ERR_PEER_INVALID);
	ENSURE(PEM_write_bio_PUBKEY(out_bio, key) == 1, ERR_LOCAL_CRYPTO);
	TRY(take(out_bio, public_pem));
	TRY(coordinate(key, OSSL_PKEY_PARAM_EC_PUB_X, x));
	TRY(coordinate(key, OSSL_PKEY_PARAM_EC_PUB_Y, y));
out:
	EVP_PKEY_free(key);
	BIO_free(out_bio);
	BIO_free(in);
	return e;
}
