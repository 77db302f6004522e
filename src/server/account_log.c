/* /users/{username}/log: a link is verified, then it stands in the log. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "check/account.h"
#include "server/account_links.h"
#include "server/account_name.h"
#include "server/answer.h"
#include "server/body.h"
#include "server/config.h"
#include "server/edge/job.h"
#include "server/revocations.h"
#include "server/routes_table.h"

/* Of the log so far: above, it is gone through on a task. */
enum { CHECK_HERE_BYTES = 32768 };

/* One posted link until it is answered. */
struct linking {
	struct request *req;
	struct identity who;
	struct account_name account;
	struct body body; /* what these borrow from */
	struct new_link new;

	/* what stands */
	struct buf links; /* opaque link<V> each */
	int64_t last;
	struct uuid user;

	struct check_verdict verdict;
};

static void end(struct linking *l)
{
	buf_clear(&l->links);
	if (l->body.json != NULL)
		body_free(&l->body);
	free(l);
}

static void end_failed(struct linking *l, enum err e)
{
	answer_fail(l->req, e);
	end(l);
}

static void end_problem(struct linking *l, enum outcome outcome,
			const char *detail)
{
	request_refuse(l->req,
		       (struct problem){ outcome, detail, (uint64_t)l->last });
	end(l);
}

static void end_invalid(struct linking *l, const char *wrong)
{
	end_problem(l, OUTCOME_LINK_INVALID, wrong);
}

static void answer(struct linking *l, struct rows *rows, int status)
{
	struct buf out = BUF_INIT;

	buf_putf(&out, "{\"number\":%llu,\"hash\":\"",
		 (unsigned long long)l->new.link.number);
	digest_put(&out, l->new.hash);
	buf_put_str(&out, "\"}");
	answer_rows(l->req, status, rows, &out);
	end(l);
}

/* ---- storing ---- */

static void on_appended(void *arg, enum err e, struct rows *rows)
{
	struct linking *l = arg;
	struct span outcome;

	if (e != ERR_OK || rows_count(rows) < 1) {
		end_failed(l, e != ERR_OK ? e : ERR_LOCAL_BUG);
		return;
	}
	revocations_tell_rows(rows);
	outcome = rows_text(rows, 0, "outcome");
	if (!rows_is_null(rows, 0, "last"))
		l->last = rows_i64(rows, 0, "last");
	if (span_equal(outcome, SPAN_LIT("ok")))
		answer(l, rows, 201);
	else if (span_equal(outcome, SPAN_LIT("duplicate")))
		answer(l, rows, 200);
	else if (span_equal(outcome, SPAN_LIT("gap")))
		end_problem(l, OUTCOME_LINK_GAP, NULL);
	else
		end_problem(l, OUTCOME_LINK_TAKEN, NULL);
}

static void append(struct linking *l)
{
	enum err e;

	if (l->new.link.number == 1)
		l->new.user = &l->user;
	l->new.device = &l->who.device;
	e = account_links_append(&l->new, on_appended, l);
	if (e != ERR_OK)
		end_failed(l, e);
}

/* ---- checking ---- */

static enum err verify(struct linking *l, struct account_log **log)
{
	enum err e;

	TRY(account_log_new(log));
	/* they were verified when they came */
	l->verdict = account_log_load(*log, buf_span(&l->links));
	ENSURE(l->verdict.wrong == NULL, ERR_LOCAL_BUG);
	l->verdict = account_log_add(*log, l->new.bytes);
	if (l->verdict.wrong == NULL && l->new.salt.n > 0 &&
	    !account_log_is_named(*log, l->new.salt, span_str(l->who.username)))
		l->verdict.wrong = "it is another name's";
out:
	return e;
}

static void check(void *arg)
{
	struct linking *l = arg;
	struct account_log *log = NULL;

	if (verify(l, &log) != ERR_OK)
		l->verdict.local = true;
	account_log_free(log);
}

static void on_checked(void *arg)
{
	struct linking *l = arg;

	if (l->verdict.local)
		end_failed(l, ERR_LOCAL_MEMORY);
	else if (l->verdict.denied)
		end_problem(l, OUTCOME_NOT_ALLOWED, l->verdict.wrong);
	else if (l->verdict.wrong != NULL)
		end_invalid(l, l->verdict.wrong);
	else
		append(l);
}

/* The log as it stands; *standing is the link that has the posted one's number,
 * borrowed from the rows. */
static enum err take_log(struct linking *l, struct rows *rows,
			 struct span *standing)
{
	enum err e;

