/* The algorithms that a device offers, in its order of preference. */
#ifndef HERMETIC_DEVICE_SUITES_H
#define HERMETIC_DEVICE_SUITES_H

#include "base/err.h"
#include "crypto/suite.h"
#include "device/why.h"

#include <stddef.h>

#define SUITES_MAX 8
#define SUITES_DEFAULT "aes-256-gcm,chacha20-poly1305,twofish-256-gcm"

struct suites {
	uint16_t ids[SUITES_MAX];
	size_t count;
};

/* Reads "a,b,c". An unknown or repeated name is refused, and `why` says which:
 * ERR_PEER_INVALID; ERR_PEER_TOO_LARGE: more than SUITES_MAX. On failure `out`
 * is as before. */
MUST_CHECK enum err suites_parse(const char *text, struct suites *out,
				 struct why *why);

bool suites_have(const struct suites *suites, const struct suite *suite);

#endif
