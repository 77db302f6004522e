#include "client/account.h"

#include "base/rd.h"
#include "client/tokens.h"
#include "crypto/hash.h"
#include "crypto/rng.h"
#include "crypto/sign.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define RECORD "account"

bool account_offers(const struct client *c, const struct suite *suite)
{
	for (size_t i = 0; i < c->suites.count; i++)
		if (c->suites.ids[i] == suite->id)
			return true;
	return false;
}

bool account_name_is_sane(const char *username)
{
	size_t n = strlen(username);

	return n >= 1 && n < ACCOUNT_NAME_SIZE &&
	       strspn(username, "abcdefghijklmnopqrstuvwxyz0123456789._-") == n;
}

/* ---- algorithms ---- */

static enum err add_suite(struct account_suites *suites, struct span name,
			  struct why *why)
{
	const struct suite *suite = suite_by_algorithm(name);

	if (suite == NULL)
		return why_set(why, ERR_PEER_INVALID, "unknown-algorithm",
			       "There is no algorithm \"%.*s\". There are: "
			       "aes-256-gcm, chacha20-poly1305, "
			       "twofish-256-gcm.",
			       (int)(name.n < 64 ? name.n : 64),
			       name.n > 0 ? (const char *)name.p : "");
	for (size_t i = 0; i < suites->count; i++)
		if (suites->ids[i] == suite->id)
			return why_set(why, ERR_PEER_INVALID,
				       "repeated-algorithm",
				       "%s is named twice.", suite->algorithm);
	if (suites->count == ACCOUNT_SUITES_MAX)
		return ERR_PEER_TOO_LARGE;
	suites->ids[suites->count++] = suite->id;
	return ERR_OK;
}

enum err account_parse_algorithms(const char *text, struct account_suites *out,
				  struct why *why)
{
	struct account_suites suites = { 0 };
	enum err e;

	for (;;) {
		size_t n = strcspn(text, ",");

		TRY(add_suite(&suites, span_of(text, n), why));
		if (text[n] == '\0')
			break;
		text += n + 1;
	}
	*out = suites;
out:
	return e;
}

json_t *account_suites_to_json(const struct account_suites *suites)
{
	json_t *list = json_array();

	for (size_t i = 0; i < suites->count; i++)
		(void)json_array_append_new(
		    list, json_string(suite_by_id(suites->ids[i])->algorithm));
	return list;
}

enum err account_suites_from_json(const json_t *list,
				  struct account_suites *suites)
{
	struct why why = { 0 };
	const json_t *value;
	size_t i;

	suites->count = 0;
	json_array_foreach(list, i, value)
	{
		enum err e;

		if (!json_is_string(value))
			return ERR_PEER_MALFORMED;
		e = add_suite(suites, span_str(json_string_value(value)), &why);
		if (e != ERR_OK)
			return e;
	}
	return suites->count > 0 ? ERR_OK : ERR_PEER_MALFORMED;
}

/* ---- the password ---- */

/* docs/protocol.md: base64url(HKDF-SHA-256(master, "hermetic password")). */
static enum err derive_password(const char *username, struct span passphrase,
				struct buf *password)
{
	const struct suite *sha256 =
	    suite_by_id(SUITE_X25519_CHACHA20POLY1305_SHA256_ED25519);
	struct sec master = { 0 }, prk = { 0 }, derived = { 0 };
	struct buf salt = BUF_INIT;
	enum err e;

	buf_putf(&salt, "hermetic%s", username);
	TRY(buf_end(&salt));
	TRY(password_derive(passphrase, buf_span(&salt), PASSWORD_COST, 32,
			    &master));
	TRY(hash_extract(sha256, SPAN_EMPTY, sec_span(&master), &prk));
	TRY(hash_expand(sha256, sec_span(&prk), SPAN_LIT("hermetic password"),
			32, &derived));
	text_put_base64url(password, sec_span(&derived));
	buf_put_u8(password, 0);
	TRY(buf_end(password));
out:
	sec_clear(&master);
	sec_clear(&prk);
	sec_clear(&derived);
	buf_clear(&salt);
	return e;
}

