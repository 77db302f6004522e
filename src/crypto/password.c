#include "crypto/password.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "crypto/evp.h"

enum err password_derive(struct span password, struct span salt,
			 struct password_cost cost, size_t length,
			 struct sec *out)
{
	/* What scrypt takes, and a little for the library's own sums. */
	uint64_t memory =
	    128 * (uint64_t)cost.r * (cost.n + cost.p + 2) + 65536;
	EVP_KDF *kdf = NULL;
	EVP_KDF_CTX *ctx = NULL;
	OSSL_PARAM params[7];
	enum err e = ERR_OK;

	sec_clear(out);
	evp_quiet_begin();
	ENSURE(length > 0 && length <= SEC_MAX, ERR_LOCAL_BUG);
	kdf = EVP_KDF_fetch(evp_context(), "SCRYPT", NULL);
	ENSURE(kdf != NULL, ERR_LOCAL_CRYPTO);
	ctx = EVP_KDF_CTX_new(kdf);
	ENSURE(ctx != NULL, ERR_LOCAL_CRYPTO);
	params[0] = OSSL_PARAM_construct_octet_string(
	    OSSL_KDF_PARAM_PASSWORD, (void *)(uintptr_t)password.p, password.n);
	params[1] = OSSL_PARAM_construct_octet_string(
	    OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)salt.p, salt.n);
	params[2] =
	    OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &cost.n);
	params[3] =
	    OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &cost.r);
	params[4] =
	    OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &cost.p);
	params[5] =
	    OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &memory);
	params[6] = OSSL_PARAM_construct_end();
	ENSURE(EVP_KDF_derive(ctx, out->b, length, params) == 1,
	       ERR_LOCAL_CRYPTO);
	out->n = (uint8_t)length;
out:
	if (e != ERR_OK)
		sec_clear(out);
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	evp_quiet_end();
	return e;
}
