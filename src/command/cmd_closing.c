/* account delete, and what account sets at this device. Of delete: the account's log is closed, its devices depart from all sessions, and
 * the server erases it. Cut off at any step, the same command goes on. */
#include "command/cmd.h"

#include "command/out.h"
#include "device/approval.h"
#include "device/verified.h"
#include "reach/closing.h"
#include "reach/drive.h"
#include "reach/view.h"

#include <stdio.h>
#include <string.h>

/* ---- what it is about to do ---- */

static void explain(const struct cmd *cmd)
{
	json_t *line;

	if (cmd->args->json) {
		line = json_pack("{s:s, s:b}", "username", cmd->a.username,
				 "deleted", 0);
		out_json(line);
		json_decref(line);
		return;
	}
	out_line("This ends the account %s for good, on all its devices:",
		 cmd->a.username);
	out_line("  A signed link closes its log, and everybody who reads the "
		 "log can see that.");
	out_line("  Its devices depart from all sessions that this device is "
		 "in.");
	out_line("  The server erases the account. The name is not given out "
		 "again for a time.");
	out_line("  Everything in %s is deleted.", cmd->a.home);
	out_line("What others have received stays with them, and so do the "
		 "links of the log, without the name. On your other devices "
		 "what they have read stays until you delete it there.");
	out_line("To do it: hermetic account delete --yes");
}

/* ---- the log ---- */

static enum err refuse_number(struct cmd *cmd)
{
	return why_set(&cmd->a.why, ERR_STATE_GONE, "not-in-log",
		       "This device does not stand in its account's log, so it "
		       "cannot close the account: do it on a device that does, "
		       "or let this one in with hermetic login.");
}

/* A link that waits from before goes first, be it the one that closes. */
static enum err close_log(struct cmd *cmd)
{
	uint64_t number;
	bool closed, recovery;
	enum err e;

	TRY(device_account_is_closed(cmd->a.device, &closed));
	if (closed)
		goto out;
	TRY(drive_session(&cmd->a, ORDER_ACCOUNT, NULL));
	TRY(device_number(cmd->a.device, &number, &recovery));
	TRY(device_account_is_closed(cmd->a.device, &closed));
	if (closed)
		goto out;
	ENSURE(number > 0, refuse_number(cmd));
	TRY(device_close_account(cmd->a.device, &cmd->a.why));
	TRY(drive_session(&cmd->a, ORDER_ACCOUNT, NULL));
	TRY(device_account_is_closed(cmd->a.device, &closed));
	ENSURE(closed, why_set(&cmd->a.why, ERR_STATE_CONFLICT, "overtaken",
			       "Another device has changed the account "
			       "meanwhile, and it is not closed: try again."));
out:
	return e;
}

/* ---- the sessions ---- */

/* Another leaf of this account that has not departed. */
static bool is_sibling(const struct cmd *cmd, const json_t *member)
{
	return strcmp(out_member(member, "username"), cmd->a.username) == 0 &&
	       !json_is_true(json_object_get(member, "own")) &&
	       !json_is_true(json_object_get(member, "departed"));
}

static enum err depart(struct cmd *cmd, const char *id, const char *device)
{
	char whom[DEVICE_NAME_SIZE + TEXT_UUID_SIZE];
	const struct order order = { .kind = ORDER_DEPART,
				     .session = id,
				     .whom = whom };

	(void)snprintf(whom, sizeof(whom), "%s/%s", cmd->a.username, device);
	return drive_order(&cmd->a, &order, NULL);
}

static enum err leave(struct cmd *cmd, const char *id)
{
	json_t *session = NULL;
	const json_t *member;
	size_t i;
	enum err e;

	TRY(view_session(&cmd->a, id, &session));
	json_array_foreach(json_object_get(session, "members"), i, member)
	{
		if (is_sibling(cmd, member))
			TRY(depart(cmd, id, out_member(member, "device_id")));
	}
	TRY(drive_session(&cmd->a, ORDER_LEAVE, id));
	if (!cmd->args->json)
		out_line("Left %s.", id);
out:
	if (e != ERR_OK && !cmd->a.why.unreachable)
		(void)fprintf(stderr,
			      "hermetic: No departure could be made from %s: "
			      "its members remove your devices there once they "
			      "have read your account's log.\n",
			      id);
	json_decref(session);
	return e;
}

