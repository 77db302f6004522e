/* Whether a letter is good (wire/letter.h). */
#ifndef HERMETIC_CHECK_LETTER_H
#define HERMETIC_CHECK_LETTER_H

#include "check/account.h"
#include "wire/letter.h"

/* A device that stands in that log, which is open, has signed it. ERR_PEER_DENIED: the
 * log is another account's, or no such device stands there; ERR_PEER_CRYPTO: it has not
 * signed it. */
MUST_CHECK enum err check_letter(const struct letter *letter,
				 const struct account_log *log);

#endif
