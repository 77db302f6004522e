/*
 * What was decided here and must still be told to the server. It is written
 * into the state before anything is sent, so it survives a crash at any
 * instruction; every step can be repeated, and settle_session() goes on where
 * the last one stopped, whoever calls it. A page's `todo`, by kind:
 *
 *   create    {body, add?}: POST /session/create, then the change `add`
 *   change    (change.h): stage a commit, then `commit`
 *   commit    {group_info, welcome?, redo}: POST the staged commit; `redo` is
 *             the change to come back to when another commit was first
 *   announce  {}: send the session's name to whom a commit added
 *   join      {group_info}: POST the staged external commit
 *   welcome   {welcome_id}: tell that a Welcome was used
 *
 * Messages wait in the session's own outbox, which is emptied here too.
 */
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

/* The log showed our staged commit, or another in its place. */
void settle_commit_done(struct page *page);
void settle_commit_lost(struct page *page);

#endif
