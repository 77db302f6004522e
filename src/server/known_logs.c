#include "server/known_logs.h"

#include <stdlib.h>
#include <string.h>

#include "server/answer.h"

static struct known_log *find(const struct known_logs *known,
			      struct span fingerprint)
{
	for (size_t i = 0; i < known->count; i++)
		if (span_equal(SPAN_ARRAY(known->list[i].fingerprint),
			       fingerprint))
			return &known->list[i];
	return NULL;
}

static enum err give_logs(void *context, struct span fingerprint,
			  struct buf *logs)
{
	const struct known_log *log = find(context, fingerprint);

	if (log != NULL)
		buf_put_vec(logs, buf_span(&log->links));
	return logs->fail;
}

/* New ones: what was taken over from a commit that was not judged is forgotten. */
static enum err start(struct known_logs *known)
{
	const struct check_source source = { give_logs, known };

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
	for (size_t i = 0; i < known->count; i++)
		buf_clear(&known->list[i].links);
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

/* ---- reading ---- */

struct reading {
	struct known_logs *known;
	void (*done)(void *arg, enum err e);
	void *arg;
};

static enum err take(struct known_logs *known, struct rows *rows)
{
	enum err e;

	for (size_t i = 0; i < rows_count(rows); i++) {
		struct known_log *log =
		    find(known, rows_bytes(rows, i, "fingerprint"));

		ENSURE(log != NULL, ERR_LOCAL_BUG);
		buf_put_vec(&log->links, rows_bytes(rows, i, "link"));
		TRY(log->links.fail);
	}
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
		grown[known->count] = (struct known_log){ .links = BUF_INIT };
		(void)span_copy(grown[known->count].fingerprint, fingerprint);
		known->count++;
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
		params_put_bytes(&params,
				 SPAN_ARRAY(known->list[i].fingerprint));
	params_close_array(&params);
	TRY(store_query(answer_store(), STATEMENT_ACCOUNT_LINKS, &params,
			on_links, reading));
	return;
out:
	params_clear(&params);
	free(reading);
	done(arg, e);
}
