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
	if (e == ERR_PEER_DENIED) /* not 401: the token is good */
		request_problem(c->req, OUTCOME_WRONG_PASSWORD, NULL);
	else if (e != ERR_STATE_CONFLICT) /* that has been answered */
		answer_fail(c->req, e);
	end(c);
}

static void on_closed(void *arg, enum err e, struct rows *rows)
{
	struct closing *c = arg;
	struct span outcome;

	TRY(e);
	ENSURE(rows_count(rows) > 0, ERR_LOCAL_BUG);
	outcome = rows_text(rows, 0, "outcome");
	/* the password was changed, or another request was first */
	ENSURE(!span_equal(outcome, SPAN_LIT("wrong-password")),
	       ERR_PEER_DENIED);
	if (span_equal(outcome, SPAN_LIT("link-wanted"))) {
		request_problem(c->req, OUTCOME_LINK_WANTED,
				"a link that closes the account's log comes "
				"first");
	} else {
		revocations_tell_rows(rows);
		request_answer(c->req, 204, NULL, SPAN_EMPTY);
	}
	end(c);
	return;
out:
	end_failed(c, e);
}

static void on_password(void *arg, enum err e, struct span hash)
{
	struct params params = PARAMS_INIT;
	struct closing *c = arg;

	TRY(e);
	params_uuid(&params, c->who.user);
	params_bytea(&params, hash);
	TRY(store_query(answer_store(), STATEMENT_ACCOUNT_CLOSE, &params,
			on_closed, c));
	return;
out:
	end_failed(c, e);
}

void auth_close(const struct call *call)
{
	struct closing *c;
	struct body body;
	enum err e;

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
	e = own_password_check(c->req, &c->who, buf_span(&c->password),
			       on_password, c);
	if (e != ERR_OK)
		end_failed(c, e);
}
