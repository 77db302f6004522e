#include "reach/account.h"

#include "base/clock.h"
#include "device/record.h"
#include "reach/passphrase_form.h"
#include "reach/passphrase_password.h"
#include "reach/tokens.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define RECORD "account"

/* ---- algorithms ---- */

json_t *account_suites_to_json(const struct suites *suites)
{
	json_t *list = json_array();

	for (size_t i = 0; i < suites->count; i++)
		(void)json_array_append_new(
		    list, json_string(suite_by_id(suites->ids[i])->algorithm));
	return list;
}

/* `why`: a home may come from a machine with a newer OpenSSL. */
static enum err suites_from_json(const json_t *list, struct suites *suites,
				 struct why *why)
{
	struct buf names = BUF_INIT;
	const json_t *value;
	size_t i;
	enum err e;

	json_array_foreach(list, i, value)
	{
		if (i > 0)
			buf_put_u8(&names, ',');
		buf_put_str(&names, json_is_string(value)
					? json_string_value(value)
					: "");
	}
	buf_put_u8(&names, 0);
	TRY(buf_end(&names));
	TRY(suites_parse((const char *)names.p, suites, why));
out:
	buf_clear(&names);
	return e;
}

/* ---- what a login is told ---- */

static enum err check_login(const struct account_login *login, struct why *why)
{
	if (!text_is_username(span_str(login->username)))
		return why_set(why, ERR_PEER_INVALID, "username",
			       "A user name is 1 to 32 of a-z, 0-9, '.', '_' "
			       "and '-': not \"%.40s\".",
			       login->username);
	if (login->passphrase.n == 0)
		return why_set(why, ERR_PEER_INVALID, "passphrase",
			       "The passphrase is empty.");
	return ERR_OK;
}

static enum err open_api(struct account *a, const char *server,
			 struct api **api)
{
	enum err e = api_open(server, a->ca, api);

	if (e == ERR_PEER_MALFORMED)
		return why_set(&a->why, e, "server",
			       "\"%.100s\" is no server: write HOST:PORT or a "
			       "URL.",
			       server);
	return e;
}

/* ---- the account's record ---- */

enum err account_save(struct account *a, const char *password)
{
	json_t *account = json_pack(
	    "{s:s, s:s, s:s, s:s, s:o}", "server", a->server, "username",
	    a->username, "user_id", a->user_id, "device_id", a->device_id,
	    "algorithms", account_suites_to_json(&a->suites));
	enum err e;

	ENSURE(account != NULL, ERR_LOCAL_MEMORY);
	if (password != NULL)
		ENSURE(json_object_set_new(account, "password",
					   json_string(password)) == 0,
		       ERR_LOCAL_MEMORY);
	if (a->ca != NULL)
		ENSURE(json_object_set_new(account, "ca", json_string(a->ca)) ==
			   0,
		       ERR_LOCAL_MEMORY);
	TRY(record_put(&a->store, RECORD, account));
out:
	json_decref(account);
	return e;
}

/* Later commands may run elsewhere: its whole path. */
static enum err name_ca(struct account *a)
{
	char *path = a->ca != NULL ? realpath(a->ca, NULL) : NULL;
	enum err e = ERR_OK;

	if (path == NULL)
		return ERR_OK; /* who opens it says what is wrong */
	ENSURE(strlen(path) < sizeof(a->ca_kept), ERR_PEER_TOO_LARGE);
	memcpy(a->ca_kept, path, strlen(path) + 1);
	a->ca = a->ca_kept;
out:
	free(path);
	return e;
}

/* ERR_STATE_GONE when no account was stored yet. */
static enum err load_account(struct account *a)
{
	json_t *account = NULL;
	enum err e;

	TRY(record_get(&a->store, RECORD, &account));
	TRY(record_text(account, "server", a->server, sizeof(a->server)));
	TRY(record_text(account, "username", a->username, sizeof(a->username)));
	TRY(record_text(account, "user_id", a->user_id, sizeof(a->user_id)));
	TRY(record_text(account, "device_id", a->device_id,
			sizeof(a->device_id)));
	TRY(suites_from_json(json_object_get(account, "algorithms"), &a->suites,
			     &a->why));
	if (a->ca == NULL && json_object_get(account, "ca") != NULL) {
		TRY(record_text(account, "ca", a->ca_kept, sizeof(a->ca_kept)));
		a->ca = a->ca_kept;
	}
out:
	json_decref(account);
	return e;
}

/* ---- the device ---- */

static uint64_t now_ms(void *context)
{
	(void)context;
	return clock_now_ms();
}

static enum err open_device(struct account *a)
{
	const struct device_config config = { .username = a->username,
					      .device_id = a->device_id,
					      .offer = a->suites,
					      .stock = a->stock,
					      .receipts = !a->no_receipts };

