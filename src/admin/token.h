/*
 * Tokens of the administration: those that let people register, and those of its API.
 * An API token is "hermetic_admin_" and 48 bytes as base64url: the id of its row (16,
 * a UUID), and a secret (32), of which the database has the SHA-256. Tokens are
 * secrets: buffers wipe them, and no log has them.
 */
#ifndef HERMETIC_ADMIN_TOKEN_H
#define HERMETIC_ADMIN_TOKEN_H

#include "base/digest.h"
#include "base/uuid.h"

/* Appends a new token to register with, as text, and its hash. */
MUST_CHECK enum err token_new_registration(struct buf *text,
					   struct digest *hash);

/* Appends a new API token as text, with its id and its hash. */
MUST_CHECK enum err token_new_api(struct buf *text, struct uuid *id,
				  struct digest *hash);

/* Reads an API token. ERR_PEER_MALFORMED: it is none. */
MUST_CHECK enum err token_parse_api(struct span text, struct uuid *id,
				    struct digest *hash);

#endif
