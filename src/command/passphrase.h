/* Asking for the passphrase. */
#ifndef HERMETIC_COMMAND_PASSPHRASE_H
#define HERMETIC_COMMAND_PASSPHRASE_H

#include "base/buf.h"
#include "command/reason.h"

#define PASSPHRASE_MAX 1024		   /* bytes of one that is given */
#define PASSPHRASE_CREDENTIAL "passphrase" /* its name for systemd */

/* Where a passphrase may come from without a person. */
struct passphrase_source {
	int fd;			 /* -1: none */
	const char *file;	 /* NULL: none */
	const char *credentials; /* a folder; NULL: none */
};

/* From the first of these that there is: the first line of the descriptor;
 * HERMETIC_PASSPHRASE, which is then wiped from the environment; the first line of
 * the file; that of PASSPHRASE_CREDENTIAL in the folder; otherwise from the terminal
 * without echo, twice when it is a new one. Appends it. One that is empty, or that
 * cannot be read, is a failure: nobody is asked instead. */
MUST_CHECK enum err passphrase_read(const struct passphrase_source *source,
				    bool is_new, struct reason *why,
				    struct buf *passphrase);

/* The one that takes the place of another: from HERMETIC_NEW_PASSPHRASE, or from
 * the terminal, twice. */
MUST_CHECK enum err passphrase_read_new(struct reason *why,
					struct buf *passphrase);

/* A question with one line as answer, appended without its end.
 * ERR_STATE_GONE when there is no terminal. */
MUST_CHECK enum err passphrase_ask(const char *question, bool echo,
				   struct buf *answer);

#endif
