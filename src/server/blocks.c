/* /blocks: whom a person has blocked. To these the person's name is as one that nobody
 * has: the statements that look a name up see to that (sql/functions/visible_name.sql). */
#include "server/account_name.h"
#include "server/answer.h"
#include "server/body.h"
#include "server/routes_table.h"

enum { BLOCKS_MAX = 1000 }; /* of one account */

static void put_name(struct params *params, const struct account_name *name)
{
	if (name->is_fingerprint) {
		params_null(params);
		params_digest(params, name->fingerprint);
	} else {
		params_text(params, name->username);
		params_null(params);
	}
}

static void put_blocked(struct buf *out, struct rows *rows, size_t i)
{
	buf_put_u8(out, '{');
	account_name_put(out, "username", rows, i);
	buf_put_u8(out, '}');
}

static void on_list(void *arg, enum err e, struct rows *rows)
{
	answer_list(arg, e, rows, "blocked", put_blocked);
}

void blocks_list(const struct call *call)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, call->who.user);
	answer_query(call->req, STATEMENT_BLOCK_LIST, &params, on_list);
}

static void on_added(void *arg, enum err e, struct rows *rows)
{
	struct request *req = arg;

	if (!answer_has_one(req, e, rows))
		return;
	if (rows_text_is(rows, 0, "outcome", "ok"))
		request_answer(req, 204, NULL, SPAN_EMPTY);
	else if (rows_text_is(rows, 0, "outcome", "own"))
		request_problem(req, OUTCOME_INVALID,
				"nobody can block themselves");
	else if (rows_text_is(rows, 0, "outcome", "full"))
		request_problem(req, OUTCOME_QUOTA_EXCEEDED,
				"an account can block 1,000 others");
	else
		request_problem(req, OUTCOME_NO_SUCH_USER, NULL);
}

void blocks_add(const struct call *call)
{
	struct params params = PARAMS_INIT;
	struct account_name name;
	struct body body;

	if (!body_read(&body, call->req))
		return;
	name = account_name_of(span_str(body_text(&body, "username")));
	params_uuid(&params, call->who.user);
	put_name(&params, &name);
	params_i64(&params, BLOCKS_MAX);
	if (!body_end(&body, call->req)) {
		params_clear(&params);
		return;
	}
	body_free(&body);
	answer_query(call->req, STATEMENT_BLOCK_INSERT, &params, on_added);
}

static void on_removed(void *arg, enum err e, struct rows *rows)
{
	(void)rows; /* nobody was blocked: that is what is wanted */
	if (e != ERR_OK)
		answer_fail(arg, e);
	else
		request_answer(arg, 204, NULL, SPAN_EMPTY);
}

void blocks_remove(const struct call *call)
{
	struct account_name name =
	    account_name_of(request_param(call->req, "username"));
	struct params params = PARAMS_INIT;

	params_uuid(&params, call->who.user);
	put_name(&params, &name);
	answer_query(call->req, STATEMENT_BLOCK_DELETE, &params, on_removed);
}
