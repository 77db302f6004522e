/*
 * hermetic-admin: what a person asks of the rotation.
 *
 *   hermetic-admin status [--json]    what is due, and when
 *   hermetic-admin rekey              wraps every wrapped key under
 *                                     HERMETIC_KEK; HERMETIC_KEK_PREVIOUS is
 *                                     the one before. Can be repeated.
 *   hermetic-admin users [NAME]       accounts; --json: a line for each
 *   hermetic-admin suspend|resume|sign-out NAME
 *   hermetic-admin delete NAME        erases the account
 *   hermetic-admin export NAME        what is stored about it, as JSON
 *   hermetic-admin sessions [ID]      how large they are; --json: a line for each
 *   hermetic-admin end-session ID
 *   hermetic-admin token [USES]       lets so many register, within a week
 *   hermetic-admin audit [verify]     the record as JSON lines, or whether it
 *                                     is whole
 */
#include "rotation/admin.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "crypto/library.h"
#include "crypto/signing_key.h"
#include "crypto/wrap.h"
#include "rotation/config.h"
#include "store/connection.h"
#include "store/poll_loop.h"

enum { ANSWER_MS = 30000, KEYS_MAX = 64 };

static struct poll_loop *loop;
static struct connection *connection;
static bool as_json;

/* ---- one statement at a time ---- */

struct answer {
	bool done;
	enum err e;
	void (*read)(struct rows *rows);
};

static void on_answer(void *arg, enum err e, struct rows *rows)
{
	struct answer *a = arg;

	a->done = true;
	a->e = e;
	if (e == ERR_OK) {
		a->read(rows);
		a->e = rows_end(rows);
	}
}

