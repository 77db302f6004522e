/* /users/{username}/log: a link is verified, then it stands in the log. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "check/account.h"
#include "server/account_links.h"
#include "server/answer.h"
#include "server/body.h"
#include "server/config.h"
#include "server/revocations.h"
#include "server/routes_table.h"
#include "server/standing_log.h"

/* One posted link until it is answered. */
struct linking {
	struct request *req;
	struct identity who;
	struct account_name account;
	struct body body; /* what these borrow from */
	struct new_link new;

	struct standing_log standing;
	const struct account_log
	    *log;     /* it goes behind that; NULL: it is the first */
	int64_t last; /* the number of what stands last */
};

static void end(struct linking *l)
{
	standing_log_clear(&l->standing);
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

static void answer(struct linking *l, int status)
{
	account_links_answer(l->req, status, l->new.link.number, l->new.hash);
	end(l);
}

/* ---- storing ---- */

static void on_appended(void *arg, enum err e, struct rows *rows)
{
	struct linking *l = arg;
	struct span outcome;

	if (e == ERR_OK && rows_count(rows) < 1)
		e = ERR_LOCAL_BUG;
	TRY(e);
	revocations_tell_rows(rows);
	outcome = rows_text(rows, 0, "outcome");
	if (!rows_is_null(rows, 0, "last"))
		l->last = rows_i64(rows, 0, "last");
	TRY(rows_end(rows));
	if (span_equal(outcome, SPAN_LIT("ok")))
		answer(l, 201);
	else if (span_equal(outcome, SPAN_LIT("duplicate")))
		answer(l, 200);
	else if (span_equal(outcome, SPAN_LIT("gap")))
		end_problem(l, OUTCOME_LINK_GAP, NULL);
	else
		end_problem(l, OUTCOME_LINK_TAKEN, NULL);
	return;
out:
	end_failed(l, e);
}

static void append(struct linking *l)
{
	enum err e;

	if (!account_links_allowed(l->req, l->new.fingerprint)) {
		end(l);
		return;
	}
	if (l->new.link.number == 1)
		l->new.user = &l->standing.user;
	l->new.device = &l->who.device;
	e = account_links_append(&l->new, on_appended, l);
	if (e != ERR_OK)
		end_failed(l, e);
}

/* ---- checking ---- */

/* A log begins with the link. */
static struct check_verdict judge_first(const struct linking *l)
{
	struct check_verdict verdict = { NULL, false, true };
	struct account_log *log;

	if (account_log_new(&log) != ERR_OK)
		return verdict;
	verdict = account_log_add(log, l->new.bytes);
	if (verdict.wrong == NULL &&
	    !account_log_is_named(log, l->new.salt, span_str(l->who.username)))
		verdict.wrong = "it is another name's";
	account_log_free(log);
	return verdict;
}

static void check(struct linking *l)
{
	struct check_verdict verdict =
	    l->log != NULL ? account_log_judge(l->log, l->new.bytes)
			   : judge_first(l);

	if (verdict.local)
		end_failed(l, ERR_LOCAL_MEMORY);
	else if (verdict.denied)
		end_problem(l, OUTCOME_NOT_ALLOWED, verdict.wrong);
	else if (verdict.wrong != NULL)
		end_invalid(l, verdict.wrong);
	else
		append(l);
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
	if (l->new.link.number == 1 &&
	    !uuid_equal(l->standing.user, l->who.user))
		end_problem(l, OUTCOME_FORBIDDEN,
			    "an account's first link is its own");
	else if (l->new.link.number != (uint64_t)l->last + 1)
		end_problem(l, OUTCOME_LINK_GAP, NULL);
	else
		check(l);
}

/* The hash of the link that has the posted one's number; empty: none has. */
static struct span hash_standing(const struct linking *l)
{
	if (l->log == NULL || l->new.link.number > (uint64_t)l->last)
		return SPAN_EMPTY;
	return account_log_hash(l->log, l->new.link.number);
}

static void take_log(struct linking *l)
{
	if (l->standing.kept == NULL)
		return;
	l->log = l->standing.kept->log;
	l->last = (int64_t)l->standing.end.number;
	l->new.fingerprint = digest_of(l->standing.kept->fingerprint);
}

/* Another account takes the name: what stood there does not count for it. */
static void forget_log(struct linking *l)
{
	l->log = NULL;
	l->last = 0;
}

static void on_log(void *arg, enum err e)
{
	struct linking *l = arg;
	struct span standing;

	if (e != ERR_OK) {
		end_failed(l, e);
		return;
	}
	if (!l->standing.account) {
		end_problem(l, OUTCOME_NO_SUCH_USER, NULL);
		return;
	}
	take_log(l);
	standing = hash_standing(l);
	if (span_equal(standing, SPAN_ARRAY(l->new.hash.bytes))) {
		answer(l, 200);
		return;
	}
	if (l->new.anew && l->new.link.number == 1) {
		forget_log(l);
	} else if (standing.n > 0) {
		end_problem(l, OUTCOME_LINK_TAKEN, NULL);
		return;
	}
	if (l->new.link.number == 1)
		l->new.fingerprint = l->new.hash;
	judge(l);
}

/* ---- the request ---- */

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
		standing_log_find(&l->standing, &l->account, l->who.user,
				  on_log, l);
}
