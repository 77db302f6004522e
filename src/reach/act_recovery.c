/* The recovery key: made, set, and used by a device that comes into its account's log. */
#include "reach/act_inside.h"

#include "crypto/rng.h"
#include "device/accounts/approval.h"

/* ---- making and setting ---- */

static enum err change(struct act *act, bool try)
{
	const struct recovery_change change = {
		.recovery = &act->recovery.pair,
		.old = act->recovery.has_old ? &act->recovery.old : NULL,
		.unsigned_too = act->recovery.replace,
		.try = try,
	};

	return device_set_recovery(act->whose.device, &change, &act->why);
}

/* Nothing is stored: a key that nobody has seen would be worse than none. */
static enum err make(struct act *act)
{
	char text[CODE_RECOVERY_SIZE] = "";
	enum err e;

	TRY(code_recovery_make(rng_system(), text, &act->recovery.pair));
	TRY(change(act, true));
	TRY(act_gives(act, json_pack("{s:s}", "recovery_key", text)));
out:
	sec_wipe(text, sizeof(text));
	return e;
}

static enum err set(struct act *act)
{
	return change(act, false);
}

static enum err check_set(struct act *act)
{
	return device_recovery_stands(act->whose.device,
				      buf_span(&act->recovery.pair.public_key),
				      &act->why);
}

const struct act_step act_steps_recovery_key[] = {
	{ act_ask_account, NULL },
	{ make, NULL },
	{ NULL, NULL },
};

const struct act_step act_steps_recovery[] = {
	{ act_ask_account, NULL }, { set, NULL },  { act_ask_account, NULL },
	{ check_set, NULL },	   { NULL, NULL },
};

/* ---- using ---- */

static enum err ask_log(struct act *act)
{
	char path[SHOWN_LOG_PATH_SIZE];

	shown_log_path(&act->recovery.shown, act->whose.username, path);
	return act_wants_call(act, "GET", NULL, "%s", path);
}

static enum err take_log(struct act *act, enum err e)
{
	bool more = false;

	TRY(e);
	TRY(shown_log_add(&act->recovery.shown, act->body, &more));
	if (more)
		act_repeat(act);
out:
	return e;
}

static enum err recover(struct act *act)
{
	struct account_shown log;
	enum err e;

	TRY(shown_log_end(&act->recovery.shown, &log));
	TRY(device_recover(act->whose.device, &act->recovery.pair, &log,
			   &act->other.request, &act->why));
out:
	return e;
}

static enum err ask_request(struct act *act)
{
	json_t *body = shown_log_request(buf_span(&act->other.request));

	if (body == NULL)
		return ERR_LOCAL_MEMORY;
	return act_wants_call(act, "POST", body, "/devices/requests");
}

static enum err take_request(struct act *act, enum err e)
{
	(void)act;
	return e == ERR_STATE_CONFLICT ? ERR_OK : e; /* a try was cut off */
}

static enum err check_in(struct act *act)
{
	return shown_log_came_in(act->whose.device, &act->why);
}

const struct act_step act_steps_recover[] = {
	{ ask_log, take_log },
	{ recover, NULL },
	{ ask_request, take_request },
	{ act_ask_account, NULL },
	{ check_in, NULL },
	{ NULL, NULL },
};
