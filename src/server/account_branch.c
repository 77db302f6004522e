/* /users/{username}/log/branch: links that part from an account's log as it stands are
 * verified, and take its place where they count before it. */
#include <stdlib.h>

#include "base/rd.h"
#include "base/text.h"
#include "server/account_links.h"
#include "server/answer.h"
#include "server/body.h"
#include "server/edge/job.h"
#include "server/revocations.h"
#include "server/routes_table.h"
#include "server/standing_log.h"

/* One posted branch until it is answered. */
struct branching {
	struct request *req;
	struct identity who;
	struct account_name account;
	struct buf links; /* posted: opaque link<V> each */
	uint64_t first;	  /* the number of the first of them */
	struct standing_log standing;
	int64_t last; /* the number of what stands last */

	struct account_log *log; /* with the branch */
	struct new_branch new;
	enum account_order order;
	struct check_verdict verdict;
};

static void end(struct branching *b)
{
	account_log_free(b->log);
	buf_clear(&b->links);
	standing_log_clear(&b->standing);
	free(b);
}

static void end_failed(struct branching *b, enum err e)
{
	answer_fail(b->req, e);
	end(b);
}

static void end_problem(struct branching *b, enum outcome outcome,
			const char *detail)
{
	request_refuse(b->req,
		       (struct problem){ outcome, detail, (uint64_t)b->last });
	end(b);
}

/* ---- storing ---- */

/* The log ends with it now, or did before. */
static void answer(struct branching *b, int status)
{
	struct account_place place;

	account_log_place(b->log, &place);
	account_links_answer(b->req, status, place.number,
			     digest_of(place.hash));
	end(b);
}

static void on_taken(void *arg, enum err e, struct rows *rows)
{
	struct branching *b = arg;
	bool taken;

	if (e == ERR_OK && rows_count(rows) < 1)
		e = ERR_LOCAL_BUG;
	TRY(e);
	revocations_tell_rows(rows);
	b->last = rows_i64(rows, 0, "last");
	taken = rows_text_is(rows, 0, "outcome", "ok");
	TRY(rows_end(rows));
	if (taken)
		answer(b, 201);
	else
		end_problem(b, OUTCOME_LINK_TAKEN, NULL);
	return;
out:
	end_failed(b, e);
}

/* ---- checking ---- */

/* The log up to where the branch parts from it, and what stands from there on. What
 * was posted of the log itself is no part of the branch. */
static enum err share(struct branching *b, struct account_log **common,
		      struct span *behind)
{
	struct span all = buf_span(&b->standing.kept->links);
	struct span posted = buf_span(&b->links);
	uint64_t shared;
	enum err e;

	*behind = account_links_behind(all, b->first - 1);
	shared = account_links_shared(*behind, posted);
	*behind = account_links_behind(*behind, shared);
	b->first += shared;
	b->new.links = account_links_behind(posted, shared);
	TRY(account_log_new(common));
	ENSURE(account_log_load(*common, span_of(all.p, all.n - behind->n))
		       .wrong == NULL,
	       ERR_LOCAL_BUG);
out:
	return e;
}

static enum err verify(struct branching *b)
{
	struct account_log *common = NULL;
	struct span behind;
	enum err e;

	TRY(share(b, &common, &behind));
	b->verdict =
	    account_log_compare(common, behind, b->new.links, &b->order);
	if (b->verdict.wrong != NULL)
		goto out;
	TRY(account_log_copy(common, &b->log));
	ENSURE(account_log_load(b->log, b->new.links).wrong == NULL,
	       ERR_LOCAL_BUG);
	b->new.log = b->log;
	b->new.first = b->first;
	b->new.last = digest_of(b->standing.end.hash);
out:
	account_log_free(common);
	return e;
}

static void check(void *arg)
{
	struct branching *b = arg;

	if (verify(b) != ERR_OK)
		b->verdict.local = true;
}

static void take(struct branching *b)
{
	enum err e;

	if (!account_links_allowed(
		b->req, digest_of(account_log_fingerprint(b->log).p))) {
		end(b);
		return;
	}
	e = account_links_take_branch(&b->new, on_taken, b);
	if (e != ERR_OK)
		end_failed(b, e);
}

static void on_checked(void *arg)
{
	struct branching *b = arg;

	if (b->verdict.local) {
		end_failed(b, ERR_LOCAL_MEMORY);
	} else if (b->verdict.wrong != NULL) {
		end_problem(b,
			    b->verdict.denied ? OUTCOME_NOT_ALLOWED
					      : OUTCOME_LINK_INVALID,
			    b->verdict.wrong);
	} else if (b->order == ACCOUNT_SAME ||
		   b->order == ACCOUNT_FIRST_LONGER) {
		answer(b, 200);
	} else if (b->order != ACCOUNT_SECOND) {
		end_problem(b, OUTCOME_LINK_TAKEN,
			    "it does not count before the log that stands");
	} else {
		take(b);
	}
}

static void on_log(void *arg, enum err e)
{
	struct branching *b = arg;

	if (e == ERR_OK && !b->standing.account) {
		end_problem(b, OUTCOME_NO_SUCH_USER, NULL);
		return;
	}
	b->last = (int64_t)b->standing.end.number;
	if (e == ERR_OK && b->first > b->standing.end.number) {
		end_problem(b, OUTCOME_LINK_GAP, NULL);
		return;
	}
	if (e == ERR_OK)
		e = job_run(check, on_checked, b);
	if (e != ERR_OK)
		end_failed(b, e);
}

/* ---- the request ---- */

/* NULL, or what is wrong with the list. */
static const char *read_links(struct branching *b, const char *const *texts,
			      size_t count)
{
	struct account_link link;
	struct buf bytes = BUF_INIT;
	const char *wrong = count == 0 ? "no link is in it" : NULL;

	for (size_t i = 0; wrong == NULL && i < count; i++) {
		buf_reset(&bytes);
		if (text_base64(&bytes, span_str(texts[i])) != ERR_OK ||
		    bytes.n > ACCOUNT_LINK_MAX ||
		    account_link_decode(buf_span(&bytes), &link) != ERR_OK)
			wrong = "it is no link, or of a version or kind that "
				"is not known here";
		else if (i == 0 && link.number < 2)
			wrong = "a branch begins behind the first link";
		else if (i == 0)
			b->first = link.number;
		buf_put_vec(&b->links, buf_span(&bytes));
	}
	buf_clear(&bytes);
	return wrong;
}

void account_branch_post(const struct call *call)
{
	struct request *req = call->req;
	const char *texts[BODY_ITEMS_MAX], *wrong;
	struct branching *b;
	struct body body;
	size_t count;

	if (!body_read(&body, req))
		return;
	count = body_texts(&body, "links", texts);
	if (!body_end(&body, req))
		return;
	b = calloc(1, sizeof(*b));
	if (b == NULL) {
		body_free(&body);
		answer_fail(req, ERR_LOCAL_MEMORY);
		return;
	}
	b->req = req;
	b->who = call->who;
	b->account = account_name_of(request_param(req, "username"));
	wrong = read_links(b, texts, count);
	body_free(&body);
	if (wrong != NULL)
		end_problem(b, OUTCOME_LINK_INVALID, wrong);
	else if (b->links.fail != ERR_OK)
		end_failed(b, b->links.fail);
	else
		standing_log_find(&b->standing, &b->account, b->who.user,
				  on_log, b);
}
