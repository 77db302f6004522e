/*
 * Whether a caller who is logged in knows the password of the account: asked before
 * what a stolen token must not do. Each try is a guess (server/limited.h); a good one
 * gives the guess back.
 */
#ifndef HERMETIC_SERVER_OWN_PASSWORD_H
#define HERMETIC_SERVER_OWN_PASSWORD_H

#include "server/tokens.h"

/* The hash that stands, borrowed during the call. Empty: it is another password, there
 * were too many guesses, or it could not be asked, and the request has been answered
 * so. */
typedef void own_password_done(void *arg, struct span hash);

/* Is it long enough, and not too long? */
bool own_password_is_sane(struct span password);

/* `password` is borrowed until done() was called, once; that may be before this
 * returns. */
void own_password_check(struct request *req, const struct identity *who,
			struct span password, own_password_done *done,
			void *arg);

#endif
