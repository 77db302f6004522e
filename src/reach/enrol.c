#include "reach/enrol.h"

#include "reach/act_run.h"
#include "reach/drive.h"
#include "reach/shown_log.h"
#include "reach/tokens.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define POLL_US 500000

/* ---- the log that the server shows ---- */

/* A server of before has no logs: then there is none. */
static enum err fetch(struct account *a, struct shown_log *shown,
		      struct account_shown *log)
{
	struct api_answer answer = { 0 };
	char path[SHOWN_LOG_PATH_SIZE];
	bool more = true;
	enum err e = ERR_OK;

	while (more) {
		shown_log_path(shown, a->username, path);
		e = tokens_call(a, "GET", path, NULL, &answer);
		if (e == ERR_STATE_GONE && shown->count == 0) {
			why_clear(&a->why);
			break;
		}
		TRY(e);
		TRY(shown_log_add(shown, answer.body, &more));
		api_answer_clear(&answer);
	}
	TRY(shown_log_end(shown, log));
out:
	api_answer_clear(&answer);
	return e;
}

enum err enrol_is_needed(struct account *a, bool *needed)
{
	struct shown_log shown = { .count = 0 };
	struct account_shown log;
	uint64_t number;
	bool recovery;
	enum err e;

	*needed = false;
	if (!a->pending)
		TRY(drive_session(a, ORDER_ACCOUNT, NULL));
	TRY(device_number(a->device, &number, &recovery));
	if (number > 0)
		goto out;
	TRY(fetch(a, &shown, &log));
	*needed = shown.count > 0;
out:
	shown_log_clear(&shown);
	return e;
}

enum err enrol_must_be_needed(struct account *a)
{
	bool needed;
	enum err e;

	TRY(enrol_is_needed(a, &needed));
	ENSURE(needed, why_set(&a->why, ERR_STATE_CONFLICT, "in-account",
			       "This device stands in its account's log "
			       "already."));
out:
	return e;
}

/* ---- approval ---- */

static enum err post_request(struct account *a, struct span request)
{
	json_t *body = shown_log_request(request);
	enum err e;

	ENSURE(body != NULL, ERR_LOCAL_MEMORY);
	e = tokens_post(a, "/devices/requests", json_incref(body));
	if (e == ERR_STATE_CONFLICT) { /* approved before: a try was cut off */
		why_clear(&a->why);
		e = ERR_OK;
	}
out:
	json_decref(body);
	return e;
}

/* One look; *answer stays empty while nobody has answered. */
static enum err look(struct account *a, struct buf *answer)
{
	struct api_answer got = { 0 };
	char path[96];
	enum err e;

	(void)snprintf(path, sizeof(path), "/devices/requests/%s",
		       a->device_id);
	e = tokens_call(a, "GET", path, NULL, &got);
	TRY(shown_log_approval(e, got.body, answer, &a->why));
out:
	api_answer_clear(&got);
	return e;
}

static enum err take(struct account *a, struct span answer)
{
	struct shown_log shown = { .count = 0 };
	struct buf token = BUF_INIT;
	struct account_shown log;
	enum err e;

	TRY(fetch(a, &shown, &log));
	TRY(device_take_approval(a->device, answer, &log, &a->why));
	/* the tokens of before were those of a device that waits */
	TRY(tokens_access(a, true, &token));
	a->pending = false;
out:
	shown_log_clear(&shown);
	buf_clear(&token);
	return e;
}

enum err enrol_by_approval(struct account *a,
			   void (*show)(void *context, const char *code),
			   void *context)
{
	struct shown_log shown = { .count = 0 };
	struct buf request = BUF_INIT, answer = BUF_INIT;
	struct account_shown log;
	char code[CODE_SIZE] = "";
	enum err e;

	TRY(fetch(a, &shown, &log));
	TRY(device_ask_approval(a->device, &log, &request, code, &a->why));
	TRY(post_request(a, buf_span(&request)));
	TRY(look(a, &answer));
	if (answer.n == 0)
		show(context, code);
	while (answer.n == 0) {
		(void)usleep(POLL_US);
		TRY(look(a, &answer));
	}
	TRY(take(a, buf_span(&answer)));
out:
	sec_wipe(code, sizeof(code));
	shown_log_clear(&shown);
	buf_clear(&request);
	buf_clear(&answer);
	return e;
}

/* ---- without another device ---- */

/* The tokens of before were those of a device that waits. */
static enum err come_in(struct account *a)
{
	struct buf token = BUF_INIT;
	enum err e;

	TRY(tokens_access(a, true, &token));
	a->pending = false;
out:
	buf_clear(&token);
	return e;
}

enum err enrol_by_recovery(struct account *a, const char *typed)
{
	const struct act_wish wish = { .kind = ACT_RECOVER, .text = typed };
	enum err e;

	TRY(act_run(a, &wish, NULL));
	TRY(come_in(a));
out:
	return e;
}

enum err enrol_anew(struct account *a)
{
	enum err e;

	TRY(device_begin_anew(a->device));
	TRY(drive_session(a, ORDER_ACCOUNT, NULL));
	TRY(shown_log_came_in(a->device, &a->why));
	TRY(come_in(a));
out:
	return e;
}
