/*
 * The log of an account as it stands, verified in this worker (server/known_logs.h): what a
 * link, a branch or KeyPackages that somebody posts are judged by.
 */
#ifndef HERMETIC_SERVER_STANDING_LOG_H
#define HERMETIC_SERVER_STANDING_LOG_H

#include "base/uuid.h"
#include "server/account_name.h"
#include "server/known_logs.h"

struct standing_log {
	bool account;		  /* there is such an account */
	struct uuid user;	  /* whose it is */
	struct known_logs known;  /* holds the log */
	struct kept_log *kept;	  /* borrowed; NULL: it has none yet */
	struct account_place end; /* of the log; number 0: it has none */

	void (*done)(void *arg, enum err e);
	void *arg;
};

/* Of whom `name` names, as `asker` may see that one. `standing` begins as zeroes, and must not
 * move afterwards. done() is called once, perhaps at once; ERR_LOCAL_DATABASE: what the
 * database shows is no log. */
void standing_log_find(struct standing_log *standing,
		       const struct account_name *name, struct uuid asker,
		       void (*done)(void *arg, enum err e), void *arg);

/* Once it was found, or before it is asked for. */
void standing_log_clear(struct standing_log *standing);

#endif
