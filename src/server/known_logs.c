#include "server/known_logs.h"

#include <stdlib.h>
#include <string.h>

#include "base/rd.h"
#include "check/known.h"
#include "server/account_links.h"
#include "server/answer.h"
#include "server/edge/job.h"
#include "server/revocations.h"

/* Of the logs that this worker keeps: those of about 2,000 accounts with ten links each, or
 * of 35 with 1,000. Four workers take 64 MiB for them. */
enum { KEPT_BYTES = 16 * 1024 * 1024 };

/* Links that are verified on the event loop, at most 1 ms each; more on a task. */
enum { HERE_LINKS = 2 };

static struct kept_logs *kept;

static struct known_log *find(const struct known_logs *known,
			      struct span fingerprint)
{
	for (size_t i = 0; i < known->count; i++)
		if (span_equal(SPAN_ARRAY(known->list[i].fingerprint.bytes),
			       fingerprint))
			return &known->list[i];
	return NULL;
}

static enum err give_logs(void *context, struct span fingerprint,
			  struct buf *logs)
{
	const struct known_log *log = find(context, fingerprint);

	if (log != NULL && log->kept != NULL) {
		buf_put_vec(logs, buf_span(&log->kept->links));
		buf_put(logs, buf_span(&log->kept->branches));
	}
	return logs->fail;
}

static enum err give_loaded(void *context, struct span fingerprint,
			    const struct account_log **loaded)
{
	const struct known_log *log = find(context, fingerprint);

	*loaded = log != NULL && log->kept != NULL ? log->kept->log : NULL;
	return ERR_OK;
}

/* New ones: what was taken over from a commit that was not judged is forgotten. */
static enum err start(struct known_logs *known)
{
	const struct check_source source = { give_logs, give_loaded, known };

	check_accounts_free(known->accounts);
	known->accounts = NULL;
	return check_accounts_new(&source, &known->accounts);
}

enum err known_logs_begin(struct known_logs *known)
{
	enum err e = ERR_OK;

	*known = (struct known_logs){ .accounts = NULL };
	if (kept == NULL)
		TRY(kept_logs_new(KEPT_BYTES, &kept));
	TRY(start(known));
out:
	return e;
}

void known_logs_clear(struct known_logs *known)
{
	for (size_t i = 0; i < known->count; i++)
		kept_log_release(known->list[i].kept);
	free(known->list);
	check_accounts_free(known->accounts);
	*known = (struct known_logs){ .accounts = NULL };
}

enum err known_logs_need(struct known_logs *known, struct span fingerprint)
{
	const struct account_log *log;
	struct span links;
	enum err e;

	TRY(check_accounts_find(known->accounts, fingerprint, &log, &links));
	if (log == NULL)
		(void)check_accounts_lack(known->accounts, fingerprint);
out:
	return e;
}

/* It was not read yet; or only what came behind the log that is kept, and links are
 * lacking up to a place that is on a branch. */
static bool is_unread(const struct known_logs *known, struct span fingerprint)
{
	const struct known_log *log = find(known, fingerprint);

	return log == NULL ||
	       (!log->whole && log->kept != NULL &&
		check_accounts_lacked(known->accounts, fingerprint).number > 0);
}

bool known_logs_wanted(const struct known_logs *known)
{
	struct span fingerprint;
	size_t position = 0;

	while (check_accounts_lacks(known->accounts, &position, &fingerprint))
		if (is_unread(known, fingerprint))
			return true;
	return false;
}

bool known_logs_lacking(const struct known_logs *known)
{
	struct span fingerprint;
	size_t position = 0;

	return check_accounts_lacks(known->accounts, &position, &fingerprint);
}

/* ---- reading ---- */

struct reading {
	struct known_logs *known;
	void (*done)(void *arg, enum err e);
	void *arg;
	size_t first; /* of known->list: who is read */
	size_t count;
	struct kept_reading *readings; /* owned: one for each of these */
};

/* What was read is the database's: nobody who asks has damaged it. */
static void end_reading(struct reading *reading, enum err e)
{
	if (err_class(e) == ERR_CLASS_PEER)
		e = ERR_LOCAL_DATABASE;
	for (size_t i = 0; i < reading->count; i++)
		kept_reading_clear(&reading->readings[i]);
	free(reading->readings);
	reading->done(reading->arg, e);
	free(reading);
}

static void verify(void *arg)
{
	struct reading *reading = arg;

	for (size_t i = 0; i < reading->count; i++)
		kept_reading_verify(&reading->readings[i]);
}

static void on_verified(void *arg)
{
	struct reading *reading = arg;
	struct known_log *list = reading->known->list + reading->first;
	enum err e = ERR_OK;

	for (size_t i = 0; i < reading->count; i++)
		TRY(kept_reading_end(&reading->readings[i], kept,
				     &list[i].kept));
	TRY(start(reading->known));
out:
	end_reading(reading, e);
}

/* Accounts and rows stand in the same order. */
static enum err take_rows(struct reading *reading, struct rows *rows)
{
	size_t at = 0;
	enum err e;

