/*
 * Approving a new device of an account (wire/approval.h), under keys from a code
 * (session/code.h):
 *
 *   prk = HKDF-Extract("", secret)
 *   HKDF-Expand(prk, "hermetic approval request" / "… answer" / "… handover", 32)
 *
 * each with SHA-256. The handover is sealed with AES-256-GCM, a random nonce before
 * it, and version and place of the answer as associated data.
 */
#ifndef HERMETIC_SESSION_APPROVAL_H
#define HERMETIC_SESSION_APPROVAL_H

#include "base/sec.h"
#include "crypto/rng.h"
#include "wire/approval.h"

/* Appends the request, with its mac. */
MUST_CHECK enum err approval_ask(const struct sec *code,
				 const struct approval_place *place,
				 struct span entry, struct buf *request);

/* ERR_PEER_CRYPTO: it was not made with this code, or was changed. */
MUST_CHECK enum err approval_check(const struct sec *code,
				   const struct approval_request *request);

/* Appends the answer to a request, as it came. */
MUST_CHECK enum err approval_grant(const struct sec *code,
				   const struct rng *rng,
				   const struct approval_place *place,
				   struct span handover, struct span request,
				   struct buf *answer);

/* Appends what is handed over. ERR_PEER_CRYPTO: it is none to this request by who has
 * the code. */
MUST_CHECK enum err approval_open(const struct sec *code,
				  const struct approval_answer *answer,
				  struct span request, struct buf *handover);

#endif