	device_close(a->device);
	a->device = NULL;
	a->ports = (struct device_ports){ .store = &a->store,
					  .rng = rng_system(),
					  .now_ms = now_ms };
	return device_open(&config, &a->ports, &a->device);
}

static enum err check_owner(struct account *a, const char *username)
{
	if (username == NULL || strcmp(username, a->username) == 0)
		return ERR_OK;
	return why_set(&a->why, ERR_PEER_DENIED, "other-account",
		       "%s belongs to %s, not to %.40s.", a->home, a->username,
		       username);
}

enum err account_use_server(struct account *a, const char *server)
{
	enum err e;

	TRY(open_api(a, server, &a->api));
	ENSURE(strlen(api_url(a->api)) < sizeof(a->server), ERR_PEER_TOO_LARGE);
	(void)snprintf(a->server, sizeof(a->server), "%s", api_url(a->api));
out:
	return e;
}

/* ---- login ---- */

static enum err post_register(struct account *a,
			      const struct account_login *login,
			      const char *password)
{
	struct api_answer answer = { 0 };
	enum err e;

	e = api_call(a->api, "POST", "/auth/register",
		     json_pack("{s:s, s:s}", "username", login->username,
			       "password", password),
		     &a->why, &answer);
	api_answer_clear(&answer);
	return e;
}

static enum err post_login(struct account *a, const struct account_login *login,
			   const char *password, struct api_answer *answer)
{
	json_t *body = json_pack("{s:s, s:s}", "username", login->username,
				 "password", password);
	enum err e;

	if (a->device_id[0] != '\0')
		(void)json_object_set_new(body, "device_id",
					  json_string(a->device_id));
	else
		(void)json_object_set_new(body, "device_name",
					  json_string(login->device_name != NULL
							  ? login->device_name
							  : "cli"));
	e = api_call(a->api, "POST", "/auth/login", body, &a->why, answer);
	if (e == ERR_PEER_INVALID && a->device_id[0] != '\0') {
		why_clear(&a->why);
		e = why_set(&a->why, e, "device-gone",
			    "This device is not one of %s's any more, as far "
			    "as the server says.",
			    login->username);
	}
	return e;
}

/* What the server says we are: nobody else than who logged in, and never another
 * device than we were. */
static enum err take_ids(struct account *a, const struct account_login *login,
			 const json_t *answer)
{
	char device_id[TEXT_UUID_SIZE], username[DEVICE_NAME_SIZE];
	enum err e;

	TRY(record_text(answer, "device_id", device_id, sizeof(device_id)));
	TRY(record_text(answer, "username", username, sizeof(username)));
	TRY(record_text(answer, "user_id", a->user_id, sizeof(a->user_id)));
	ENSURE(uuid_is_text(span_str(device_id)), ERR_PEER_MALFORMED);
	if (strcmp(username, login->username) != 0)
		TRY(why_set(&a->why, ERR_PEER_INVALID, "other-account",
			    "The server took the login of %s for that of "
			    "\"%.40s\". Nothing was changed here.",
			    login->username, username));
	ENSURE(a->device_id[0] == '\0' || strcmp(a->device_id, device_id) == 0,
	       ERR_PEER_INVALID);
	memcpy(a->device_id, device_id, sizeof(device_id));
	memcpy(a->username, username, sizeof(username));
out:
	return e;
}

/* Of a state that was opened. */
static enum err read_account(struct account *a)
{
	enum err e;

	a->store = state_store(a->state);
	e = load_account(a);
	if (e == ERR_STATE_GONE)
		e = why_set(&a->why, e, "no-account",
			    "Nobody is logged in in %s.", a->home);
	return e;
}

enum err account_peek(struct account *a, struct span passphrase)
{
	enum err e;

	if (a->state != NULL)
		return ERR_OK;
	TRY(state_open(a->home, passphrase, &a->why, &a->state));
	TRY(read_account(a));
out:
	return e;
}

enum err account_peek_keys(struct account *a, const struct state_keys *keys)
{
	enum err e;

	TRY(state_open_keys(a->home, keys, &a->why, &a->state));
	TRY(read_account(a));
out:
	return e;
}

/* A login that was killed may have left a state without an account, or a file
 * without a state: both are as good as none. */
static enum err open_existing(struct account *a,
			      const struct account_login *login)
{
	enum err e;

	if (!state_exists(a->home))
		return ERR_OK;
	e = account_peek(a, login->passphrase);
	if (e == ERR_STATE_GONE) {
		why_clear(&a->why);
		return ERR_OK;
	}
	TRY(e);
	TRY(check_owner(a, login->username));
out:
	return e;
}

static enum err choose_suites(struct account *a, const char *algorithms)
{
	if (algorithms == NULL && a->suites.count > 0)
		return ERR_OK;
	return suites_parse(algorithms, &a->suites, &a->why);
}

