#include "server/own_password.h"

#include <stdlib.h>

#include "server/answer.h"
#include "server/limited.h"
#include "server/password.h"

/* One question until it is answered. */
struct check {
	struct request *req;
	struct identity who;
	uint32_t guesses_reset;
	struct span password; /* borrowed */
	struct sec expected;  /* the hash that stands */
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
	sec_clear(&c->expected);
	free(c);
}

static void end_failed(struct check *c, enum err e)
{
	answer_fail(c->req, e);
	end(c, SPAN_EMPTY);
}

static void on_hashed(void *arg, struct span hash)
{
	struct check *c = arg;

	if (hash.n == 0) {
		end_failed(c, ERR_LOCAL_CRYPTO);
		return;
	}
	if (c->expected.n != hash.n ||
	    !sec_equal(sec_span(&c->expected), hash)) {
		/* not 401: the token is good, and another one would not help */
		request_problem(c->req, OUTCOME_WRONG_PASSWORD, NULL);
		end(c, SPAN_EMPTY);
		return;
	}
	limited_guess_was_right(c->who.username, c->guesses_reset);
	end(c, sec_span(&c->expected));
}

static void on_account(void *arg, enum err e, struct rows *rows)
{
	struct password_cost cost;
	struct check *c = arg;
	struct span salt;

	TRY(e);
	ENSURE(rows_count(rows) == 1, ERR_LOCAL_BUG); /* its token is good */
	salt = rows_bytes(rows, 0, "salt");
	cost.n = (uint64_t)rows_i64(rows, 0, "cost_n");
	cost.r = (uint32_t)rows_i64(rows, 0, "cost_r");
	cost.p = (uint32_t)rows_i64(rows, 0, "cost_p");
	TRY(sec_set(&c->expected, rows_bytes(rows, 0, "password_hash")));
	c->guesses_reset = (uint32_t)rows_i64(rows, 0, "guesses_reset");
	TRY(rows_end(rows));
	if (!limited_guess(c->req, c->who.username, c->guesses_reset)) {
		end(c, SPAN_EMPTY);
		return;
	}
	TRY(password_hash(c->password, salt, cost, on_hashed, c));
	return;
out:
	end_failed(c, e);
}

void own_password_check(struct request *req, const struct identity *who,
			struct span password, own_password_done *done,
			void *arg)
{
	struct check *c = calloc(1, sizeof(*c));
	struct params params = PARAMS_INIT;
	enum err e;

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
