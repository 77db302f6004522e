#include "reach/state.h"

#include "base/text.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/rng.h"
#include "reach/passphrase_form.h"
#include "reach/state_head.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATE_FILE "state.db"
#define STATE_NAME 32

/* A record whose opening tells whether the passphrase is right. */
#define STATE_CHECK "check"

struct state {
	sqlite3 *db;
	sqlite3_stmt *get, *put, *remove, *version;
	struct state_keys keys;
	bool in_transaction;
	bool has_begun;		    /* the store, once */
	sqlite3_int64 seen_version; /* at its last begin() */
};

/* The state is sealed with the suite whose AEAD is AES-256-GCM; names are
 * hashed with SHA-256. */
static const struct suite *seal_suite(void)
{
	return suite_by_id(SUITE_X448_AES256GCM_SHA512_ED448);
}

static const struct suite *name_suite(void)
{
	return suite_by_id(SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519);
}

static enum err run(sqlite3 *db, const char *sql)
{
	return state_from_sqlite(sqlite3_exec(db, sql, NULL, NULL, NULL));
}

static void rewind_statement(sqlite3_stmt *statement)
{
	(void)sqlite3_reset(statement);
	(void)sqlite3_clear_bindings(statement);
}

/* ---- files ---- */

static enum err state_path(const char *home, const char *suffix, char *out,
			   size_t size)
{
	int n = snprintf(out, size, "%s/%s%s", home, STATE_FILE, suffix);

	return n > 0 && (size_t)n < size ? ERR_OK : ERR_PEER_TOO_LARGE;
}

bool state_exists(const char *home)
{
	char path[4096];
	struct stat info;

	return state_path(home, "", path, sizeof(path)) == ERR_OK &&
	       stat(path, &info) == 0 && S_ISREG(info.st_mode) &&
	       info.st_size > 0;
}

void state_remove(const char *home)
{
	static const char *const suffixes[] = { "", "-journal", "-wal",
						"-shm" };
	char path[4096];

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++)
		if (state_path(home, suffixes[i], path, sizeof(path)) == ERR_OK)
			(void)unlink(path);
}

/* The folder and those above it. */
static enum err make_folder(const char *home)
{
	char path[4096];
	size_t n = strlen(home);

	if (n == 0 || n >= sizeof(path))
		return ERR_PEER_TOO_LARGE;
	memcpy(path, home, n + 1);
	for (char *c = path + 1; *c != '\0'; c++) {
		if (*c != '/')
			continue;
		*c = '\0';
		if (mkdir(path, 0700) != 0 && errno != EEXIST)
			return state_from_sqlite(SQLITE_CANTOPEN);
		*c = '/';
	}
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return state_from_sqlite(SQLITE_CANTOPEN);
	return ERR_OK;
}

/* SQLite gives its journal the permissions of the database, so the file is
 * made by us first. */
static enum err make_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return state_from_sqlite(SQLITE_CANTOPEN);
	if (fchmod(fd, 0600) != 0) {
		(void)close(fd);
		return state_from_sqlite(SQLITE_CANTOPEN);
	}
	return close(fd) == 0 ? ERR_OK : state_from_sqlite(SQLITE_CANTOPEN);
}

/* ---- records ---- */

static enum err hide_name(const struct state *s, const char *name,
			  uint8_t out[STATE_NAME])
{
	struct span part = span_str(name);

	return hash_mac(name_suite(), sec_span(&s->keys.name), &part, 1, out);
}

enum err state_get(struct state *state, const char *name, struct buf *value)
{
	uint8_t hidden[STATE_NAME];
	struct span sealed;
	enum err e;
	int rc;

	TRY(hide_name(state, name, hidden));
	TRY(state_bind_bytes(state->get, 1, SPAN_ARRAY(hidden)));
	rc = sqlite3_step(state->get);
	TRY(state_from_sqlite(rc));
	ENSURE(rc == SQLITE_ROW, ERR_STATE_GONE);
	sealed = span_of(sqlite3_column_blob(state->get, 0),
			 (size_t)sqlite3_column_bytes(state->get, 0));
	ENSURE(sealed.n >= SUITE_NONCE, ERR_PEER_CRYPTO);
	TRY(aead_open(seal_suite(), sec_span(&state->keys.seal),
		      span_of(sealed.p, SUITE_NONCE), span_str(name),
		      span_of(sealed.p + SUITE_NONCE, sealed.n - SUITE_NONCE),
		      value));
out:
	rewind_statement(state->get);
	return e;
}

