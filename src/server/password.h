/* Passwords: scrypt on a job, so that the event loop never waits. */
#ifndef HERMETIC_SERVER_PASSWORD_H
#define HERMETIC_SERVER_PASSWORD_H

#include "base/sec.h"
#include "crypto/password.h"

enum {
	PASSWORD_SALT = 16,
	PASSWORD_HASH = 32,
	PASSWORD_MIN = 8, /* bytes of one that is sent */
	PASSWORD_MAX = 1024
};

/* Hashes `password` with that salt and cost, then calls done(arg, hash) on the
 * loop; `hash` is empty when it failed. ERR_LOCAL_BUSY: too many wait. */
MUST_CHECK enum err password_hash(struct span password, struct span salt,
				  struct password_cost cost,
				  void (*done)(void *arg, struct span hash),
				  void *arg);

#endif
