#include "server/known_logs.h"

#include <stdlib.h>
#include <string.h>

#include "base/rd.h"
#include "server/account_links.h"
#include "server/answer.h"
#include "server/revocations.h"

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

	if (log != NULL) {
		buf_put_vec(logs, buf_span(&log->links));
		buf_put(logs, buf_span(&log->branches));
	}
	return logs->fail;
}

/* New ones: what was taken over from a commit that was not judged is forgotten. */
static enum err start(struct known_logs *known)
{
	const struct check_source source = { .logs = give_logs,
					     .context = known };

	check_accounts_free(known->accounts);
	known->accounts = NULL;
	return check_accounts_new(&source, &known->accounts);
}

enum err known_logs_begin(struct known_logs *known)
{
	*known = (struct known_logs){ .accounts = NULL };
	return start(known);
}

void known_logs_clear(struct known_logs *known)
{
	for (size_t i = 0; i < known->count; i++) {
		buf_clear(&known->list[i].links);
		buf_clear(&known->list[i].branches);
	}
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

bool known_logs_wanted(const struct known_logs *known)
{
	struct span fingerprint;
	size_t position = 0;

	while (check_accounts_lacks(known->accounts, &position, &fingerprint))
		if (find(known, fingerprint) == NULL)
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
};

/* The next branch begins: what it takes the place of is one that is kept. */
static void part(struct known_log *log, int64_t branch, int64_t first)
{
	struct span links = buf_span(&log->links);

	buf_put_vec(&log->branches, links);
	log->links.n -= account_links_behind(links, (uint64_t)first - 1).n;
	log->branch = branch;
}

static enum err take_row(struct known_logs *known, struct rows *rows, size_t i)
{
	struct known_log *log = find(known, rows_bytes(rows, i, "fingerprint"));
	int64_t branch = rows_i64(rows, i, "branch");
	enum err e;

	ENSURE(log != NULL, ERR_LOCAL_BUG);
	if (branch != log->branch)
		part(log, branch, rows_i64(rows, i, "number"));
	buf_put_vec(&log->links, rows_bytes(rows, i, "link"));
	TRY(log->branches.fail);
	TRY(log->links.fail);
out:
	return e;
}

static enum err take(struct known_logs *known, struct rows *rows)
{
	enum err e;

	for (size_t i = 0; i < rows_count(rows); i++)
		TRY(take_row(known, rows, i));
	TRY(rows_end(rows));
	TRY(start(known));
out:
	return e;
}

static void on_links(void *arg, enum err e, struct rows *rows)
{
	struct reading *reading = arg;

	if (e == ERR_OK)
		e = take(reading->known, rows);
	reading->done(reading->arg, e);
	free(reading);
}

/* Makes room for what is lacking. */
static enum err note(struct known_logs *known, size_t *first)
{
	struct span fingerprint;
	size_t position = 0, lacking = 0;
	struct known_log *grown;
	enum err e = ERR_OK;

	*first = known->count;
	while (check_accounts_lacks(known->accounts, &position, &fingerprint))
		lacking += find(known, fingerprint) == NULL;
	grown =
	    realloc(known->list, (known->count + lacking + 1) * sizeof(*grown));
	ENSURE(grown != NULL, ERR_LOCAL_MEMORY);
	known->list = grown;
	position = 0;
	while (check_accounts_lacks(known->accounts, &position, &fingerprint)) {
		if (find(known, fingerprint) != NULL)
			continue;
		grown[known->count++] =
		    (struct known_log){ .fingerprint = digest_of(fingerprint.p),
					.links = BUF_INIT };
	}
out:
	return e;
}

void known_logs_read(struct known_logs *known,
		     void (*done)(void *arg, enum err e), void *arg)
{
	struct reading *reading = malloc(sizeof(*reading));
	struct params params = PARAMS_INIT;
	size_t first = 0;
	enum err e;

	ENSURE(reading != NULL, ERR_LOCAL_MEMORY);
	*reading = (struct reading){ known, done, arg };
	TRY(note(known, &first));
	params_open_array(&params, PARAMS_BYTEA, known->count - first);
	for (size_t i = first; i < known->count; i++)
		params_put_digest(&params, known->list[i].fingerprint);
	params_close_array(&params);
	TRY(store_query(answer_store(), STATEMENT_ACCOUNT_LINKS, &params,
			on_links, reading));
	return;
out:
	params_clear(&params);
	free(reading);
	done(arg, e);
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
static enum err keep_branch(struct keeping *keeping, struct span fingerprint,
			    struct span stored)
{
	struct new_branch branch = { .first = 0 };
	struct account_log *standing = NULL;
	struct account_place last;
	struct span links;
	enum err e;

	TRY(check_accounts_find(keeping->known->accounts, fingerprint,
				&branch.log, &links));
	branch.first = account_links_shared(stored, links) + 1;
	branch.links = account_links_behind(links, branch.first - 1);
	TRY(account_log_new(&standing));
	ENSURE(account_log_load(standing, stored).wrong == NULL, ERR_LOCAL_BUG);
	account_log_place(standing, &last);
	branch.last = digest_of(last.hash);
	TRY(account_links_take_branch(&branch, on_kept, keeping));
out:
	account_log_free(standing);
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
static bool next_log(struct keeping *keeping, struct span *parted,
		     struct span *stored_log)
{
	struct span fingerprint, links;

	while (check_accounts_grown(keeping->known->accounts,
				    &keeping->position, &fingerprint, &links)) {
		const struct known_log *log = find(keeping->known, fingerprint);
		struct span stored =
		    log != NULL ? buf_span(&log->links) : SPAN_EMPTY;

		if (stored.n == 0 || !counts(keeping, fingerprint, links))
			continue;
		if (links.n <= stored.n ||
		    !span_equal(span_of(links.p, stored.n), stored)) {
			*parted = fingerprint;
			*stored_log = stored;
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
	struct span parted = SPAN_EMPTY, stored = SPAN_EMPTY;
	struct rd r;
	enum err e;

	if (keeping->rest.n == 0 && !next_log(keeping, &parted, &stored)) {
		end_keeping(keeping, ERR_OK);
		return;
	}
	if (parted.n > 0) {
		TRY(keep_branch(keeping, parted, stored));
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
