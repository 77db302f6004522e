/*
 * Secrets that people carry: characters of Crockford's base32 (digits and letters
 * without I, L, O and U), in groups. Of what is typed, case, spaces and hyphens do
 * not count, O is 0, and I and L are 1.
 *
 *   a code          100 bits, 4 groups of 5: of one approval
 *   a recovery key  160 bits and a check of 20 bits, 9 groups of 4
 */
#ifndef HERMETIC_SESSION_CODE_H
#define HERMETIC_SESSION_CODE_H

#include "base/sec.h"
#include "crypto/rng.h"
#include "session/account_sign.h"

#define CODE_SIZE 24	      /* characters with hyphens, and a NUL */
#define CODE_BYTES 13	      /* the last four bits are 0 */
#define CODE_RECOVERY_SIZE 45 /* the same of a recovery key */

/* A new one. The caller wipes `code` and clears the secret. */
MUST_CHECK enum err code_make(const struct rng *rng, struct sec *secret);
void code_write(const struct sec *secret, char code[CODE_SIZE]);
/* ERR_PEER_MALFORMED: it is none. */
MUST_CHECK enum err code_read(struct span typed, struct sec *secret);

/* A recovery key, and its text. The caller wipes and clears both, also after a
 * failure. */
MUST_CHECK enum err code_recovery_make(const struct rng *rng,
				       char text[CODE_RECOVERY_SIZE],
				       struct account_pair *pair);
/* ERR_PEER_MALFORMED: too short, too long, or its check is wrong. */
MUST_CHECK enum err code_recovery_read(struct span typed,
				       struct account_pair *pair);

#endif
