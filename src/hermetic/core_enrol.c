/* Coming into the account's log by another device's approval (reach/enrol.h does the same
 * and waits). Each order looks once; what a look needs of the ones before stays. */
#include "hermetic/core_inside.h"

#include "base/sec.h"
#include "device/accounts/approval.h"
#include "reach/shown_log.h"

#include <stdio.h>
#include <stdlib.h>

enum step {
	STEP_LOG,  /* read the log that the server shows */
	STEP_POST, /* ask to be approved */
	STEP_LOOK, /* whether anybody has answered */
	STEP_ENDED
};

struct core_enrol {
	enum step step;
	bool on;     /* the order that was given last */
	bool posted; /* a look goes on here */
	enum err result;
	struct why why;
	struct shown_log shown;
	struct buf request, answer;
	char code[CODE_SIZE];
	char path[SHOWN_LOG_PATH_SIZE];
	char *body; /* owned */
	struct hermetic_request asked;
};

void core_enrol_free(struct core_enrol *enrol)
{
	if (enrol == NULL)
		return;
	shown_log_clear(&enrol->shown);
	buf_clear(&enrol->request);
	buf_clear(&enrol->answer);
	sec_wipe(enrol->code, sizeof(enrol->code));
	free(enrol->body);
	free(enrol);
}

bool core_enrol_is_on(const struct hermetic_core *core)
{
	return core->enrol != NULL && core->enrol->on;
}

bool core_enrol_runs(const struct hermetic_core *core)
{
	return core_enrol_is_on(core) && core->enrol->step != STEP_ENDED;
}

void core_enrol_leave(struct hermetic_core *core)
{
	if (core->enrol != NULL)
		core->enrol->on = false;
}

static void end(struct core_enrol *enrol, enum err e)
{
	enrol->step = STEP_ENDED;
	enrol->result = e;
}

enum err core_enrol_start(struct hermetic_core *core)
{
	struct core_enrol *enrol = core->enrol;
	uint64_t number;
	bool recovery;
	enum err e;

	TRY(device_number(core->device, &number, &recovery));
	if (enrol == NULL)
		enrol = calloc(1, sizeof(*enrol));
	ENSURE(enrol != NULL, ERR_LOCAL_MEMORY);
	core->enrol = enrol;
	enrol->on = true;
	enrol->step = enrol->posted ? STEP_LOOK : STEP_LOG;
	why_clear(&enrol->why);
	if (number > 0) /* it stands there */
		end(enrol, ERR_OK);
	else if (!enrol->posted)
		shown_log_clear(&enrol->shown);
out:
	return e;
}

/* ---- asking ---- */

static enum err make_body(struct core_enrol *enrol)
{
	json_t *body = shown_log_request(buf_span(&enrol->request));

	if (body != NULL)
		enrol->body = json_dumps(body, JSON_COMPACT);
	json_decref(body);
	return enrol->body != NULL ? ERR_OK : ERR_LOCAL_MEMORY;
}

static enum err ask(struct hermetic_core *core)
{
	struct core_enrol *enrol = core->enrol;
	enum err e = ERR_OK;

	free(enrol->body);
	enrol->body = NULL;
	if (enrol->step == STEP_LOG)
		shown_log_path(&enrol->shown, core->username, enrol->path);
	else if (enrol->step == STEP_LOOK)
		(void)snprintf(enrol->path, sizeof(enrol->path),
			       "/devices/requests/%s", core->device_id);
	else
		(void)snprintf(enrol->path, sizeof(enrol->path),
			       "/devices/requests");
	if (enrol->step == STEP_POST)
		TRY(make_body(enrol));
	enrol->asked = (struct hermetic_request){
		.method = enrol->step == STEP_POST ? "POST" : "GET",
		.path = enrol->path,
		.body = enrol->body,
	};
out:
	return e;
}

enum hermetic_turn core_enrol_turn(struct hermetic_core *core,
				   const struct hermetic_request **request)
{
	struct core_enrol *enrol = core->enrol;
	enum err e;

	if (enrol->step == STEP_ENDED)
		return HERMETIC_TURN_DONE;
	e = ask(core);
	if (e != ERR_OK) {
		end(enrol, e);
		return HERMETIC_TURN_DONE;
	}
	core->asking = true;
	*request = &enrol->asked;
	return HERMETIC_TURN_ASK;
}

/* ---- what was answered ---- */

/* The whole log is there. */
static enum err take_log(struct hermetic_core *core)
{
	struct core_enrol *enrol = core->enrol;
	struct account_shown log;
	enum err e;

	TRY(shown_log_end(&enrol->shown, &log));
	if (enrol->answer.n > 0) {
		TRY(device_take_approval(core->device, buf_span(&enrol->answer),
					 &log, &enrol->why));
		end(enrol, ERR_OK);
	} else if (log.count == 0) { /* there is nothing to come into */
		end(enrol, ERR_OK);
	} else {
		buf_reset(&enrol->request);
		TRY(device_ask_approval(core->device, &log, &enrol->request,
					enrol->code, &enrol->why));
		enrol->step = STEP_POST;
	}
out:
	return e;
}

/* A server of before has no logs: then there is none. */
static enum err take_page(struct hermetic_core *core, enum err e,
			  const json_t *body)
{
	struct core_enrol *enrol = core->enrol;
	bool more = false;

	if (e == ERR_STATE_GONE && enrol->shown.count == 0) {
		why_clear(&enrol->why);
		end(enrol, ERR_OK);
		return ERR_OK;
	}
	TRY(e);
	TRY(shown_log_add(&enrol->shown, body, &more));
	if (!more)
		TRY(take_log(core));
out:
	return e;
}

static enum err take_posted(struct core_enrol *enrol, enum err e)
{
	/* approved before: a try was cut off */
	if (e != ERR_OK && e != ERR_STATE_CONFLICT)
		return e;
	why_clear(&enrol->why);
	enrol->posted = true;
	enrol->step = STEP_LOOK;
	return ERR_OK;
}

static enum err take_look(struct core_enrol *enrol, enum err e,
			  const json_t *body)
{
	buf_reset(&enrol->answer);
	TRY(shown_log_approval(e, body, &enrol->answer, &enrol->why));
	if (enrol->answer.n == 0)
		e = why_set(&enrol->why, ERR_STATE_PENDING, "approval-needed",
			    "This device is new, and another device of the "
			    "account has to approve it, with the code.");
	TRY(e);
	shown_log_clear(&enrol->shown);
	enrol->step = STEP_LOG;
out:
	return e;
}

void core_enrol_answer(struct hermetic_core *core, enum err e,
		       const json_t *body, const struct why *why)
{
	struct core_enrol *enrol = core->enrol;

	enrol->why = *why;
	core->asking = false;
	if (enrol->step == STEP_LOG)
		e = take_page(core, e, body);
	else if (enrol->step == STEP_POST)
		e = take_posted(enrol, e);
	else
		e = take_look(enrol, e, body);
	if (e != ERR_OK)
		end(enrol, e);
}

enum err core_enrol_outcome(struct hermetic_core *core, const char **code)
{
	struct core_enrol *enrol = core->enrol;
	bool waits = enrol->step == STEP_ENDED &&
		     enrol->result == ERR_STATE_PENDING && enrol->posted;

	if (enrol->step != STEP_ENDED)
		return ERR_STATE_PENDING;
	core->why = enrol->why;
	*code = waits ? enrol->code : NULL;
	return enrol->result;
}
