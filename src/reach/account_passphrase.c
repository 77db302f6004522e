/* account_change_passphrase() */
#include "reach/account.h"

#include "device/record.h"
#include "reach/passphrase_form.h"
#include "reach/passphrase_password.h"
#include "reach/tokens.h"

/* The password that this device has given the server so far, with a NUL; "" when
 * it is logged out. */
static enum err known_password(struct account *a, struct buf *password)
{
	json_t *account = NULL;
	const char *text;
	enum err e;

	TRY(record_get(&a->store, "account", &account));
	text = record_string(account, "password");
	buf_put_str(password, text != NULL ? text : "");
	buf_put_u8(password, 0);
	TRY(buf_end(password));
out:
	json_decref(account);
	return e;
}

/* With the old one asked for by the server, too. */
static enum err change_at_server(struct account *a, const char *old,
				 const char *new,
				 const struct account_change *change)
{
	enum err e;

	if (old[0] == '\0')
		return ERR_PEER_DENIED;
	TRY(tokens_load(a));
	TRY(tokens_post(a, "/auth/password",
			json_pack("{s:s, s:s, s:b}", "password", old,
				  "new_password", new, "end_others",
				  (int)change->end_others)));
out:
	return e;
}

/* It may have been changed before: then the new one logs in. */
static enum err log_in_with(struct account *a, const char *password,
			    struct api_answer *answer)
{
	return api_call(a->api, "POST", "/auth/login",
			json_pack("{s:s, s:s, s:s}", "username", a->username,
				  "password", password, "device_id",
				  a->device_id),
			&a->why, answer);
}

static enum err refuse(struct account *a)
{
	return why_set(&a->why, ERR_PEER_DENIED, "bad-credentials",
		       "The server knows neither the passphrase of this device "
		       "nor the new one, or does not know this device any "
		       "more. If it was changed on another device, give that "
		       "one as the new passphrase. Nothing was changed.");
}

static enum err change_here(struct account *a, const char *password,
			    const struct account_change *change,
			    const json_t *tokens)
{
	enum err e;

	TRY(state_begin(a->state));
	TRY(account_save(a, password));
	if (tokens != NULL)
		TRY(tokens_save(a, tokens));
	TRY(state_change_passphrase(a->state, change->passphrase));
	TRY(state_commit(a->state));
out:
	state_rollback(a->state);
	return e;
}

enum err account_change_passphrase(struct account *a, const char *server,
				   const struct account_change *change)
{
	struct buf form = BUF_INIT, old = BUF_INIT, new = BUF_INIT;
	struct api_answer answer = { 0 };
	enum err e;

	ENSURE(change->passphrase.n > 0,
	       why_set(&a->why, ERR_PEER_INVALID, "passphrase",
		       "The new passphrase is empty."));
	if (a->api == NULL) /* else the device is open */
		TRY(account_use_server(a, server != NULL ? server : a->server));
	TRY(passphrase_form(change->passphrase, &form));
	TRY(passphrase_password(a->username, buf_span(&form), &new));
	TRY(known_password(a, &old));
	e = change_at_server(a, (const char *)old.p, (const char *)new.p,
			     change);
	if (e == ERR_PEER_DENIED) {
		why_clear(&a->why);
		TRY(api_set_token(a->api, NULL));
		e = log_in_with(a, (const char *)new.p, &answer);
		if (e == ERR_PEER_DENIED)
			e = refuse(a);
	}
	TRY(e);
	TRY(change_here(a, (const char *)new.p, change, answer.body));
out:
	api_answer_clear(&answer);
	buf_clear(&form);
	buf_clear(&old);
	buf_clear(&new);
	return e;
}