enum err state_put(struct state *state, const char *name, struct span value)
{
	uint8_t hidden[STATE_NAME], nonce[SUITE_NONCE];
	struct buf sealed = BUF_INIT;
	enum err e;

	ENSURE(state->in_transaction, ERR_LOCAL_BUG);
	TRY(hide_name(state, name, hidden));
	TRY(rng_fill(rng_system(), nonce, sizeof(nonce)));
	buf_put(&sealed, SPAN_ARRAY(nonce));
	TRY(aead_seal(seal_suite(), sec_span(&state->keys.seal),
		      SPAN_ARRAY(nonce), span_str(name), value, &sealed));
	TRY(buf_end(&sealed));
	TRY(state_bind_bytes(state->put, 1, SPAN_ARRAY(hidden)));
	TRY(state_bind_bytes(state->put, 2, buf_span(&sealed)));
	TRY(state_from_sqlite(sqlite3_step(state->put)));
out:
	rewind_statement(state->put);
	buf_clear(&sealed);
	return e;
}

enum err state_delete(struct state *state, const char *name)
{
	uint8_t hidden[STATE_NAME];
	enum err e;

	ENSURE(state->in_transaction, ERR_LOCAL_BUG);
	TRY(hide_name(state, name, hidden));
	TRY(state_bind_bytes(state->remove, 1, SPAN_ARRAY(hidden)));
	TRY(state_from_sqlite(sqlite3_step(state->remove)));
out:
	rewind_statement(state->remove);
	return e;
}

/* ---- transactions ---- */

enum err state_begin(struct state *state)
{
	enum err e;

	ENSURE(!state->in_transaction, ERR_LOCAL_BUG);
	/* IMMEDIATE: the lock is taken before anything is read, so what was
	 * read is still so when it is written */
	TRY(run(state->db, "BEGIN IMMEDIATE"));
	state->in_transaction = true;
out:
	return e;
}

enum err state_commit(struct state *state)
{
	enum err e;

	ENSURE(state->in_transaction, ERR_LOCAL_BUG);
	e = run(state->db, "COMMIT");
	if (e != ERR_OK)
		(void)run(state->db, "ROLLBACK");
	state->in_transaction = false;
out:
	return e;
}

void state_rollback(struct state *state)
{
	if (!state->in_transaction)
		return;
	(void)run(state->db, "ROLLBACK");
	state->in_transaction = false;
}

/* ---- the store of a device ---- */

/* SQLite counts the commits of other connections than ours. Our own, of tokens
 * for example, change nothing that a device keeps in memory. */
static enum err begin_store(void *context, bool *changed)
{
	struct state *s = context;
	sqlite3_int64 version = 0;
	enum err e;
	int rc;

	TRY(state_begin(s));
	rc = sqlite3_step(s->version);
	e = state_from_sqlite(rc);
	if (e == ERR_OK && rc == SQLITE_ROW)
		version = sqlite3_column_int64(s->version, 0);
	else if (e == ERR_OK)
		e = ERR_LOCAL_BUG;
	rewind_statement(s->version);
	if (e != ERR_OK)
		state_rollback(s);
	TRY(e);
	*changed = !s->has_begun || version != s->seen_version;
	s->has_begun = true;
	s->seen_version = version;
out:
	return e;
}

static enum err commit_store(void *context)
{
	return state_commit(context);
}

static void rollback_store(void *context)
{
	state_rollback(context);
}

static enum err get_store(void *context, const char *name, struct buf *value)
{
	return state_get(context, name, value);
}

static enum err put_store(void *context, const char *name, struct span value)
{
	return state_put(context, name, value);
}

static enum err remove_store(void *context, const char *name)
{
	return state_delete(context, name);
}

struct device_store state_store(struct state *state)
{
	return (struct device_store){
		.begin = begin_store,
		.commit = commit_store,
		.rollback = rollback_store,
		.get = get_store,
		.put = put_store,
		.remove = remove_store,
		.context = state,
	};
}

/* ---- opening ---- */

static enum err open_database(const char *path, struct state *s)
{
	enum err e;

	TRY(state_from_sqlite(sqlite3_open_v2(
	    path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, NULL)));
	TRY(state_from_sqlite(sqlite3_busy_timeout(s->db, STATE_WAIT_MS)));
	/* EXTRA: the commit holds once the journal's deletion is durable; a
	 * ratchet must not come back after a power cut. */
	TRY(run(s->db, "PRAGMA journal_mode=DELETE;"
		       "PRAGMA synchronous=EXTRA;"
		       "PRAGMA secure_delete=ON;"
		       "PRAGMA temp_store=MEMORY;"
		       "PRAGMA trusted_schema=OFF;"));
out:
	return e;
}