enum err account_parse_cost(const char *text, struct password_cost *cost,
			    struct why *why)
{
	uint64_t n = 0;

	*cost = PASSWORD_COST;
	if (text == NULL)
		return ERR_OK;
	if (text_parse_u64(&n, span_str(text), 1u << 22) != ERR_OK ||
	    n < 1u << 14 || (n & (n - 1)) != 0)
		return why_set(why, ERR_LOCAL_CONFIG, "usage",
			       "HERMETIC_SCRYPT_N is a power of two from 16384 "
			       "to 4194304, not \"%.20s\".",
			       text);
	cost->n = n;
	return ERR_OK;
}

static enum err check_login(const struct account_login *login, struct why *why)
{
	if (!account_name_is_sane(login->username))
		return why_set(why, ERR_PEER_INVALID, "username",
			       "A user name is 1 to 32 of a-z, 0-9, '.', '_' "
			       "and '-': not \"%.40s\".",
			       login->username);
	if (login->passphrase.n == 0)
		return why_set(why, ERR_PEER_INVALID, "passphrase",
			       "The passphrase is empty.");
	return ERR_OK;
}

static enum err open_api(struct client *c, const char *server, struct api **api)
{
	enum err e = api_open(server, c->ca, api);

	if (e == ERR_PEER_MALFORMED)
		return why_set(&c->why, e, "server",
			       "\"%.100s\" is no server: write HOST:PORT or a "
			       "URL.",
			       server);
	return e;
}

/* ---- the account's record ---- */

static enum err save_account(struct client *c, const char *password)
{
	json_t *account = json_pack(
	    "{s:s, s:s, s:s, s:s, s:o}", "server", c->server, "username",
	    c->username, "user_id", c->user_id, "device_id", c->device_id,
	    "algorithms", account_suites_to_json(&c->suites));
	enum err e;

	ENSURE(account != NULL, ERR_LOCAL_MEMORY);
	if (password != NULL)
		ENSURE(json_object_set_new(account, "password",
					   json_string(password)) == 0,
		       ERR_LOCAL_MEMORY);
	if (c->ca != NULL)
		ENSURE(json_object_set_new(account, "ca", json_string(c->ca)) ==
			   0,
		       ERR_LOCAL_MEMORY);
	TRY(record_put(c->state, RECORD, account));
out:
	json_decref(account);
	return e;
}

/* Later commands may run elsewhere: its whole path. */
static enum err name_ca(struct client *c)
{
	char *path = c->ca != NULL ? realpath(c->ca, NULL) : NULL;
	enum err e = ERR_OK;

	if (path == NULL)
		return ERR_OK; /* who opens it says what is wrong */
	ENSURE(strlen(path) < sizeof(c->ca_kept), ERR_PEER_TOO_LARGE);
	memcpy(c->ca_kept, path, strlen(path) + 1);
	c->ca = c->ca_kept;
out:
	free(path);
	return e;
}

static void set_identity(struct client *c)
{
	(void)snprintf(c->identity, sizeof(c->identity), "%s/%s", c->username,
		       c->device_id);
}

/* ERR_STATE_GONE when no account was stored yet. */
static enum err load_account(struct client *c)
{
	json_t *account = NULL;
	enum err e;

	TRY(record_get(c->state, RECORD, &account));
	TRY(record_text(account, "server", c->server, sizeof(c->server)));
	TRY(record_text(account, "username", c->username, sizeof(c->username)));
	TRY(record_text(account, "user_id", c->user_id, sizeof(c->user_id)));
	TRY(record_text(account, "device_id", c->device_id,
			sizeof(c->device_id)));
	TRY(account_suites_from_json(json_object_get(account, "algorithms"),
				     &c->suites));
	if (c->ca == NULL && json_object_get(account, "ca") != NULL) {
		TRY(record_text(account, "ca", c->ca_kept, sizeof(c->ca_kept)));
		c->ca = c->ca_kept;
	}
	set_identity(c);
out:
	json_decref(account);
	return e;
}