	for (size_t i = 0; i < rows_count(rows); i++) {
		struct span fingerprint = rows_bytes(rows, i, "fingerprint");

		while (
		    at < reading->count &&
		    !span_equal(SPAN_ARRAY(reading->readings[at].fingerprint),
				fingerprint))
			at++;
		ENSURE(at < reading->count, ERR_LOCAL_BUG);
		TRY(kept_reading_row(
		    &reading->readings[at], rows_i64(rows, i, "branch"),
		    rows_i64(rows, i, "number"), rows_bytes(rows, i, "link")));
	}
	TRY(rows_end(rows));
	for (size_t i = 0; i < reading->count; i++)
		TRY(kept_reading_close(&reading->readings[i], kept));
out:
	return e;
}

static void on_links(void *arg, enum err e, struct rows *rows)
{
	struct reading *reading = arg;
	size_t work = 0;

	TRY(e);
	TRY(take_rows(reading, rows));
	for (size_t i = 0; i < reading->count; i++)
		work += kept_reading_work(&reading->readings[i]);
	if (work > HERE_LINKS) {
		TRY(job_run(verify, on_verified, reading));
		return;
	}
	verify(reading);
	on_verified(reading);
	return;
out:
	end_reading(reading, e);
}

static int compare(const void *a, const void *b)
{
	const struct known_log *one = a, *other = b;

	return memcmp(one->fingerprint.bytes, other->fingerprint.bytes,
		      sizeof(one->fingerprint.bytes));
}

/* It is read again, whole. */
static bool forget(struct known_logs *known, struct span fingerprint)
{
	struct known_log *log = find(known, fingerprint);

	if (log == NULL)
		return false;
	kept_log_release(log->kept);
	*log = known->list[--known->count];
	return true;
}

/* Makes room for what is lacking, at the end of the list. */
static enum err note(struct known_logs *known, size_t *first)
{
	struct known_log *made = NULL, *grown;
	struct span fingerprint;
	size_t position = 0, count = 0, room = 0;
	enum err e = ERR_OK;

	while (check_accounts_lacks(known->accounts, &position, &fingerprint))
		room++;
	made = calloc(room + 1, sizeof(*made));
	ENSURE(made != NULL, ERR_LOCAL_MEMORY);
	position = 0;
	while (check_accounts_lacks(known->accounts, &position, &fingerprint)) {
		if (!is_unread(known, fingerprint))
			continue;
		made[count].fingerprint = digest_of(fingerprint.p);
		made[count++].whole = forget(known, fingerprint);
	}
	grown =
	    realloc(known->list, (known->count + room + 1) * sizeof(*grown));
	ENSURE(grown != NULL, ERR_LOCAL_MEMORY);
	known->list = grown;
	memcpy(grown + known->count, made, count * sizeof(*made));
	*first = known->count;
	known->count += count;
	qsort(grown + *first, known->count - *first, sizeof(*grown), compare);
out:
	free(made);
	return e;
}

static void put_params(const struct reading *reading, struct params *params)
{
	const struct kept_reading *all = reading->readings;

	params_open_array(params, PARAMS_BYTEA, reading->count);
	for (size_t i = 0; i < reading->count; i++)
		params_put_bytes(params, SPAN_ARRAY(all[i].fingerprint));
	params_close_array(params);
	params_open_array(params, PARAMS_INT8, reading->count);
	for (size_t i = 0; i < reading->count; i++)
		params_put_i64(params,
			       all[i].from != NULL ? all[i].from->branch : 0);
	params_close_array(params);
	params_open_array(params, PARAMS_INT8, reading->count);
	for (size_t i = 0; i < reading->count; i++)
		params_put_i64(params, (int64_t)all[i].place.number);
	params_close_array(params);
	params_open_array(params, PARAMS_BYTEA, reading->count);
	for (size_t i = 0; i < reading->count; i++)
		params_put_bytes(params, SPAN_ARRAY(all[i].place.hash));
	params_close_array(params);
	params_i64(params, KNOWN_BRANCHES);
	params_open_array(params, PARAMS_INT8, reading->count);
	for (size_t i = 0; i < reading->count; i++)
		params_put_i64(params, (int64_t)all[i].wanted.number);
	params_close_array(params);
	params_open_array(params, PARAMS_BYTEA, reading->count);
	for (size_t i = 0; i < reading->count; i++)
		params_put_bytes(params, SPAN_ARRAY(all[i].wanted.hash));
	params_close_array(params);
}

static void begin_all(struct reading *reading)
{
	struct known_log *list = reading->known->list + reading->first;

	for (size_t i = 0; i < reading->count; i++) {
		struct span fingerprint = SPAN_ARRAY(list[i].fingerprint.bytes);
		struct account_place wanted = check_accounts_lacked(
		    reading->known->accounts, fingerprint);

		kept_reading_begin(&reading->readings[i], kept, fingerprint,
				   &wanted, list[i].whole);
		list[i].whole =
		    wanted.number > 0 && reading->readings[i].from == NULL;
	}
}