static enum err prepare(struct state *s)
{
	enum err e;

	TRY(state_from_sqlite(sqlite3_prepare_v2(
	    s->db, "SELECT value FROM sealed WHERE name = ?1", -1, &s->get,
	    NULL)));
	TRY(state_from_sqlite(sqlite3_prepare_v2(
	    s->db,
	    "INSERT INTO sealed (name, value) VALUES (?1, ?2) "
	    "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
	    -1, &s->put, NULL)));
	TRY(state_from_sqlite(
	    sqlite3_prepare_v2(s->db, "DELETE FROM sealed WHERE name = ?1", -1,
			       &s->remove, NULL)));
	TRY(state_from_sqlite(sqlite3_prepare_v2(s->db, "PRAGMA data_version",
						 -1, &s->version, NULL)));
out:
	return e;
}

/* True when a crash or another process left a file without tables. */
static bool is_blank(struct state *s)
{
	sqlite3_stmt *select = NULL;
	bool blank = false;

	if (sqlite3_prepare_v2(s->db, "SELECT count(*) FROM sqlite_master", -1,
			       &select, NULL) == SQLITE_OK &&
	    sqlite3_step(select) == SQLITE_ROW)
		blank = sqlite3_column_int(select, 0) == 0;
	(void)sqlite3_finalize(select);
	return blank;
}

static enum err fill_new(struct state *s, struct span passphrase,
			 struct password_cost cost)
{
	struct state_head head = { .cost = cost };
	struct buf form = BUF_INIT;
	enum err e;

	TRY(state_begin(s));
	ENSURE(is_blank(s), ERR_STATE_CONFLICT);
	TRY(passphrase_form(passphrase, &form));
	TRY(state_keys_make(&s->keys));
	TRY(state_keys_wrap(&s->keys, buf_span(&form), &head));
	TRY(run(s->db, "CREATE TABLE sealed (name BLOB PRIMARY KEY NOT NULL,"
		       " value BLOB NOT NULL) STRICT, WITHOUT ROWID;"));
	TRY(state_head_create(s->db, &head));
	TRY(prepare(s));
	TRY(state_put(s, STATE_CHECK, SPAN_LIT("hermetic")));
	TRY(state_commit(s));
out:
	buf_clear(&form);
	return e;
}

enum err state_create(const char *home, struct span passphrase,
		      struct password_cost cost, struct why *why,
		      struct state **out)
{
	struct state *s = calloc(1, sizeof(*s));
	char path[4096];
	enum err e;

	errno = 0;
	ENSURE(s != NULL, ERR_LOCAL_MEMORY);
	ENSURE(state_cost_is_sane(cost), ERR_LOCAL_BUG);
	TRY(state_path(home, "", path, sizeof(path)));
	TRY(make_folder(home));
	TRY(make_file(path));
	TRY(open_database(path, s));
	TRY(fill_new(s, passphrase, cost));
	*out = s;
	return ERR_OK;
out:
	state_close(s);
	if (e == ERR_STATE_CONFLICT)
		return why_set(why, e, "state-exists",
			       "There is a state in %s already.", home);
	return why_set(why, e, "state", "Cannot make a state in %s: %s%s%s.",
		       home, err_text(e), errno != 0 ? ": " : "",
		       errno != 0 ? strerror(errno) : "");
}

static enum err explain_open(struct why *why, enum err e, const char *home)
{
	if (e == ERR_PEER_CRYPTO)
		return why_set(why, e, "wrong-passphrase",
			       "The passphrase is wrong for %s.", home);
	if (e == ERR_STATE_GONE)
		return why_set(why, e, "no-state", "Nobody is logged in in %s.",
			       home);
	if (e == ERR_PEER_UNSUPPORTED)
		return why_set(why, e, "state-version",
			       "The state in %s was written by a newer version "
			       "of Hermetic.",
			       home);
	if (e == ERR_PEER_MALFORMED)
		return why_set(why, e, "state-damaged",
			       "%s/" STATE_FILE " is damaged or no state of "
			       "Hermetic.",
			       home);
	if (e == ERR_LOCAL_BUSY)
		return why_set(why, e, "state-busy",
			       "Another program has held %s for too long.",
			       home);
	return why_set(why, e, "state", "Cannot open the state in %s: %s.",
		       home, err_text(e));
}

