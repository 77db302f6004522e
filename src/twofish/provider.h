/*
 * A built-in OpenSSL provider for Twofish, which OpenSSL has not: it offers
 * the AEAD TWOFISH-256-GCM (key 32, nonce 12, tag 16 bytes) over libgcrypt.
 *
 * Twofish looks tables up by key-dependent values, so its time is not constant
 * against somebody who shares a core's cache.
 */
#ifndef HERMETIC_TWOFISH_PROVIDER_H
#define HERMETIC_TWOFISH_PROVIDER_H

#include <openssl/core.h>

#define TWOFISH_PROVIDER "hermetic-twofish"

/* For OSSL_PROVIDER_add_builtin(). */
OSSL_provider_init_fn twofish_provider_init;

#endif
