/* Who signs for an identity: the key that it has, parsed or not, or what it calls. */
#ifndef HERMETIC_MLS_SIGNER_H
#define HERMETIC_MLS_SIGNER_H

#include "crypto/sign.h"
#include "mls/identity.h"

/* The caller frees. ERR_PEER_INVALID for a key that is none. */
MUST_CHECK enum err signer_of(const struct mls_identity *me,
			      struct sign_key **signer);

#endif
