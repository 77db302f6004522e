#include "reach/closing.h"

#include "device/accounts/approval.h"
#include "device/record.h"
#include "reach/directory.h"
#include "reach/drive.h"
#include "reach/tokens.h"
#include "reach/view.h"

#include <stdio.h>
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
		e = why_replace(
		    &a->why, e, "passphrase-changed",
		    "The passphrase was changed on another device. Take the "
		    "new one here first, and close the account then.");
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

/* ---- the log ---- */

static enum err refuse_number(struct account *a)
{
	return why_set(&a->why, ERR_STATE_GONE, "device-not-in-log",
		       "This device does not stand in its account's log, so it "
		       "cannot close the account: do it on a device that does, "
		       "or have this one approved.");
}

/* A link that waits from before goes first, be it the one that closes. */
static enum err close_log(struct account *a)
{
	uint64_t number;
	bool closed, recovery;
	enum err e;

	TRY(device_account_is_closed(a->device, &closed));
	if (closed)
		goto out;
	TRY(drive_session(a, ORDER_ACCOUNT, NULL));
	TRY(device_number(a->device, &number, &recovery));
	TRY(device_account_is_closed(a->device, &closed));
	if (closed)
		goto out;
	ENSURE(number > 0, refuse_number(a));
	TRY(device_close_account(a->device, &a->why));
	TRY(drive_session(a, ORDER_ACCOUNT, NULL));
	TRY(device_account_is_closed(a->device, &closed));
	ENSURE(closed, why_set(&a->why, ERR_STATE_CONFLICT, "overtaken",
			       "Another device has changed the account "
			       "meanwhile, and it is not closed: try again."));
out:
	return e;
}

/* ---- the sessions ---- */

/* Another leaf of this account that has not departed. */
static bool is_sibling(const struct account *a, const json_t *member)
{
	const char *user = record_string(member, "username");

	return user != NULL && strcmp(user, a->username) == 0 &&
	       !json_is_true(json_object_get(member, "own")) &&
	       !json_is_true(json_object_get(member, "departed"));
}

static enum err depart(struct account *a, const char *id, const json_t *member)
{
	const char *device = record_string(member, "device_id");
	char whom[DEVICE_NAME_SIZE + TEXT_UUID_SIZE];
	const struct order order = { .kind = ORDER_DEPART,
				     .session = id,
				     .whom = whom };

	(void)snprintf(whom, sizeof(whom), "%s/%s", a->username,
		       device != NULL ? device : "");
	return drive_order(a, &order, NULL);
}

static enum err leave(struct account *a, const char *id)
{
	json_t *session = NULL;
	const json_t *member;
	size_t i;
	enum err e;

	TRY(view_session(a, id, &session));
	json_array_foreach(json_object_get(session, "members"), i, member)
	{
		if (is_sibling(a, member))
			TRY(depart(a, id, member));
	}
	TRY(drive_session(a, ORDER_LEAVE, id));
out:
	json_decref(session);
	return e;
}

static void tell(const struct closing_listener *listener, const char *id,
		 bool left)
{
	void (*told)(void *, const char *) = NULL;

	if (listener != NULL)
		told = left ? listener->left : listener->not_left;
	if (told != NULL)
		told(listener->context, id);
}

/* Of a failure only that the server was not reached. */
static enum err leave_all(struct account *a,
			  const struct closing_listener *listener)
{
	json_t *list = NULL;
	const json_t *row;
	size_t i;
	enum err e, left;

	TRY(directory_own(a, false, &list));
	json_array_foreach(list, i, row)
	{
		const char *id = record_string(row, "session_id");

		if (strcmp(record_string(row, "state"), "member") != 0)
			continue;
		left = leave(a, id);
		if (a->why.unreachable)
			TRY(left);
		tell(listener, id, left == ERR_OK);
		why_clear(&a->why);
	}
out:
	json_decref(list);
	return e;
}

enum err closing_run(struct account *a, const struct closing_listener *listener)
{
	bool asked;
	enum err e;

	TRY(closing_was_asked(a, &asked));
	if (!asked) {
		TRY(close_log(a));
		TRY(leave_all(a, listener));
	}
	TRY(closing_erase(a));
out:
	return e;
}
