/* resolve */
#include "command/cmd.h"

#include "command/directory.h"
#include "command/out.h"
#include "command/view.h"
#include "reach/drive.h"

#include <string.h>

/* What stopped a session: {slug, text, …}. */
static void print_stop(const json_t *session)
{
	const json_t *stop = json_object_get(session, "stop");

	if (stop == NULL) {
		out_line("Nothing stops session %s.",
			 out_member(session, "session_id"));
		return;
	}
	out_line("Session %s is stopped: %s", out_member(session, "session_id"),
		 json_is_string(stop) ? out_member(session, "stop")
				      : out_member(stop, "text"));
}

/* The person reads this first; nothing is asked of the server and nothing
 * changes. */
static enum err show(struct cmd *cmd, const char *id)
{
	json_t *session = NULL;
	enum err e;

	TRY(view_session(&cmd->a, id, &session));
	if (cmd->args->json) {
		out_json(session);
	} else {
		print_stop(session);
		out_line("Its members, as this device knows them:");
		cmd_print_members(cmd, session);
		if (json_object_get(session, "stop") != NULL)
			out_line("To go on from here: hermetic resolve %.8s "
				 "--yes",
				 id);
	}
	TRY(view_all_shown(&cmd->a, id));
out:
	json_decref(session);
	return e;
}

enum err cmd_resolve(struct cmd *cmd)
{
	char id[TEXT_UUID_SIZE];
	enum err e;

	TRY(directory_find(&cmd->a, cmd->args->operands[0], false, id));
	if (!cmd->args->yes) {
		e = show(cmd, id);
		goto out;
	}
	TRY(drive_session(&cmd->a, ORDER_RESOLVE, id));
	TRY(cmd_print_changed(cmd, id, "Resolved"));
	TRY(view_all_shown(&cmd->a, id));
out:
	return e;
}
