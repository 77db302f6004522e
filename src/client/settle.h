/* Brings a session to where it should be: tells what was decided here
 * (todos.h), joins again when this device is behind (catch_up.h), posts what
 * waits (postbox.h), and renews keys that are due. */
#ifndef HERMETIC_CLIENT_SETTLE_H
#define HERMETIC_CLIENT_SETTLE_H

#include "client/postbox.h"

/* Tells everything. On a failure the rest stays for the next time, but what
 * the server refused for good is given up, and `why` says so. Never inside a
 * transaction. */
MUST_CHECK enum err settle_session(struct client *c, const char *id);

/* The same with messages going another way than REST. */
MUST_CHECK enum err settle_session_by(struct client *c, const char *id,
				      const struct postbox_courier *courier);

/* The server asks this device to renew the session's keys. Nothing is done
 * when somebody else has. ERR_STATE_GONE: no session of ours. */
MUST_CHECK enum err settle_rotation(struct client *c, const char *id);

#endif
