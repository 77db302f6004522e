/* account delete (reach/closing.h), and what account sets at this device. */
#include "command/cmd.h"

#include "command/out.h"
#include "device/verified.h"
#include "reach/closing.h"

#include <stdio.h>
#include <string.h>

/* ---- what it is about to do ---- */

static void explain(const struct cmd *cmd)
{
	json_t *line;

	if (cmd->args->json) {
		line = json_pack("{s:s, s:b}", "username", cmd->h->a.username,
				 "deleted", 0);
		out_json(line);
		json_decref(line);
		return;
	}
	out_line("This ends the account %s for good, on all its devices:",
		 cmd->h->a.username);
	out_line("  A signed link closes its log, and everybody who reads the "
		 "log can see that.");
	out_line("  Its devices depart from all sessions that this device is "
		 "in.");
	out_line("  The server erases the account. The name is not given out "
		 "again for a time.");
	out_line("  Everything in %s is deleted.", cmd->h->a.home);
	out_line("What others have received stays with them, and so do the "
		 "links of the log, without the name. On your other devices "
		 "what they have read stays until you delete it there.");
	out_line("To do it: hermetic account delete --yes");
}

/* ---- the sessions ---- */

static void print_left(void *context, const char *id)
{
	const struct cmd *cmd = context;

	if (!cmd->args->json)
		out_line("Left %s.", id);
}

static void print_not_left(void *context, const char *id)
{
	(void)context;
	(void)fprintf(stderr,
		      "hermetic: No departure could be made from %s: "
		      "its members remove your devices there once they "
		      "have read your account's log.\n",
		      id);
}

/* ---- the end ---- */

static void print_deleted(const struct cmd *cmd)
{
	json_t *line;

	if (!cmd->args->json) {
		out_line("The account %s is deleted, and so is all that was "
			 "kept of it in %s.",
			 cmd->h->a.username, cmd->h->a.home);
		return;
	}
	line = json_pack("{s:s, s:b}", "username", cmd->h->a.username,
			 "deleted", 1);
	out_json(line);
	json_decref(line);
}

enum err cmd_account_delete(struct cmd *cmd)
{
	const struct closing_listener listener = { print_left, print_not_left,
						   cmd };
	enum err e;

	TRY(cmd_open(cmd));
	if (!cmd->args->yes) {
		explain(cmd);
		goto out;
	}
	TRY(closing_run(&cmd->h->a, &listener));
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
		return why_set(&cmd->h->a.why, ERR_PEER_INVALID, "usage",
			       "%s is on or off, not \"%.40s\".", setting->name,
			       how);
	TRY(cmd_open(cmd));
	if (how != NULL)
		TRY(setting->set(cmd->h->a.device, strcmp(how, "on") == 0));
	TRY(setting->get(cmd->h->a.device, &on));
	print_setting(cmd, setting, on);
out:
	return e;
}
