/* The nonce of what stands in a log without an envelope, which would name one: of a
 * commit, of the Welcome of a move, of a departure. It is the start of the entry's
 * SHA-256, so that whoever posts the same bytes again gets the first answer. */
#ifndef HERMETIC_SERVER_ENTRY_NONCE_H
#define HERMETIC_SERVER_ENTRY_NONCE_H

#include "wire/envelope.h"

MUST_CHECK enum err entry_nonce(struct span entry,
				uint8_t nonce[ENVELOPE_NONCE]);

#endif
