/* What the parts of hermetic-admin share: one statement at a time. */
#ifndef HERMETIC_WORKERS_ROTATION_ADMIN_H
#define HERMETIC_WORKERS_ROTATION_ADMIN_H

#include "store/connection.h"

/* Asks, waits for the answer and hands its rows to `read`. Takes `params`. */
MUST_CHECK enum err admin_ask(enum statement statement, struct params *params,
			      void (*read)(struct rows *rows));

/* --json was among the arguments. */
bool admin_as_json(void);

/* users, suspend, resume, sign-out, delete, export, token and audit: `args` are what stands behind
 * the verb, without --json. False: these are none of their arguments. */
bool admin_accounts(const char *verb, char *const *args, int count,
		    enum err *out);

/* The same for sessions and end-session. */
bool admin_sessions(const char *verb, char *const *args, int count,
		    enum err *out);

#endif
