/* link: one's other devices come into one's sessions. */
#include "command/cmd.h"

#include "command/out.h"
#include "device/record.h"
#include "reach/act_run.h"
#include "reach/directory.h"
#include "reach/view.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The log has said meanwhile that this device is out: nothing is to be done there. */
static bool is_out(struct cmd *cmd, const char *id)
{
	struct why before = cmd->a.why;
	json_t *session = NULL;
	bool out;

	out = view_session(&cmd->a, id, &session) == ERR_OK &&
	      strcmp(out_member(session, "state"), "left") == 0;
	cmd->a.why = before;
	json_decref(session);
	return out;
}

enum err cmd_in_sessions(struct cmd *cmd,
			 enum err (*each)(struct cmd *cmd, const char *id))
{
	struct why first = cmd->a.why;
	char id[TEXT_UUID_SIZE];
	json_t *list = NULL;
	const json_t *row;
	size_t i;
	enum err e, failed = ERR_OK;

	TRY(directory_own(&cmd->a, false, &list));
	json_array_foreach(list, i, row)
	{
		if (strcmp(out_member(row, "state"), "member") != 0)
			continue;
		/* what is printed on the way takes the buffers again */
		(void)snprintf(id, sizeof(id), "%s",
			       out_member(row, "session_id"));
		e = each(cmd, id);
		if (failed == ERR_OK && e != ERR_OK && !is_out(cmd, id)) {
			failed = e;
			first = cmd->a.why;
		}
		if (cmd->a.why.unreachable)
			break;
		why_clear(&cmd->a.why);
	}
	cmd->a.why = first;
	e = failed;
out:
	json_decref(list);
	return e;
}

static void print_linked(const struct cmd *cmd, const json_t *row)
{
	const char *id = out_member(row, "session_id");
	uint64_t devices = record_number_or_0(row, "devices");
	uint64_t missing = record_number_or_0(row, "missing");

	if (cmd->args->json) {
		out_json(row);
		return;
	}
	out_line("%s: %" PRIu64 " device%s of yours added.", id, devices,
		 devices == 1 ? "" : "s");
	if (missing > 0)
		out_line("%s: %" PRIu64 " did not come: the server shows no "
			 "KeyPackage of theirs. Start hermetic there, "
			 "then: hermetic link",
			 id, missing);
}

/* What was linked before one failed is printed, too. */
enum err cmd_link_device(struct cmd *cmd, uint64_t number)
{
	char wanted[24];
	const struct act_wish wish = { .kind = ACT_LINK,
				       .whom = number > 0 ? wanted : NULL };
	json_t *rows = NULL;
	const json_t *row;
	size_t i;
	enum err e;

	(void)snprintf(wanted, sizeof(wanted), "%" PRIu64, number);
	e = act_run(&cmd->a, &wish, &rows);
	json_array_foreach(rows, i, row) print_linked(cmd, row);
	json_decref(rows);
	return e;
}

enum err cmd_link(struct cmd *cmd)
{
	return cmd_link_device(cmd, 0);
}
