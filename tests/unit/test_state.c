/* The sealed state: nothing readable, wrong passphrases, two processes, and a
 * process that is killed at any moment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "reach/state.h"

/* As little as scrypt allows: the tests are not about its cost. */
static const struct password_cost CHEAP = { 16, 1, 1 };

static struct span passphrase(void)
{
	return SPAN_LIT("correct horse battery staple");
}

static int make_home(void **context)
{
	char *home = strdup("/tmp/hermetic-state-XXXXXX");

	if (home == NULL || mkdtemp(home) == NULL)
		return -1;
	*context = home;
	return 0;
}

static int remove_home(void **context)
{
	state_remove(*context);
	(void)rmdir(*context);
	free(*context);
	return 0;
}

static struct state *create(const char *home)
{
	struct state *state = NULL;
	struct why why = { 0 };

	assert_int_equal(state_create(home, passphrase(), CHEAP, &why, &state),
			 ERR_OK);
	return state;
}

static struct state *reopen(const char *home)
{
	struct state *state = NULL;
	struct why why = { 0 };

	assert_int_equal(state_open(home, passphrase(), &why, &state), ERR_OK);
	return state;
}

static void put(struct state *state, const char *name, const char *value)
{
	assert_int_equal(state_begin(state), ERR_OK);
	assert_int_equal(state_put(state, name, span_str(value)), ERR_OK);
	assert_int_equal(state_commit(state), ERR_OK);
}

static void expect(struct state *state, const char *name, const char *value)
{
	struct buf found = BUF_INIT;
	enum err e = state_get(state, name, &found);

	if (value == NULL) {
		assert_int_equal(e, ERR_STATE_GONE);
	} else {
		assert_int_equal(e, ERR_OK);
		assert_true(span_equal(buf_span(&found), span_str(value)));
	}
	buf_clear(&found);
}

static void read_file(const char *home, struct buf *out)
{
	char path[256];
	uint8_t piece[4096];
	size_t n;
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/state.db", home);
	file = fopen(path, "rb");
	assert_non_null(file);
	while ((n = fread(piece, 1, sizeof(piece), file)) > 0)
		buf_put(out, span_of(piece, n));
	(void)fclose(file);
}

static void test_keeps_and_replaces(void **context)
{
	struct state *state = create(*context);

	put(state, "session/1", "one");
	put(state, "session/1", "two");
	put(state, "empty", "");
	state_close(state);
	state = reopen(*context);
	expect(state, "session/1", "two");
	expect(state, "session/2", NULL);
	expect(state, "empty", "");
	assert_int_equal(state_begin(state), ERR_OK);
	assert_int_equal(state_delete(state, "session/1"), ERR_OK);
	assert_int_equal(state_commit(state), ERR_OK);
	expect(state, "session/1", NULL);
	state_close(state);
}

static void test_nothing_is_readable(void **context)
{
	struct state *state = create(*context);
	struct buf bytes = BUF_INIT;

	put(state, "session/6d1c2a", "attack at dawn");
	put(state, "session/6d1c2a", "attack at noon");
	state_close(state);
	read_file(*context, &bytes);
	assert_null(memmem(bytes.p, bytes.n, "attack", 6));
	assert_null(memmem(bytes.p, bytes.n, "6d1c2a", 6));
	assert_null(memmem(bytes.p, bytes.n, "horse", 5));
	buf_clear(&bytes);
}

