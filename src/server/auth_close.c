/* /auth/close: the account is erased, for who is logged in and knows the password. */
#include <stdlib.h>

#include "server/answer.h"
#include "server/body.h"
#include "server/own_password.h"
#include "server/revocations.h"
#include "server/routes_table.h"

/* One request until it is answered. */
struct closing {
	struct request *req;
	struct identity who;
	struct buf password;
};

static void end(struct closing *c)
{
	buf_clear(&c->password);
	free(c);
}

static void end_failed(struct closing *c, enum err e)
{
	answer_fail(c->req, e);
	end(c);
}

static void on_closed(void *arg, enum err e, struct rows *rows)
{
	struct closing *c = arg;

	if (e != ERR_OK || rows_count(rows) == 0) {
		end_failed(c, e != ERR_OK ? e : ERR_LOCAL_BUG);
		return;
	}
	if (rows_text_is(rows, 0, "outcome", "wrong-password")) {
		/* it was changed, or another request was first */
		request_problem(c->req, OUTCOME_WRONG_PASSWORD, NULL);
	} else if (rows_text_is(rows, 0, "outcome", "link-wanted")) {
		request_problem(c->req, OUTCOME_LINK_WANTED,
				"a link that closes the account's log comes "
				"first");
	} else {
		revocations_tell_rows(rows);
		request_answer(c->req, 204, NULL, SPAN_EMPTY);
	}
	end(c);
}

static void on_password(void *arg, struct span hash)
{
	struct params params = PARAMS_INIT;
	struct closing *c = arg;
	enum err e;

	if (hash.n == 0) {
		end(c);
		return;
	}
	params_uuid(&params, c->who.user);
	params_bytea(&params, hash);
	e = store_query(answer_store(), STATEMENT_ACCOUNT_CLOSE, &params,
			on_closed, c);
	if (e != ERR_OK)
		end_failed(c, e);
}

void auth_close(const struct call *call)
{
	struct closing *c;
	struct body body;

	if (!body_read(&body, call->req))
		return;
	c = calloc(1, sizeof(*c));
	if (c == NULL) {
		body_free(&body);
		answer_fail(call->req, ERR_LOCAL_MEMORY);
		return;
	}
	c->req = call->req;
	c->who = call->who;
	buf_put_str(&c->password, body_text(&body, "password"));
	if (!body_end(&body, call->req)) {
		end(c);
		return;
	}
	body_free(&body);
	if (!own_password_is_sane(buf_span(&c->password))) {
		request_problem(c->req, OUTCOME_INVALID,
				"password must be 8 to 1024 bytes");
		end(c);
		return;
	}
	own_password_check(c->req, &c->who, buf_span(&c->password), on_password,
			   c);
}
