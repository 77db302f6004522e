/* TWOFISH-256-GCM as an OpenSSL cipher implementation. */
#ifndef HERMETIC_TWOFISH_GCM_H
#define HERMETIC_TWOFISH_GCM_H

#include <openssl/core_dispatch.h>

extern const OSSL_DISPATCH twofish_gcm_functions[];

#endif