static void test_permissions(void **context)
{
	char home[256], path[300];
	struct stat info;

	(void)snprintf(home, sizeof(home), "%s/deeper", (char *)*context);
	state_close(create(home));
	assert_int_equal(stat(home, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0700);
	(void)snprintf(path, sizeof(path), "%s/state.db", home);
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	state_remove(home);
	(void)rmdir(home);
}

static void test_wrong_passphrase(void **context)
{
	struct state *state = NULL;
	struct why why = { 0 };

	state_close(create(*context));
	assert_int_equal(state_open(*context, SPAN_LIT("wrong"), &why, &state),
			 ERR_PEER_CRYPTO);
	assert_null(state);
	assert_string_equal(why.slug, "wrong-passphrase");
	assert_non_null(strstr(why.text, "passphrase"));
}

static void test_none_and_second(void **context)
{
	struct state *state = NULL;
	struct why why = { 0 };

	assert_false(state_exists(*context));
	assert_int_equal(state_open(*context, passphrase(), &why, &state),
			 ERR_STATE_GONE);
	state_close(create(*context));
	assert_true(state_exists(*context));
	assert_int_equal(
	    state_create(*context, passphrase(), CHEAP, &why, &state),
	    ERR_STATE_CONFLICT);
	assert_null(state);
}

/* A process that was killed while it made the state. */
static void test_half_made(void **context)
{
	struct state *state = NULL;
	struct why why = { 0 };

	for (unsigned i = 0; i < 40; i++) {
		pid_t child = fork();
		int status;
		enum err e;

		assert_true(child >= 0);
		if (child == 0) {
			e = state_create(*context, passphrase(), CHEAP, &why,
					 &state);
			_exit(e == ERR_OK ? 0 : 1);
		}
		(void)usleep(i * 150);
		(void)kill(child, SIGKILL);
		assert_int_equal(waitpid(child, &status, 0), child);
		why_clear(&why);
		e = state_exists(*context)
			? state_open(*context, passphrase(), &why, &state)
			: ERR_STATE_GONE;
		if (e == ERR_STATE_GONE)
			state = create(*context);
		else
			assert_int_equal(e, ERR_OK);
		put(state, "a", "1");
		state_close(state);
		state_remove(*context);
	}
}

/* Any changed byte is noticed: by us, or by SQLite. */
static void test_tampering(void **context)
{
	struct state *state = create(*context);
	struct buf bytes = BUF_INIT, found = BUF_INIT;
	char path[256];

	put(state, "a", "the value of a, which is long enough to be found");
	state_close(state);
	(void)snprintf(path, sizeof(path), "%s/state.db", (char *)*context);
	read_file(*context, &bytes);
	for (size_t at = 100; at < bytes.n; at += 61) {
		struct why why = { 0 };
		FILE *file = fopen(path, "r+b");
		int changed = bytes.p[at] ^ 1;
		enum err e;

		assert_non_null(file);
		(void)fseek(file, (long)at, SEEK_SET);
		(void)fputc(changed, file);
		(void)fclose(file);
		state = NULL;
		e = state_open(*context, passphrase(), &why, &state);
		buf_reset(&found);
		if (e == ERR_OK && state_get(state, "a", &found) == ERR_OK)
			assert_true(found.n == 48); /* it was unused space */
		state_close(state);
		file = fopen(path, "r+b");
		assert_non_null(file);
		(void)fseek(file, (long)at, SEEK_SET);
		(void)fputc(bytes.p[at], file);
		(void)fclose(file);
	}
	buf_clear(&bytes);
	buf_clear(&found);
}

static void test_transactions(void **context)
{
	struct state *state = create(*context);

	put(state, "a", "1");
	assert_int_equal(state_put(state, "a", SPAN_LIT("2")), ERR_LOCAL_BUG);
	assert_int_equal(state_begin(state), ERR_OK);
	assert_int_equal(state_begin(state), ERR_LOCAL_BUG);
	assert_int_equal(state_put(state, "a", SPAN_LIT("2")), ERR_OK);
	assert_int_equal(state_put(state, "b", SPAN_LIT("2")), ERR_OK);
	expect(state, "a", "2");
	state_rollback(state);
	state_rollback(state);
	expect(state, "a", "1");
	expect(state, "b", NULL);
	assert_int_equal(state_commit(state), ERR_LOCAL_BUG);
	state_close(state);
}

/* What a device keeps in memory is good until another process has written. */
static void test_store_tells_of_others(void **context)
{
	struct state *ours = create(*context), *theirs;
	struct device_store store = state_store(ours);
	bool changed = false;

	assert_int_equal(store.begin(store.context, &changed), ERR_OK);
	assert_true(changed); /* nothing was read yet */
	assert_int_equal(store.put(store.context, "a", SPAN_LIT("1")), ERR_OK);
	assert_int_equal(store.commit(store.context), ERR_OK);
	put(ours, "tokens", "our own, beside the store");
	assert_int_equal(store.begin(store.context, &changed), ERR_OK);
	assert_false(changed);
	store.rollback(store.context);
	theirs = reopen(*context);
	expect(theirs, "a", "1");
	assert_int_equal(store.begin(store.context, &changed), ERR_OK);
	assert_false(changed); /* they have read only */
	store.rollback(store.context);
	put(theirs, "a", "2");
	/* what comes between does not hide it */
	put(ours, "tokens", "newer");
	assert_int_equal(store.begin(store.context, &changed), ERR_OK);
	assert_true(changed);
	assert_int_equal(store.remove(store.context, "a"), ERR_OK);
	assert_int_equal(store.commit(store.context), ERR_OK);
	assert_int_equal(store.begin(store.context, &changed), ERR_OK);
	assert_false(changed);
	store.rollback(store.context);
	expect(theirs, "a", NULL);
	state_close(theirs);
	state_close(ours);
}

static void expect_newer(const char *home)
{
	struct state *state = NULL;
	struct why why = { 0 };

	assert_int_equal(state_open(home, passphrase(), &why, &state),
			 ERR_PEER_UNSUPPORTED);
	assert_string_equal(why.slug, "state-version");
}

static void run_sql(sqlite3 *db, const char *sql)
{
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* A state of version 2, and what the one that made it has prepared. */
static void test_one_of_before_writes_no_more(void **context)
{
	struct state *state = create(*context);
	sqlite3_stmt *put_before = NULL, *version = NULL;
	sqlite3 *db = NULL;
	char path[256];

	put(state, "a", "1");
	state_close(state);
	(void)snprintf(path, sizeof(path), "%s/state.db", (char *)*context);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	run_sql(db, "ALTER TABLE sealed RENAME TO record;"
		    "UPDATE head SET version = 2;");
	assert_int_equal(
	    sqlite3_prepare_v2(db, "INSERT INTO record VALUES (x'00', x'00')",
			       -1, &put_before, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_step(put_before), SQLITE_DONE);
	assert_int_equal(sqlite3_reset(put_before), SQLITE_OK);
	state = reopen(*context);
	expect(state, "a", "1");
	put(state, "b", "2");
	assert_int_equal(sqlite3_step(put_before), SQLITE_ERROR);
	(void)sqlite3_finalize(put_before);
	/* and it opens it no more: it knows 1 and 2 */
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT version FROM head", -1,
					    &version, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(version), SQLITE_ROW);
	assert_true(sqlite3_column_int(version, 0) > 2);
	(void)sqlite3_finalize(version);
	state_close(state);
	/* so does this one with a newer one's */
	run_sql(db, "UPDATE head SET version = version + 1");
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	expect_newer(*context);
}

/* Counts two records up together, `times` times; 0 without end. */
static void count_up(struct state *state, unsigned times)
{
	for (unsigned i = 0; times == 0 || i < times; i++) {
		struct buf text = BUF_INIT;
		uint64_t n = 0;
		enum err e;

		if (state_begin(state) != ERR_OK)
			_exit(1);
		e = state_get(state, "left", &text);
		if (e == ERR_OK)
			e = text_parse_u64(&n, buf_span(&text), UINT32_MAX);
		else if (e == ERR_STATE_GONE)
			e = ERR_OK;
		buf_reset(&text);
		buf_putf(&text, "%llu", (unsigned long long)n + 1);
		if (e != ERR_OK ||
		    state_put(state, "left", buf_span(&text)) != ERR_OK ||
		    state_put(state, "right", buf_span(&text)) != ERR_OK ||
		    state_commit(state) != ERR_OK)
			_exit(2);
		buf_clear(&text);
	}
}

static pid_t spawn_counter(const char *home, unsigned times)
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		struct state *state = NULL;
		struct why why = { 0 };

		if (state_open(home, passphrase(), &why, &state) != ERR_OK)
			_exit(3);
		count_up(state, times);
		state_close(state);
		_exit(0);
	}
	return child;
}

