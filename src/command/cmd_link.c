/* link: one's other devices come into one's sessions. */
#include "command/cmd.h"

#include "command/out.h"

static void print_linked(const struct cmd *cmd, const json_t *row)
{
	const char *id = out_member(row, "session_id");
	json_int_t devices =
	    json_integer_value(json_object_get(row, "devices"));
	json_int_t missing =
	    json_integer_value(json_object_get(row, "missing"));

	if (cmd->args->json) {
		out_json(row);
		return;
	}
	out_line("%s: %lld device%s of yours added.", id, (long long)devices,
		 devices == 1 ? "" : "s");
	if (missing > 0)
		out_line("%s: %lld did not come: the server shows no "
			 "KeyPackage of theirs. Start hermetic there, "
			 "then: hermetic link",
			 id, (long long)missing);
}

/* What was linked before one failed is printed, too. */
enum hermetic_result cmd_link_device(struct cmd *cmd, uint64_t number)
{
	enum hermetic_result result = hermetic_link(cmd->h, number);
	json_t *rows = cmd_given(cmd);
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) print_linked(cmd, row);
	json_decref(rows);
	return result;
}

enum err cmd_link(struct cmd *cmd)
{
	return cmd_did(cmd, cmd_link_device(cmd, 0));
}
