/* /auth/password: who is logged in and knows the old password sets another one. */
#include <stdio.h>
#include <stdlib.h>

#include "crypto/rng.h"
#include "server/answer.h"
#include "server/body.h"
#include "server/own_password.h"
#include "server/password.h"
#include "server/revocations.h"
#include "server/routes_table.h"

/* One change until it is answered. */
struct change {
	struct request *req;
	struct identity who;
	struct buf old, new;
	bool end_others;
	struct sec expected; /* the hash that stands */
	uint8_t salt[PASSWORD_SALT];
};

static void end(struct change *c)
{
	buf_clear(&c->old);
	buf_clear(&c->new);
	sec_clear(&c->expected);
	free(c);
}

static void end_failed(struct change *c, enum err e)
{
	answer_fail(c->req, e);
	end(c);
}

static void on_changed(void *arg, enum err e, struct rows *rows)
{
	struct change *c = arg;

	if (e != ERR_OK) {
		end_failed(c, e);
	} else if (rows_count(rows) == 0) { /* another change came first */
		request_problem(c->req, OUTCOME_WRONG_PASSWORD, NULL);
		end(c);
	} else {
		revocations_tell_rows(rows);
		request_answer(c->req, 204, NULL, SPAN_EMPTY);
		end(c);
	}
}

static void on_new_hashed(void *arg, enum err e, struct span hash)
{
	struct params params = PARAMS_INIT;
	struct change *c = arg;

	if (e != ERR_OK) {
		end_failed(c, e);
		return;
	}
	params_uuid(&params, c->who.user);
	params_bytea(&params, sec_span(&c->expected));
	password_put(&params, SPAN_ARRAY(c->salt), hash);
	if (c->end_others)
		params_uuid(&params, c->who.family);
	else
		params_null(&params);
	e = store_query(answer_store(), STATEMENT_ACCOUNT_PASSWORD_CHANGE,
			&params, on_changed, c);
	if (e != ERR_OK)
		end_failed(c, e);
}

static void on_old_known(void *arg, struct span hash)
{
	struct change *c = arg;
	enum err e;

	if (hash.n == 0) {
		end(c);
		return;
	}
	TRY(sec_set(&c->expected, hash));
	TRY(rng_fill(rng_system(), c->salt, sizeof(c->salt)));
	TRY(password_hash(c->who.username, buf_span(&c->new),
			  SPAN_ARRAY(c->salt), PASSWORD_COST, on_new_hashed,
			  c));
	return;
out:
	end_failed(c, e);
}

/* NULL: the request has been answered. */
static struct change *read_change(struct request *req)
{
	struct change *c = calloc(1, sizeof(*c));
	struct body body;

	if (c == NULL || !body_read(&body, req)) {
		if (c == NULL)
			answer_fail(req, ERR_LOCAL_MEMORY);
		free(c);
		return NULL;
	}
	c->req = req;
	buf_put_str(&c->old, body_text(&body, "password"));
	buf_put_str(&c->new, body_text(&body, "new_password"));
	c->end_others = body_optional_flag(&body, "end_others");
	if (!body_end(&body, req)) {
		end(c);
		return NULL;
	}
	body_free(&body);
	if (own_password_is_sane(buf_span(&c->old)) &&
	    own_password_is_sane(buf_span(&c->new)))
		return c;
	request_problem(req, OUTCOME_INVALID,
			"password must be 8 to 1024 bytes");
	end(c);
	return NULL;
}

void auth_password(const struct call *call)
{
	struct change *c = read_change(call->req);

	if (c == NULL)
		return;
	c->who = call->who;
	own_password_check(c->req, &c->who, buf_span(&c->old), on_old_known, c);
}