/* Only a server that is not reached is a reason to come back: whatever else is wrong
 * with a session must not keep the account from its end. */
static enum err leave_all(struct cmd *cmd)
{
	enum err e = cmd_in_sessions(cmd, leave);

	if (e == ERR_OK || cmd->a.why.unreachable)
		return e;
	why_clear(&cmd->a.why);
	return ERR_OK;
}

/* ---- the end ---- */

static void print_deleted(const struct cmd *cmd)
{
	json_t *line;

	if (!cmd->args->json) {
		out_line("The account %s is deleted, and so is all that was "
			 "kept of it in %s.",
			 cmd->a.username, cmd->a.home);
		return;
	}
	line =
	    json_pack("{s:s, s:b}", "username", cmd->a.username, "deleted", 1);
	out_json(line);
	json_decref(line);
}

enum err cmd_account_delete(struct cmd *cmd)
{
	bool asked;
	enum err e;

	TRY(cmd_open(cmd));
	if (!cmd->args->yes) {
		explain(cmd);
		goto out;
	}
	TRY(closing_was_asked(&cmd->a, &asked));
	if (!asked) {
		TRY(close_log(cmd));
		TRY(leave_all(cmd));
	}
	TRY(closing_erase(&cmd->a));
	print_deleted(cmd);
out:
	return e;
}

/* ---- a setting ---- */

/* What a person sets at one device. */
struct setting {
	const char *name, *member, *is_on, *is_off;
	enum err (*get)(struct device *device, bool *on);
	enum err (*set)(struct device *device, bool on);
};

static const struct setting SETTINGS[] = {
	{ "verified-only", "verified_only",
	  "This device sends to verified people only: hermetic verify USER",
	  "This device sends to all members who you have seen, verified or "
	  "not.",
	  device_verified_only, device_set_verified_only },
	{ "receipts", "receipts",
	  "This device tells the members how far it is, and how far you have "
	  "read.",
	  "This device tells nobody how far it is, nor how far you have read.",
	  device_receipts, device_set_receipts },
	{ "typing", "typing",
	  "This device tells the members who are connected when you type.",
	  "This device tells nobody when you type.", device_typing,
	  device_set_typing },
};

static const struct setting *find_setting(const char *name)
{
	for (size_t i = 0; i < sizeof(SETTINGS) / sizeof(*SETTINGS); i++)
		if (strcmp(name, SETTINGS[i].name) == 0)
			return &SETTINGS[i];
	return NULL;
}

bool cmd_account_is_own(const struct args *args)
{
	const char *what = args->operands[0];

	return (strcmp(what, "delete") == 0 && args->operand_count == 1) ||
	       strcmp(what, "log") == 0 || find_setting(what) != NULL;
}

static void print_setting(const struct cmd *cmd, const struct setting *setting,
			  bool on)
{
	json_t *line;

	if (!cmd->args->json) {
		out_line("%s", on ? setting->is_on : setting->is_off);
		return;
	}
	line = json_pack("{s:b}", setting->member, (int)on);
	out_json(line);
	json_decref(line);
}

enum err cmd_account_setting(struct cmd *cmd)
{
	const struct setting *setting = find_setting(cmd->args->operands[0]);
	const char *how = cmd->args->operands[1];
	bool on;
	enum err e;

	if (how != NULL && strcmp(how, "on") != 0 && strcmp(how, "off") != 0)
		return why_set(&cmd->a.why, ERR_PEER_INVALID, "usage",
			       "%s is on or off, not \"%.40s\".", setting->name,
			       how);
	TRY(cmd_open(cmd));
	if (how != NULL)
		TRY(setting->set(cmd->a.device, strcmp(how, "on") == 0));
	TRY(setting->get(cmd->a.device, &on));
	print_setting(cmd, setting, on);
out:
	return e;
}
