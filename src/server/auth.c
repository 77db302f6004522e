/* /auth: register, login, refresh, logout. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/uuid.h"
#include "crypto/hash.h"
#include "crypto/rng.h"
#include "server/answer.h"
#include "server/body.h"
#include "server/config.h"
#include "server/guess.h"
#include "server/limited.h"
#include "server/password.h"
#include "server/revocations.h"
#include "server/routes_table.h"
#include "server/tokens.h"

enum { DEVICE_NAME_MAX = 64 };

/* What one register or login needs until it is answered. */
struct attempt {
	struct request *req;
	char username[TEXT_USERNAME_MAX + 1];
	struct buf password;
	uint8_t salt[PASSWORD_SALT];
	struct sec compared; /* login: the hash that the guess was equal to */
	bool suspended;
	bool has_device;
	bool has_token; /* register: what is there is its hash */
	struct digest token;
	struct uuid user, device;
	char device_name[DEVICE_NAME_MAX + 1];
	struct identity who;
	struct buf refresh_token;
};

static void end(struct attempt *a)
{
	buf_clear(&a->password);
	buf_clear(&a->refresh_token);
	sec_clear(&a->compared);
	free(a);
}

static void end_with(struct attempt *a, enum outcome outcome,
		     const char *detail)
{
	request_problem(a->req, outcome, detail);
	end(a);
}

static void end_failed(struct attempt *a, enum err e)
{
	answer_fail(a->req, e);
	end(a);
}

