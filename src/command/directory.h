/* Which sessions there are: this device's own, and those that the server would
 * let it join. */
#ifndef HERMETIC_CLIENT_DIRECTORY_H
#define HERMETIC_CLIENT_DIRECTORY_H

#include "client/book.h"

/* Completes an id that was cut short, in any case. With `anywhere` also among
 * the server's. ERR_STATE_GONE: none; ERR_STATE_CONFLICT: several. */
MUST_CHECK enum err directory_find(struct client *c, const char *prefix,
				   bool anywhere, char id[TEXT_UUID_SIZE]);

/* A new array of {session_id, name?, algorithm, epoch, last_seq, state, due?}
 * where state is "member", "joining", "removed" or "invited", and due
 * "algorithm" when this device does not offer the session's any more. Ours are described
 * from our own state; only invitations are the server's word. */
MUST_CHECK enum err directory_list(struct client *c, json_t **list);

#endif