static uint64_t now_ms(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* The connection waits no longer than ANSWER_MS, so this ends. */
enum err admin_ask(enum statement statement, struct params *params,
		   void (*read)(struct rows *rows))
{
	struct answer answer = { .read = read };
	uint64_t end = now_ms(CLOCK_MONOTONIC) + ANSWER_MS;
	enum err e;

	while (!connection_is_ready(connection)) {
		ENSURE(now_ms(CLOCK_MONOTONIC) < end, ERR_LOCAL_IO);
		poll_loop_run(loop, 100);
	}
	TRY(connection_send(connection, statement, params, on_answer, &answer));
	while (!answer.done)
		poll_loop_run(loop, 100);
	e = answer.e;
out:
	if (e == ERR_LOCAL_IO || e == ERR_LOCAL_BUSY)
		(void)fputs("hermetic-admin: PostgreSQL cannot be reached: is "
			    "HERMETIC_ROTATION_DATABASE_URL right?\n",
			    stderr);
	return e;
}

/* ---- status ---- */

static void print_time(const char *name, struct rows *rows, size_t i,
		       const char *column)
{
	char text[64] = "never";
	time_t seconds;
	struct tm utc;

	if (!rows_is_null(rows, i, column)) {
		seconds = (time_t)(rows_i64(rows, i, column) / 1000);
		(void)gmtime_r(&seconds, &utc);
		(void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC",
			       &utc);
	}
	(void)printf("  %-24s %s\n", name, text);
}

static void json_time(const char *name, struct rows *rows, size_t i,
		      const char *column)
{
	if (rows_is_null(rows, i, column))
		(void)printf(",\"%s\":null", name);
	else
		(void)printf(",\"%s\":%" PRId64, name,
			     rows_i64(rows, i, column));
}

static void read_next(struct rows *rows)
{
	if (as_json) {
		(void)printf("{\"sessions\":%" PRId64 ",\"ended\":%" PRId64
			     ",\"devices_connected\":%" PRId64
			     ",\"signing_keys\":%" PRId64,
			     rows_i64(rows, 0, "sessions"),
			     rows_i64(rows, 0, "ended"),
			     rows_i64(rows, 0, "devices_connected"),
			     rows_i64(rows, 0, "signing_keys"));
		json_time("next_rotation_at", rows, 0, "rotation_ms");
		json_time("next_idle_at", rows, 0, "idle_ms");
		json_time("next_signing_key_at", rows, 0, "signing_key_ms");
		return;
	}
	(void)printf("%" PRId64 " sessions, %" PRId64 " ended; %" PRId64
		     " devices connected; %" PRId64
		     " signing keys\nNext, at the earliest:\n",
		     rows_i64(rows, 0, "sessions"), rows_i64(rows, 0, "ended"),
		     rows_i64(rows, 0, "devices_connected"),
		     rows_i64(rows, 0, "signing_keys"));
	print_time("a session's keys due", rows, 0, "rotation_ms");
	print_time("a session may end idle", rows, 0, "idle_ms");
	print_time("a new signing key", rows, 0, "signing_key_ms");
}

static void read_due(struct rows *rows)
{
	if (as_json)
		(void)fputs(",\"due\":[", stdout);
	else
		(void)puts(rows_count(rows) > 0 ? "Due now:" : "Nothing due.");
	for (size_t i = 0; i < rows_count(rows); i++) {
		struct span reason = rows_text(rows, i, "reason");
		int64_t sessions = rows_i64(rows, i, "sessions"),
			asked = rows_i64(rows, i, "asked"),
			refused = rows_i64(rows, i, "refused");

		if (as_json) {
			(void)printf("%s{\"reason\":\"%.*s\",\"sessions\":"
				     "%" PRId64 ",\"asked\":%" PRId64
				     ",\"refused\":%" PRId64,
				     i > 0 ? "," : "", (int)reason.n,
				     (const char *)reason.p, sessions, asked,
				     refused);
			json_time("oldest_at", rows, i, "oldest_ms");
			json_time("refused_from", rows, i, "refused_from_ms");
			(void)putchar('}');
		} else {
			(void)printf("  %-10.*s %" PRId64 " sessions, %" PRId64
				     " asked for, %" PRId64
				     " refuse messages\n",
				     (int)reason.n, (const char *)reason.p,
				     sessions, asked, refused);
			print_time("  oldest since", rows, i, "oldest_ms");
			print_time("  refused from", rows, i,
				   "refused_from_ms");
		}
	}
	if (as_json)
		(void)putchar(']');
}

static void read_actions(struct rows *rows)
{
	if (as_json)
		(void)fputs(",\"actions\":[", stdout);
	else
		(void)puts("Done so far:");
	for (size_t i = 0; i < rows_count(rows); i++) {
		struct span name = rows_text(rows, i, "action");
		int64_t total = rows_i64(rows, i, "total"),
			runs = rows_i64(rows, i, "runs");

		if (as_json) {
			(void)printf("%s{\"action\":\"%.*s\",\"total\":%" PRId64
				     ",\"runs\":%" PRId64,
				     i > 0 ? "," : "", (int)name.n,
				     (const char *)name.p, total, runs);
			json_time("last_at", rows, i, "last_ms");
			(void)putchar('}');
		} else {
			(void)printf(
			    "  %-22.*s %8" PRId64 " in %" PRId64 " runs\n",
			    (int)name.n, (const char *)name.p, total, runs);
		}
	}
	if (as_json)
		(void)puts("]}");
}

static enum err status(void)
{
	struct params params = PARAMS_INIT, none = PARAMS_INIT;
	enum err e;

	params_i64(&params, (int64_t)config()->rotation);
	params_i64(&params, (int64_t)config()->idle);
	params_i64(&params, (int64_t)config()->signing_key);
	TRY(admin_ask(STATEMENT_ADMIN_NEXT, &params, read_next));
	TRY(admin_ask(STATEMENT_ADMIN_DUE, &none, read_due));
	TRY(admin_ask(STATEMENT_ADMIN_ACTIONS, &none, read_actions));
out:
	return e;
}

/* ---- rekey ---- */

static struct wrapped {
	struct buf kid, bytes;
} keys[KEYS_MAX];
static size_t key_count;
static bool rewrapped;

static void read_keys(struct rows *rows)
{
	for (size_t i = 0; i < rows_count(rows) && key_count < KEYS_MAX; i++) {
		buf_put(&keys[key_count].kid, rows_text(rows, i, "kid"));
		buf_put(&keys[key_count++].bytes,
			rows_bytes(rows, i, "wrapped_key"));
	}
}

static void read_rewrapped(struct rows *rows)
{
	rewrapped = rows_count(rows) == 1;
}

static enum err rewrap(const struct wrapped *key,
		       const uint8_t id[SIGNING_KEY_KEK_ID])
{
	struct buf pem = BUF_INIT, wrapped = BUF_INIT;
	struct params params = PARAMS_INIT;
	enum err e;

	TRY(signing_key_open(sec_span(&config()->kek),
			     sec_span(&config()->kek_previous),
			     buf_span(&key->bytes), &pem));
	TRY(wrap_seal(sec_span(&config()->kek), buf_span(&pem), &wrapped));
	params_text(&params, buf_span(&key->kid));
	params_bytea(&params, buf_span(&key->bytes));
	params_bytea(&params, buf_span(&wrapped));
	params_bytea(&params, span_of(id, SIGNING_KEY_KEK_ID));
	TRY(admin_ask(STATEMENT_ADMIN_KEY_REWRAP, &params, read_rewrapped));
	(void)printf("%.*s: %s\n", (int)key->kid.n, (const char *)key->kid.p,
		     rewrapped ? "rewrapped" : "somebody else was first");
out:
	if (e == ERR_PEER_CRYPTO)
		(void)fprintf(stderr,
			      "hermetic-admin: %.*s is wrapped neither under "
			      "HERMETIC_KEK nor under HERMETIC_KEK_PREVIOUS\n",
			      (int)key->kid.n, (const char *)key->kid.p);
	buf_clear(&pem);
	buf_clear(&wrapped);
	return e;
}

/* Each key is a transaction of its own: cut off, it goes on with the next
 * call. The nodes know both key-encryption keys meanwhile. */
static enum err rekey(void)
{
	uint8_t id[SIGNING_KEY_KEK_ID];
	struct params params = PARAMS_INIT;
	enum err e, failed = ERR_OK;

	TRY(signing_key_kek_id(sec_span(&config()->kek), id));
	params_bytea(&params, SPAN_ARRAY(id));
	TRY(admin_ask(STATEMENT_ADMIN_KEYS_TO_REWRAP, &params, read_keys));
	for (size_t i = 0; i < key_count; i++) {
		e = rewrap(&keys[i], id);
		if (e != ERR_OK)
			failed = e;
	}
	e = failed;
	if (e == ERR_OK)
		(void)puts("All keys are under HERMETIC_KEK.");
out:
	for (size_t i = 0; i < key_count; i++) {
		buf_clear(&keys[i].kid);
		buf_clear(&keys[i].bytes);
	}
	return e;
}

/* ---- the command ---- */

static enum err start(void)
{
	const struct connection_settings settings = {
		.conninfo = config()->database_url,
		.name = "hermetic admin",
		.durable = true,
		.queue_max = 4,
		.wait_ms = ANSWER_MS
	};
	enum err e;

	TRY(library_start());
	TRY(poll_loop_new(&loop));
	TRY(connection_open(poll_loop_store(loop), &settings, &connection));
out:
	return e;
}

bool admin_as_json(void)
{
	return as_json;
}

static enum err (*own_verb(const char *verb, int count))(void)
{
	if (count == 0 && strcmp(verb, "status") == 0)
		return status;
	return count == 0 && !as_json && strcmp(verb, "rekey") == 0 ? rekey
								    : NULL;
}

static int say_usage(void)
{
	(void)fputs("usage: hermetic-admin status [--json] | rekey | users "
		    "[NAME] [--json] |\n    suspend NAME | resume NAME | "
		    "sign-out NAME | delete NAME | export NAME |\n    "
		    "sessions [ID] [--json] | end-session ID |\n    "
		    "token [USES] [--json] | audit [verify]\n",
		    stderr);
	return 2;
}

static bool is_verb(const char *verb)
{
	static const char *const verbs[] = {
		"status", "rekey",    "users",	  "suspend",
		"resume", "sign-out", "token",	  "audit",
		"delete", "export",   "sessions", "end-session"
	};

	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (strcmp(verb, verbs[i]) == 0)
			return true;
	return false;
}

int main(int argc, char **argv)
{
	const char *verb = argc >= 2 ? argv[1] : "";
	enum err (*run)(void) = NULL;
	int count = argc - 2;
	enum err e;

	as_json = argc >= 3 && strcmp(argv[argc - 1], "--json") == 0;
	count -= as_json;
	run = own_verb(verb, count);
	if (run == NULL && (!is_verb(verb) || strcmp(verb, "status") == 0 ||
			    strcmp(verb, "rekey") == 0))
		return say_usage();
	if (!config_load())
		return 1;
	log_set_level(LOG_LEVEL_WARN); /* standard output is the answer's */
	e = start();
	if (e == ERR_OK && run != NULL)
		e = run();
	else if (e == ERR_OK && !admin_accounts(verb, argv + 2, count, &e) &&
		 !admin_sessions(verb, argv + 2, count, &e))
		return say_usage();
	if (e != ERR_OK)
		(void)fprintf(stderr, "hermetic-admin: %s\n", err_text(e));
	return e == ERR_OK ? 0 : 1;
}
