/* What this folder fetched from OpenSSL: internal to src/crypto. */
#ifndef HERMETIC_CRYPTO_EVP_H
#define HERMETIC_CRYPTO_EVP_H

#include <openssl/evp.h>

#include "base/err.h"

/* The private library context; NULL when it could not be made. */
OSSL_LIB_CTX *evp_context(void);

/* Fetched once and kept. NULL for an unknown name. */
const EVP_MD *evp_digest(const char *name);
const EVP_CIPHER *evp_cipher(const char *name);

/* An HMAC context with its digest set and no key: duplicate it. */
const EVP_MAC_CTX *evp_hmac(const char *digest);

#endif