	l->user = rows_uuid(rows, 0, "user_id");
	if (!rows_is_null(rows, 0, "fingerprint"))
		l->new.fingerprint = rows_digest(rows, 0, "fingerprint");
	for (size_t i = 0; i < rows_count(rows); i++) {
		if (rows_is_null(rows, i, "link"))
			continue;
		l->last = rows_i64(rows, i, "number");
		buf_put_vec(&l->links, rows_bytes(rows, i, "link"));
		if ((uint64_t)l->last == l->new.link.number)
			*standing = rows_bytes(rows, i, "link");
	}
	TRY(rows_end(rows));
	TRY(buf_end(&l->links));
out:
	return e;
}

/* The first link is the user's own, and a salt comes with it. NULL: so it is. */
static const char *wrong_salt(const struct linking *l)
{
	if (l->new.link.number == 1 && l->new.salt.n != ACCOUNT_HASH)
		return "a salt of 32 bytes comes with the first link";
	if (l->new.link.number != 1 && l->new.salt.n > 0)
		return "a salt comes with the first link only";
	return NULL;
}

static void judge(struct linking *l)
{
	if (l->new.link.number == 1 && !uuid_equal(l->user, l->who.user)) {
		end_problem(l, OUTCOME_FORBIDDEN,
			    "an account's first link is its own");
	} else if (l->new.link.number != (uint64_t)l->last + 1) {
		end_problem(l, OUTCOME_LINK_GAP, NULL);
	} else if (l->links.n < CHECK_HERE_BYTES) {
		check(l);
		on_checked(l);
	} else {
		enum err e = job_run(check, on_checked, l);

		if (e != ERR_OK)
			end_failed(l, e);
	}
}

/* Another account takes the name: what stood there does not count for it. */
static bool begins_anew(const struct linking *l, struct span standing)
{
	return l->new.anew && l->new.link.number == 1 && standing.n > 0 &&
	       !span_equal(standing, l->new.bytes);
}

static void forget_log(struct linking *l)
{
	buf_reset(&l->links);
	l->last = 0;
	l->new.fingerprint = l->new.hash;
}

static void on_log(void *arg, enum err e, struct rows *rows)
{
	struct linking *l = arg;
	struct span standing = SPAN_EMPTY;

	if (e != ERR_OK) {
		end_failed(l, e);
	} else if (rows_count(rows) == 0) {
		end_problem(l, OUTCOME_NO_SUCH_USER, NULL);
	} else if ((e = take_log(l, rows, &standing)) != ERR_OK) {
		end_failed(l, e);
	} else if (standing.n > 0 && span_equal(standing, l->new.bytes)) {
		answer(l, rows, 200);
	} else if (begins_anew(l, standing)) {
		forget_log(l);
		judge(l);
	} else if (standing.n > 0) {
		end_problem(l, OUTCOME_LINK_TAKEN, NULL);
	} else {
		if (l->new.link.number == 1)
			l->new.fingerprint = l->new.hash;
		judge(l);
	}
}

/* ---- the request ---- */

static void ask(struct linking *l)
{
	struct params params = PARAMS_INIT;
	enum err e;

	if (l->account.is_fingerprint) {
		params_null(&params);
		params_digest(&params, l->account.fingerprint);
	} else {
		params_text(&params, l->account.username);
		params_null(&params);
	}
	params_uuid(&params, l->who.user);
	e = store_query(answer_store(), STATEMENT_ACCOUNT_LOG_ALL, &params,
			on_log, l);
	if (e != ERR_OK)
		end_failed(l, e);
}

void account_log_post(const struct call *call)
{
	struct request *req = call->req;
	struct linking *l;
	struct body body;
	const char *wrong;
	enum err e;

	if (!body_read(&body, req))
		return;
	l = calloc(1, sizeof(*l));
	if (l == NULL) {
		body_free(&body);
		answer_fail(req, ERR_LOCAL_MEMORY);
		return;
	}
	l->req = req;
	l->who = call->who;
	l->account = account_name_of(request_param(req, "username"));
	l->body = body;
	l->new.bytes = body_bytes(&l->body, "link", ACCOUNT_LINK_MAX);
	l->new.salt = body_optional_bytes(&l->body, "salt", ACCOUNT_HASH);
	l->new.anew = body_optional_flag(&l->body, "anew");
	if (!body_end(&l->body, req)) {
		l->body = (struct body){ .json = NULL };
		end(l);
		return;
	}
	e = account_link_decode(l->new.bytes, &l->new.link);
	if (e != ERR_OK)
		end_invalid(l, e == ERR_PEER_UNSUPPORTED
				   ? "its version or kind is not known here"
				   : "it is no link");
	else if ((wrong = wrong_salt(l)) != NULL)
		end_invalid(l, wrong);
	else if ((e = account_link_hash(l->new.bytes, l->new.hash.bytes)) !=
		 ERR_OK)
		end_failed(l, e);
	else
		ask(l);
}
