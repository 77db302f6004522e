/* What a SQLSTATE of a refused statement means here (PostgreSQL, appendix A). */
#ifndef HERMETIC_STORE_SQLSTATE_H
#define HERMETIC_STORE_SQLSTATE_H

#include "base/err.h"

#include <stdbool.h>

/* `state` may be missing (NULL). ERR_STATE_CONFLICT: a constraint (class 23).
 * ERR_LOCAL_BUSY: it passes by itself and says nothing about the statement. A
 * conflict of transactions (class 40, a deadlock too), a lock that is not to be
 * had (55P03), a statement that was cancelled or took too long (57014), a server
 * that ends or begins (57P0x), one without room (class 53), a connection's own
 * (class 08). ERR_LOCAL_BUG: all else. */
MUST_CHECK enum err sqlstate_err(const char *state);

/* It passes, and says something about the database. Two transactions that got
 * into each other's way say nothing. */
bool sqlstate_is_news(const char *state);

#endif
