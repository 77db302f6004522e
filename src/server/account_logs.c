/* Reading accounts' logs: /users/{username}/log, and /users/logs for many. */

#include "base/text.h"
#include "door/json.h"
#include "server/account_name.h"
#include "server/answer.h"
#include "server/body.h"
#include "server/page.h"
#include "server/routes_table.h"

enum {
	LINKS_MAX = 500,	    /* of one log in an answer */
	LINKS_OF_MANY = 128,	    /* of each log, where many are asked for */
	BYTES_MAX = 2 * 1024 * 1024 /* of all links in an answer */
};

/* ---- the answer ---- */

/* Rows from i on that are of one account; *end is behind them. */
static void put_log(struct buf *out, struct rows *rows, size_t i, size_t *end)
{
	int64_t place = rows_i64(rows, i, "place"), last = 0, shown = 0;
	bool there = !rows_is_null(rows, i, "fingerprint");

	buf_put_u8(out, '{');
	account_name_put(out, "username", rows, i);
	if (there) {
		last = rows_i64(rows, i, "last");
		buf_put_str(out, ",\"salt\":\"");
		text_put_base64(out, rows_bytes(rows, i, "salt"));
		buf_put_u8(out, '"');
	}
	buf_putf(out, ",\"last\":%lld,\"links\":[", (long long)last);
	*end = i;
	for (;
	     *end < rows_count(rows) && rows_i64(rows, *end, "place") == place;
	     ++*end) {
		if (rows_is_null(rows, *end, "link"))
			continue;
		buf_put_str(out, shown > 0 ? ",\"" : "\"");
		text_put_base64(out, rows_bytes(rows, *end, "link"));
		buf_put_u8(out, '"');
		shown = rows_i64(rows, *end, "number");
	}
	buf_put_u8(out, ']');
	if (shown > 0 && shown < last)
		buf_putf(out, ",\"next\":%lld", (long long)shown);
	buf_put_u8(out, '}');
}

static void on_log(void *arg, enum err e, struct rows *rows)
{
	struct request *req = arg;
	struct buf out = BUF_INIT;
	size_t end;

	if (e != ERR_OK) {
		answer_fail(req, e);
	} else if (rows_count(rows) == 0) {
		request_problem(req, OUTCOME_NO_SUCH_USER, NULL);
	} else {
		put_log(&out, rows, 0, &end);
		answer_rows(req, 200, rows, &out);
	}
}

static void on_logs(void *arg, enum err e, struct rows *rows)
{
	struct request *req = arg;
	struct buf out = BUF_INIT;

	if (e != ERR_OK) {
		answer_fail(req, e);
		return;
	}
	buf_put_str(&out, "{\"logs\":[");
	for (size_t i = 0; i < rows_count(rows);) {
		buf_put_str(&out, i > 0 ? "," : "");
		put_log(&out, rows, i, &i);
	}
	buf_put_str(&out, "]}");
	answer_rows(req, 200, rows, &out);
}

/* ---- the question ---- */

static void put_names(struct params *params, const struct account_name *names,
		      size_t count)
{
	params_open_array(params, PARAMS_TEXT, count);
	for (size_t i = 0; i < count; i++)
		params_put_bytes(params, names[i].username);
	params_close_array(params);
	params_open_array(params, PARAMS_BYTEA, count);
	for (size_t i = 0; i < count; i++)
		params_put_bytes(params,
				 names[i].is_fingerprint
				     ? SPAN_ARRAY(names[i].fingerprint.bytes)
				     : SPAN_EMPTY);
	params_close_array(params);
}

static void ask(const struct call *call, const struct account_name *names,
		const uint64_t *after, size_t count, uint64_t limit,
		connection_done *done)
{
	struct params params = PARAMS_INIT;

	put_names(&params, names, count);
	params_open_array(&params, PARAMS_INT8, count);
	for (size_t i = 0; i < count; i++)
		params_put_i64(&params, (int64_t)after[i]);
	params_close_array(&params);
	params_i64(&params, (int64_t)limit);
	params_i64(&params, BYTES_MAX);
	params_uuid(&params, call->who.user);
	answer_query(call->req, STATEMENT_ACCOUNT_LOGS, &params, done);
}

void account_logs_get(const struct call *call)
{
	struct request *req = call->req;
	struct account_name name =
	    account_name_of(request_param(req, "username"));
	uint64_t after = 0, limit;
	struct span text;

	if (request_query(req, "after", &text) &&
	    text_parse_u64(&after, text, INT64_MAX) != ERR_OK) {
		request_problem(req, OUTCOME_MALFORMED,
				"after must be a whole number");
		return;
	}
	if (!page_limit(req, LINKS_MAX, LINKS_MAX, &limit)) {
		request_problem(req, OUTCOME_MALFORMED,
				"limit must be 1 to 500");
		return;
	}
	ask(call, &name, &after, 1, limit, on_log);
}

void account_logs_ask(const struct call *call)
{
	struct request *req = call->req;
	struct account_name names[BODY_ITEMS_MAX];
	const char *texts[BODY_ITEMS_MAX];
	uint64_t after[BODY_ITEMS_MAX];
	struct body body;
	size_t count, given;

	if (!body_read(&body, req))
		return;
	count = body_texts(&body, "accounts", texts);
	given = body_numbers(&body, "after", INT64_MAX, after);
	if (!body_end(&body, req))
		return;
	if (given != 0 && given != count) {
		body_free(&body);
		request_problem(req, OUTCOME_INVALID,
				"after has a number for each account");
		return;
	}
	for (size_t i = 0; i < count; i++)
		names[i] = account_name_of(span_str(texts[i]));
	for (size_t i = given; i < count; i++)
		after[i] = 0;
	ask(call, names, after, count, LINKS_OF_MANY, on_logs);
	body_free(&body);
}
