/*
 * The head of a state's file, as SQLite has it: a database of any bytes, or (by the
 * first byte) a good one whose row has the values of the input. What is read has costs
 * that can be paid.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "reach/state_head.h"

static void read_head(sqlite3 *db)
{
	struct state_head head;

	if (state_head_read(db, &head) != ERR_OK)
		return;
	if (!state_cost_is_sane(head.cost))
		abort();
}

static void use_file(sqlite3 *db, struct span bytes)
{
	unsigned char *copy = sqlite3_malloc64(bytes.n > 0 ? bytes.n : 1);

	if (copy == NULL)
		abort();
	span_copy(copy, bytes);
	if (sqlite3_deserialize(db, "main", copy, (sqlite3_int64)bytes.n,
				(sqlite3_int64)bytes.n,
				SQLITE_DESERIALIZE_FREEONCLOSE) == SQLITE_OK)
		read_head(db);
}

/* What stands in the row of a table that is as open as a hostile file may have it.
 * Of the input only the first statement is run. */
static void use_row(sqlite3 *db, struct span values)
{
	sqlite3_stmt *insert = NULL;
	char *sql = sqlite3_mprintf("INSERT INTO head VALUES (%.*s)",
				    (int)values.n, (const char *)values.p);

	if (sql == NULL ||
	    sqlite3_exec(db,
			 "CREATE TABLE head (version, salt, n, r, p, wrapped)",
			 NULL, NULL, NULL) != SQLITE_OK)
		abort();
	if (sqlite3_prepare_v2(db, sql, -1, &insert, NULL) == SQLITE_OK &&
	    sqlite3_step(insert) == SQLITE_DONE)
		read_head(db);
	(void)sqlite3_finalize(insert);
	sqlite3_free(sql);
}

/* A view may go on for ever. */
static int on_progress(void *unused)
{
	(void)unused;
	return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes;
	sqlite3 *db = NULL;

	if (size < 2)
		return 0;
	bytes = span_of(data + 1, size - 1);
	if (sqlite3_open(":memory:", &db) != SQLITE_OK)
		abort();
	sqlite3_progress_handler(db, 100000, on_progress, NULL);
	if (data[0] & 1)
		use_row(db, bytes);
	else
		use_file(db, bytes);
	(void)sqlite3_close(db);
	return 0;
}
