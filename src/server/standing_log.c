#include "server/standing_log.h"

#include "server/answer.h"

static void end(struct standing_log *standing, enum err e)
{
	standing->done(standing->arg, e);
}

/* It was the only one that was wanted. */
static void on_read(void *arg, enum err e)
{
	struct standing_log *standing = arg;

	if (e == ERR_OK)
		standing->kept = standing->known.list[0].kept;
	if (standing->kept != NULL)
		account_log_place(standing->kept->log, &standing->end);
	end(standing, e);
}

static void on_account(void *arg, enum err e, struct rows *rows)
{
	struct standing_log *standing = arg;

	TRY(e);
	standing->account = rows_count(rows) > 0;
	if (!standing->account)
		goto out;
	standing->user = rows_uuid(rows, 0, "user_id");
	if (rows_is_null(rows, 0, "fingerprint")) {
		TRY(rows_end(rows));
		goto out;
	}
	TRY(known_logs_begin(&standing->known));
	TRY(known_logs_need(&standing->known,
			    rows_bytes(rows, 0, "fingerprint")));
	TRY(rows_end(rows));
	known_logs_read(&standing->known, on_read, standing);
	return;
out:
	end(standing, e);
}

void standing_log_find(struct standing_log *standing,
		       const struct account_name *name, struct uuid asker,
		       void (*done)(void *arg, enum err e), void *arg)
{
	struct params params = PARAMS_INIT;
	enum err e;

	standing->done = done;
	standing->arg = arg;
	if (name->is_fingerprint) {
		params_null(&params);
		params_digest(&params, name->fingerprint);
	} else {
		params_text(&params, name->username);
		params_null(&params);
	}
	params_uuid(&params, asker);
	e = store_query(answer_store(), STATEMENT_ACCOUNT_LOG_FIND, &params,
			on_account, standing);
	if (e != ERR_OK)
		end(standing, e);
}

void standing_log_clear(struct standing_log *standing)
{
	known_logs_clear(&standing->known);
	standing->kept = NULL;
}
