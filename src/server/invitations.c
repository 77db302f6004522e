/* /invitations: the sessions that wait for the caller, and by whom. */
#include "base/text.h"
#include "door/json.h"
#include "server/account_name.h"
#include "server/answer.h"
#include "server/routes_table.h"
#include "wire/letter.h"

static void put_invitation(struct buf *out, struct rows *rows, size_t i)
{
	buf_putf(out, "{\"session_id\":\"%s\",\"algorithm\":",
		 uuid_text(rows_uuid(rows, i, "session_id")).text);
	json_put_string(out, rows_text(rows, i, "algorithm"));
	buf_put_u8(out, ',');
	account_name_put(out, "inviter", rows, i);
	buf_putf(out, ",\"added\":%s,\"invited_at\":%lld}",
		 rows_bool(rows, i, "added") ? "true" : "false",
		 (long long)rows_i64(rows, i, "invited_ms"));
}

static void on_list(void *arg, enum err e, struct rows *rows)
{
	answer_list(arg, e, rows, "invitations", put_invitation);
}

void invitations_list(const struct call *call)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, call->who.user);
	params_uuid(&params, call->who.device);
	answer_query(call->req, STATEMENT_INVITATION_LIST, &params, on_list);
}

static void put_letter(struct buf *out, struct rows *rows, size_t i)
{
	buf_put_u8(out, '"');
	text_put_base64(out, rows_bytes(rows, i, "letter"));
	buf_put_u8(out, '"');
}

/* Clients of before read one. */
static void on_letters(void *arg, enum err e, struct rows *rows)
{
	struct request *req = arg;
	struct buf out = BUF_INIT;

	if (e != ERR_OK) {
		answer_fail(req, e);
	} else if (rows_count(rows) == 0) {
		request_problem(req, OUTCOME_NOT_FOUND, NULL);
	} else {
		buf_put_str(&out, "{\"letter\":");
		put_letter(&out, rows, 0);
		buf_put_str(&out, ",\"letters\":[");
		for (size_t i = 0; i < rows_count(rows); i++) {
			if (i > 0)
				buf_put_u8(&out, ',');
			put_letter(&out, rows, i);
		}
		buf_put_str(&out, "]}");
		answer_rows(req, 200, rows, &out);
	}
}

void invitations_letter(const struct call *call)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, call->session);
	params_uuid(&params, call->who.user);
	params_i64(&params, LETTERS_MAX);
	answer_query(call->req, STATEMENT_INVITATION_LETTER, &params,
		     on_letters);
}

static void on_declined(void *arg, enum err e, struct rows *rows)
{
	(void)rows; /* there was none: that is what is wanted */
	if (e != ERR_OK)
		answer_fail(arg, e);
	else
		request_answer(arg, 204, NULL, SPAN_EMPTY);
}

/* Whoever was added to the group departs from it: that is the caller's to sign. */
void invitations_decline(const struct call *call)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, call->session);
	params_uuid(&params, call->who.user);
	answer_query(call->req, STATEMENT_INVITATION_DECLINE, &params,
		     on_declined);
}
