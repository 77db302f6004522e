/*
 * The end of an account: a link closes its log, its devices depart from the sessions that
 * this device is in, the server erases it, and what this machine keeps of it goes.
 */
#ifndef HERMETIC_REACH_CLOSING_H
#define HERMETIC_REACH_CLOSING_H

#include "reach/account.h"

/* Told of each session. May be NULL, as a whole or one of them. */
struct closing_listener {
	void (*left)(void *context, const char *id);
	/* No departure could be made: its members remove the devices once they have read
	 * the account's log. */
	void (*not_left)(void *context, const char *id);
	void *context;
};

/* All of it. Cut off at any step, the same again goes on. Only a server that is not reached
 * is a reason to come back for a session: whatever else is wrong with one keeps no account
 * from its end. */
MUST_CHECK enum err closing_run(struct account *a,
				const struct closing_listener *listener);

/* Was the server asked already? Then it may know nobody of that name any more. */
MUST_CHECK enum err closing_was_asked(struct account *a, bool *asked);

/* Its last part. Has the server erase the account, by the password that this device has; then the
 * state goes, with its files. That the server does not know the account any more is
 * what is wanted, once it was asked. On failure the state is as it was, and the same
 * again goes on. */
MUST_CHECK enum err closing_erase(struct account *a);

#endif