/* Lower-cases; false when it is no user name. */
static bool set_username(struct attempt *a, const char *text)
{
	size_t n = strlen(text);

	if (n > TEXT_USERNAME_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = text[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		a->username[i] = c;
	}
	return text_is_username(span_of(a->username, n));
}

static MUST_CHECK enum err random_uuid(struct uuid *uuid)
{
	enum err e = rng_fill(rng_system(), uuid->bytes, sizeof(uuid->bytes));

	*uuid = uuid_random(uuid->bytes);
	return e;
}

/* What is too long is cut between two characters. */
static void set_device_name(struct attempt *a, const char *text)
{
	struct span name = text_cut(span_str(text), DEVICE_NAME_MAX);

	span_copy(a->device_name, name);
	a->device_name[name.n] = '\0';
}

/* False: a token is wanted to register, and there is none. */
static bool set_token(struct attempt *a, const char *token)
{
	a->has_token = config()->registration == REGISTRATION_TOKEN;
	return !a->has_token ||
	       (token != NULL &&
		hash_one(span_str(token), a->token.bytes) == ERR_OK);
}

/* The body of register and login; NULL: the request has been answered. */
static struct attempt *read_attempt(struct request *req, bool login)
{
	struct attempt *a = calloc(1, sizeof(*a));
	const char *username, *password, *name = NULL, *token = NULL;
	struct body body;

	if (a == NULL) {
		answer_fail(req, ERR_LOCAL_MEMORY);
		return NULL;
	}
	a->req = req;
	if (!body_read(&body, req)) {
		free(a);
		return NULL;
	}
	username = body_text(&body, "username");
	password = body_text(&body, "password");
	if (login) {
		a->has_device =
		    body_optional_uuid(&body, "device_id", &a->device);
		name = body_optional_text(&body, "device_name");
	} else {
		token = body_optional_text(&body, "token");
	}
	if (!body_end(&body, req)) {
		free(a);
		return NULL;
	}
	set_device_name(a, name != NULL && *name != '\0' ? name : "device");
	if (!login && !set_token(a, token)) {
		request_problem(req, OUTCOME_REGISTRATION_CLOSED, NULL);
		body_free(&body);
		end(a);
		return NULL;
	}
	buf_put_str(&a->password, password);
	if (!set_username(a, username))
		request_problem(req, OUTCOME_INVALID,
				"username must be 1 to 32 of a-z 0-9 . _ -");
	else if (a->password.n < PASSWORD_MIN || a->password.n > PASSWORD_MAX)
		request_problem(
		    req, login ? OUTCOME_BAD_CREDENTIALS : OUTCOME_INVALID,
		    "password must be 8 to 1024 bytes");
	else {
		body_free(&body);
		return a;
	}
	body_free(&body);
	end(a);
	return NULL;
}

/* ---- register ---- */

static void refuse_name(struct attempt *a, bool admitted, bool held)
{
	if (!admitted)
		end_with(a, OUTCOME_REGISTRATION_CLOSED, NULL);
	else if (held)
		end_with(a, OUTCOME_USERNAME_TAKEN,
			 "an account of that name was erased not long ago: "
			 "the name is not given out again yet, so take "
			 "another one");
	else
		end_with(a, OUTCOME_USERNAME_TAKEN, NULL);
}

static void on_registered(void *arg, enum err e, struct rows *rows)
{
	struct attempt *a = arg;
	struct buf answer = BUF_INIT;

	if (e != ERR_OK) {
		end_failed(a, e);
		return;
	}
	if (rows_count(rows) != 1) {
		end_failed(a, ERR_LOCAL_BUG);
		return;
	}
	if (!rows_bool(rows, 0, "made")) {
		refuse_name(a, rows_bool(rows, 0, "admitted"),
			    rows_bool(rows, 0, "held"));
		return;
	}
	buf_putf(&answer, "{\"user_id\":\"%s\",\"username\":\"%s\"}",
		 uuid_text(a->user).text, a->username);
	request_answer(a->req, 201, "application/json", buf_span(&answer));
	buf_clear(&answer);
	end(a);
}

static void on_register_hashed(void *arg, enum err e, struct span hash)
{
	struct params params = PARAMS_INIT;
	struct attempt *a = arg;

	if (e == ERR_OK)
		e = random_uuid(&a->user);
	if (e != ERR_OK) {
		end_failed(a, e);
		return;
	}
	params_uuid(&params, a->user);
	params_text(&params, span_str(a->username));
	password_put(&params, SPAN_ARRAY(a->salt), hash);
	if (a->has_token)
		params_digest(&params, a->token);
	else
		params_null(&params);
	params_i64(&params, (int64_t)config()->name_hold_seconds);
	e = store_query(answer_store(), STATEMENT_ACCOUNT_INSERT, &params,
			on_registered, a);
	if (e != ERR_OK)
		end_failed(a, e);
}

void auth_register(const struct call *call)
{
	struct request *req = call->req;
	struct attempt *a;
	enum err e;

	if (config()->registration == REGISTRATION_CLOSED) {
		request_problem(req, OUTCOME_REGISTRATION_CLOSED, NULL);
		return;
	}
	a = read_attempt(req, false);
	if (a == NULL)
		return;
	if (!limited_by_address(req, LIMIT_REGISTRATIONS,
				LIMIT_WIDE_REGISTRATIONS)) {
		end(a);
		return;
	}
	TRY(rng_fill(rng_system(), a->salt, sizeof(a->salt)));
	TRY(password_hash(a->username, buf_span(&a->password),
			  SPAN_ARRAY(a->salt), PASSWORD_COST,
			  on_register_hashed, a));
	return;
out:
	end_failed(a, e);
}

/* ---- tokens ---- */

static void put_tokens(struct buf *answer, const struct identity *who,
		       struct span access, struct span refresh)
{
	buf_put_str(answer, "{\"access_token\":\"");
	buf_put(answer, access);
	buf_putf(answer,
		 "\",\"token_type\":\"Bearer\",\"expires_in\":%llu,"
		 "\"refresh_token\":\"",
		 (unsigned long long)config()->access_seconds);
	buf_put(answer, refresh);
	buf_putf(answer,
		 "\",\"user_id\":\"%s\",\"username\":\"%s\","
		 "\"device_id\":\"%s\"%s}",
		 uuid_text(who->user).text, who->username,
		 uuid_text(who->device).text,
		 who->pending ? ",\"pending\":true" : "");
}

static void answer_tokens(struct request *req, struct identity *who,
			  struct span refresh)
{
	struct buf access = BUF_INIT, answer = BUF_INIT;
	enum err e = tokens_issue(who, &access);

	if (e != ERR_OK) {
		answer_fail(req, e);
	} else {
		put_tokens(&answer, who, buf_span(&access), refresh);
		request_add(req, "Cache-Control", "no-store");
		request_answer(req, 200, "application/json", buf_span(&answer));
	}
	buf_clear(&access);
	buf_clear(&answer);
}

/* ---- login ---- */

static const char NO_DEVICE[] = "this user has no such device";

/* What was changed while the passphrase was hashed counts: true when the account is as
 * it was, else the attempt is over. */
static bool stands(struct attempt *a, enum err e, struct rows *rows)
{
	if (e != ERR_OK)
		end_failed(a, e);
	else if (rows_count(rows) == 0 || !rows_bool(rows, 0, "stands"))
		end_with(a, OUTCOME_BAD_CREDENTIALS, NULL);
	else if (rows_bool(rows, 0, "suspended"))
		end_with(a, OUTCOME_ACCOUNT_SUSPENDED, NULL);
	else
		return true;
	return false;
}

static void on_family(void *arg, enum err e, struct rows *rows)
{
	struct attempt *a = arg;

	if (!stands(a, e, rows))
		return;
	if (!rows_bool(rows, 0, "made")) {
		end_with(a, OUTCOME_INVALID, NO_DEVICE);
		return;
	}
	answer_tokens(a->req, &a->who, buf_span(&a->refresh_token));
	end(a);
}

static void start_family(struct attempt *a)
{
	struct params params = PARAMS_INIT;
	struct digest hash;
	enum err e;

	a->who.user = a->user;
	a->who.device = a->device;
	memcpy(a->who.username, a->username, sizeof(a->username));
	TRY(random_uuid(&a->who.family));
	TRY(tokens_new_refresh(&a->refresh_token, &hash));
	params_uuid(&params, a->who.family);
	params_uuid(&params, a->device);
	params_digest(&params, hash);
	params_i64(&params, (int64_t)config()->refresh_seconds);
	params_uuid(&params, a->user);
	params_bytea(&params, sec_span(&a->compared));
	TRY(store_query(answer_store(), STATEMENT_TOKEN_FAMILY_INSERT, &params,
			on_family, a));
	return;
out:
	end_failed(a, e);
}

static void on_made_device(void *arg, enum err e, struct rows *rows)
{
	struct attempt *a = arg;

	if (!stands(a, e, rows))
		return;
	if (rows_is_null(rows, 0, "device_id")) {
		end_with(a, OUTCOME_QUOTA_EXCEEDED,
			 "an account may have no more devices than that: "
			 "remove one");
		return;
	}
	a->who.pending = rows_bool(rows, 0, "pending");
	start_family(a);
}

static void on_found_device(void *arg, enum err e, struct rows *rows)
{
	struct attempt *a = arg;

	if (e != ERR_OK) {
		end_failed(a, e);
		return;
	}
	if (rows_count(rows) == 0) {
		end_with(a, OUTCOME_INVALID, NO_DEVICE);
		return;
	}
	a->who.pending = rows_bool(rows, 0, "pending");
	start_family(a);
}

static void find_device(struct attempt *a)
{
	struct params params = PARAMS_INIT;
	enum statement statement = STATEMENT_DEVICE_CHECK;
	enum err e = ERR_OK;

	if (!a->has_device) {
		statement = STATEMENT_DEVICE_INSERT;
		TRY(random_uuid(&a->device));
	}
	params_uuid(&params, a->device);
	params_uuid(&params, a->user);
	if (!a->has_device) {
		params_text(&params, span_str(a->device_name));
		params_i64(&params, (int64_t)config()->devices);
		params_bytea(&params, sec_span(&a->compared));
	}
	TRY(store_query(answer_store(), statement, &params,
			a->has_device ? on_found_device : on_made_device, a));
	return;
out:
	end_failed(a, e);
}

static void on_guess(void *arg, enum guess guess, struct span hash)
{
	struct attempt *a = arg;
	enum err e;

	if (guess == GUESS_ANSWERED) {
		end(a);
		return;
	}
	if (guess == GUESS_WRONG) {
		end_with(a, OUTCOME_BAD_CREDENTIALS, NULL);
		return;
	}
	e = sec_set(&a->compared, hash);
	if (e != ERR_OK)
		end_failed(a, e);
	else if (a->suspended)
		end_with(a, OUTCOME_ACCOUNT_SUSPENDED, NULL);
	else
		find_device(a);
}

/* An unknown user costs what a known one costs, and is told the same. */
static void on_account(void *arg, enum err e, struct rows *rows)
{
	struct attempt *a = arg;

	if (e != ERR_OK) {
		end_failed(a, e);
		return;
	}
	if (rows_count(rows) == 1) {
		a->user = rows_uuid(rows, 0, "user_id");
		a->suspended = rows_bool(rows, 0, "suspended");
	}
	guess_make(a->req, a->username, rows, buf_span(&a->password), on_guess,
		   a);
}

void auth_login(const struct call *call)
{
	struct params params = PARAMS_INIT;
	struct request *req = call->req;
	struct attempt *a;
	enum err e;

	a = read_attempt(req, true);
	if (a == NULL)
		return;
	if (!limited_login(req, a->username)) {
		end(a);
		return;
	}
	params_text(&params, span_str(a->username));
	e = store_query(answer_store(), STATEMENT_ACCOUNT_BY_USERNAME, &params,
			on_account, a);
	if (e != ERR_OK)
		end_failed(a, e);
}

/* ---- refresh ---- */

static void on_rotated(void *arg, enum err e, struct rows *rows)
{
	struct attempt *a = arg;
	struct span username;

	if (e != ERR_OK || rows_count(rows) != 1) {
		end_failed(a, e != ERR_OK ? e : ERR_LOCAL_BUG);
		return;
	}
	if (rows_text_is(rows, 0, "outcome", "refresh-reused")) {
		if (rows_bool(rows, 0, "ended"))
			revocations_tell(rows_uuid(rows, 0, "family_id"));
		end_with(a, OUTCOME_REFRESH_REUSED, NULL);
		return;
	}
	if (rows_text_is(rows, 0, "outcome", "account-suspended")) {
		end_with(a, OUTCOME_ACCOUNT_SUSPENDED, NULL);
		return;
	}
	if (rows_text_is(rows, 0, "outcome", "too-many-requests")) {
		limited_by_statement(a->req, LIMIT_REFRESHES_OF_ONE,
				     (uint64_t)rows_i64(rows, 0, "wait"));
		end(a);
		return;
	}
	if (!rows_text_is(rows, 0, "outcome", "ok")) {
		end_with(a, OUTCOME_REFRESH_INVALID, NULL);
		return;
	}
	a->who.family = rows_uuid(rows, 0, "family_id");
	a->who.device = rows_uuid(rows, 0, "device_id");
	a->who.user = rows_uuid(rows, 0, "user_id");
	a->who.pending = rows_bool(rows, 0, "pending");
	username = rows_text(rows, 0, "username");
	if (rows_end(rows) != ERR_OK || username.n > TEXT_USERNAME_MAX) {
		end_failed(a, ERR_LOCAL_BUG);
		return;
	}
	memcpy(a->who.username, username.p, username.n);
	answer_tokens(a->req, &a->who, buf_span(&a->refresh_token));
	end(a);
}

void auth_refresh(const struct call *call)
{
	struct request *req = call->req;
	struct attempt *a = calloc(1, sizeof(*a));
	struct params params = PARAMS_INIT;
	struct digest old_hash = { 0 }, new_hash = { 0 };
	struct body body;
	const char *token;
	enum err e;

	if (a == NULL || !body_read(&body, req)) {
		if (a == NULL)
			answer_fail(req, ERR_LOCAL_MEMORY);
		free(a);
		return;
	}
	a->req = req;
	token = body_text(&body, "refresh_token");
	if (!body_end(&body, req)) {
		free(a);
		return;
	}
	e = tokens_hash_refresh(span_str(token), &old_hash);
	if (e == ERR_OK)
		e = tokens_next_refresh(span_str(token), &a->refresh_token,
					&new_hash);
	body_free(&body);
	TRY(e);
	params_digest(&params, old_hash);
	params_digest(&params, new_hash);
	params_i64(&params, (int64_t)config()->refresh_seconds);
	params_i64(&params, (int64_t)config()->refresh_grace_seconds);
	params_i64(&params, (int64_t)config()->logins_per_minute);
	TRY(store_query(answer_store(), STATEMENT_REFRESH_TOKEN_ROTATE, &params,
			on_rotated, a));
	return;
out:
	end_failed(a, e);
}

/* ---- logout ---- */

static void on_revoked(void *arg, enum err e, struct rows *rows)
{
	struct request *req = arg;

	if (e != ERR_OK) {
		answer_fail(req, e);
		return;
	}
	if (rows_count(rows) > 0)
		revocations_tell(rows_uuid(rows, 0, "family_id"));
	request_answer(req, 204, NULL, SPAN_EMPTY);
}

void auth_logout(const struct call *call)
{
	struct params params = PARAMS_INIT;

	params_uuid(&params, call->who.family);
	answer_query(call->req, STATEMENT_TOKEN_FAMILY_REVOKE, &params,
		     on_revoked);
}
