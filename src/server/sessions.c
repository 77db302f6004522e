/* /sessions, /session/{session_id} and what belongs to it. */
#include "server/sessions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "door/json.h"
#include "server/answer.h"
#include "server/body.h"
#include "server/config.h"
#include "server/limited.h"
#include "server/page.h"
#include "server/routes_table.h"
#include "wire/letter.h"

enum { LIST_LIMIT = 50, LIST_MAX = 200 };

void sessions_put(struct buf *out, struct rows *rows, size_t i)
{
	buf_putf(out, "{\"session_id\":\"%s\",\"algorithm\":",
		 uuid_text(rows_uuid(rows, i, "session_id")).text);
	json_put_string(out, rows_text(rows, i, "algorithm"));
	buf_putf(out, ",\"epoch\":%lld,\"join_policy\":",
		 (long long)rows_i64(rows, i, "epoch"));
	json_put_string(out, rows_text(rows, i, "join_policy"));
	if (!rows_is_null(rows, i, "creator")) {
		buf_put_str(out, ",\"creator\":");
		json_put_string(out, rows_text(rows, i, "creator"));
	}
	buf_putf(out, ",\"created_at\":%lld,\"last_seq\":%lld,\"head\":\"",
		 (long long)rows_i64(rows, i, "created_ms"),
		 (long long)rows_i64(rows, i, "last_seq"));
	text_put_hex(out, rows_bytes(rows, i, "head"));
	buf_putf(out, "\",\"member\":%s}",
		 rows_bool(rows, i, "member") ? "true" : "false");
}

void sessions_problem(struct request *req, struct span outcome, uint64_t epoch)
{
	enum outcome named = outcomes_named(outcome);

	if (named <= OUTCOME_DUPLICATE || named == OUTCOME_INTERNAL)
		answer_fail(req, ERR_LOCAL_BUG);
	else
		request_refuse(req, (struct problem){ named, NULL, epoch });
}

void sessions_refuse(struct request *req, enum limit limit, struct rows *rows)
{
	if (rows_text_is(rows, 0, "outcome", "too-many-requests"))
		limited_by_statement(req, limit,
				     (uint64_t)rows_i64(rows, 0, "wait"));
	else
		sessions_problem(req, rows_text(rows, 0, "outcome"), 0);
}

void sessions_put_limits(struct params *params)
{
	params_i64(params, (int64_t)config()->invitations_per_day);
	params_i64(params, (int64_t)config()->invitations_pending);
}

/* ---- reading ---- */

static void on_item(void *arg, enum err e, struct rows *rows)
{
	struct request *req = arg;
	struct buf out = BUF_INIT;

	if (e != ERR_OK) {
		answer_fail(req, e);
		return;
	}
	/* whether a session exists is nobody's business who may not join */
	if (rows_count(rows) == 0 || (!rows_bool(rows, 0, "member") &&
				      !rows_bool(rows, 0, "may_join"))) {
		request_problem(req, OUTCOME_NO_SESSION, NULL);
		return;
	}
	sessions_put(&out, rows, 0);
	answer_rows(req, 200, rows, &out);
}

void sessions_item(const struct call *call)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, call->session);
	params_uuid(&params, call->who.user);
	params_uuid(&params, call->who.device);
	answer_query(call->req, STATEMENT_SESSION_GET, &params, on_item);
}

static void on_list(void *arg, enum err e, struct rows *rows)
{
	struct request *req = arg;
	struct buf out = BUF_INIT;
	uint64_t limit = LIST_LIMIT;
	size_t count;

	if (e != ERR_OK) {
		answer_fail(req, e);
		return;
	}
	(void)page_limit(req, LIST_LIMIT, LIST_MAX, &limit);
	count = rows_count(rows) < limit ? rows_count(rows) : (size_t)limit;
	buf_put_str(&out, "{\"sessions\":[");
	for (size_t i = 0; i < count; i++) {
		buf_put_str(&out, i > 0 ? "," : "");
		sessions_put(&out, rows, i);
	}
	buf_put_u8(&out, ']');
	if (rows_count(rows) > limit)
		buf_putf(
		    &out, ",\"next\":\"%s\"",
		    uuid_text(rows_uuid(rows, count - 1, "session_id")).text);
	buf_put_u8(&out, '}');
	answer_rows(req, 200, rows, &out);
}

void sessions_list(const struct call *call)
{
	struct params params = PARAMS_INIT;
	struct request *req = call->req;
	struct uuid after = { { 0 } };
	struct span text;
	uint64_t limit;

	if (!page_limit(req, LIST_LIMIT, LIST_MAX, &limit) ||
	    (request_query(req, "after", &text) &&
	     uuid_parse(&after, text) != ERR_OK)) {
		request_problem(req, OUTCOME_MALFORMED,
				"after is a session's id, limit 1 to 200");
		return;
	}
	params_uuid(&params, call->who.user);
	params_uuid(&params, call->who.device);
	params_uuid(&params, after);
	params_i32(&params, (int32_t)limit + 1); /* one more: is there more? */
	answer_query(req, STATEMENT_SESSION_LIST, &params, on_list);
}

