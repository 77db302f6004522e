/* A KeyPackage, RFC 9420 section 10.1. */
#ifndef HERMETIC_CHECK_KEY_PACKAGE_H
#define HERMETIC_CHECK_KEY_PACKAGE_H

#include "crypto/suite.h"
#include "wire/key_package.h"

/* NULL, or what is wrong in a few words. `suite` is the one that it must be
 * of, `now` in seconds since 1970; 0: it is not asked whether it has expired. */
const char *check_key_package(const struct wire_key_package *key_package,
			      const struct suite *suite, uint64_t now);

#endif
