/* A KeyPackage, RFC 9420 section 10.1. */
#ifndef HERMETIC_CHECK_KEY_PACKAGE_H
#define HERMETIC_CHECK_KEY_PACKAGE_H

#include "crypto/suite.h"
#include "wire/key_package.h"

/* NULL, or what is wrong in a few words. `suite` is the one that it must be
 * of, `now` in seconds since 1970; 0: it is not asked whether it has expired. */
const char *check_key_package(const struct wire_key_package *key_package,
			      const struct suite *suite, uint64_t now);

/* The same, and what a member asks besides that when it uses one: a lifetime that
 * has begun (an hour of another clock is allowed) and is not longer than 400 days,
 * and capabilities with the extensions of a session (docs/protocol.md). */
const char *check_key_package_published(const struct wire_key_package *kp,
					const struct suite *suite,
					uint64_t now);

#endif