static uint64_t counted(struct state *state)
{
	struct buf left = BUF_INIT, right = BUF_INIT;
	uint64_t n = 0;
	enum err e = state_get(state, "left", &left);

	if (e == ERR_OK) {
		assert_int_equal(state_get(state, "right", &right), ERR_OK);
		assert_true(span_equal(buf_span(&left), buf_span(&right)));
		assert_int_equal(
		    text_parse_u64(&n, buf_span(&left), UINT32_MAX), ERR_OK);
	} else {
		assert_int_equal(e, ERR_STATE_GONE);
	}
	buf_clear(&left);
	buf_clear(&right);
	return n;
}

/* The kill falls anywhere: inside a transaction, a commit, the opening. */
static void test_killed_anywhere(void **context)
{
	struct state *state;
	uint64_t before = 0;

	state_close(create(*context));
	/* longer and longer, until one of them came to count on a busy machine */
	for (unsigned i = 0; i < 60 || before == 0; i++) {
		pid_t child = spawn_counter(*context, 0);
		uint64_t now;
		int status;

		(void)usleep(500 + i * 397 % 20000 + i / 60 * 100000);
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		state = reopen(*context);
		now = counted(state);
		assert_true(now >= before);
		before = now;
		state_close(state);
	}
}

/* Two at once take turns: no step of either is lost. */
static void test_two_processes(void **context)
{
	pid_t first, second;
	struct state *state;
	int status;

	state_close(create(*context));
	first = spawn_counter(*context, 50);
	second = spawn_counter(*context, 50);
	assert_int_equal(waitpid(first, &status, 0), first);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(waitpid(second, &status, 0), second);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	state = reopen(*context);
	assert_int_equal(counted(state), 100);
	state_close(state);
}

#define WITH_HOME(test)                                                        \
	cmocka_unit_test_setup_teardown(test, make_home, remove_home)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_HOME(test_keeps_and_replaces),
		WITH_HOME(test_nothing_is_readable),
		WITH_HOME(test_one_of_before_writes_no_more),
		WITH_HOME(test_permissions),
		WITH_HOME(test_wrong_passphrase),
		WITH_HOME(test_none_and_second),
		WITH_HOME(test_half_made),
		WITH_HOME(test_tampering),
		WITH_HOME(test_transactions),
		WITH_HOME(test_store_tells_of_others),
		WITH_HOME(test_killed_anywhere),
		WITH_HOME(test_two_processes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
