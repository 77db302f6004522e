/* Becoming a member. What the joiner is told is checked before anything is
 * kept or posted: a refused join leaves nothing behind. */
#ifndef HERMETIC_CLIENT_JOIN_H
#define HERMETIC_CLIENT_JOIN_H

#include "client/book.h"

/* By a Welcome that waits at the server. ERR_STATE_GONE when there is none
 * that we can open. */
MUST_CHECK enum err join_by_welcome(struct client *c, const char *id);

/* By external commit to the latest GroupInfo; also again (`resync`), for a
 * member who has lost touch. */
MUST_CHECK enum err join_by_commit(struct client *c, const char *id,
				   bool resync);

#endif
