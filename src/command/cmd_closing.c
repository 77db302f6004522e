/* account delete, and what account sets at this device. */
#include "command/cmd.h"

#include "command/out.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what it is about to do ---- */

static void explain(const struct cmd *cmd)
{
	json_t *line;

	if (cmd->args->json) {
		line = json_pack("{s:s, s:b}", "username",
				 hermetic_username(cmd->h), "deleted", 0);
		out_json(line);
		json_decref(line);
		return;
	}
	out_line("This ends the account %s for good, on all its devices:",
		 hermetic_username(cmd->h));
	out_line("  A signed link closes its log, and everybody who reads the "
		 "log can see that.");
	out_line("  Its devices depart from all sessions that this device is "
		 "in.");
	out_line("  The server erases the account. The name is not given out "
		 "again for a time.");
	out_line("  Everything in %s is deleted.", (const char *)cmd->home.p);
	out_line("What others have received stays with them, and so do the "
		 "links of the log, without the name. On your other devices "
		 "what they have read stays until you delete it there.");
	out_line("To do it: hermetic account delete --yes");
}

/* ---- the sessions ---- */

static void print_left(const struct cmd *cmd, const json_t *row)
{
	const char *id = out_member(row, "session_id");

	if (!json_is_true(json_object_get(row, "left")))
		(void)fprintf(stderr,
			      "hermetic: No departure could be made from %s: "
			      "its members remove your devices there once they "
			      "have read your account's log.\n",
			      id);
	else if (!cmd->args->json)
		out_line("Left %s.", id);
}

/* ---- the end ---- */

static void print_deleted(const struct cmd *cmd, const char *username)
{
	json_t *line;

	if (!cmd->args->json) {
		out_line("The account %s is deleted, and so is all that was "
			 "kept of it in %s.",
			 username, (const char *)cmd->home.p);
		return;
	}
	line = json_pack("{s:s, s:b}", "username", username, "deleted", 1);
	out_json(line);
	json_decref(line);
}

/* What was left before it was cut off is printed, too. */
static enum err close_account(struct cmd *cmd)
{
	char *username = strdup(hermetic_username(cmd->h));
	json_t *sessions = NULL;
	const json_t *row;
	enum hermetic_result result;
	size_t i;
	enum err e = ERR_OK;

	ENSURE(username != NULL, ERR_LOCAL_MEMORY);
	result = hermetic_close_account(cmd->h);
	sessions = cmd_given(cmd);
	json_array_foreach(sessions, i, row) print_left(cmd, row);
	TRY(cmd_did(cmd, result));
	print_deleted(cmd, username);
out:
	json_decref(sessions);
	free(username);
	return e;
}

enum err cmd_account_delete(struct cmd *cmd)
{
	enum err e;

	TRY(cmd_open(cmd));
	if (!cmd->args->yes)
		explain(cmd);
	else
		TRY(close_account(cmd));
out:
	return e;
}

/* ---- a setting ---- */

/* What a person sets at one device. */
struct setting {
	const char *name, *member, *is_on, *is_off;
	enum hermetic_result (*get)(struct hermetic *h, bool *on);
	enum hermetic_result (*set)(struct hermetic *h, bool on);
};

static enum hermetic_result get_receipts(struct hermetic *h, bool *on)
{
	return hermetic_wish(h, HERMETIC_WISH_RECEIPTS, on);
}

static enum hermetic_result set_receipts(struct hermetic *h, bool on)
{
	return hermetic_set_wish(h, HERMETIC_WISH_RECEIPTS, on);
}

static enum hermetic_result get_typing(struct hermetic *h, bool *on)
{
	return hermetic_wish(h, HERMETIC_WISH_TYPING, on);
}

static enum hermetic_result set_typing(struct hermetic *h, bool on)
{
	return hermetic_set_wish(h, HERMETIC_WISH_TYPING, on);
}

static const struct setting SETTINGS[] = {
	{ "verified-only", "verified_only",
	  "This device sends to verified people only: hermetic verify USER",
	  "This device sends to all members who you have seen, verified or "
	  "not.",
	  hermetic_verified_only, hermetic_set_verified_only },
	{ "receipts", "receipts",
	  "This device tells the members how far it is, and how far you have "
	  "read.",
	  "This device tells nobody how far it is, nor how far you have read.",
	  get_receipts, set_receipts },
	{ "typing", "typing",
	  "This device tells the members who are connected when you type.",
	  "This device tells nobody when you type.", get_typing, set_typing },
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
		return cmd_no(cmd, HERMETIC_USAGE, "usage",
			      "%s is on or off, not \"%.40s\".", setting->name,
			      how);
	TRY(cmd_open(cmd));
	if (how != NULL)
		TRY(cmd_did(cmd, setting->set(cmd->h, strcmp(how, "on") == 0)));
	TRY(cmd_did(cmd, setting->get(cmd->h, &on)));
	print_setting(cmd, setting, on);
out:
	return e;
}
