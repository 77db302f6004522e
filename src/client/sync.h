/* Reading a session's log: what the server has and we have not, opened and
 * kept, all of one batch in one transaction. */
#ifndef HERMETIC_CLIENT_SYNC_H
#define HERMETIC_CLIENT_SYNC_H

#include "client/book.h"

/* Fetches everything after what we have. Never inside a transaction.
 * ERR_PEER_FORK: the server's history does not continue ours. */
MUST_CHECK enum err sync_session(struct client *c, const char *id);

/*
 * Takes in messages as the API has them (an array, in the log's order), in a
 * transaction of its own. Those that we have are passed over.
 * ERR_STATE_CONFLICT when some are missing before them: nothing is taken then.
 */
MUST_CHECK enum err sync_receive(struct client *c, const char *id,
				 const json_t *messages);

/* Keeps a message of ours that stands in the log before the place where we
 * joined (again). Inside a transaction. */
MUST_CHECK enum err sync_keep_own(struct client *c, struct page *page,
				  const struct session_sent *sent,
				  uint64_t seq);

#endif
