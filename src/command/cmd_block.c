/* block, unblock: what is kept at this device, and what the server is told. */
#include "command/cmd.h"

#include "command/out.h"
#include "device/blocks.h"
#include "device/record.h"
#include "reach/drive.h"
#include "reach/notice.h"
#include "reach/tokens.h"

#include <stdio.h>
#include <string.h>

/* ---- the list ---- */

static void print_blocked(const struct cmd *cmd, const char *name,
			  const char *fingerprint, bool here)
{
	json_t *line;

	if (!cmd->args->json) {
		out_line("%s%s", name,
			 here ? ""
			      : "  (on another device; here: hermetic block)");
		return;
	}
	line = json_pack("{s:s, s:b}", "username", name, "here", (int)here);
	if (fingerprint != NULL && fingerprint[0] != '\0')
		(void)json_object_set_new(line, "fingerprint",
					  json_string(fingerprint));
	out_json(line);
	json_decref(line);
}

/* What the server has besides is from another device of the account, or the server's
 * own: it changes nothing here. */
static enum err list_others(struct cmd *cmd, const json_t *blocks)
{
	struct api_answer answer = { 0 };
	const json_t *row;
	size_t i;
	enum err e;

	TRY(tokens_call(&cmd->a, "GET", "/blocks", NULL, &answer));
	json_array_foreach(json_object_get(answer.body, "blocked"), i, row)
	{
		const char *fingerprint = record_string(row, "fingerprint");

		if (fingerprint == NULL)
			fingerprint = "";
		if (!blocks_has(blocks, out_member(row, "username"),
				fingerprint))
			print_blocked(cmd, out_name(row, "username"),
				      fingerprint, false);
	}
out:
	api_answer_clear(&answer);
	return e;
}

static enum err list(struct cmd *cmd)
{
	json_t *blocks = NULL, *value;
	const char *name;
	enum err e;

	TRY(notice_blocks(cmd->a.device, &blocks));
	json_object_foreach(blocks, name, value)
	    print_blocked(cmd, name, json_string_value(value), true);
	TRY(list_others(cmd, blocks));
out:
	json_decref(blocks);
	return e;
}

/* ---- blocking ---- */

/* Whose account it is, if the server shows it: what it says otherwise is no reason not
 * to block. */
static enum err meet(struct cmd *cmd, const char *user)
{
	const struct order order = { .kind = ORDER_MEET,
				     .users = &user,
				     .user_count = 1 };
	enum err e = drive_order(&cmd->a, &order, NULL);

	if (e == ERR_OK || cmd->a.why.unreachable)
		return e;
	why_clear(&cmd->a.why);
	return ERR_OK;
}

/* How the server knows whom this device means: by the fingerprint where there is one. */
static enum err name_of(struct cmd *cmd, const char *user,
			char name[2 * ACCOUNT_HASH + 1])
{
	json_t *blocks = NULL;
	const char *fingerprint;
	enum err e;

	TRY(notice_blocks(cmd->a.device, &blocks));
	fingerprint = record_string(blocks, user);
	(void)snprintf(
	    name, 2 * ACCOUNT_HASH + 1, "%s",
	    fingerprint != NULL && fingerprint[0] != '\0' ? fingerprint : user);
out:
	json_decref(blocks);
	return e;
}

static enum err tell_server(struct cmd *cmd, const char *name, bool *known)
{
	struct api_answer answer = { 0 };
	struct why quiet = cmd->a.why;
	enum err e = tokens_call(&cmd->a, "POST", "/blocks",
				 json_pack("{s:s}", "username", name), &answer);

	*known = e == ERR_OK;
	if (e == ERR_STATE_GONE) { /* nobody of that name: as it is to be */
		cmd->a.why = quiet;
		e = ERR_OK;
	}
	api_answer_clear(&answer);
	return e;
}

static void print_done(const struct cmd *cmd, const char *user, bool blocked,
		       bool known)
{
	json_t *line;

	if (cmd->args->json) {
		line = json_pack("{s:s, s:b}", "username", user, "blocked",
				 (int)blocked);
		out_json(line);
		json_decref(line);
	} else if (!blocked) {
		out_line("%s is not blocked any more. On your other devices: "
			 "hermetic unblock %s",
			 user, user);
	} else {
		out_line("Blocked %s: no invitation of theirs is shown or "
			 "taken. You stay in the sessions that you share.",
			 user);
		out_line(known ? "To them the server now answers as if there "
				 "was nobody of your name. On your other "
				 "devices: hermetic block %s"
			       : "The server shows nobody of that name: if %s "
				 "comes later, block again.",
			 user);
	}
}

enum err cmd_block(struct cmd *cmd)
{
	const char *user = cmd->args->operands[0];
	char name[2 * ACCOUNT_HASH + 1];
	bool known;
	enum err e;

	if (user == NULL)
		return list(cmd);
	TRY(cmd_check_name(cmd, user));
	if (strcmp(user, cmd->a.username) == 0)
		return why_set(&cmd->a.why, ERR_PEER_INVALID, "own-name",
			       "That is your own name: nobody can block "
			       "themselves.");
	TRY(meet(cmd, user));
	e = device_block(cmd->a.device, user);
	if (e == ERR_PEER_TOO_LARGE)
		e = why_set(&cmd->a.why, e, "quota-exceeded",
			    "There are %d blocks here already: take one away "
			    "with hermetic unblock USER.",
			    BLOCKS_MAX);
	TRY(e);
	TRY(name_of(cmd, user, name));
	TRY(tell_server(cmd, name, &known));
	print_done(cmd, user, true, known);
out:
	return e;
}

/* The server first: what is kept here says whom it means. */
enum err cmd_unblock(struct cmd *cmd)
{
	const char *user = cmd->args->operands[0];
	struct api_answer answer = { 0 };
	char name[2 * ACCOUNT_HASH + 1], path[96];
	enum err e;

	TRY(cmd_check_name(cmd, user));
	TRY(name_of(cmd, user, name));
	(void)snprintf(path, sizeof(path), "/blocks/%s", name);
	TRY(tokens_call(&cmd->a, "DELETE", path, NULL, &answer));
	e = device_unblock(cmd->a.device, user);
	if (e == ERR_STATE_GONE)
		e = ERR_OK; /* on another device, perhaps */
	TRY(e);
	print_done(cmd, user, false, true);
out:
	api_answer_clear(&answer);
	return e;
}
