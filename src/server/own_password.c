#include "server/own_password.h"

#include <stdlib.h>

#include "server/answer.h"
#include "server/guess.h"
#include "server/limited.h"
#include "server/password.h"

/* One question until it is answered. */
struct check {
	struct request *req;
	struct identity who;
	struct span password; /* borrowed */
	own_password_done *done;
	void *arg;
};

bool own_password_is_sane(struct span password)
{
	return password.n >= PASSWORD_MIN && password.n <= PASSWORD_MAX;
}

static void end(struct check *c, struct span hash)
{
	c->done(c->arg, hash);
	free(c);
}

static void end_failed(struct check *c, enum err e)
{
	answer_fail(c->req, e);
	end(c, SPAN_EMPTY);
}

static void on_guess(void *arg, enum guess guess, struct span hash)
{
	struct check *c = arg;

	/* not 401: the token is good, and another one would not help */
	if (guess == GUESS_WRONG)
		request_problem(c->req, OUTCOME_WRONG_PASSWORD, NULL);
	end(c, hash);
}

static void on_account(void *arg, enum err e, struct rows *rows)
{
	struct check *c = arg;

	TRY(e);
	ENSURE(rows_count(rows) == 1, ERR_LOCAL_BUG); /* its token is good */
	guess_make(c->req, c->who.username, rows, c->password, on_guess, c);
	return;
out:
	end_failed(c, e);
}

void own_password_check(struct request *req, const struct identity *who,
			struct span password, own_password_done *done,
			void *arg)
{
	struct check *c = NULL;
	struct params params = PARAMS_INIT;
	enum err e;

	if (!limited_login(req, who->username)) {
		done(arg, SPAN_EMPTY);
		return;
	}
	c = calloc(1, sizeof(*c));
	if (c == NULL) {
		answer_fail(req, ERR_LOCAL_MEMORY);
		done(arg, SPAN_EMPTY);
		return;
	}
	*c = (struct check){
		.req = req,
		.who = *who,
		.password = password,
		.done = done,
		.arg = arg,
	};
	params_text(&params, span_str(who->username));
	e = store_query(answer_store(), STATEMENT_ACCOUNT_BY_USERNAME, &params,
			on_account, c);
	if (e != ERR_OK)
		end_failed(c, e);
}
