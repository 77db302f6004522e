#include "server/guess.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "server/answer.h"
#include "server/limited.h"
#include "server/password.h"

/* One guess until it is judged. */
struct made {
	struct request *req;
	char username[TEXT_USERNAME_MAX + 1];
	uint32_t reset;
	struct sec expected; /* the hash that stands; empty: no such account */
	guess_done *done;
	void *arg;
};

static void end(struct made *m, enum guess guess)
{
	m->done(m->arg, guess,
		guess == GUESS_RIGHT ? sec_span(&m->expected) : SPAN_EMPTY);
	sec_clear(&m->expected);
	free(m);
}

static void end_failed(struct made *m, enum err e)
{
	answer_fail(m->req, e);
	end(m, GUESS_ANSWERED);
}

static void on_hashed(void *arg, enum err e, struct span hash)
{
	struct made *m = arg;
	bool right = e == ERR_OK && m->expected.n == hash.n &&
		     sec_equal(sec_span(&m->expected), hash);

	if (e != ERR_OK || right)
		limited_guess_back(m->username, m->reset);
	if (e != ERR_OK)
		end_failed(m, e);
	else
		end(m, right ? GUESS_RIGHT : GUESS_WRONG);
}

/* What the guess is hashed with; `salt` is borrowed from the row. */
static enum err read_account(struct made *m, struct rows *account,
			     struct span *salt, struct password_cost *cost)
{
	enum err e;

	*salt = rows_bytes(account, 0, "salt");
	cost->n = (uint64_t)rows_i64(account, 0, "cost_n");
	cost->r = (uint32_t)rows_i64(account, 0, "cost_r");
	cost->p = (uint32_t)rows_i64(account, 0, "cost_p");
	m->reset = (uint32_t)rows_i64(account, 0, "guesses_reset");
	TRY(sec_set(&m->expected, rows_bytes(account, 0, "password_hash")));
	TRY(rows_end(account));
out:
	return e;
}

void guess_make(struct request *req, const char *username, struct rows *account,
		struct span password, guess_done *done, void *arg)
{
	static const uint8_t nobodys[PASSWORD_SALT];
	struct password_cost cost = PASSWORD_COST;
	struct span salt = SPAN_ARRAY(nobodys);
	struct made *m = calloc(1, sizeof(*m));
	enum err e = ERR_OK;

	if (m == NULL) {
		answer_fail(req, ERR_LOCAL_MEMORY);
		done(arg, GUESS_ANSWERED, SPAN_EMPTY);
		return;
	}
	m->req = req;
	m->done = done;
	m->arg = arg;
	span_copy(m->username, span_str(username));
	if (rows_count(account) == 1)
		TRY(read_account(m, account, &salt, &cost));
	if (!limited_guess(req, username, m->reset)) {
		end(m, GUESS_ANSWERED);
		return;
	}
	e = password_hash(username, password, salt, cost, on_hashed, m);
	if (e != ERR_OK)
		limited_guess_back(username, m->reset);
	TRY(e);
	return;
out:
	end_failed(m, e);
}