/* ---- members ---- */

struct membership {
	struct call call;
	struct buf out;
};

static void end(struct membership *m)
{
	buf_clear(&m->out);
	free(m);
}

static void on_invited(void *arg, enum err e, struct rows *rows)
{
	struct membership *m = arg;

	if (e != ERR_OK) {
		answer_fail(m->call.req, e);
		end(m);
		return;
	}
	for (size_t i = 0; i < rows_count(rows); i++) {
		buf_put_str(&m->out, i > 0 ? "," : "");
		json_put_string(&m->out, rows_text(rows, i, "username"));
	}
	buf_put_str(&m->out, "]}");
	request_answer(m->call.req, 200, "application/json", buf_span(&m->out));
	end(m);
}

/* Appends the members; true when a device of the caller's is one of them, and has not
 * departed: who has is served nothing more. */
static bool put_members(struct membership *m, struct rows *rows)
{
	bool is_member = false;

	for (size_t i = 0; i < rows_count(rows); i++) {
		const struct uuid user = rows_uuid(rows, i, "user_id");
		const bool departed = rows_bool(rows, i, "departed");

		is_member |= !departed && uuid_equal(user, m->call.who.user);
		buf_putf(&m->out,
			 "%s{\"leaf_index\":%lld,\"user_id\":\"%s\","
			 "\"device_id\":\"%s\",%s%s\"username\":",
			 i > 0 ? "," : "",
			 (long long)rows_i64(rows, i, "leaf_index"),
			 uuid_text(user).text,
			 uuid_text(rows_uuid(rows, i, "device_id")).text,
			 departed ? "\"departed\":true," : "",
			 rows_bool(rows, i, "revoked") ? "\"revoked\":true,"
						       : "");
		json_put_string(&m->out, rows_text(rows, i, "username"));
		buf_put_u8(&m->out, '}');
	}
	return is_member;
}

static void on_members(void *arg, enum err e, struct rows *rows)
{
	struct params params = PARAMS_INIT;
	struct membership *m = arg;

	if (e == ERR_OK && rows_count(rows) > 0) {
		buf_putf(&m->out, "{\"epoch\":%lld,\"members\":[",
			 (long long)rows_i64(rows, 0, "epoch"));
		if (put_members(m, rows)) {
			buf_put_str(&m->out, "],\"invited\":[");
			params_uuid(&params, m->call.session);
			e = store_query(answer_store(),
					STATEMENT_SESSION_INVITED, &params,
					on_invited, m);
			if (e == ERR_OK)
				return;
		}
	}
	if (e != ERR_OK)
		answer_fail(m->call.req, e);
	else
		request_problem(m->call.req, OUTCOME_NO_SESSION, NULL);
	end(m);
}

void sessions_members(const struct call *call)
{
	struct params params = PARAMS_INIT;
	struct membership *m;
	enum err e;

	m = calloc(1, sizeof(*m));
	if (m == NULL) {
		answer_fail(call->req, ERR_LOCAL_MEMORY);
		return;
	}
	m->call = *call;
	params_uuid(&params, call->session);
	e = store_query(answer_store(), STATEMENT_SESSION_MEMBERS, &params,
			on_members, m);
	if (e != ERR_OK) {
		answer_fail(call->req, e);
		end(m);
	}
}

/* ---- inviting ---- */

static void on_invite(void *arg, enum err e, struct rows *rows)
{
	struct request *req = arg;

	if (!answer_has_one(req, e, rows))
		return;
	if (rows_text_is(rows, 0, "outcome", "ok"))
		request_answer(req, 204, NULL, SPAN_EMPTY);
	else
		sessions_refuse(req, LIMIT_INVITATIONS, rows);
}

void sessions_invite(const struct call *call)
{
	const char *names[BODY_ITEMS_MAX];
	struct params params = PARAMS_INIT;
	struct request *req = call->req;
	struct span letter;
	struct body body;
	size_t count;

	if (!body_read(&body, req))
		return;
	count = body_texts(&body, "usernames", names);
	letter = body_optional_bytes(&body, "letter", LETTER_SIZE);
	params_uuid(&params, call->session);
	params_uuid(&params, call->who.user);
	params_uuid(&params, call->who.device);
	params_open_array(&params, PARAMS_TEXT, count);
	for (size_t i = 0; i < count; i++)
		params_put_bytes(&params, span_str(names[i]));
	params_close_array(&params);
	sessions_put_limits(&params);
	if (letter.n > 0)
		params_bytea(&params, letter);
	else
		params_null(&params);
	params_i64(&params, LETTERS_MAX);
	if (!body_end(&body, req)) {
		params_clear(&params);
		return;
	}
	body_free(&body);
	answer_query(req, STATEMENT_INVITATION_INSERT, &params, on_invite);
}
