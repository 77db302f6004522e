/* The password of an account, from its passphrase. */
#ifndef HERMETIC_REACH_PASSPHRASE_PASSWORD_H
#define HERMETIC_REACH_PASSPHRASE_PASSWORD_H

#include "base/buf.h"

/* Appends the password that a server is given (docs/protocol.md, "The client's
 * secrets"), with a NUL, of a passphrase as it counts. Takes as long as scrypt. */
MUST_CHECK enum err passphrase_password(const char *username,
					struct span passphrase,
					struct buf *password);

#endif
