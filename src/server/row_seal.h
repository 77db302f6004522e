/*
 * Rows that one node tells another by the database's notices. Whoever may connect to that
 * database may notify, and may listen: so a row is sealed under a key that is made of the
 * key-encryption key, which nodes have and the database has not.
 */
#ifndef HERMETIC_SERVER_ROW_SEAL_H
#define HERMETIC_SERVER_ROW_SEAL_H

#include "base/buf.h"

/* Once in a process, before the others are called. */
MUST_CHECK enum err row_seal_start(void);

/* As in struct lines_seal. */
MUST_CHECK enum err row_seal(struct span row, struct buf *out);
MUST_CHECK enum err row_open(struct span sealed, struct buf *out);

#endif
