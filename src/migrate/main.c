/*
 * hermetic-migrate: brings a database's schema up to date, or back.
 *
 *   hermetic-migrate up | down [N] | status   [--directory DIR] [--wait]
 *
 * HERMETIC_DATABASE_URL, or the file that HERMETIC_DATABASE_URL_FILE names, is the
 * owner's. Each migration is one transaction; an advisory lock lets one of several
 * migrate at a time. A migration that has been applied is known by its SHA-256 and must
 * not change afterwards. With --wait a database that cannot be reached, that starts, or that
 * takes no writes is waited for without end; one that refuses is not.
 */
#include <dirent.h>
#include <errno.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/digest.h"
#include "base/settings.h"
#include "crypto/hash.h"

enum {
	MIGRATIONS_MAX = 999,
	NAME_MAX_SIZE = 128,
	FILE_MAX = 1 << 20,
	REASON_SIZE = 512
};

/* Any number, the same everywhere: "hermetic" in ASCII. */
#define LOCK "7522527931905861987"

struct migration {
	char name[NAME_MAX_SIZE]; /* NNNN_subject */
	char digest[65];	  /* of the up file */
};

static struct migration migrations[MIGRATIONS_MAX];
static size_t migration_count;
static const char *directory = "migrations";
static const char *database_url;
static bool waits; /* for a database that cannot be reached */
static PGconn *db;

static int complain(const char *what, const char *why)
{
	(void)fprintf(stderr, "hermetic-migrate: %s: %s\n", what, why);
	return 1;
}

/* ---- files ---- */

static bool read_file(const char *name, const char *suffix, struct buf *out)
{
	char path[4096];
	uint8_t *p = buf_reserve(out, FILE_MAX + 1);
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s%s", directory, name, suffix);
	file = fopen(path, "rb");
	if (file == NULL || p == NULL) {
		(void)complain(path, strerror(errno));
		if (file != NULL)
			(void)fclose(file);
		return false;
	}
	out->n = fread(p, 1, FILE_MAX, file);
	p[out->n] = '\0';
	(void)fclose(file);
	return out->n > 0 && out->n < FILE_MAX;
}

static bool read_digest(const char *name, char out[65])
{
	struct buf sql = BUF_INIT, hex = BUF_INIT;
	struct digest digest = { { 0 } };
	bool ok = read_file(name, ".up.sql", &sql) &&
		  hash_one(buf_span(&sql), digest.bytes) == ERR_OK;

	digest_put(&hex, digest);
	ok = ok && buf_end(&hex) == ERR_OK;
	if (ok)
		(void)snprintf(out, 65, "%.64s", (const char *)hex.p);
	buf_clear(&sql);
	buf_clear(&hex);
	return ok;
}

static int is_up_file(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return n > 7 && n - 7 < NAME_MAX_SIZE &&
	       strcmp(entry->d_name + n - 7, ".up.sql") == 0;
}

static bool list_migrations(void)
{
	struct dirent **entries = NULL;
	int n = scandir(directory, &entries, is_up_file, alphasort);
	bool ok = n > 0 && n <= MIGRATIONS_MAX;

	if (!ok)
		(void)complain(directory,
			       n < 0 ? strerror(errno) : "no migrations here");
	for (int i = 0; i < n; i++) {
		struct migration *m = &migrations[migration_count];

		if (ok) {
			(void)snprintf(m->name, sizeof(m->name), "%.*s",
				       (int)strlen(entries[i]->d_name) - 7,
				       entries[i]->d_name);
			ok = read_digest(m->name, m->digest);
			migration_count++;
		}
		free(entries[i]);
	}
	free(entries);
	return ok;
}

/* ---- the database ---- */

/* Several statements, no parameters. */
static bool run(const char *sql, const char *what)
{
	PGresult *result = PQexec(db, sql);
	ExecStatusType status = PQresultStatus(result);
	bool ok = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;

	if (!ok)
		(void)complain(what, PQerrorMessage(db));
	PQclear(result);
	return ok;
}

static bool run_with(const char *sql, int count, const char *const *values,
		     const char *what)
{
	PGresult *result =
	    PQexecParams(db, sql, count, NULL, values, NULL, NULL, 0);
	bool ok = PQresultStatus(result) == PGRES_COMMAND_OK;

	if (!ok)
		(void)complain(what, PQerrorMessage(db));
	PQclear(result);
	return ok;
}

static void quiet(void *arg, const char *message)
{
	(void)arg;
	(void)message;
}

/* All that the connection string names follow somebody, who may be one of them soon: libpq
 * tells that by its text alone. */
static bool follows(const char *reason)
{
	return strstr(reason, "session is read-only") != NULL ||
	       strstr(reason, "server is in hot standby mode") != NULL;
}

