/*
 * Whether a caller who is logged in knows the password of the account: asked before
 * what a stolen token must not do. Each try is a guess (server/limited.h); a good one
 * gives the guess back.
 */
#ifndef HERMETIC_SERVER_OWN_PASSWORD_H
#define HERMETIC_SERVER_OWN_PASSWORD_H

#include "server/tokens.h"

/* ERR_OK with the hash that stands, borrowed during the call; ERR_PEER_DENIED: it is
 * another password; ERR_STATE_CONFLICT: there were too many guesses, and the request has
 * been answered so. Otherwise it could not be asked. */
typedef void own_password_done(void *arg, enum err e, struct span hash);

/* Is it long enough, and not too long? */
bool own_password_is_sane(struct span password);

/* `password` is borrowed until done() was called, once, after this has returned
 * ERR_OK. */
MUST_CHECK enum err own_password_check(struct request *req,
				       const struct identity *who,
				       struct span password,
				       own_password_done *done, void *arg);

#endif