void known_logs_read(struct known_logs *known,
		     void (*done)(void *arg, enum err e), void *arg)
{
	struct reading *reading = calloc(1, sizeof(*reading));
	struct params params = PARAMS_INIT;
	enum err e;

	if (reading == NULL) {
		done(arg, ERR_LOCAL_MEMORY);
		return;
	}
	*reading = (struct reading){ known, done, arg, 0, 0, NULL };
	TRY(note(known, &reading->first));
	reading->readings =
	    calloc(known->count - reading->first, sizeof(*reading->readings));
	ENSURE(reading->readings != NULL, ERR_LOCAL_MEMORY);
	reading->count = known->count - reading->first;
	begin_all(reading);
	put_params(reading, &params);
	TRY(store_query(answer_store(), STATEMENT_ACCOUNT_LINKS, &params,
			on_links, reading));
	return;
out:
	params_clear(&params);
	end_reading(reading, e);
}

/* ---- keeping what a commit carried ---- */

struct keeping {
	struct known_logs *known;
	void (*done)(void *arg, enum err e);
	void *arg;
	size_t position; /* of check_accounts_grown() */
	struct span
	    rest; /* opaque link<V> each: of that account, to be stored */
	struct new_link link;
};

static void keep_next(struct keeping *keeping);

static void end_keeping(struct keeping *keeping, enum err e)
{
	keeping->done(keeping->arg, e);
	free(keeping);
}

static void on_kept(void *arg, enum err e, struct rows *rows)
{
	struct keeping *keeping = arg;

	if (e != ERR_OK) {
		end_keeping(keeping, e);
		return;
	}
	revocations_tell_rows(rows);
	/* another link has the number meanwhile: none goes on from here */
	if (!rows_text_is(rows, 0, "outcome", "ok") &&
	    !rows_text_is(rows, 0, "outcome", "duplicate"))
		keeping->rest = SPAN_EMPTY;
	keep_next(keeping);
}

/* What counts before the log as it was read takes its place. */
static enum err keep_branch(struct keeping *keeping,
			    const struct kept_log *stored)
{
	struct new_branch branch = { .first = 0 };
	struct account_place last;
	struct span links;
	enum err e;

	TRY(check_accounts_find(keeping->known->accounts,
				SPAN_ARRAY(stored->fingerprint), &branch.log,
				&links));
	branch.first =
	    account_links_shared(buf_span(&stored->links), links) + 1;
	branch.links = account_links_behind(links, branch.first - 1);
	account_log_place(stored->log, &last);
	branch.last = digest_of(last.hash);
	TRY(account_links_take_branch(&branch, on_kept, keeping));
out:
	return e;
}

static bool counts(const struct keeping *keeping, struct span fingerprint,
		   struct span links)
{
	const struct account_log *log;
	struct span counting;

	return check_accounts_find(keeping->known->accounts, fingerprint, &log,
				   &counting) == ERR_OK &&
	       span_equal(links, counting);
}

/* The next account whose log has grown: *parted, it took the place of the one that is
 * stored. A branch that does not count is not kept. */
static bool next_log(struct keeping *keeping, const struct kept_log **parted)
{
	struct span fingerprint, links;

	while (check_accounts_grown(keeping->known->accounts,
				    &keeping->position, &fingerprint, &links)) {
		const struct known_log *log = find(keeping->known, fingerprint);
		struct span stored;

		if (log == NULL || log->kept == NULL ||
		    !counts(keeping, fingerprint, links))
			continue;
		stored = buf_span(&log->kept->links);
		if (links.n <= stored.n ||
		    !span_equal(span_of(links.p, stored.n), stored)) {
			*parted = log->kept;
			return true;
		}
		keeping->link.fingerprint = digest_of(fingerprint.p);
		keeping->rest = span_of(links.p + stored.n, links.n - stored.n);
		return true;
	}
	return false;
}

static void keep_next(struct keeping *keeping)
{
	const struct kept_log *parted = NULL;
	struct rd r;
	enum err e;

	if (keeping->rest.n == 0 && !next_log(keeping, &parted)) {
		end_keeping(keeping, ERR_OK);
		return;
	}
	if (parted != NULL) {
		TRY(keep_branch(keeping, parted));
		return;
	}
	r = rd_init(keeping->rest);
	keeping->link.bytes = rd_vec(&r);
	ENSURE(rd_ok(&r), ERR_LOCAL_BUG);
	keeping->rest = rd_take(&r, rd_left(&r));
	TRY(account_link_decode(keeping->link.bytes, &keeping->link.link));
	TRY(account_link_hash(keeping->link.bytes, keeping->link.hash.bytes));
	TRY(account_links_append(&keeping->link, on_kept, keeping));
	return;
out:
	end_keeping(keeping, e);
}

void known_logs_keep(struct known_logs *known,
		     void (*done)(void *arg, enum err e), void *arg)
{
	struct keeping *keeping = calloc(1, sizeof(*keeping));

	if (keeping == NULL) {
		done(arg, ERR_LOCAL_MEMORY);
		return;
	}
	keeping->known = known;
	keeping->done = done;
	keeping->arg = arg;
	keep_next(keeping);
}
