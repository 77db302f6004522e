/* Who has left a session or was revoked, as the server tells it; each that says
 * it left by itself has signed so. */
#ifndef HERMETIC_CLIENT_DEPARTURES_H
#define HERMETIC_CLIENT_DEPARTURES_H

#include "client/book.h"

/* Asks the server: never inside a transaction. A new array of {device_id,
 * username, reason, proof?}. */
MUST_CHECK enum err departures_fetch(struct client *c, const char *id,
				     json_t **departures);

/* The identities of those who are still members; an invalid proof does not
 * count. Appended to `out` as opaque identity<V> each. Not our own. */
MUST_CHECK enum err departures_of_members(const struct client *c,
					  const struct session *session,
					  const json_t *departures,
					  struct buf *out);

/* session_excuse() with all of them. */
MUST_CHECK enum err departures_excuse(const struct client *c,
				      struct session *session,
				      const json_t *departures);

#endif
