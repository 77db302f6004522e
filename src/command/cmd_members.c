/* remove, role, ban, unban, uninvite, algorithm, upgrade, leave */
#include "command/cmd.h"

#include "command/out.h"

/* The end of a verb that has changed the session. */
static enum err changed(struct cmd *cmd, const char *id,
			enum hermetic_result result, const char *done)
{
	enum err e;

	TRY(cmd_did(cmd, result));
	TRY(cmd_print_changed(cmd, id, done));
out:
	return e;
}

/* Those that take a session and somebody. */
static enum err change(struct cmd *cmd,
		       enum hermetic_result (*how)(struct hermetic *h,
						   const char *session,
						   const char *whom),
		       const char *done)
{
	char id[HERMETIC_ID_SIZE];
	enum err e;

	TRY(cmd_find(cmd, id));
	TRY(changed(cmd, id, how(cmd->h, id, cmd->args->operands[1]), done));
out:
	return e;
}

enum err cmd_remove(struct cmd *cmd)
{
	return change(cmd, hermetic_remove, "Removed from");
}

enum err cmd_ban(struct cmd *cmd)
{
	return change(cmd, hermetic_ban, "Banned from");
}

enum err cmd_unban(struct cmd *cmd)
{
	return change(cmd, hermetic_unban, "Not banned any more from");
}

enum err cmd_uninvite(struct cmd *cmd)
{
	return change(cmd, hermetic_uninvite, "Took back an invitation into");
}

enum err cmd_algorithm(struct cmd *cmd)
{
	return change(cmd, hermetic_move, "Moved");
}

enum err cmd_role(struct cmd *cmd)
{
	char id[HERMETIC_ID_SIZE];
	enum err e;

	TRY(cmd_find(cmd, id));
	TRY(changed(cmd, id,
		    hermetic_set_role(cmd->h, id, cmd->args->operands[1],
				      cmd->args->operands[2]),
		    "Changed"));
out:
	return e;
}

enum err cmd_upgrade(struct cmd *cmd)
{
	char id[HERMETIC_ID_SIZE];
	enum err e;

	TRY(cmd_find(cmd, id));
	TRY(changed(cmd, id, hermetic_upgrade(cmd->h, id, cmd->args->open),
		    "Taken over to accounts"));
out:
	return e;
}

static void print_left(const struct cmd *cmd, const char *id)
{
	json_t *line;

	if (!cmd->args->json) {
		out_line("Left %s. What was read stays here.", id);
		return;
	}
	line = json_pack("{s:s, s:b}", "session_id", id, "left", 1);
	out_json(line);
	json_decref(line);
}

enum err cmd_leave(struct cmd *cmd)
{
	char id[HERMETIC_ID_SIZE];
	enum err e;

	TRY(cmd_find(cmd, id));
	TRY(cmd_did(cmd, hermetic_leave(cmd->h, id)));
	print_left(cmd, id);
out:
	return e;
}
