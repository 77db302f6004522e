/* A device that is not where the other members are. */
#ifndef HERMETIC_CLIENT_CATCH_UP_H
#define HERMETIC_CLIENT_CATCH_UP_H

#include "client/book.h"

/* Who is behind joins again, by an external commit that removes its old leaf;
 * nothing happens to who is not. What somebody did without the right to is for
 * a person to accept: ERR_PEER_DENIED. Never inside a transaction. */
MUST_CHECK enum err catch_up_session(struct client *c, const char *id);

#endif
