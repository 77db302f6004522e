/* block, unblock: what is kept at this device, and what the server is told. */
#include "command/cmd.h"

#include "command/out.h"
#include "reach/act_run.h"

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
	const struct act_wish wish = { .kind = ACT_BLOCKS };
	json_t *rows = NULL;
	const json_t *row;
	size_t i;
	enum err e;

	TRY(act_run(&cmd->h->a, &wish, &rows));
	json_array_foreach(rows, i, row) print_blocked(cmd, row);
out:
	json_decref(rows);
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
	const struct act_wish wish = { .kind = ACT_BLOCK,
				       .whom = cmd->args->operands[0] };
	json_t *said = NULL;
	enum err e;

	if (wish.whom == NULL)
		return list(cmd);
	TRY(act_run(&cmd->h->a, &wish, &said));
	print_done(cmd, wish.whom, true,
		   json_is_true(json_object_get(said, "known")));
out:
	json_decref(said);
	return e;
}

enum err cmd_unblock(struct cmd *cmd)
{
	const struct act_wish wish = { .kind = ACT_UNBLOCK,
				       .whom = cmd->args->operands[0] };
	enum err e;

	TRY(act_run(&cmd->h->a, &wish, NULL));
	print_done(cmd, wish.whom, false, true);
out:
	return e;
}
