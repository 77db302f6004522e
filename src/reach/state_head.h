/* The head of a state's file, in SQLite: for the sources of the state only. */
#ifndef HERMETIC_REACH_STATE_HEAD_H
#define HERMETIC_REACH_STATE_HEAD_H

#include "reach/state_keys.h"

#include <sqlite3.h>

/* What SQLite says, in our words. */
MUST_CHECK enum err state_from_sqlite(int rc);
MUST_CHECK enum err state_bind_bytes(sqlite3_stmt *statement, int index,
				     struct span v);

bool state_cost_is_sane(struct password_cost cost);

/* What this version writes: in a state of an earlier one, which then opens no more of
 * it. The records are in `sealed` now, and were in `record`: so one of before that
 * runs already writes nothing either. Inside a transaction, like those that follow. */
#define STATE_HEAD_VERSION 3
MUST_CHECK enum err state_head_is_before(sqlite3 *db, bool *before);
MUST_CHECK enum err state_head_raise(sqlite3 *db);

/* The table with its row. */
MUST_CHECK enum err state_head_create(sqlite3 *db,
				      const struct state_head *head);
/* ERR_PEER_UNSUPPORTED: of a newer version; ERR_PEER_MALFORMED. */
MUST_CHECK enum err state_head_read(sqlite3 *db, struct state_head *head);
/* In the place of the one that there is. */
MUST_CHECK enum err state_head_replace(sqlite3 *db,
				       const struct state_head *head);

#endif
