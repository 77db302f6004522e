/* Asking for the passphrase. */
#ifndef HERMETIC_COMMAND_PASSPHRASE_H
#define HERMETIC_COMMAND_PASSPHRASE_H

#include "base/buf.h"
#include "device/why.h"

/* From HERMETIC_PASSPHRASE, which is then wiped from the environment, or
 * otherwise from the terminal without echo, twice when it is a new one.
 * Appends it. */
MUST_CHECK enum err passphrase_read(bool is_new, struct why *why,
				    struct buf *passphrase);

/* The one that takes the place of another: from HERMETIC_NEW_PASSPHRASE, or from
 * the terminal, twice. */
MUST_CHECK enum err passphrase_read_new(struct why *why,
					struct buf *passphrase);

/* A question with one line as answer, appended without its end.
 * ERR_STATE_GONE when there is no terminal. */
MUST_CHECK enum err passphrase_ask(const char *question, bool echo,
				   struct buf *answer);

#endif
