/*
 * What was decided here and must still be told to the server. It is written
 * into the state before anything is sent, so it survives a crash at any
 * instruction; every step can be repeated. A page's `todo`, by kind:
 *
 *   create    {body, add?}: POST /session/create, then the change `add`
 *   change    (change.h): stage a commit, then `commit`
 *   commit    {group_info, welcome?, redo}: POST the staged commit; `redo` is
 *             the change to come back to when another commit was first
 *   announce  {}: send the session's name to whom a commit added
 *   join      {group_info}: POST the staged external commit
 *   welcome   {welcome_id}: tell that a Welcome was used
 */
#ifndef HERMETIC_CLIENT_TODOS_H
#define HERMETIC_CLIENT_TODOS_H

#include "client/book.h"

/* Tells everything; goes on where the last call stopped, whoever made it. On a
 * failure the rest stays for the next time, but what the server refused for
 * good is given up, and `why` says so. Never inside a transaction. */
MUST_CHECK enum err todos_settle(struct client *c, const char *id);

/* The log showed our staged commit, or another in its place. */
void todos_commit_done(struct page *page);
void todos_commit_lost(struct page *page);

#endif
