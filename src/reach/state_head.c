#include "reach/state_head.h"

#include "reach/state.h"

#include <errno.h>
#include <string.h>

/* SQLite's code, 0: nothing has; and errno behind it */
static _Thread_local int failed, cause;

enum err state_from_sqlite(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW:
		return ERR_OK;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_LOCAL_BUSY;
	case SQLITE_NOMEM:
		return ERR_LOCAL_MEMORY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ERR_PEER_MALFORMED;
	case SQLITE_MISUSE:
		return ERR_LOCAL_BUG;
	default:
		/* of a transaction that has ended by the failure before */
		if (failed != 0 && (rc & 0xff) == SQLITE_ERROR)
			return ERR_LOCAL_IO;
		failed = rc & 0xff;
		cause = errno;
		return ERR_LOCAL_IO;
	}
}

void state_explain(const char *home, enum err e, struct why *why)
{
	const char *next =
	    failed == SQLITE_FULL ? "Make room there, and say it again."
	    : failed == SQLITE_READONLY || failed == SQLITE_CANTOPEN ||
		    failed == SQLITE_PERM
		? "Is it this user's, and may this user write there?"
		: "Is there room on that disk, and is it whole?";

	if (e != ERR_LOCAL_IO || failed == 0 ||
	    (why->text[0] != '\0' && strcmp(why->slug, "failed") != 0))
		return;
	(void)why_replace(
	    why, e, "state",
	    "The state below %.200s cannot be read or written: %s. "
	    "%s",
	    home,
	    failed == SQLITE_CANTOPEN ? strerror(cause)
				      : sqlite3_errstr(failed),
	    next);
}

enum err state_bind_bytes(sqlite3_stmt *statement, int index, struct span v)
{
	/* a NULL pointer would bind NULL, not an empty blob */
	return state_from_sqlite(sqlite3_bind_blob(
	    statement, index, v.n > 0 ? (const void *)v.p : "", (int)v.n,
	    SQLITE_STATIC));
}

bool state_cost_is_sane(struct password_cost cost)
{
	return cost.n >= 2 && cost.n <= 1u << 22 &&
	       (cost.n & (cost.n - 1)) == 0 && cost.r >= 1 && cost.r <= 32 &&
	       cost.p >= 1 && cost.p <= 16;
}

static enum err run(sqlite3 *db, const char *sql)
{
	return state_from_sqlite(sqlite3_exec(db, sql, NULL, NULL, NULL));
}

static enum err write_row(sqlite3 *db, const struct state_head *head)
{
	sqlite3_stmt *insert = NULL;
	enum err e;

	TRY(state_from_sqlite(sqlite3_prepare_v2(
	    db, "INSERT INTO head VALUES (?1, ?2, ?3, ?4, ?5, ?6)", -1, &insert,
	    NULL)));
	TRY(state_from_sqlite(sqlite3_bind_int(insert, 1, STATE_HEAD_VERSION)));
	TRY(state_bind_bytes(insert, 2, SPAN_ARRAY(head->salt)));
	TRY(state_from_sqlite(
	    sqlite3_bind_int64(insert, 3, (int64_t)head->cost.n)));
	TRY(state_from_sqlite(sqlite3_bind_int64(insert, 4, head->cost.r)));
	TRY(state_from_sqlite(sqlite3_bind_int64(insert, 5, head->cost.p)));
	if (!head->derived)
		TRY(state_bind_bytes(insert, 6, SPAN_ARRAY(head->wrapped)));
	TRY(state_from_sqlite(sqlite3_step(insert)));
out:
	(void)sqlite3_finalize(insert);
	return e;
}

enum err state_head_create(sqlite3 *db, const struct state_head *head)
{
	enum err e;

	TRY(run(db, "CREATE TABLE head (version INTEGER NOT NULL,"
		    " salt BLOB NOT NULL, n INTEGER NOT NULL,"
		    " r INTEGER NOT NULL, p INTEGER NOT NULL,"
		    " wrapped BLOB) STRICT;"));
	TRY(write_row(db, head));
out:
	return e;
}

enum err state_head_replace(sqlite3 *db, const struct state_head *head)
{
	enum err e;

	TRY(run(db, "DROP TABLE head"));
	TRY(state_head_create(db, head));
out:
	return e;
}

static enum err read_version(sqlite3 *db, int *version)
{
	sqlite3_stmt *select = NULL;
	enum err e;
	int rc;

	TRY(state_from_sqlite(sqlite3_prepare_v2(db, "SELECT version FROM head",
						 -1, &select, NULL)));
	rc = sqlite3_step(select);
	TRY(state_from_sqlite(rc));
	ENSURE(rc == SQLITE_ROW, ERR_PEER_MALFORMED);
	*version = sqlite3_column_int(select, 0);
	ENSURE(*version >= 1 && *version <= STATE_HEAD_VERSION,
	       ERR_PEER_UNSUPPORTED);
out:
	(void)sqlite3_finalize(select);
	return e;
}

/* Copies a column of exactly that size. */
static enum err take_bytes(sqlite3_stmt *select, int column, uint8_t *out,
			   int size)
{
	if (sqlite3_column_bytes(select, column) != size)
		return ERR_PEER_MALFORMED;
	memcpy(out, sqlite3_column_blob(select, column), (size_t)size);
	return ERR_OK;
}

enum err state_head_read(sqlite3 *db, struct state_head *head)
{
	sqlite3_stmt *select = NULL;
	int rc, version;
	enum err e;

	memset(head, 0, sizeof(*head));
	TRY(read_version(db, &version));
	TRY(state_from_sqlite(sqlite3_prepare_v2(
	    db,
	    version == 1 ? "SELECT salt, n, r, p, NULL FROM head"
			 : "SELECT salt, n, r, p, wrapped FROM head",
	    -1, &select, NULL)));
	rc = sqlite3_step(select);
	TRY(state_from_sqlite(rc));
	ENSURE(rc == SQLITE_ROW, ERR_PEER_MALFORMED);
	TRY(take_bytes(select, 0, head->salt, STATE_SALT));
	head->cost.n = (uint64_t)sqlite3_column_int64(select, 1);
	head->cost.r = (uint32_t)sqlite3_column_int64(select, 2);
	head->cost.p = (uint32_t)sqlite3_column_int64(select, 3);
	ENSURE(state_cost_is_sane(head->cost), ERR_PEER_MALFORMED);
	head->derived =
	    version != 2 && sqlite3_column_type(select, 4) == SQLITE_NULL;
	if (!head->derived)
		TRY(take_bytes(select, 4, head->wrapped, STATE_WRAPPED));
out:
	(void)sqlite3_finalize(select);
	return e;
}

enum err state_head_is_before(sqlite3 *db, bool *before)
{
	int version = STATE_HEAD_VERSION;
	enum err e = read_version(db, &version);

	*before = version < STATE_HEAD_VERSION;
	return e;
}

enum err state_head_raise(sqlite3 *db)
{
	struct state_head head;
	enum err e;

	TRY(state_head_read(db, &head));
	TRY(state_head_replace(db, &head));
	TRY(run(db, "ALTER TABLE record RENAME TO sealed"));
out:
	return e;
}
