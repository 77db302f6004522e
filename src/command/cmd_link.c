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
	e = act_run(&cmd->h->a, &wish, &rows);
	json_array_foreach(rows, i, row) print_linked(cmd, row);
	json_decref(rows);
	return e;
}

enum err cmd_link(struct cmd *cmd)
{
	return cmd_link_device(cmd, 0);
}
