/*
 * Access tokens: JWT, ES256 and nothing else, short-lived. Refresh tokens: 32
 * bytes, random or made of the token before, of which PostgreSQL has the SHA-256.
 */
#ifndef HERMETIC_SERVER_TOKENS_H
#define HERMETIC_SERVER_TOKENS_H

#include "base/digest.h"
#include "door/bearer.h"
#include "server/edge/request.h"

/* Appends a signed token for `who`; sets who->expires. */
MUST_CHECK enum err tokens_issue(struct identity *who, struct buf *token);

/* ERR_PEER_DENIED for whatever is wrong with it. */
MUST_CHECK enum err tokens_verify(struct span token, struct identity *who);

/* The caller of a request by its token. False: the request has been answered,
 * with 401, with 403 for a device that waits to be approved, or 503 while no key is
 * loaded. A token of a device that waits has another audience, so that whoever does
 * not know of such devices refuses it. */
bool tokens_admit(struct request *req, struct span token, struct identity *who);

/* The same, by its Authorization header. */
bool tokens_require(struct request *req, struct identity *who);

/* The same for what a device that waits may do, too. */
bool tokens_require_any(struct request *req, struct identity *who);

/* Appends 43 characters; hash: what the database keeps. */
MUST_CHECK enum err tokens_new_refresh(struct buf *token, struct digest *hash);
/* The one that comes after `old`: the same each time, so that the answer to a
 * refresh can be given again. Nobody can make it without the key-encryption
 * key. */
MUST_CHECK enum err tokens_next_refresh(struct span old, struct buf *token,
					struct digest *hash);
MUST_CHECK enum err tokens_hash_refresh(struct span token, struct digest *hash);

#endif
