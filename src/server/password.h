/* Passwords: scrypt on a job, so that the event loop never waits. */
#ifndef HERMETIC_SERVER_PASSWORD_H
#define HERMETIC_SERVER_PASSWORD_H

#include "base/sec.h"
#include "crypto/password.h"
#include "store/params.h"

enum {
	PASSWORD_SALT = 16,
	PASSWORD_HASH = 32,
	PASSWORD_MIN = 8, /* bytes of one that is sent */
	PASSWORD_MAX = 1024,
	/* of one account in a process: jobs at once, and others that wait for them
	 * here and not in the queue of all */
	PASSWORD_JOBS = 2,
	PASSWORD_WAITING = 8
};

/* Hashes `password` with that salt and cost, then calls done(arg, ERR_OK, hash) on the
 * loop; when that failed, done(arg, the error, empty). ERR_LOCAL_BUSY: too many wait,
 * of all or of this account. */
MUST_CHECK enum err password_hash(const char *username, struct span password,
				  struct span salt, struct password_cost cost,
				  void (*done)(void *arg, enum err e,
					       struct span hash),
				  void *arg);

/* Five parameters of a new one: the salt, the hash, and the cost, PASSWORD_COST. */
void password_put(struct params *params, struct span salt, struct span hash);

#endif
