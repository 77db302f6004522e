/*
 * Rows that one node tells another by the database's notices. Whoever may connect to that
 * database may notify, and may listen: so a row is sealed under a key that is made of the
 * key-encryption key, which nodes have and the database has not.
 */
#ifndef HERMETIC_SERVER_ROW_SEAL_H
#define HERMETIC_SERVER_ROW_SEAL_H

#include "base/buf.h"

enum { ROW_SEAL_KEY = 32 };

/* Once in a process, before the others are called. The key, which is copied, is the same in
 * all nodes. ERR_LOCAL_CRYPTO: no random bytes can be had. */
MUST_CHECK enum err row_seal_start(const uint8_t key[ROW_SEAL_KEY]);

/* As in struct lines_seal. A row opens in a process that has seen the same timeline of the
 * database as the one that sealed it (store/cluster.h), and in no other. */
MUST_CHECK enum err row_seal(struct span row, struct buf *out);
MUST_CHECK enum err row_open(struct span sealed, struct buf *out);

#endif
