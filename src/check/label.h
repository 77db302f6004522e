/* What somebody without a key can verify of MLS (RFC 9420). Nothing in this
 * folder derives or holds a secret: the server links it. */
#ifndef HERMETIC_CHECK_LABEL_H
#define HERMETIC_CHECK_LABEL_H

#include "base/err.h"
#include "base/span.h"
#include "crypto/suite.h"

/* VerifyWithLabel (5.1.2) under an encoded public key: ERR_PEER_CRYPTO when it
 * does not verify, ERR_PEER_INVALID when that is no key. */
MUST_CHECK enum err check_label(const struct suite *suite, struct span key,
				const char *label, struct span content,
				struct span signature);

#endif