/* An account of before may have a password of what was typed as it was. */
static enum err log_in_as_typed(struct account *a,
				const struct account_login *login,
				struct buf *password, struct api_answer *answer)
{
	struct buf typed = BUF_INIT;
	struct why refused = a->why;
	enum err e;

	TRY(passphrase_password(login->username, login->passphrase, &typed));
	api_answer_clear(answer);
	why_clear(&a->why);
	e = post_login(a, login, (const char *)typed.p, answer);
	if (e == ERR_PEER_DENIED)
		a->why = refused;
	TRY(e);
	buf_reset(password);
	buf_put(password, buf_span(&typed));
	TRY(buf_end(password));
out:
	buf_clear(&typed);
	return e;
}

enum err account_check_login(struct account *a,
			     const struct account_login *login)
{
	bool there = state_exists(a->home);

	if (login->is_new && there)
		return why_set(&a->why, ERR_STATE_CONFLICT, "state-exists",
			       "%s already holds an account.", a->home);
	if ((login->username == NULL || login->server == NULL) && !there)
		return login->username == NULL
			   ? why_set(&a->why, ERR_PEER_INVALID,
				     "first-username",
				     "The first time, the user name is wanted.")
			   : why_set(&a->why, ERR_PEER_INVALID, "first-server",
				     "The first time, the server is wanted.");
	return ERR_OK;
}

/* What was not given is in the state. */
static enum err remember(struct account *a, struct account_login *login)
{
	enum err e;

	if (login->username != NULL && login->server != NULL)
		return ERR_OK;
	TRY(account_peek(a, login->passphrase));
	if (login->username == NULL)
		login->username = a->username;
	if (login->server == NULL)
		login->server = a->server;
out:
	return e;
}

/* The server is asked before a state is made, so a refused login leaves
 * nothing behind. */
static enum err log_in(struct account *a, const struct account_login *login)
{
	struct api_answer answer = { 0 };
	struct buf form = BUF_INIT, password = BUF_INIT;
	enum err e;

	TRY(check_login(login, &a->why));
	TRY(name_ca(a));
	TRY(open_existing(a, login));
	TRY(choose_suites(a, login->algorithms));
	TRY(account_use_server(a, login->server));
	TRY(passphrase_form(login->passphrase, &form));
	TRY(passphrase_password(login->username, buf_span(&form), &password));
	if (login->is_new)
		TRY(post_register(a, login, (const char *)password.p));
	e = post_login(a, login, (const char *)password.p, &answer);
	if (e == ERR_PEER_DENIED &&
	    !span_equal(buf_span(&form), login->passphrase))
		e = log_in_as_typed(a, login, &password, &answer);
	TRY(e);
	TRY(take_ids(a, login, answer.body));
	a->pending = json_is_true(json_object_get(answer.body, "pending"));
	if (a->state == NULL)
		TRY(state_create(a->home, login->passphrase, login->state_cost,
				 &a->why, &a->state));
	a->store = state_store(a->state);
	TRY(state_begin(a->state));
	TRY(account_save(a, (const char *)password.p));
	TRY(tokens_save(a, answer.body));
	TRY(state_commit(a->state));
	TRY(open_device(a));
out:
	if (a->state != NULL)
		state_rollback(a->state);
	api_answer_clear(&answer);
	buf_clear(&form);
	buf_clear(&password);
	return e;
}

enum err account_login(struct account *a, const struct account_login *login)
{
	struct account_login whole = *login;
	enum err e;

	TRY(account_check_login(a, login));
	TRY(remember(a, &whole));
	TRY(log_in(a, &whole));
out:
	return e;
}

enum err account_open(struct account *a, struct span passphrase,
		      const char *server, const char *username)
{
	enum err e;

	TRY(account_peek(a, passphrase));
	TRY(check_owner(a, username));
	TRY(account_use_server(a, server != NULL ? server : a->server));
	TRY(tokens_load(a));
	TRY(open_device(a));
out:
	return e;
}

enum err account_logout(struct account *a)
{
	struct why quiet = a->why;
	enum err e;

	e = tokens_post(a, "/auth/logout", json_object());
	if (e == ERR_PEER_DENIED) { /* ended already: that is what we want */
		a->why = quiet;
		e = ERR_OK;
	}
	TRY(e);
	TRY(state_begin(a->state));
	TRY(account_save(a, NULL));
	TRY(tokens_delete(a));
	TRY(state_commit(a->state));
out:
	state_rollback(a->state);
	return e;
}

void account_close(struct account *a)
{
	device_close(a->device);
	state_close(a->state);
	api_close(a->api);
	a->device = NULL;
	a->state = NULL;
	a->api = NULL;
}