/* Each reason to wait is said once. */
static bool connect_to_it(void)
{
	const struct timespec pause = { .tv_sec = 1 };
	char said[REASON_SIZE] = "", reason[REASON_SIZE];

	for (;;) {
		PGPing is = waits ? PQping(database_url) : PQPING_OK;

		db = PQconnectdb(database_url);
		if (PQstatus(db) == CONNECTION_OK)
			return true;
		(void)snprintf(reason, sizeof(reason), "%s",
			       PQerrorMessage(db));
		if (is != PQPING_REJECT && is != PQPING_NO_RESPONSE &&
		    !(waits && follows(reason))) {
			(void)complain("cannot connect", reason);
			return false;
		}
		if (strcmp(reason, said) != 0)
			(void)complain("waits for the database", reason);
		(void)snprintf(said, sizeof(said), "%s", reason);
		PQfinish(db);
		(void)nanosleep(&pause, NULL);
	}
}

static bool connect_and_lock(void)
{
	const struct setting wanted = { SETTING_DATABASE_URL, &database_url,
					NULL };

	if (!settings_load(&wanted, 1) || !connect_to_it())
		return false;
	(void)PQsetNoticeProcessor(db, quiet, NULL);
	return run("SELECT pg_advisory_lock(" LOCK ")", "lock") &&
	       run("CREATE TABLE IF NOT EXISTS public.hermetic_migration ("
		   "name text PRIMARY KEY, digest text NOT NULL, "
		   "applied_at timestamptz NOT NULL DEFAULT now())",
		   "table of migrations");
}

/* The digest recorded for a migration, "" when it is not applied. */
static bool applied_digest(const char *name, char out[65])
{
	PGresult *result = PQexecParams(
	    db, "SELECT digest FROM public.hermetic_migration WHERE name = $1",
	    1, NULL, &name, NULL, NULL, 0);
	bool ok = PQresultStatus(result) == PGRES_TUPLES_OK;

	out[0] = '\0';
	if (!ok)
		(void)complain(name, PQerrorMessage(db));
	else if (PQntuples(result) == 1)
		(void)snprintf(out, 65, "%.64s", PQgetvalue(result, 0, 0));
	PQclear(result);
	return ok;
}

/* One file and its record, in one transaction. */
static bool apply(const struct migration *m, bool up)
{
	const char *const values[] = { m->name, m->digest };
	struct buf sql = BUF_INIT;
	bool ok = read_file(m->name, up ? ".up.sql" : ".down.sql", &sql) &&
		  run("BEGIN", m->name) && run((const char *)sql.p, m->name);

	if (ok && up)
		ok = run_with("INSERT INTO public.hermetic_migration "
			      "(name, digest) VALUES ($1, $2)",
			      2, values, m->name);
	else if (ok)
		ok = run_with("DELETE FROM public.hermetic_migration "
			      "WHERE name = $1",
			      1, values, m->name);
	ok = ok && run("COMMIT", m->name);
	if (ok)
		(void)printf("%s %s\n", up ? "applied" : "took back", m->name);
	else
		(void)run("ROLLBACK", "rollback");
	buf_clear(&sql);
	return ok;
}

/* ---- verbs ---- */

static int up(void)
{
	char digest[65];

	for (size_t i = 0; i < migration_count; i++) {
		const struct migration *m = &migrations[i];

		if (!applied_digest(m->name, digest))
			return 1;
		if (digest[0] == '\0') {
			if (!apply(m, true))
				return 1;
		} else if (strcmp(digest, m->digest) != 0) {
			return complain(m->name,
					"was changed after it was applied");
		}
	}
	return 0;
}

static int down(unsigned long steps)
{
	char digest[65];

	for (size_t i = migration_count; i > 0 && steps > 0; i--) {
		if (!applied_digest(migrations[i - 1].name, digest))
			return 1;
		if (digest[0] == '\0')
			continue;
		if (!apply(&migrations[i - 1], false))
			return 1;
		steps--;
	}
	return 0;
}

static int status(void)
{
	char digest[65];

	for (size_t i = 0; i < migration_count; i++) {
		if (!applied_digest(migrations[i].name, digest))
			return 1;
		(void)printf("%-40s %s\n", migrations[i].name,
			     digest[0] == '\0' ? "pending"
			     : strcmp(digest, migrations[i].digest) == 0
				 ? "applied"
				 : "applied, but changed since");
	}
	return 0;
}

static int usage(void)
{
	(void)fprintf(stderr, "usage: hermetic-migrate up | down [N] | status"
			      " [--directory DIR] [--wait]\n");
	return 2;
}

int main(int argc, char **argv)
{
	const char *verb = NULL, *steps = "1";
	int result = 1;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--directory") == 0 && i + 1 < argc)
			directory = argv[++i];
		else if (strcmp(argv[i], "--wait") == 0)
			waits = true;
		else if (verb == NULL)
			verb = argv[i];
		else
			steps = argv[i];
	}
	if (verb == NULL)
		return usage();
	if (list_migrations() && connect_and_lock()) {
		if (strcmp(verb, "up") == 0)
			result = up();
		else if (strcmp(verb, "down") == 0)
			result = down(strtoul(steps, NULL, 10));
		else if (strcmp(verb, "status") == 0)
			result = status();
		else
			result = usage();
	}
	PQfinish(db);
	return result;
}
