/* The algorithms that a device offers, in its order of preference. */
#ifndef HERMETIC_DEVICE_GROUP_SUITES_H
#define HERMETIC_DEVICE_GROUP_SUITES_H

#include "base/err.h"
#include "crypto/suite.h"
#include "device/why.h"

#include <stddef.h>

#define SUITES_MAX 8

struct suites {
	uint16_t ids[SUITES_MAX];
	size_t count;
};

/* Reads "a,b,c"; NULL: the default, aes-256-gcm, chacha20-poly1305 and
 * twofish-256-gcm, whatever OpenSSL can do. An unknown or repeated name is refused,
 * and one that OpenSSL is too old for, and `why` says which: ERR_PEER_INVALID;
 * ERR_PEER_TOO_LARGE: more than SUITES_MAX. On failure `out` is as before. */
MUST_CHECK enum err suites_parse(const char *text, struct suites *out,
				 struct why *why);

/* The reason "openssl-too-old", for a suite that is not suite_usable(): the error is
 * ERR_PEER_INVALID. */
void suites_say_unusable(const struct suite *suite, struct why *why);

/* The same ones in the same order. */
bool suites_equal(const struct suites *one, const struct suites *other);
bool suites_have(const struct suites *suites, const struct suite *suite);

#endif
