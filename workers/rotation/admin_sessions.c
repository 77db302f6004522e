/* hermetic-admin: sessions, how large they are, and their end. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "rotation/admin.h"

enum { PAGE = 100 };

static size_t row_count; /* of the last answer */
static uint8_t last_id[16];
static bool done;

static void print_session(struct rows *rows, size_t i)
{
	struct span algorithm = rows_text(rows, i, "algorithm");
	bool ended = !rows_is_null(rows, i, "ended_ms");
	int64_t people = rows_i64(rows, i, "people"),
		devices = rows_i64(rows, i, "devices"),
		entries = rows_i64(rows, i, "entries"),
		bytes = rows_i64(rows, i, "bytes");
	char id[TEXT_UUID_SIZE];

	rows_uuid(rows, i, "session_id", last_id);
	text_uuid(id, last_id);
	if (!admin_as_json()) {
		(void)printf("%s %4" PRId64 " people, %5" PRId64
			     " devices, %8" PRId64 " entries, %11" PRId64
			     " bytes%s\n",
			     id, people, devices, entries, bytes,
			     ended ? ", ended" : "");
		return;
	}
	(void)printf("{\"session_id\":\"%s\",\"algorithm\":\"%.*s\","
		     "\"epoch\":%" PRId64 ",\"people\":%" PRId64
		     ",\"devices\":%" PRId64 ",\"entries\":%" PRId64
		     ",\"bytes\":%" PRId64 ",\"created_at\":%" PRId64,
		     id, (int)algorithm.n, (const char *)algorithm.p,
		     rows_i64(rows, i, "epoch"), people, devices, entries,
		     bytes, rows_i64(rows, i, "created_ms"));
	if (ended)
		(void)printf(",\"ended_at\":%" PRId64 "}\n",
			     rows_i64(rows, i, "ended_ms"));
	else
		(void)puts(",\"ended_at\":null}");
}

static void read_sessions(struct rows *rows)
{
	row_count = rows_count(rows);
	for (size_t i = 0; i < row_count; i++)
		print_session(rows, i);
}

/* `one` is NULL for all. */
static enum err list(const uint8_t *one)
{
	enum err e;

	memset(last_id, 0, sizeof(last_id));
	do {
		struct params params = PARAMS_INIT;

		params_uuid(&params, last_id);
		params_i32(&params, PAGE);
		if (one != NULL)
			params_uuid(&params, one);
		else
			params_null(&params);
		TRY(admin_ask(STATEMENT_ADMIN_SESSIONS, &params,
			      read_sessions));
	} while (one == NULL && row_count == PAGE);
	ENSURE(one == NULL || row_count == 1, ERR_STATE_GONE);
out:
	return e;
}

static void read_done(struct rows *rows)
{
	done = rows_count(rows) == 1 && rows_bool(rows, 0, "done");
}

static enum err end(const uint8_t session[16])
{
	struct params params = PARAMS_INIT;
	enum err e;

	params_uuid(&params, session);
	TRY(admin_ask(STATEMENT_ADMIN_SESSION_END, &params, read_done));
	ENSURE(done, ERR_STATE_GONE);
out:
	return e;
}

bool admin_sessions(const char *verb, char *const *args, int count,
		    enum err *out)
{
	bool lists = strcmp(verb, "sessions") == 0;
	uint8_t id[16];

	if (!lists && strcmp(verb, "end-session") != 0)
		return false;
	if (lists && count == 0) {
		*out = list(NULL);
		return true;
	}
	if (count != 1 || text_parse_uuid(id, span_str(args[0])) != ERR_OK)
		return false;
	*out = lists ? list(id) : end(id);
	if (*out == ERR_STATE_GONE)
		(void)fputs(lists ? "hermetic-admin: no such session\n"
				  : "hermetic-admin: no such session goes on\n",
			    stderr);
	return true;
}
