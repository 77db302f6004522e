/* block, unblock: what is kept at this device, and what the server is told. */
#include "command/cmd.h"

#include "command/out.h"

/* ---- the list ---- */

static void print_blocked(const struct cmd *cmd, const json_t *row)
{
	if (cmd->args->json)
		out_json(row);
	else
		out_line("%s%s", out_name(row, "username"),
			 json_is_true(json_object_get(row, "here"))
			     ? ""
			     : "  (on another device; here: hermetic block)");
}

static enum err list(struct cmd *cmd)
{
	const struct hermetic_blocked *const *rows;
	json_t *given = NULL;
	const json_t *row;
	size_t count, i;
	enum err e;

	TRY(cmd_did(cmd, hermetic_blocks(cmd->h, &rows, &count)));
	given = cmd_given(cmd);
	json_array_foreach(given, i, row) print_blocked(cmd, row);
out:
	json_decref(given);
	return e;
}

/* ---- blocking ---- */

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
	bool known;
	enum err e;

	if (user == NULL)
		return list(cmd);
	TRY(cmd_did(cmd, hermetic_block(cmd->h, user, &known)));
	print_done(cmd, user, true, known);
out:
	return e;
}

enum err cmd_unblock(struct cmd *cmd)
{
	const char *user = cmd->args->operands[0];
	enum err e;

	TRY(cmd_did(cmd, hermetic_unblock(cmd->h, user)));
	print_done(cmd, user, false, true);
out:
	return e;
}
