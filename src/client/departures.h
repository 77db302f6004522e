/* Who has departed from a session: what stands in its log, as verified. */
#ifndef HERMETIC_CLIENT_DEPARTURES_H
#define HERMETIC_CLIENT_DEPARTURES_H

#include "client/book.h"

/* The identities of the members whose departures stand. Appended to `out` as
 * opaque identity<V> each. Not our own. */
MUST_CHECK enum err departures_of_members(const struct client *c,
					  const struct session *session,
					  struct buf *out);

#endif
