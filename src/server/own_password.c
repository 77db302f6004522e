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

static void end(struct check *c, enum err e)
{
	c->done(c->arg, e, e == ERR_OK ? sec_span(&c->expected) : SPAN_EMPTY);
	sec_clear(&c->expected);
	free(c);
}

static void on_hashed(void *arg, struct span hash)
{
	struct check *c = arg;

	if (hash.n == 0) {
		end(c, ERR_LOCAL_CRYPTO);
		return;
	}
	if (c->expected.n != hash.n ||
	    !sec_equal(sec_span(&c->expected), hash)) {
		end(c, ERR_PEER_DENIED);
		return;
	}
	limited_guess_was_right(c->who.username, c->guesses_reset);
	end(c, ERR_OK);
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
	ENSURE(limited_guess(c->req, c->who.username, c->guesses_reset),
	       ERR_STATE_CONFLICT);
	TRY(password_hash(c->password, salt, cost, on_hashed, c));
	return;
out:
	end(c, e);
}

enum err own_password_check(struct request *req, const struct identity *who,
			    struct span password, own_password_done *done,
			    void *arg)
{
	struct check *c = calloc(1, sizeof(*c));
	struct params params = PARAMS_INIT;
	enum err e;

	ENSURE(c != NULL, ERR_LOCAL_MEMORY);
	*c = (struct check){
		.req = req,
		.who = *who,
		.password = password,
		.done = done,
		.arg = arg,
	};
	params_text(&params, span_str(who->username));
	TRY(store_query(answer_store(), STATEMENT_ACCOUNT_BY_USERNAME, &params,
			on_account, c));
	return ERR_OK;
out:
	free(c);
	return e;
}
