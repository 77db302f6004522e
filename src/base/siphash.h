/*
 * SipHash-2-4 (Aumasson and Bernstein): a keyed hash of 64 bits for tables whose
 * keys come from outside. Whoever does not have the key cannot choose two texts
 * of one hash. It is no signature.
 */
#ifndef HERMETIC_BASE_SIPHASH_H
#define HERMETIC_BASE_SIPHASH_H

#include "base/span.h"

enum { SIPHASH_KEY = 16 };

/* The hash of `text` under `key`. */
uint64_t siphash(const uint8_t key[SIPHASH_KEY], struct span text);

#endif
