/* A session as this device knows it. */
#ifndef HERMETIC_CLIENT_DESCRIPTION_H
#define HERMETIC_CLIENT_DESCRIPTION_H

#include "client/book.h"

/* {session_id, name?, algorithm, suite, epoch, last_seq, member, forked,
 * safety_number, epoch_authenticator, members: [{leaf_index, username, device_id, own, role}]}: from this
 * device's own state, nothing of it from the server. */
MUST_CHECK enum err description_make(struct client *c, const char *id,
				     json_t **description);

#endif
