/* A guess at an account's passphrase, by whatever door: it is hashed and compared, and
 * charged when a hash was compared and the guess was wrong. */
#ifndef HERMETIC_SERVER_GUESS_H
#define HERMETIC_SERVER_GUESS_H

#include "server/edge/request.h"
#include "store/rows.h"

enum guess {
	GUESS_RIGHT,
	GUESS_WRONG,
	GUESS_ANSWERED /* nothing was compared, and the request is answered why */
};

/* `hash` is the one that stands, when the guess was right; it is borrowed. */
typedef void guess_done(void *arg, enum guess guess, struct span hash);

/* Compares with the row that account_by_username.sql gave. Without a row there is no such
 * account: the guess costs what any costs, and is wrong. Calls done(arg, ...) once, at once or
 * later. */
void guess_make(struct request *req, const char *username, struct rows *account,
		struct span password, guess_done *done, void *arg);

#endif
