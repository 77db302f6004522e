#include "reach/closing.h"

#include "device/record.h"
#include "reach/tokens.h"

#include <string.h>

#define RECORD "closing" /* {asked}: POST /auth/close went out */

enum err closing_was_asked(struct account *a, bool *asked)
{
	json_t *record = NULL;
	enum err e = record_get(&a->store, RECORD, &record);

	*asked = e == ERR_OK && json_is_true(json_object_get(record, "asked"));
	json_decref(record);
	return e == ERR_STATE_GONE ? ERR_OK : e;
}

static enum err note_asked(struct account *a, bool asked)
{
	json_t *record = json_pack("{s:b}", "asked", (int)asked);
	enum err e;

	ENSURE(record != NULL, ERR_LOCAL_MEMORY);
	TRY(state_begin(a->state));
	TRY(record_put(&a->store, RECORD, record));
	TRY(state_commit(a->state));
out:
	state_rollback(a->state);
	json_decref(record);
	return e;
}

/* Then the account stands, and what a login is refused for later says nothing of this
 * request. */
static bool is_refused(const struct api_answer *answer)
{
	return answer->status >= 400 && answer->status < 500 &&
	       answer->status != 401;
}

static enum err ask(struct account *a, struct api_answer *answer)
{
	json_t *account = NULL, *body = NULL;
	const char *password;
	enum err e, forgotten = ERR_OK;

	TRY(record_get(&a->store, "account", &account));
	password = record_string(account, "password");
	ENSURE(password != NULL, ERR_STATE_GONE);
	body = json_pack("{s:s}", "password", password);
	ENSURE(body != NULL, ERR_LOCAL_MEMORY);
	TRY(note_asked(a, true));
	e = tokens_call(a, "POST", "/auth/close", json_incref(body), answer);
	if (e != ERR_OK && is_refused(answer))
		forgotten = note_asked(a, false);
	if (err_class(forgotten) == ERR_CLASS_LOCAL)
		e = forgotten;
out:
	json_decref(account);
	json_decref(body);
	return e;
}

/* Nobody of that name, or another password: the same answer, which an erased account
 * gives. */
static bool is_unknown(const struct account *a)
{
	return strcmp(a->why.slug, "bad-credentials") == 0;
}

enum err closing_erase(struct account *a)
{
	struct api_answer answer = { 0 };
	bool asked;
	enum err e;

	TRY(closing_was_asked(a, &asked));
	e = ask(a, &answer);
	if (e == ERR_PEER_DENIED && strcmp(answer.slug, "wrong-password") == 0)
		e = why_replace(&a->why, e, "wrong-password",
				"The passphrase was changed on another device. "
				"Take the new one here first: hermetic "
				"passphrase. Then again: hermetic account "
				"delete --yes");
	if (e == ERR_PEER_DENIED && asked && is_unknown(a)) {
		why_clear(&a->why);
		e = ERR_OK;
	}
	TRY(e);
	device_close(a->device);
	a->device = NULL;
	state_close(a->state);
	a->state = NULL;
	state_remove(a->home);
out:
	api_answer_clear(&answer);
	return e;
}