/* ERR_PEER_CRYPTO: they open nothing. */
static enum err check_keys(struct state *s)
{
	struct buf check = BUF_INIT;
	enum err e = state_get(s, STATE_CHECK, &check);

	if (e == ERR_STATE_GONE) /* another key of names */
		e = ERR_PEER_CRYPTO;
	buf_clear(&check);
	return e;
}

static enum err try_passphrase(struct state *s, const struct state_head *head,
			       struct span passphrase)
{
	enum err e;

	TRY(state_keys_open(head, passphrase, &s->keys));
	TRY(check_keys(s));
out:
	return e;
}

/* A state of before may have been made with what was typed as it was. */
static enum err open_by_passphrase(struct state *s, struct span typed)
{
	struct state_head head;
	struct buf form = BUF_INIT;
	enum err e;

	TRY(state_head_read(s->db, &head));
	TRY(prepare(s));
	TRY(passphrase_form(typed, &form));
	e = try_passphrase(s, &head, buf_span(&form));
	if (e == ERR_PEER_CRYPTO && head.derived &&
	    !span_equal(typed, buf_span(&form)))
		e = try_passphrase(s, &head, typed);
out:
	buf_clear(&form);
	return e;
}

static enum err open_by_keys(struct state *s, const struct state_keys *keys)
{
	struct state_head head;
	enum err e;

	TRY(state_head_read(s->db, &head));
	TRY(prepare(s));
	s->keys = *keys;
	TRY(check_keys(s));
out:
	return e;
}

/* A state of an earlier version is one of this version from now on. */
static enum err raise_version(struct state *s)
{
	bool before;
	enum err e;

	TRY(state_head_is_before(s->db, &before));
	if (!before)
		return ERR_OK;
	TRY(state_begin(s));
	/* another process may have done it meanwhile */
	e = state_head_is_before(s->db, &before);
	if (e == ERR_OK && before)
		e = state_head_raise(s->db);
	if (e != ERR_OK)
		state_rollback(s);
	TRY(e);
	TRY(state_commit(s));
out:
	return e;
}

/* By `keys`, or where these are NULL by the passphrase. */
static enum err open_state(const char *home, struct span passphrase,
			   const struct state_keys *keys, struct why *why,
			   struct state **out)
{
	struct state *s = NULL;
	char path[4096];
	enum err e;

	ENSURE(state_exists(home), ERR_STATE_GONE);
	s = calloc(1, sizeof(*s));
	ENSURE(s != NULL, ERR_LOCAL_MEMORY);
	TRY(state_path(home, "", path, sizeof(path)));
	TRY(open_database(path, s));
	ENSURE(!is_blank(s), ERR_STATE_GONE);
	TRY(raise_version(s));
	TRY(keys != NULL ? open_by_keys(s, keys)
			 : open_by_passphrase(s, passphrase));
	*out = s;
	s = NULL;
out:
	state_close(s);
	return e == ERR_OK ? e : explain_open(why, e, home);
}

enum err state_open(const char *home, struct span passphrase, struct why *why,
		    struct state **out)
{
	return open_state(home, passphrase, NULL, why, out);
}

enum err state_open_keys(const char *home, const struct state_keys *keys,
			 struct why *why, struct state **out)
{
	return open_state(home, SPAN_EMPTY, keys, why, out);
}

void state_give_keys(const struct state *state, struct state_keys *keys)
{
	*keys = state->keys;
}

enum err state_change_passphrase(struct state *state, struct span passphrase)
{
	struct state_head head;
	struct buf form = BUF_INIT;
	enum err e;

	ENSURE(state->in_transaction, ERR_LOCAL_BUG);
	TRY(state_head_read(state->db, &head));
	TRY(passphrase_form(passphrase, &form));
	TRY(state_keys_wrap(&state->keys, buf_span(&form), &head));
	TRY(state_head_replace(state->db, &head));
out:
	buf_clear(&form);
	return e;
}

void state_close(struct state *state)
{
	if (state == NULL)
		return;
	state_rollback(state);
	(void)sqlite3_finalize(state->get);
	(void)sqlite3_finalize(state->put);
	(void)sqlite3_finalize(state->remove);
	(void)sqlite3_finalize(state->version);
	(void)sqlite3_close(state->db);
	state_keys_clear(&state->keys);
	free(state);
}