static enum err check_owner(struct client *c, const char *username)
{
	if (username == NULL || strcmp(username, c->username) == 0)
		return ERR_OK;
	return why_set(&c->why, ERR_PEER_DENIED, "other-account",
		       "%s belongs to %s, not to %.40s. Use another --home.",
		       c->home, c->username, username);
}

static enum err use_server(struct client *c, const char *server)
{
	enum err e;

	TRY(open_api(c, server, &c->api));
	ENSURE(strlen(api_url(c->api)) < sizeof(c->server), ERR_PEER_TOO_LARGE);
	(void)snprintf(c->server, sizeof(c->server), "%s", api_url(c->api));
out:
	return e;
}

/* ---- login ---- */

static enum err post_register(struct client *c,
			      const struct account_login *login,
			      const char *password)
{
	struct api_answer answer = { 0 };
	enum err e;

	e = api_call(c->api, "POST", "/auth/register",
		     json_pack("{s:s, s:s}", "username", login->username,
			       "password", password),
		     &c->why, &answer);
	api_answer_clear(&answer);
	return e;
}

static enum err post_login(struct client *c, const struct account_login *login,
			   const char *password, struct api_answer *answer)
{
	json_t *body = json_pack("{s:s, s:s}", "username", login->username,
				 "password", password);

	if (c->device_id[0] != '\0')
		(void)json_object_set_new(body, "device_id",
					  json_string(c->device_id));
	else
		(void)json_object_set_new(body, "device_name",
					  json_string(login->device_name != NULL
							  ? login->device_name
							  : "cli"));
	return api_call(c->api, "POST", "/auth/login", body, &c->why, answer);
}

/* What the server says we are: never another device than we were. */
static enum err take_ids(struct client *c, const json_t *answer)
{
	char device_id[TEXT_UUID_SIZE], username[ACCOUNT_NAME_SIZE];
	uint8_t uuid[16];
	enum err e;

	TRY(record_text(answer, "device_id", device_id, sizeof(device_id)));
	TRY(record_text(answer, "username", username, sizeof(username)));
	TRY(record_text(answer, "user_id", c->user_id, sizeof(c->user_id)));
	TRY(text_parse_uuid(uuid, span_str(device_id)));
	ENSURE(account_name_is_sane(username), ERR_PEER_MALFORMED);
	ENSURE(c->device_id[0] == '\0' || strcmp(c->device_id, device_id) == 0,
	       ERR_PEER_INVALID);
	memcpy(c->device_id, device_id, sizeof(device_id));
	memcpy(c->username, username, sizeof(username));
	set_identity(c);
out:
	return e;
}

enum err account_peek(struct client *c, struct span passphrase)
{
	enum err e;

	if (c->state != NULL)
		return ERR_OK;
	TRY(state_open(c->home, passphrase, &c->why, &c->state));
	e = load_account(c);
	if (e == ERR_STATE_GONE)
		e = why_set(&c->why, e, "no-account",
			    "Nobody is logged in in %s. Start with: hermetic "
			    "login --username NAME --server HOST:PORT",
			    c->home);
out:
	return e;
}

/* A login that was killed may have left a state without an account, or a file
 * without a state: both are as good as none. */
static enum err open_existing(struct client *c,
			      const struct account_login *login)
{
	enum err e;

	if (!state_exists(c->home))
		return ERR_OK;
	e = account_peek(c, login->passphrase);
	if (e == ERR_STATE_GONE) {
		why_clear(&c->why);
		return ERR_OK;
	}
	TRY(e);
	TRY(check_owner(c, login->username));
out:
	return e;
}

static enum err choose_suites(struct client *c, const char *algorithms)
{
	if (algorithms == NULL && c->suites.count > 0)
		return ERR_OK;
	return account_parse_algorithms(algorithms != NULL ? algorithms
							   : ACCOUNT_ALGORITHMS,
					&c->suites, &c->why);
}

