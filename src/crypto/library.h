/*
 * The process's private OSSL_LIB_CTX with the default provider and ours for
 * Twofish. Made once at the first call (thread-safe), immutable afterwards;
 * every algorithm of the suite table is fetched once and kept.
 */
#ifndef HERMETIC_CRYPTO_LIBRARY_H
#define HERMETIC_CRYPTO_LIBRARY_H

#include "base/err.h"

/* Optional: makes the library now, to learn of a failure at start. */
MUST_CHECK enum err library_start(void);

#endif
