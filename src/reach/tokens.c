#include "reach/tokens.h"

#include "base/clock.h"
#include "base/sec.h"
#include "device/record.h"

#include <string.h>

#define RECORD "tokens"

/* A token is renewed this long before it expires, or a quarter of its life. */
#define EXPIRY_MARGIN_MS 30000

/* What a server gives stays for so long at most, and fits into a header. */
#define LIFE_MAX_S 86400
#define TOKEN_MAX 4096

static const char *text_of(const json_t *object, const char *member)
{
	return json_string_value(json_object_get(object, member));
}

static enum err use(struct account *a, const json_t *tokens)
{
	const char *access = text_of(tokens, "access");
	enum err e;

	ENSURE(access != NULL, ERR_PEER_MALFORMED);
	TRY(record_number(tokens, "renew_at", &a->renew_token_at));
	TRY(api_set_token(a->api, access));
out:
	return e;
}

static bool is_token(const char *text)
{
	size_t n = text != NULL ? strlen(text) : 0;

	for (size_t i = 0; i < n; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return n > 0 && n <= TOKEN_MAX;
}

static enum err refuse_tokens(struct account *a)
{
	return why_set(&a->why, ERR_PEER_MALFORMED, "bad-answer",
		       "%s does not answer like a server of Hermetic.",
		       api_url(a->api));
}

enum err tokens_save(struct account *a, const json_t *answer)
{
	const char *access = text_of(answer, "access_token");
	const char *refresh = text_of(answer, "refresh_token");
	json_t *tokens = NULL;
	uint64_t seconds, margin, renew_at;
	enum err e;

	ENSURE(is_token(access) && is_token(refresh) &&
		   record_number(answer, "expires_in", &seconds) == ERR_OK,
	       refuse_tokens(a));
	if (seconds > LIFE_MAX_S)
		seconds = LIFE_MAX_S;
	margin = seconds * 250;
	if (margin > EXPIRY_MARGIN_MS)
		margin = EXPIRY_MARGIN_MS;
	renew_at = clock_now_ms() + seconds * 1000 - margin;
	tokens = json_pack("{s:s, s:s, s:I}", "access", access, "refresh",
			   refresh, "renew_at", (json_int_t)renew_at);
	ENSURE(tokens != NULL, ERR_LOCAL_MEMORY);
	TRY(record_put(&a->store, RECORD, tokens));
	TRY(use(a, tokens));
out:
	json_decref(tokens);
	return e;
}

enum err tokens_load(struct account *a)
{
	json_t *tokens = NULL;
	enum err e;

	e = record_get(&a->store, RECORD, &tokens);
	if (e == ERR_STATE_GONE)
		e = why_set(&a->why, ERR_PEER_DENIED, "logged-out",
			    "%s is logged out here.", a->username);
	TRY(e);
	TRY(use(a, tokens));
out:
	json_decref(tokens);
	return e;
}

enum err tokens_delete(struct account *a)
{
	return state_delete(a->state, RECORD);
}

/* ---- renewal ---- */

static enum err refresh(struct account *a, const char *token,
			struct api_answer *answer)
{
	struct why quiet = { 0 };
	enum err e;

	e = api_call(a->api, "POST", "/auth/refresh",
		     json_pack("{s:s}", "refresh_token", token), &quiet,
		     answer);
	if (e != ERR_OK && quiet.unreachable)
		a->why = quiet;
	return e;
}

static enum err log_in_again(struct account *a, struct api_answer *answer)
{
	json_t *account = NULL;
	const char *password;
	enum err e;

	TRY(record_get(&a->store, "account", &account));
	password = text_of(account, "password");
	ENSURE(password != NULL, ERR_PEER_DENIED);
	e = api_call(a->api, "POST", "/auth/login",
		     json_pack("{s:s, s:s, s:s}", "username", a->username,
			       "password", password, "device_id", a->device_id),
		     &a->why, answer);
	/* of all that was sent, that can be the device alone */
	if (e == ERR_PEER_INVALID && strcmp(answer->slug, "invalid") == 0)
		e = why_replace(
		    &a->why, e, "device-ended",
		    "The server does not know this device any more: another "
		    "device of yours has removed it, or the server says so. "
		    "What was read stays here.");
	TRY(e);
out:
	json_decref(account);
	return e;
}

/* Another process may have renewed while we waited for the lock: then its
 * token is taken and nothing is asked. */
static enum err renew(struct account *a, const char *refused)
{
	struct api_answer answer = { 0 };
	json_t *tokens = NULL;
	enum err e;

	TRY(state_begin(a->state));
	e = record_get(&a->store, RECORD, &tokens);
	if (e == ERR_STATE_GONE)
		e = tokens_load(a); /* says so */
	TRY(e);
	ENSURE(text_of(tokens, "access") != NULL, ERR_PEER_MALFORMED);
	if (strcmp(text_of(tokens, "access"), refused) != 0) {
		TRY(use(a, tokens));
		goto out;
	}
	TRY(api_set_token(a->api, NULL));
	e = refresh(a, text_of(tokens, "refresh"), &answer);
	if (e == ERR_PEER_DENIED) {
		api_answer_clear(&answer);
		e = log_in_again(a, &answer);
	}
	TRY(e);
	TRY(tokens_save(a, answer.body));
	TRY(state_commit(a->state));
out:
	state_rollback(a->state);
	json_decref(tokens);
	api_answer_clear(&answer);
	return e;
}

enum err tokens_access(struct account *a, bool force, struct buf *token)
{
	struct buf before = BUF_INIT;
	enum err e;

	buf_put_str(&before, api_token(a->api));
	buf_put_u8(&before, 0);
	TRY(buf_end(&before));
	if (force || clock_now_ms() > a->renew_token_at)
		TRY(renew(a, (const char *)before.p));
	buf_put_str(token, api_token(a->api));
	buf_put_u8(token, 0);
	TRY(buf_end(token));
out:
	buf_clear(&before);
	return e;
}

/* ---- calls ---- */

/* A token of a device that waited, too: it may have been approved since. */
static bool is_outdated(const struct api_answer *answer)
{
	return answer->status == 401 ||
	       strcmp(answer->slug, "device-pending") == 0;
}

enum err tokens_call(struct account *a, const char *method, const char *path,
		     json_t *body, struct api_answer *answer)
{
	struct buf token = BUF_INIT;
	struct why first = { 0 };
	enum err e;

	memset(answer, 0, sizeof(*answer));
	TRY(tokens_access(a, false, &token));
	e = api_call(a->api, method, path, json_incref(body), &first, answer);
	if (e == ERR_PEER_DENIED && is_outdated(answer)) {
		api_answer_clear(answer);
		buf_reset(&token);
		TRY(tokens_access(a, true, &token));
		e = api_call(a->api, method, path, json_incref(body), &a->why,
			     answer);
	} else if (e != ERR_OK && a->why.text[0] == '\0') {
		a->why = first;
	}
out:
	json_decref(body);
	buf_clear(&token);
	return e;
}

enum err tokens_post(struct account *a, const char *path, json_t *body)
{
	struct api_answer answer;
	enum err e = tokens_call(a, "POST", path, body, &answer);

	api_answer_clear(&answer);
	return e;
}