/* The server is asked before a state is made, so a refused login leaves
 * nothing behind. */
enum err account_login(struct client *c, const struct account_login *login)
{
	struct api_answer answer = { 0 };
	struct buf password = BUF_INIT;
	enum err e;

	TRY(check_login(login, &c->why));
	TRY(name_ca(c));
	TRY(open_existing(c, login));
	TRY(choose_suites(c, login->algorithms));
	TRY(use_server(c, login->server != NULL ? login->server : c->server));
	TRY(derive_password(login->username, login->passphrase, &password));
	if (login->is_new)
		TRY(post_register(c, login, (const char *)password.p));
	TRY(post_login(c, login, (const char *)password.p, &answer));
	TRY(take_ids(c, answer.body));
	if (c->state == NULL)
		TRY(state_create(c->home, login->passphrase, login->state_cost,
				 &c->why, &c->state));
	TRY(state_begin(c->state));
	TRY(save_account(c, (const char *)password.p));
	TRY(tokens_save(c, answer.body));
	TRY(state_commit(c->state));
out:
	if (c->state != NULL)
		state_rollback(c->state);
	api_answer_clear(&answer);
	buf_clear(&password);
	return e;
}

enum err account_open(struct client *c, struct span passphrase,
		      const char *server, const char *username)
{
	enum err e;

	TRY(account_peek(c, passphrase));
	TRY(check_owner(c, username));
	TRY(use_server(c, server != NULL ? server : c->server));
	TRY(tokens_load(c));
out:
	return e;
}

enum err account_logout(struct client *c)
{
	struct why quiet = c->why;
	enum err e;

	e = tokens_post(c, "/auth/logout", json_object());
	if (e == ERR_PEER_DENIED) { /* ended already: that is what we want */
		c->why = quiet;
		e = ERR_OK;
	}
	TRY(e);
	TRY(state_begin(c->state));
	TRY(save_account(c, NULL));
	TRY(tokens_delete(c));
	TRY(state_commit(c->state));
out:
	state_rollback(c->state);
	return e;
}

void account_close(struct client *c)
{
	state_close(c->state);
	api_close(c->api);
	c->state = NULL;
	c->api = NULL;
}

/* ---- signature keys ---- */

static enum err decode_key(struct span record, struct account_key *key)
{
	struct rd r = rd_init(record);
	struct span private_key = rd_vec(&r), public_key = rd_vec(&r);
	enum err e;

	TRY(rd_end(&r));
	TRY(sec_set(&key->private_key, private_key));
	buf_put(&key->public_key, public_key);
	TRY(buf_end(&key->public_key));
out:
	return e;
}

static enum err make_key(struct client *c, const struct suite *suite,
			 const char *name, struct account_key *key)
{
	struct buf record = BUF_INIT;
	enum err e;

	TRY(sign_generate(suite, rng_system(), &key->private_key,
			  &key->public_key));
	buf_put_vec(&record, sec_span(&key->private_key));
	buf_put_vec(&record, buf_span(&key->public_key));
	TRY(buf_end(&record));
	TRY(state_put(c->state, name, buf_span(&record)));
out:
	buf_clear(&record);
	return e;
}

enum err account_key(struct client *c, const struct suite *suite,
		     struct account_key *key)
{
	struct buf record = BUF_INIT;
	char name[64];
	enum err e;

	memset(key, 0, sizeof(*key));
	(void)snprintf(name, sizeof(name), "signature/%s", suite->signature);
	e = state_get(c->state, name, &record);
	if (e == ERR_STATE_GONE)
		e = make_key(c, suite, name, key);
	else if (e == ERR_OK)
		e = decode_key(buf_span(&record), key);
	buf_clear(&record);
	if (e != ERR_OK)
		account_key_clear(key);
	return e;
}

void account_key_clear(struct account_key *key)
{
	sec_clear(&key->private_key);
	buf_clear(&key->public_key);
}
