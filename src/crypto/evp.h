/* What this folder fetched from OpenSSL: internal to src/crypto. */
#ifndef HERMETIC_CRYPTO_EVP_H
#define HERMETIC_CRYPTO_EVP_H

#include <openssl/evp.h>
#include <stdbool.h>

#include "base/err.h"

/* The private library context; NULL when it could not be made. */
OSSL_LIB_CTX *evp_context(void);

/* Fetched once and kept. NULL for an unknown name. */
const EVP_MD *evp_digest(const char *name);
const EVP_CIPHER *evp_cipher(const char *name);

/* Whether there is ML-KEM-768; false also when the context could not be made. */
bool evp_has_ml_kem(void);

/*
 * OpenSSL keeps a queue of errors per thread, and a TLS connection of the same
 * thread would take ours for its own. What may fail by a peer's doing begins
 * with evp_quiet_begin() and ends with evp_quiet_end(), which drops the errors
 * that were queued in between. They nest.
 */
void evp_quiet_begin(void);
void evp_quiet_end(void);

#endif
